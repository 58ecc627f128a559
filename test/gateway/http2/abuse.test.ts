// HTTP/2 clients that make work for nothing, stay too long, or leave: each bound seen from outside, mostly in frames written by hand.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
import { until } from '../../until.ts'
import { type Listening, listenForTest, makeCertificate } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'
import { ask, connect } from './client.ts'
import { END_HEADERS, END_STREAM, frame, PREFACE, TYPE } from './frames.ts'

/** GET / with the scheme http and the authority a, in HPACK without its dynamic table. */
const REQUEST = Buffer.from([0x82, 0x86, 0x84, 0x01, 0x01, 0x61])

/** For what must not end because of the time that it takes. */
const PATIENT = { headTimeoutMs: 60_000, keepaliveTimeoutMs: 60_000, sendTimeoutMs: 60_000 }
/** So many that a slow machine sends more in a second than are allowed, too. */
const PINGS_AT_ONCE = 500

const thread = threadForTest()
const reached: http.IncomingMessage[] = []
let upstream: http.Server
let listening: Listening

before(async () => {
  upstream = http.createServer((request, response) => {
    reached.push(request)
    if (request.url === '/big') response.end(Buffer.alloc(5_000_000))
    else if (!request.url?.startsWith('/hold')) response.end('ok')
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  thread.put('routes/1', { uri: '/*', upstream: { nodes } })
  listening = await listenForTest(thread, {
    limits: { headTimeoutMs: 300, keepaliveTimeoutMs: 300, sendTimeoutMs: 300, keepaliveRequests: 1000 },
  })
})
after(() => {
  upstream.close()
  upstream.closeAllConnections()
  listening.close()
  thread.close()
})

const headers = (stream: number, flags = END_HEADERS | END_STREAM): Buffer =>
  frame(TYPE.headers, flags, stream, REQUEST)

/** Sends bytes after the preface, resolves with the error code of the GOAWAY once the connection has ended. */
async function send(frames: Buffer): Promise<number | undefined> {
  const socket = net.connect(listening.port, '127.0.0.1')
  socket.on('error', () => {}) // a reset while we still write
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0), frames]))
  await once(socket, 'close')
  return goawayCode(Buffer.concat(chunks))
}

function goawayCode(bytes: Buffer): number | undefined {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === TYPE.goaway) return bytes.readUInt32BE(at + 13)
  return undefined
}

/** nghttp2 answers some floods with INTERNAL_ERROR, Node and we with ENHANCE_YOUR_CALM. */
function assertRefused(code: number | undefined): void {
  assert.ok(code !== undefined && code !== http2.constants.NGHTTP2_NO_ERROR, `GOAWAY with ${code}`)
}

const stillServes = async (): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${listening.port}/`, { headers: { connection: 'close' } })
  assert.equal(await response.text(), 'ok')
}

test('rapid reset: streams that are opened and reset at once end the connection', async () => {
  const before = reached.length
  const pairs = Array.from({ length: 2000 }, (_, i) => [
    headers(2 * i + 1),
    frame(TYPE.reset, 0, 2 * i + 1, Buffer.alloc(4)),
  ])
  assertRefused(await send(Buffer.concat(pairs.flat())))
  assert.ok(reached.length - before < 300, `${reached.length - before} requests reached the upstream`)
  await stillServes()
})

test('a client that makes us reset its streams ends the same way', async () => {
  // A window update of zero on an open stream is an error of that stream (RFC 9113 6.9).
  const pairs = Array.from({ length: 2000 }, (_, i) => [
    headers(2 * i + 1),
    frame(TYPE.windowUpdate, 0, 2 * i + 1, Buffer.alloc(4)),
  ])
  assertRefused(await send(Buffer.concat(pairs.flat())))
  await stillServes()
})

test('floods of PING, SETTINGS and CONTINUATION end the connection', async () => {
  const many = (count: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => one))
  const ping = frame(TYPE.ping, 0, 0, Buffer.alloc(8))
  assertRefused(await send(many(15_000, ping)))
  assertRefused(await send(many(200, frame(TYPE.settings, 0, 0))))
  const open = headers(1, END_STREAM)
  assertRefused(await send(Buffer.concat([open, many(1000, frame(TYPE.continuation, 0, 1, REQUEST))])))
  await stillServes()
})

test('pings are answered, and too many of them end the connection although their answers are read', async (context) => {
  const ports = await listenForTest(thread, { limits: PATIENT })
  context.after(() => ports.close())
  const session = connect(`http://127.0.0.1:${ports.port}`, { maxOutstandingPings: PINGS_AT_ONCE })
  await once(session, 'connect')
  const ended = new Promise((resolve) => session.once('close', resolve))
  let refusedWith: number | undefined
  session.once('goaway', (code) => {
    refusedWith = code
  })
  let pings = 0
  const ping = (): void => {
    if (session.destroyed) return
    session.ping(() => {
      pings++
      ping()
    })
  }
  for (let i = 0; i < PINGS_AT_ONCE; i++) ping()
  await ended
  assert.equal(refusedWith, http2.constants.NGHTTP2_ENHANCE_YOUR_CALM)
  assert.ok(pings > 5000, `${pings} pings were answered`)
})

