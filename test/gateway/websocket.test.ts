// WebSocket and other switches of protocol: a real client (Node's), servers that speak enough of it, on plain and TLS connections.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
import { type Listening, listenForTest, makeCertificate } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

const certificate = makeCertificate('a.example')
const thread = threadForTest({ 'ssls/1': { ...certificate, snis: ['a.example'] } })
const upgraded: { request: http.IncomingMessage; socket: net.Socket }[] = []
const plain: string[] = []
let upstream: http.Server
let secure: https.Server
let listening: Listening

/** Accepts every WebSocket and sends its frames back, unmasked; `/silent` does not, `/refuse` answers 403. */
function onUpgrade(request: http.IncomingMessage, socket: net.Socket, head: Buffer): void {
  socket.on('error', () => {})
  if (request.url === '/ws/refuse') {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    return
  }
  upgraded.push({ request, socket })
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  if (request.url !== '/ws/echo') return
  let rest = head
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (let frame = takeFrame(rest); frame; frame = takeFrame(rest)) {
      rest = rest.subarray(frame.bytes)
      socket.write(frame.echo)
      if (frame.closes) socket.end()
    }
  })
}

/** A whole frame at the beginning of `bytes` (RFC 6455 5.2), and the same as a server sends it. */
function takeFrame(bytes: Buffer): { bytes: number; echo: Buffer; closes: boolean } | undefined {
  const short = (bytes[1] ?? 0) & 127
  const at = short === 127 ? 10 : short === 126 ? 4 : 2
  if (bytes.length < at + 4) return undefined
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
  if (bytes.length < at + 4 + length) return undefined
  const mask = bytes.subarray(at, at + 4)
  const data = bytes.subarray(at + 4, at + 4 + length).map((byte, i) => byte ^ (mask[i & 3] as number))
  const head = Buffer.from(bytes.subarray(0, at))
  head[1] = (head[1] as number) & 127
  return { bytes: at + 4 + length, echo: Buffer.concat([head, data]), closes: ((bytes[0] as number) & 15) === 8 }
}

before(async () => {
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    plain.push(`${request.method} ${request.url} ${request.headers.upgrade}`)
    request.resume().on('end', () => response.end('plain'))
  }
  upstream = http.createServer(onRequest)
  secure = https.createServer(certificate, onRequest)
  for (const server of [upstream, secure]) {
    server.on('upgrade', onUpgrade)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  const timeout = { connect: 5, send: 5, read: 5 }
  thread.put('routes/ws', { uri: '/ws/*', enable_websocket: true, timeout, upstream: { nodes } })
  thread.put('routes/idle', {
    uri: '/ws/silent',
    enable_websocket: true,
    timeout: { ...timeout, read: 0.2 },
    upstream: { nodes },
  })
  thread.put('routes/off', { uri: '/off/*', upstream: { nodes } })
  thread.put('routes/key', { uri: '/ws/key', enable_websocket: true, plugins: { 'key-auth': {} }, upstream: { nodes } })
  const secureNodes = { [`127.0.0.1:${(secure.address() as AddressInfo).port}`]: 1 }
  thread.put('routes/wss', {
    uri: '/wss/*',
    enable_websocket: true,
    plugins: { 'proxy-rewrite': { regex_uri: ['^/wss/(.*)', '/ws/$1'] } },
    upstream: { nodes: secureNodes, scheme: 'https' },
  })
  listening = await listenForTest(thread)
})
after(() => {
  for (const { socket } of upgraded) socket.destroy()
  for (const server of [upstream, secure]) {
    server.close()
    server.closeAllConnections()
  }
  listening.close()
  thread.close()
})

async function open(path: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${listening.port}${path}`)
  await once(socket, 'open')
  return socket
}

async function echo(socket: WebSocket, text: string): Promise<string> {
  const answered = once(socket, 'message') as Promise<[MessageEvent]>
  socket.send(text)
  return String((await answered)[0].data)
}

/** Opens a connection by hand and waits for the whole head of the answer. */
async function upgrade(
  path: string,
  more = '',
  protocol = 'websocket',
  secured = false,
): Promise<{ socket: net.Socket; head: string; rest: Buffer }> {
  const socket = secured
    ? tls.connect({ port: listening.tlsPort, host: '127.0.0.1', servername: 'a.example', ca: certificate.cert })
    : net.connect({ port: listening.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: x\r\n${more}`,
  )
  let got = Buffer.alloc(0)
  while (!got.includes('\r\n\r\n')) got = Buffer.concat([got, ...((await once(socket, 'data')) as [Buffer])])
  const end = got.indexOf('\r\n\r\n') + 4
  return { socket, head: got.toString('latin1', 0, end), rest: got.subarray(end) }
}

