// The same cases over every way into a data-plane thread: injection, HTTP/1.1 on a socket, with TLS, HTTP/2 by prior knowledge and by ALPN.
// What a request does must not depend on how it came.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { ClientHttp2Session } from 'node:http2'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ask as askHttp2, connect } from './http2/client.ts'
import { type Listening, listenForTest, makeCertificate } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

interface Request {
  method?: string
  target: string
  headers?: Record<string, string>
  body?: Buffer
}

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  trailers: Record<string, string | string[] | undefined>
}

const HOST = 'a.example'
const certificate = makeCertificate(HOST)
const thread = threadForTest({ 'ssls/1': { ...certificate, snis: [HOST] } })
let upstream: http.Server
let listening: Listening
let plainSession: ClientHttp2Session
let secureSession: ClientHttp2Session

before(async () => {
  upstream = http.createServer(answerAsUpstream)
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  const route = (id: string, uri: string, plugins: object = {}, more: object = {}): void =>
    thread.put(`routes/${id}`, { uri, plugins, upstream: { nodes }, ...more })
  route('plain', '/plain/*')
  route('key', '/key', { 'key-auth': {} })
  thread.put('consumers/jack', { username: 'jack', plugins: { 'key-auth': { key: 'jacks-key' } } })
  route('rewrite', '/rewrite', { 'proxy-rewrite': { uri: '/plain/new?b=2', headers: { set: { 'X-New': 'yes' } } } })
  route('changed', '/changed', { 'response-rewrite': { body: 'changed', headers: { set: { 'X-Changed': 'yes' } } } })
  route('echo', '/echoed', { echo: { before_body: '<', after_body: '>' } })
  route('gzip', '/zip', { gzip: { types: '*', min_length: 1 } })
  route('cors', '/cors', { cors: {} })
  route('limit', '/limit', { 'limit-count': { count: 1000, time_window: 60 } })
  route('mock', '/mock', { mocking: { response_example: '{"a":1}', content_type: 'application/json' } })
  route('valid', '/valid', { 'request-validation': { body_schema: { type: 'object', required: ['a'] } } })
  thread.put('routes/dead', { uri: '/dead', upstream: { nodes: { '127.0.0.1:1': 1 } } })
  thread.put('routes/retry', { uri: '/retry', upstream: { nodes: { '127.0.0.1:1': 1, ...nodes }, retries: 1 } })
  listening = await listenForTest(thread)
  plainSession = connect(`http://127.0.0.1:${listening.port}`)
  secureSession = connect(`https://127.0.0.1:${listening.tlsPort}`, { ca: certificate.cert, servername: HOST })
})
after(() => {
  plainSession.destroy()
  secureSession.destroy()
  upstream.close()
  upstream.closeAllConnections()
  listening.close()
  thread.close()
})

function answerAsUpstream(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://a')
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    response.statusCode = Number(searchParams.get('status') ?? 200)
    if (pathname === '/plain/body') response.end(body)
    else if (pathname === '/plain/cut') {
      response.write('begun')
      setTimeout(() => response.destroy(), 20)
    } else if (pathname === '/plain/trailers') {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('one')
      response.addTrailers({ 'X-Sum': '3' })
      setImmediate(() => response.end('two'))
    } else {
      response.setHeader('Content-Type', 'application/json')
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      const { method, url, headers } = request
      response.end(JSON.stringify({ method, url, headers, body: body.toString() }))
    }
  })
}

async function inject({ target, method = 'GET', headers = {}, body }: Request): Promise<Answer> {
  const answer = await thread.inject({ target, method, headers: { host: HOST, ...headers }, body })
  return { ...answer, headers: answer.headers.toObject(), trailers: answer.trailers?.toObject() ?? {} }
}

function askHttp1(secure: boolean, { target, method = 'GET', headers = {}, body }: Request): Promise<Answer> {
  const tls = { servername: HOST, ca: certificate.cert }
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request({
      host: '127.0.0.1',
      port: secure ? listening.tlsPort : listening.port,
      method,
      path: target,
      headers: { host: HOST, ...headers },
      agent: false,
      ...(secure ? tls : {}),
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          trailers: response.trailers,
        }),
      )
    })
    request.end(body)
  })
}

async function askOver(
  session: ClientHttp2Session,
  { target, method = 'GET', headers = {}, body }: Request,
): Promise<Answer> {
  const head = { ':path': target, ':method': method, ':authority': HOST, ...headers }
  const { trailers = {}, bytes, ...answer } = await askHttp2(session, head, body)
  return { ...answer, body: bytes, trailers }
}

const WIRES: Record<string, (request: Request) => Promise<Answer>> = {
  injection: inject,
  'HTTP/1.1': (request) => askHttp1(false, request),
  'HTTP/1.1 with TLS': (request) => askHttp1(true, request),
  'HTTP/2 by prior knowledge': (request) => askOver(plainSession, request),
  'HTTP/2 with TLS': (request) => askOver(secureSession, request),
}