test('a head that does not end, and a connection that asks nothing, are cut off', async () => {
  assert.notEqual(await send(headers(1, END_STREAM)), undefined)
  assert.equal(await send(Buffer.alloc(0)), http2.constants.NGHTTP2_NO_ERROR)
  assert.equal(await send(Buffer.from('nonsense that is no frame')), http2.constants.NGHTTP2_FRAME_SIZE_ERROR)
})

test('a client that takes nothing of its response is cut off', async () => {
  const session = connect(`http://127.0.0.1:${listening.port}`)
  const stream = session.request({ ':path': '/big' })
  stream.on('error', () => {})
  await new Promise((resolve) => stream.once('close', resolve))
  assert.equal(stream.rstCode, http2.constants.NGHTTP2_CANCEL)
  session.destroy()
})

test('after its last request a connection is told so', async () => {
  const before = listening.server.limits.keepaliveRequests
  listening.server.limits.keepaliveRequests = 3
  const session = connect(`http://127.0.0.1:${listening.port}`)
  const went = once(session, 'goaway')
  for (let i = 0; i < 3; i++) assert.equal((await ask(session, { ':path': '/' })).body, 'ok')
  assert.equal((await went)[0], http2.constants.NGHTTP2_NO_ERROR)
  listening.server.limits.keepaliveRequests = before
})

test('more streams than allowed at a time wait or are refused', async () => {
  const session = connect(`http://127.0.0.1:${listening.port}`)
  await once(session, 'remoteSettings')
  assert.equal(session.remoteSettings.maxConcurrentStreams, 16)
  assert.equal(session.remoteSettings.enablePush, false)
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask(session, { ':path': '/' })))
  assert.ok(answers.every(({ body }) => body === 'ok'))
  session.destroy()
})

test('a client that leaves takes its request from the upstream', async () => {
  const session = connect(`http://127.0.0.1:${listening.port}`)
  const before = reached.length
  const stream = session.request({ ':path': '/hold' })
  stream.on('error', () => {})
  while (reached.length === before) await once(upstream, 'request')
  const request = reached.at(-1) as http.IncomingMessage
  stream.close(http2.constants.NGHTTP2_CANCEL)
  request.on('error', () => {})
  await new Promise((resolve) => request.once('close', resolve))
  assert.equal((await ask(session, { ':path': '/' })).status, 200, 'the connection goes on')
  session.destroy()
})

test('draining: GOAWAY, the request under way is answered, then the connection ends', async () => {
  const session = connect(`http://127.0.0.1:${listening.port}`)
  const before = reached.length
  const answer = ask(session, { ':path': '/hold/drain' })
  while (reached.length === before) await once(upstream, 'request')
  const went = once(session, 'goaway')
  for (const connection of listening.server.connections) connection.shutdown()
  assert.equal((await went)[0], http2.constants.NGHTTP2_NO_ERROR)
  reached.at(-1)?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone')
  assert.equal((await answer).body, 'done')
  await until(() => listening.server.connections.size === 0)
})

test('what a client has ended is over on our side too, with and without GOAWAY, with streams under way', async () => {
  const { cert, key } = makeCertificate('localhost')
  thread.put('ssls/1', { sni: 'localhost', cert, key })
  const ports = await listenForTest(thread, { limits: PATIENT })
  const goaway = frame(TYPE.goaway, 0, 0, Buffer.alloc(8))
  for (const secure of [false, true])
    for (const frames of [[], [goaway], [headers(1), headers(3), goaway], [headers(1)]]) {
      const socket = secure
        ? tls.connect({
            port: ports.tlsPort,
            servername: 'localhost',
            ALPNProtocols: ['h2'],
            rejectUnauthorized: false,
          })
        : net.connect(ports.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.resume()
      await once(socket, secure ? 'secureConnect' : 'connect')
      socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0)]))
      await until(() => ports.server.connections.size === 1)
      socket.end(Buffer.concat(frames))
      await until(() => ports.server.connections.size === 0)
    }
  ports.close()
})