test('messages of every size go both ways, and closing is told', async () => {
  const socket = await open('/ws/echo')
  assert.equal(await echo(socket, 'hello'), 'hello')
  for (const size of [125, 126, 65_536, 1_000_000]) assert.equal((await echo(socket, 'x'.repeat(size))).length, size)
  const closed = once(socket, 'close') as Promise<[CloseEvent]>
  socket.close(1000, 'done')
  assert.deepEqual(
    (await closed).map(({ code, reason }) => [code, reason]),
    [[1000, 'done']],
  )
})

test('an upstream with TLS', async () => {
  const socket = await open('/wss/echo')
  assert.equal(await echo(socket, 'secret'), 'secret')
  socket.close()
  await once(socket, 'close')
})

test('a client with TLS', async () => {
  const { socket, head } = await upgrade('/ws/echo', '\r\n', 'websocket', true)
  assert.match(head, /^HTTP\/1\.1 101 /)
  socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 104, 105]))
  assert.deepEqual((await once(socket, 'data'))[0], Buffer.from([0x81, 2, 104, 105]))
  socket.destroy()
})

test('without enable_websocket it is an ordinary request', async () => {
  const { socket, head } = await upgrade('/off/a', '\r\n')
  assert.match(head, /^HTTP\/1\.1 200 /)
  assert.equal(plain.at(-1), 'GET /off/a undefined')
  socket.destroy()
})

test('a refusal of the upstream, of a plugin and of a route reach the client', async () => {
  for (const [path, status] of [
    ['/ws/refuse', 403],
    ['/ws/key', 401],
    ['/none', 404],
  ] as const) {
    const { socket, head } = await upgrade(path, '\r\n')
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
    socket.destroy()
  }
})

test('nothing is smuggled: no switch with a body, none to HTTP/2', async () => {
  plain.length = 0
  const hidden = 'GET /ws/hidden HTTP/1.1\r\nHost: a\r\n\r\n'
  const body = await upgrade('/ws/body', `Content-Length: ${hidden.length}\r\n\r\n${hidden}`)
  assert.match(body.head, /^HTTP\/1\.1 200 /)
  const h2c = await upgrade('/ws/h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n', 'h2c')
  assert.match(h2c.head, /^HTTP\/1\.1 200 /)
  assert.deepEqual(plain, ['GET /ws/body undefined', 'GET /ws/h2c undefined'])
  body.socket.destroy()
  h2c.socket.destroy()
})

test('one side may end before the other', async () => {
  const { socket } = await upgrade('/ws/half', '\r\n')
  const server = upgraded.at(-1)?.socket as net.Socket
  let got = ''
  socket.on('data', (chunk) => {
    got += chunk
  })
  server.allowHalfOpen = true
  const serverEnd = once(server, 'end')
  server.resume()
  socket.end('last words')
  await serverEnd
  server.write('answer after the end')
  server.end()
  await once(socket, 'end')
  assert.equal(got, 'answer after the end')
})

test('a client that has left is not waited for until the read timeout', async () => {
  const { socket } = await upgrade('/ws/left', '\r\n')
  const server = upgraded.at(-1)?.socket as net.Socket
  server.allowHalfOpen = true
  server.resume()
  const from = performance.now()
  socket.resume().end()
  await once(socket, 'close')
  assert.ok(performance.now() - from < 10_000, 'the server never ends its side, and its timeout is a minute')
  server.destroy()
})

test('a slow client gets all of it although the upstream has gone', async () => {
  const { socket, rest } = await upgrade('/ws/big', '\r\n')
  socket.pause()
  const server = upgraded.at(-1)?.socket as net.Socket
  const size = 20_000_000
  server.end(Buffer.alloc(size, 'x'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  let bytes = rest.length
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  socket.resume()
  await once(socket, 'end')
  socket.destroy()
  assert.equal(bytes, size)
})

test('a broken side breaks the other', async () => {
  const { socket } = await upgrade('/ws/broken', '\r\n')
  const server = upgraded.at(-1)?.socket as net.Socket
  server.resume()
  const closed = once(server, 'end')
  socket.resetAndDestroy()
  await closed
  const other = await upgrade('/ws/broken', '\r\n')
  other.socket.resume()
  const otherClosed = once(other.socket, 'end')
  upgraded.at(-1)?.socket.resetAndDestroy()
  await otherClosed
  other.socket.destroy()
})

test('silence for the read timeout ends it, traffic keeps it', async () => {
  const { socket } = await upgrade('/ws/silent', '\r\n')
  const started = Date.now()
  const server = upgraded.at(-1)?.socket as net.Socket
  server.resume()
  socket.resume()
  const talk = setInterval(() => socket.write('.'), 50)
  setTimeout(() => clearInterval(talk), 500)
  await once(socket, 'end')
  assert.ok(Date.now() - started > 600, `ended after ${Date.now() - started} ms`)
  socket.destroy()
})
