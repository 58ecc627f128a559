// The engine over real sockets, seen from the client's and from the upstream's side.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { type Listening, listenForTest } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

const thread = threadForTest()
const seen: string[] = []
const sockets = new Set<net.Socket>()
let upstream: net.Server
let listening: Listening
/** The same with timeouts that a test can wait for. */
let impatient: Listening
let port = 0
let reply = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

before(async () => {
  upstream = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      seen.push(chunk.toString('latin1'))
      if (!chunk.toString('latin1').includes('/hold')) socket.write(reply, 'latin1')
    })
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const node = `127.0.0.1:${(upstream.address() as net.AddressInfo).port}`
  thread.put('routes/1', { uri: '/*', upstream: { nodes: { [node]: 1 }, keepalive_pool: { size: 0 } } })
  const limits = { keepaliveRequests: 100, bodyBytes: 100_000 }
  listening = await listenForTest(thread, { limits, http2: false })
  impatient = await listenForTest(thread, { limits: { headTimeoutMs: 300, bodyTimeoutMs: 300 }, http2: false })
  port = listening.port
})
after(() => {
  for (const socket of sockets) socket.destroy()
  upstream.close()
  listening.close()
  impatient.close()
  thread.close()
})

const QUIET_MS = 60
const GIVE_UP_MS = 10_000
const HEAD = /HTTP\/1\.1 [2-5][\s\S]*?\r\n\r\n/
const TWO_HEADS = /(?:HTTP\/1\.1 [2-5][\s\S]*?){2}\r\n\r\n/

/** Sends bytes; resolves with all that came back when the connection has ended, or `awaited` has come and nothing more behind it. */
function send(parts: string | string[], awaited = HEAD, to = port): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(to, '127.0.0.1')
    let got = ''
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(got)
    }
    let timer = setTimeout(done, GIVE_UP_MS)
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      if (!awaited.test(got)) return
      clearTimeout(timer)
      timer = setTimeout(done, QUIET_MS)
    })
    socket.on('close', done)
    socket.on('error', done)
    for (const part of [parts].flat()) socket.write(part, 'latin1')
  })
}

const statuses = (text: string): number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]))

test('pipelined requests are answered in order', async () => {
  const got = await send('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n', TWO_HEADS)
  assert.deepEqual(statuses(got), [200, 200])
})

test('a request split at every byte is the same request', async () => {
  const text = 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
  for (let i = 1; i < text.length; i += 7)
    assert.deepEqual(statuses(await send([text.slice(0, i), text.slice(i)])), [200], `split at ${i}`)
})

test('hop-by-hop headers stay behind, forwarding headers are the gateway’s', async () => {
  seen.length = 0
  await send(
    'GET /h HTTP/1.1\r\nHost: a.example\r\nConnection: X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nProxy-Authorization: x\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n\r\n',
  )
  const head = (seen[0] as string).toLowerCase()
  assert.match(head, /^get \/h http\/1\.1\r\nhost: a\.example\r\n/)
  assert.doesNotMatch(head, /x-hop|\bte:|proxy-authorization/)
  assert.match(head, /x-forwarded-for: 9\.9\.9\.9, 127\.0\.0\.1\r\n/)
  assert.match(head, /x-forwarded-proto: http\r\n/)
})

test('each request of a connection is forwarded with its own host and client', async () => {
  seen.length = 0
  listening.server.realIp = (_, headers) => headers.get('x-client')
  const request = (host: string, client = ''): string =>
    `GET / HTTP/1.1\r\nHost: ${host}\r\n${client && `X-Client: ${client}\r\n`}\r\n`
  const asked = [['a:81'], ['a:81'], ['b'], ['b', '9.9.9.9'], ['a:81', '8.8.8.8'], ['a:81']] as const
  await send(asked.map(([host, client]) => request(host, client)).join(''))
  delete listening.server.realIp
  const told = seen.map((head) => ['host', 'port', 'for'].map((word) => fieldOf(head, `X-Forwarded-${word}`)).join(' '))
  assert.deepEqual(
    told,
    asked.map(([host, client = '127.0.0.1']) => `${host} ${host.split(':')[1] ?? port} ${client}`),
  )
})

