// HTTP/2 from clients: what it carries, and what it refuses.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
import { type Listening, listenForTest, makeCertificate } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'
import { ask, connect } from './client.ts'

const certificate = makeCertificate('a.example')
const thread = threadForTest({ 'ssls/1': { ...certificate, snis: ['a.example'] } })
let upstream: http.Server
let listening: Listening
let session: http2.ClientHttp2Session

before(async () => {
  upstream = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://a')
    if (url.pathname === '/trailers') {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('part')
      response.addTrailers({ 'X-Sum': '42' })
      response.end()
    } else if (url.pathname === '/early') {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.end('late')
    } else if (url.pathname === '/cut') {
      response.write('begun')
      setTimeout(() => response.destroy(), 20)
    } else if (url.pathname === '/echo') {
      request.pipe(response)
    } else if (url.pathname === '/big') {
      response.end(Buffer.alloc(3_000_000, 'x'))
    } else {
      const { method, headers } = request
      const pairs = request.rawHeaders
      response.statusCode = Number(url.searchParams.get('status') ?? 200)
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.setHeader('Keep-Alive', 'timeout=5')
      request.resume().on('end', () => response.end(JSON.stringify({ method, url: request.url, headers, pairs })))
    }
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  thread.put('routes/1', { uri: '/*', upstream: { nodes } })
  listening = await listenForTest(thread, { limits: { bodyBytes: 200_000, bodyTimeoutMs: 400 } })
  session = connect(`http://127.0.0.1:${listening.port}`)
})
after(() => {
  session.destroy()
  upstream.close()
  upstream.closeAllConnections()
  listening.close()
  thread.close()
})

test('prior knowledge on the plain port: a request and its answer', async () => {
  const answer = await ask(session, { ':path': '/p?q=1', 'x-a': 'ä', cookie: ['c=1', 'd=2'] })
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal(answer.headers['keep-alive'], undefined)
  assert.match(String(answer.headers.server), /^Gateward/)
  const seen = JSON.parse(answer.body) as {
    method: string
    url: string
    headers: Record<string, string>
    pairs: string[]
  }
  assert.equal(seen.method, 'GET')
  assert.equal(seen.url, '/p?q=1')
  assert.equal(seen.headers.host, `127.0.0.1:${listening.port}`)
  assert.equal(seen.headers.cookie, 'c=1; d=2')
  assert.equal(seen.pairs.filter((name) => name.toLowerCase() === 'cookie').length, 1)
  assert.equal(seen.headers['x-forwarded-proto'], 'http')
  assert.equal(
    seen.pairs.some((name) => name.startsWith(':')),
    false,
  )
})

test('HTTP/1.1 on the same plain port', async () => {
  const response = await fetch(`http://127.0.0.1:${listening.port}/one`, { headers: { connection: 'close' } })
  assert.equal(response.status, 200)
  await response.text()
})

test('ALPN on the TLS port: h2 when offered, else http/1.1', async () => {
  const options = { ca: certificate.cert, servername: 'a.example' }
  const secure = connect(`https://127.0.0.1:${listening.tlsPort}`, options)
  const answer = await ask(secure, { ':path': '/s', ':authority': 'a.example' })
  assert.equal(answer.status, 200)
  const { headers } = JSON.parse(answer.body) as { headers: Record<string, string> }
  assert.equal(headers['x-forwarded-proto'], 'https')
  secure.close()
})

test('framing: HEAD, 204, 304, empty and unknown lengths, trailers, 1xx', async () => {
  const head = await ask(session, { ':path': '/h', ':method': 'HEAD' })
  assert.deepEqual([head.status, head.body], [200, ''])
  for (const status of [204, 304, 205]) {
    const answer = await ask(session, { ':path': `/s?status=${status}` })
    assert.deepEqual([answer.status, answer.body, answer.headers['content-length']], [status, '', undefined])
  }
  const trailers = await ask(session, { ':path': '/trailers' })
  assert.deepEqual([trailers.body, trailers.trailers?.['x-sum']], ['part', '42'])
  const early = await ask(session, { ':path': '/early' })
  assert.deepEqual([early.informational, early.body], [[103], 'late'])
})

test('bodies pass both ways, with and without Content-Length, and 100-continue is answered', async () => {
  const body = Buffer.alloc(150_000, 'abcdefgh')
  const echoed = await ask(session, { ':path': '/echo', ':method': 'POST' }, body)
  assert.equal(echoed.body, body.toString())
  const announced = { ':path': '/echo', ':method': 'POST', 'content-length': 5, expect: '100-continue' }
  const small = await ask(session, announced, 'hello')
  assert.deepEqual([small.informational, small.body], [[100], 'hello'])
  assert.equal((await ask(session, { ':path': '/big' })).body.length, 3_000_000)
})

