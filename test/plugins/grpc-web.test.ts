// gRPC-Web in front of a real gRPC server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type GrpcServer, startGrpcServer } from '../gateway/http2/grpc-server.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'
import { refusal } from './harness.ts'

const thread = threadForTest()
let server: GrpcServer

before(async () => {
  server = await startGrpcServer()
  thread.put('routes/1', {
    uri: '/web/*',
    upstream: { scheme: 'grpc', nodes: { [server.node]: 1 } },
    plugins: { 'grpc-web': {} },
  })
})
after(() => {
  server.stop()
  thread.close()
})

/** A gRPC message, or with the flag of gRPC-Web the trailers. */
function frame(text: string, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(text.length, 1)
  return Buffer.concat([head, Buffer.from(text)])
}

/** Texts of the frames; those of trailers as `trailers:...`. */
function frames(bytes: Buffer): string[] {
  const all: string[] = []
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) {
    const text = bytes.toString('utf8', at + 5, at + 5 + bytes.readUInt32BE(at + 1))
    all.push(bytes[at] === 0x80 ? `trailers:${text}` : text)
  }
  return all
}

async function ask(method: string, text: string, { type = 'application/grpc-web+proto', base = '/web' } = {}) {
  const bytes = frame(text)
  const body = type.includes('text') ? bytes.toString('base64') : bytes
  return thread.inject({
    target: `${base}/demo.Echo/${method}`,
    method: 'POST',
    body,
    headers: { 'content-type': type },
  })
}

test('binary: the message comes back with the trailers as the last frame', async () => {
  const answer = await ask('Unary', 'hello')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'application/grpc-web+proto')
  assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  const [message, trailers] = frames(answer.body)
  assert.equal(message, 'hello')
  assert.match(trailers ?? '', /^trailers:/)
  assert.match(trailers ?? '', /grpc-status:0\r\n/)
  assert.match(trailers ?? '', /x-after:all\r\n/)
  assert.equal(answer.trailers, undefined, 'they are in the body, not behind it')
})

test('text: base64 in both directions, with padding at the end only', async () => {
  for (const type of ['application/grpc-web-text', 'application/grpc-web-text+proto; charset=utf-8']) {
    const answer = await ask('Down', 'ab', { type })
    const text = answer.body.toString()
    assert.match(text, /^[A-Za-z0-9+/]+={0,2}$/)
    assert.deepEqual(frames(Buffer.from(text, 'base64')).slice(0, 3), ['ab', 'ab', 'ab'])
    assert.match(frames(Buffer.from(text, 'base64'))[3] ?? '', /grpc-status:0/)
  }
})

test('a failure without a message has its status in the headers', async () => {
  const answer = await ask('Unary', 'fail')
  assert.deepEqual([answer.status, answer.body.length], [200, 0])
  assert.equal(answer.headers.get('grpc-status'), '5')
  assert.equal(answer.headers.get('access-control-expose-headers'), 'grpc-message,grpc-status')
})

test('preflight requests are answered, other methods and types refused', async () => {
  const preflight = await thread.inject({ target: '/web/demo.Echo/Unary', method: 'OPTIONS' })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST')
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'content-type,x-grpc-web,x-user-agent')
  assert.equal((await thread.inject({ target: '/web/demo.Echo/Unary' })).status, 405)
  assert.equal((await ask('Unary', 'x', { type: 'application/grpc' })).status, 400)
  const broken = {
    target: '/web/demo.Echo/Unary',
    method: 'POST',
    body: '*',
    headers: { 'content-type': 'application/grpc-web-text' },
  }
  assert.equal((await thread.inject(broken)).status, 400)
  const split = { ...broken, target: '/web/demo.Echo/Unary%0d%0ax', body: '' }
  assert.equal((await thread.inject(split)).status, 400)
})

test('a route without a prefix is refused; an upstream out of reach is told as such', async () => {
  const upstream = { scheme: 'grpc', nodes: { '127.0.0.1:1': 1 } }
  thread.put('routes/2', { uri: '/demo.Echo/Unary', upstream, plugins: { 'grpc-web': {} } })
  assert.equal((await ask('Unary', 'x', { base: '' })).status, 400)
  thread.put('routes/2', { uri: '/dead/*', upstream, plugins: { 'grpc-web': {} } })
  const dead = await ask('Unary', 'x', { base: '/dead' })
  assert.deepEqual([dead.status, dead.headers.get('access-control-allow-origin')], [502, '*'])
})

test('configurations', () => {
  assert.equal(refusal('grpc-web', {}), undefined)
  assert.match(refusal('grpc-web', { cors_allow_headers: 1 }) ?? '', /cors_allow_headers/)
  assert.match(refusal('grpc-web', { cors_allow_headers: 'a\nb' }) ?? '', /CR, LF or NUL/)
})