test('what the gateway says of a client cannot be said by the client in another spelling', async () => {
  seen.length = 0
  const disguised = [
    'X_Real_IP',
    'X_Forwarded_For',
    'x-forwarded_proto',
    'X_Forwarded-Host',
    'X_FORWARDED_PORT',
    'X_Consumer_Username',
    'X-Consumer_Custom_Id',
    'X_Credential_Identifier',
  ]
  const lines = [...disguised, 'X_Api', 'X-Real'].map((name) => `${name}: evil\r\n`).join('')
  await send(`GET /h HTTP/1.1\r\nHost: a\r\n${lines}\r\n`)
  const names = (seen[0] as string).split('\r\n').flatMap((line) => /^([^:]+): evil$/.exec(line)?.[1] ?? [])
  assert.deepEqual(names, ['X_Api', 'X-Real'])
})

test('slow heads and slow bodies are cut off with 408, too large ones with 413', async () => {
  for (const slow of ['GET / HTTP/1.1\r\nHost:', 'POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab'])
    assert.deepEqual(statuses(await send(slow, HEAD, impatient.port)), [408], slow)
  assert.deepEqual(statuses(await send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n')), [413])
  const chunk = `4e20\r\n${'x'.repeat(20_000)}\r\n`
  const head = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`
  const most = Array(5).fill(chunk)
  assert.deepEqual(statuses(await send([head('/'), ...most, '0\r\n\r\n'])), [200])
  const chunks = [head('/hold'), ...most, '1\r\nx\r\n0\r\n\r\n']
  assert.deepEqual(statuses(await send(chunks)), [413])
  assert.deepEqual(statuses(await send(chunks.join(''))), [413])
})

test('an upstream that answers nonsense is 502, and its extra bytes reach nobody', async () => {
  const before = reply
  for (const nonsense of [
    'nonsense\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n',
  ]) {
    reply = nonsense
    assert.deepEqual(statuses(await send('GET /n HTTP/1.1\r\nHost: a\r\n\r\n')), [502], nonsense)
  }
  reply = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'
  const got = await send('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n', TWO_HEADS)
  assert.deepEqual(statuses(got), [200, 200])
  assert.doesNotMatch(got, /evil/)
  reply = before
})

test('Expect: 100-continue is answered when the body is wanted', async () => {
  const socket = net.connect(port, '127.0.0.1')
  socket.write('PUT /e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
  const [interim] = (await once(socket, 'data')) as [Buffer]
  assert.equal(interim.toString(), 'HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('ab')
  const [final] = (await once(socket, 'data')) as [Buffer]
  assert.deepEqual(statuses(final.toString()), [200])
  socket.destroy()
})

test('framing of HEAD, 204, chunked and HTTP/1.0', async () => {
  reply = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'
  assert.match(await send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'), /Content-Length: 2\r\n\r\n$/)
  reply = 'HTTP/1.1 204 No Content\r\n\r\n'
  assert.doesNotMatch(await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /content-length|transfer-encoding/i)
  reply = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
  assert.match(
    await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    /Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n$/,
  )
  assert.match(await send('GET / HTTP/1.0\r\n\r\n'), /Connection: close\r\n\r\nok$/)
  reply = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
})

test('a WebSocket is tunnelled when the route allows it, and an ordinary request when not', async () => {
  const server = http.createServer((_, response) => response.end('plain'))
  server.on('upgrade', (_, socket) => {
    sockets.add(socket as net.Socket)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.on('data', (chunk) => socket.write(`echo ${chunk}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const nodes = { [`127.0.0.1:${(server.address() as net.AddressInfo).port}`]: 1 }
  thread.put('routes/ws', { uri: '/ws', enable_websocket: true, upstream: { nodes } })
  thread.put('routes/nows', { uri: '/nows', upstream: { nodes } })
  const ask = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
  assert.match(await send([ask('/ws'), 'hello'], /echo hello/), /101 Switching[\s\S]*echo hello/)
  assert.match(await send(ask('/nows')), /200 OK[\s\S]*plain/)
  server.close()
  server.closeAllConnections()
})

test('a body larger than the buffers passes both ways unchanged', async (t) => {
  const server = http.createServer((request, response) => request.pipe(response))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  thread.put('routes/big', {
    uri: '/big',
    upstream: { nodes: { [`127.0.0.1:${(server.address() as net.AddressInfo).port}`]: 1 } },
  })
  const bytes = Buffer.alloc(90_000, 'abcdefgh')
  const echoed = await fetch(`http://127.0.0.1:${port}/big`, { method: 'POST', body: bytes })
  assert.deepEqual(Buffer.from(await echoed.arrayBuffer()), bytes)
})

function fieldOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1]
}
