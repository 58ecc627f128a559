// An upstream that lies about its response: what the client gets is one response, with the bytes that its head announces, or an error; and
// what the upstream sent too much reaches nobody.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Listening, listenForTest } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'
import { type RecordingUpstream, startRecordingUpstream } from './recording-upstream.ts'

const thread = threadForTest()
let upstream: RecordingUpstream
let listening: Listening

before(async () => {
  upstream = await startRecordingUpstream()
  thread.put('routes/1', { uri: '/*', upstream: { nodes: { [upstream.node]: 1 } } })
  listening = await listenForTest(thread)
})
after(() => {
  upstream.close()
  listening.close()
  thread.close()
})

interface Got {
  status: number
  headers: http.IncomingHttpHeaders
  body: string
  /** The response was cut off, perhaps before its head. */
  isBroken: boolean
}

/** Asks over one connection for a response that the upstream writes as `reply`. */
function ask(agent: http.Agent, reply: string, method = 'GET'): Promise<Got> {
  return new Promise((resolve) => {
    const headers = reply ? { 'X-Reply': Buffer.from(reply, 'latin1').toString('base64') } : {}
    const request = http.request({ port: listening.port, host: '127.0.0.1', agent, method, headers }, (response) => {
      let body = ''
      response.setEncoding('latin1')
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('error', () => {})
      response.on('close', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, isBroken: !response.complete }),
      )
    })
    request.on('error', () => resolve({ status: 0, headers: {}, body: '', isBroken: true }))
    request.end()
  })
}

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'
const OK = 'HTTP/1.1 200 OK\r\n'

/** Reply and what the client sees of it: a body, 502, or a response cut off. */
const VECTORS: [name: string, reply: string, expect: 'body' | 502 | 'cut', method?: string][] = [
  ['two responses for one request', `${OK}Content-Length: 2\r\n\r\nok${EVIL}`, 'body'],
  ['a second response behind chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${EVIL}`, 'body'],
  ['a body for HEAD', `${OK}Content-Length: ${EVIL.length}\r\n\r\n${EVIL}`, 'body', 'HEAD'],
  ['a body behind 204', `HTTP/1.1 204 No Content\r\n\r\n${EVIL}`, 'body'],
  ['a length for 204', `HTTP/1.1 204 No Content\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`, 'body'],
  ['chunks for 304', `HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n`, 'body'],
  ['a length for 100', `HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`, 'body'],
  ['Connection names Content-Length', `${OK}Connection: Content-Length\r\nContent-Length: 2\r\n\r\nok${EVIL}`, 'body'],
  ['both framings', `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, 502],
  ['two lengths', `${OK}Content-Length: 2\r\nContent-Length: 6\r\n\r\nokevil`, 502],
  ['a list of lengths', `${OK}Content-Length: 2, 2\r\n\r\nok`, 502],
  ['a signed length', `${OK}Content-Length: +2\r\n\r\nok`, 502],
  ['an unknown coding', `${OK}Transfer-Encoding: xchunked\r\n\r\nok`, 502],
  ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 502],
  ['a space before the colon', `${OK}Content-Length : 2\r\n\r\nok`, 502],
  ['a folded header', `${OK}X: y\r\n z\r\nContent-Length: 2\r\n\r\nok`, 502],
  ['a bare CR in a header', `${OK}X: y\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok`, 502],
  ['a bare LF in a header', `${OK}X: y\nSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok`, 502],
  ['a NUL in a header', `${OK}X: y\0\r\nContent-Length: 2\r\n\r\nok`, 502],
  ['a bare LF behind the status', 'HTTP/1.1 200 OK\nSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok', 502],
  ['a bare CR in the reason', 'HTTP/1.1 200 OK\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok', 502],
  ['a status in exponent form', 'HTTP/1.1 2e2 OK\r\nContent-Length: 2\r\n\r\nok', 502],
  [
    'a switch that nobody asked for',
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${EVIL}`,
    502,
  ],
  ['HTTP/2', 'HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok', 502],
  ['a chunk size in LF', `${OK}Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n`, 'cut'],
  ['LF in an extension', `${OK}Transfer-Encoding: chunked\r\n\r\n2;\nok\r\n0\r\n\r\n`, 'cut'],
  ['a chunk longer than its size', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nokok\r\n0\r\n\r\n`, 'cut'],
  [
    'a length in the trailers',
    `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n`,
    'cut',
  ],
]

describe('responses', () => {
  for (const [name, reply, expect, method] of VECTORS) {
    test(name, async () => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      const got = await ask(agent, reply, method)
      if (expect === 502) assert.equal(got.status, 502)
      else if (expect === 'cut') assert.ok(got.isBroken || got.status === 502, `${got.status} ${got.body}`)
      else assert.ok(!got.isBroken && ['ok', ''].includes(got.body), got.body)
      assert.doesNotMatch(`${got.body} ${JSON.stringify(got.headers)}`, /evil/)
      // The next request, on whichever connections are left, gets its own answer.
      assert.equal((await ask(agent, '')).body, 'ok')
      agent.destroy()
    })
  }
})

test('a response before the body ends the connection: the body is never taken for a request', async () => {
  const socket = net.connect(listening.port, '127.0.0.1')
  const hidden = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
  let got = ''
  socket.on('data', (chunk) => {
    got += chunk
  })
  socket.write(`POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n`)
  await once(socket, 'data')
  socket.write(hidden + hidden)
  await once(socket, 'close')
  assert.equal(got.match(/HTTP\/1\.1 200/g)?.length, 1)
  assert.match(got, /Connection: close/)
  assert.ok(upstream.requests.every(({ line }) => !line.includes('smuggled')))
})
