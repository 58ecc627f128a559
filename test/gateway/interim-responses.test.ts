// Responses before the response (1xx): passed on, but not without end: a client that does not read would have them kept for it.
import assert from 'node:assert/strict'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type Listening, listenForTest } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

const EARLY = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'
const MOST = 32

const thread = threadForTest()
let upstream: net.Server
let listening: Listening

before(async () => {
  // As many as the path says, then the response.
  upstream = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (head) => {
      const count = Number(/^GET \/(\d+)/.exec(head.toString('latin1'))?.[1])
      socket.write(`${EARLY.repeat(count)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`)
    })
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  thread.put('routes/1', { uri: '/*', upstream: { nodes } })
  listening = await listenForTest(thread)
})
after(() => {
  listening.close()
  upstream.close()
  thread.close()
})

async function overHttp1(count: number): Promise<{ early: number; body: string }> {
  const socket = net.connect(listening.port, '127.0.0.1')
  socket.write(`GET /${count} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  let got = ''
  for await (const chunk of socket) got += chunk
  return { early: got.split('HTTP/1.1 103').length - 1, body: got.slice(-2) }
}

async function overHttp2(count: number): Promise<{ early: number; body: string }> {
  const session = http2.connect(`http://127.0.0.1:${listening.port}`)
  const stream = session.request({ ':path': `/${count}` })
  let early = 0
  stream.on('headers', () => early++)
  let body = ''
  for await (const chunk of stream) body += chunk
  session.close()
  return { early, body }
}

for (const [name, get] of [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const)
  test(`${name}: some are passed on, a flood is not`, async () => {
    assert.deepEqual(await get(3), { early: 3, body: 'ok' })
    assert.deepEqual(await get(5000), { early: MOST, body: 'ok' })
  })