test('a slow reader holds the upstream back, and only itself', async () => {
  const stream = session.request({ ':path': '/big' })
  await new Promise((resolve) => stream.once('response', resolve))
  const others = await Promise.all(Array.from({ length: 5 }, () => ask(session, { ':path': '/o' })))
  assert.ok(others.every(({ status }) => status === 200))
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  await new Promise((resolve) => stream.once('end', resolve))
  assert.equal(bytes, 3_000_000)
})

test('an upstream that breaks off resets the stream', async () => {
  await assert.rejects(ask(session, { ':path': '/cut' }), /reset with 2/)
})

test('too large and too slow bodies: 413, 408', async () => {
  const announced = { ':path': '/echo', ':method': 'POST', 'content-length': 300_000 }
  assert.equal((await ask(session, announced, Buffer.alloc(300_000))).status, 413)
  const whole = (bytes: number): Promise<{ status: number }> =>
    ask(session, { ':path': '/echo', ':method': 'POST' }, Buffer.alloc(bytes))
  assert.deepEqual([(await whole(200_000)).status, (await whole(200_001)).status], [200, 413])
  thread.put('routes/key', {
    uri: '/needs-body',
    plugins: { 'request-validation': { body_schema: { type: 'object' } } },
  })
  const slow = session.request({ ':path': '/needs-body', ':method': 'POST' }, { endStream: false })
  const [headers] = (await new Promise<unknown[]>((resolve) => slow.once('response', (...all) => resolve(all)))) as [
    http2.IncomingHttpHeaders,
  ]
  assert.equal(headers[':status'], 408)
  slow.destroy()
  thread.put('routes/key', undefined)
})

test('what HTTP/1.1 refuses is refused', async () => {
  const status = (head: http2.OutgoingHttpHeaders): Promise<number | string> =>
    ask(session, head).then(
      (answer) => answer.status,
      (error: Error) => error.message,
    )
  assert.equal(await status({ ':path': '/a#b' }), 400)
  assert.equal(await status({ ':path': '/../a' }), 400)
  assert.equal(await status({ ':path': '/%zz' }), 400)
  assert.equal(await status({ ':path': '/a', ':authority': 'user@a' }), 'the stream was reset with 1')
  assert.equal(await status({ ':path': '/a', ':authority': 'a.example', host: 'b.example' }), 400)
  assert.equal(await status({ ':path': '/a', ':authority': 'a.example', host: 'A.example' }), 200)
  assert.equal(await status({ ':path': '/a', ':method': 'TRACE' }), 405)
  assert.equal(await status({ ':path': '/a', ':scheme': 'ftp' }), 400)
  assert.equal(await status({ ':path': '/a', expect: 'miracles' }), 417)
  assert.equal(await status({ ':path': `/${'a'.repeat(3000)}` }), 414)
  assert.equal(await status({ ':path': '/a', 'x-long': 'a'.repeat(9000) }), 431)
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`x-${i}`, '1']))
  assert.equal(await status({ ':path': '/a', ...many }), 431)
  await assert.rejects(ask(session, { ':path': '/a', 'x-long': 'a'.repeat(40_000) }))
  const connecting = session.request({ ':method': 'CONNECT', ':authority': 'a:1' })
  const [headers] = (await new Promise<unknown[]>((resolve) =>
    connecting.once('response', (...all) => resolve(all)),
  )) as [http2.IncomingHttpHeaders]
  assert.equal(headers[':status'], 405)
  connecting.destroy()
})

test('switched off, the preface is an unknown version and ALPN offers HTTP/1.1 only', async () => {
  const off = await listenForTest(thread, { http2: false })
  const socket = net.connect(off.port, '127.0.0.1')
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 505 /)
  socket.destroy()
  const ALPNProtocols = ['h2', 'http/1.1']
  const secure = tls.connect({ port: off.tlsPort, servername: 'a.example', ca: certificate.cert, ALPNProtocols })
  await once(secure, 'secureConnect')
  assert.equal(secure.alpnProtocol, 'http/1.1')
  secure.destroy()
  off.close()
})

test('a preface that comes byte by byte, and one that only begins like it', async () => {
  const socket = net.connect(listening.port, '127.0.0.1')
  for (const byte of Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')) {
    socket.write(Buffer.from([byte]))
    await new Promise((resolve) => setImmediate(resolve))
  }
  const [settings] = (await once(socket, 'data')) as [Buffer]
  assert.equal(settings[3], 4, 'a SETTINGS frame')
  socket.destroy()
  const other = net.connect(listening.port, '127.0.0.1')
  other.write('PRI * HTTP/2.0\r\nHost: a\r\n\r\n')
  assert.match(String((await once(other, 'data'))[0]), /^HTTP\/1\.1 505 /)
  other.destroy()
})