for (const [name, ask] of Object.entries(WIRES)) {
  describe(name, () => {
    const json = async (request: Request): Promise<Record<string, unknown>> =>
      JSON.parse((await ask(request)).body.toString()) as Record<string, unknown>

    test('method, target, fields and body reach the upstream', async () => {
      const body = Buffer.from('{"a":1}')
      const seen = await json({
        method: 'PUT',
        target: '/plain/a%20b?q=1&q=2',
        headers: { 'x-one': '1', cookie: 'c=1; d=2', te: 'trailers', 'content-type': 'application/json' },
        body,
      })
      assert.deepEqual([seen.method, seen.url, seen.body], ['PUT', '/plain/a%20b?q=1&q=2', '{"a":1}'])
      const headers = seen.headers as Record<string, string>
      assert.deepEqual([headers.host, headers['x-one'], headers.cookie, headers.te], [HOST, '1', 'c=1; d=2', undefined])
      assert.deepEqual([headers['x-real-ip'], headers['x-forwarded-host']], ['127.0.0.1', HOST])
      assert.equal(headers['x-forwarded-proto'], name.includes('TLS') ? 'https' : 'http')
    })

    test('status, fields and body reach the client', async () => {
      const answer = await ask({ target: '/plain/x?status=418' })
      assert.equal(answer.status, 418)
      assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
      assert.equal(answer.headers['content-type'], 'application/json')
      assert.match(String(answer.headers.server), /^Gateward\//)
    })

    test('answers without a body', async () => {
      const head = await ask({ method: 'HEAD', target: '/plain/x' })
      assert.deepEqual([head.status, head.body.length], [200, 0])
      for (const status of [204, 304]) {
        const answer = await ask({ target: `/plain/x?status=${status}` })
        assert.deepEqual([answer.status, answer.body.length], [status, 0])
      }
      const empty = await ask({ method: 'POST', target: '/plain/body', body: Buffer.alloc(0) })
      assert.deepEqual([empty.status, empty.body.length], [200, 0])
    })

    test('a megabyte goes there and back', async () => {
      const body = Buffer.alloc(1_000_003, '0123456789')
      assert.ok((await ask({ method: 'POST', target: '/plain/body', body })).body.equals(body))
    })

    test('a body of unknown length, and trailers', async () => {
      const answer = await ask({ target: '/plain/trailers' })
      assert.equal(answer.body.toString(), 'onetwo')
      assert.equal(answer.trailers['x-sum'], '3')
    })

    test('a body that breaks off is an error', async () => {
      await assert.rejects(ask({ target: '/plain/cut' }))
    })

    test('no route, no key, no upstream', async () => {
      const unknown = await ask({ target: '/unknown' })
      assert.deepEqual([unknown.status, unknown.body.toString()], [404, '{"error_msg":"404 Route Not Found"}\n'])
      assert.equal((await ask({ target: '/key' })).status, 401)
      assert.equal((await ask({ target: '/key', headers: { apikey: 'jacks-key' } })).status, 200)
      const dead = await ask({ target: '/dead' })
      assert.deepEqual([dead.status, dead.headers['x-apisix-upstream-status']], [502, '502'])
      assert.match(dead.body.toString(), /502 Bad Gateway/)
      assert.equal((await ask({ method: 'POST', target: '/retry', body: Buffer.from('x') })).status, 200)
    })

    test('plugins change the request and the response', async () => {
      const rewritten = await json({ target: '/rewrite?a=1' })
      assert.equal(rewritten.url, '/plain/new?b=2&a=1')
      assert.equal((rewritten.headers as Record<string, string>)['x-new'], 'yes')
      const changed = await ask({ target: '/changed' })
      assert.deepEqual([changed.body.toString(), changed.headers['x-changed']], ['changed', 'yes'])
      assert.match((await ask({ target: '/echoed' })).body.toString(), /^<\{.*\}>$/)
      const zipped = await ask({ target: '/zip', headers: { 'accept-encoding': 'gzip' } })
      assert.deepEqual([zipped.headers['content-encoding'], zipped.body[0]], ['gzip', 0x1f])
    })

    test('plugins answer themselves', async () => {
      const preflight = await ask({ method: 'OPTIONS', target: '/cors', headers: { origin: 'http://b.example' } })
      assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin']], [200, '*'])
      const mock = await ask({ target: '/mock' })
      assert.equal(mock.body.toString().trim(), '{"a":1}')
      assert.equal((await ask({ target: '/limit' })).headers['x-ratelimit-limit'], '1000')
    })

    test('a body is read before it is forwarded', async () => {
      const headers = { 'content-type': 'application/json' }
      const bad = await ask({ method: 'POST', target: '/valid', headers, body: Buffer.from('{"b":1}') })
      assert.equal(bad.status, 400)
      const good = await json({ method: 'POST', target: '/valid', headers, body: Buffer.from('{"a":1}') })
      assert.equal(good.body, '{"a":1}')
    })
  })
}
