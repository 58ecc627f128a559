// gRPC through the gateway: a real client, a real server, plain and TLS on both sides.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { ChannelCredentials, type Client, status } from '@grpc/grpc-js'
import { type Listening, listenForTest, makeCertificate } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'
import { connectGrpc, type GrpcServer, startGrpcServer, unary } from './grpc-server.ts'

const certificate = makeCertificate('localhost')
const thread = threadForTest({ 'ssls/1': { ...certificate, snis: ['localhost'] } })
const plain = (bytes: Buffer): Buffer => bytes
let server: GrpcServer
let secure: GrpcServer
let listening: Listening
let client: Client

const route = (nodes: Record<string, number>, more: object = {}): void =>
  thread.put('routes/1', { uri: '/demo.Echo/*', upstream: { scheme: 'grpc', nodes, ...more } })

before(async () => {
  server = await startGrpcServer()
  secure = await startGrpcServer(certificate)
  route({ [server.node]: 1 })
  listening = await listenForTest(thread)
  client = connectGrpc(`127.0.0.1:${listening.port}`, ChannelCredentials.createInsecure())
})
after(() => {
  client.close()
  server.stop()
  secure.stop()
  listening.close()
  thread.close()
})

test('unary: metadata, answer, trailers', async () => {
  const outcome = await unary(client, 'hello', { metadata: { 'x-one': '1' } })
  assert.deepEqual([outcome.code, outcome.body], [status.OK, 'hello'])
  assert.deepEqual(outcome.trailers.get('x-after'), ['all'])
  assert.deepEqual(server.seen.at(-1)?.get('x-one'), ['1'])
})

test('a status other than OK comes with its message and metadata', async () => {
  const outcome = await unary(client, 'fail')
  assert.deepEqual([outcome.code, outcome.details], [status.NOT_FOUND, 'nobody here'])
  assert.deepEqual(outcome.trailers.get('x-why'), ['not here'])
})

test('server streaming, also with an error after some messages', async () => {
  const read = (text: string): Promise<{ all: string[]; code: number }> =>
    new Promise((resolve) => {
      const all: string[] = []
      const call = client.makeServerStreamRequest('/demo.Echo/Down', plain, plain, Buffer.from(text))
      call.on('data', (bytes: Buffer) => all.push(bytes.toString()))
      call.on('error', () => {})
      call.on('status', ({ code }) => resolve({ all, code }))
    })
  assert.deepEqual(await read('a'), { all: ['a', 'a', 'a'], code: status.OK })
  assert.deepEqual(await read('fail'), { all: ['fail', 'fail', 'fail'], code: status.ABORTED })
})

test('client streaming, larger than the windows', async () => {
  const piece = Buffer.alloc(50_000, 'x')
  const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
    const call = client.makeClientStreamRequest('/demo.Echo/Up', plain, plain, (error, bytes) =>
      error ? reject(error) : resolve(bytes),
    )
    for (let i = 0; i < 60; i++) call.write(piece)
    call.end()
  })
  assert.equal(answer?.length, 3_000_000)
})

test('both ways at once: each message is answered before the next is sent', async () => {
  const call = client.makeBidiStreamRequest('/demo.Echo/Both', plain, plain)
  for (const text of ['one', 'two', 'three']) {
    call.write(Buffer.from(text))
    const [answer] = (await once(call, 'data')) as [Buffer]
    assert.equal(answer.toString(), text)
  }
  call.end()
  const [{ code }] = (await once(call, 'status')) as [{ code: number }]
  assert.equal(code, status.OK)
})

test('a stream is not waited for although other routes look into bodies', async () => {
  thread.put('routes/form', {
    uri: '/form',
    vars: [['post_arg_a', '==', '1']],
    upstream: { nodes: { '127.0.0.1:1': 1 } },
  })
  const call = client.makeBidiStreamRequest('/demo.Echo/Both', plain, plain)
  call.write(Buffer.from('first'))
  assert.equal(String((await once(call, 'data'))[0]), 'first')
  call.end()
  await once(call, 'status')
  thread.put('routes/form', undefined)
})

test('a deadline ends the call at the upstream too', async () => {
  const outcome = await unary(client, 'hold', { deadlineMs: 100 })
  assert.equal(outcome.code, status.DEADLINE_EXCEEDED)
  await server.cancelled
})

test('many calls at a time', async () => {
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => unary(client, `n${i}`)))
  assert.deepEqual(
    outcomes.map(({ body }) => body),
    Array.from({ length: 50 }, (_, i) => `n${i}`),
  )
})

test('TLS from the client and to the upstream', async () => {
  thread.put('routes/1', {
    uri: '/demo.Echo/*',
    upstream: { scheme: 'grpcs', nodes: { [secure.node]: 1 }, pass_host: 'rewrite', upstream_host: 'localhost' },
  })
  const credentials = ChannelCredentials.createSsl(Buffer.from(certificate.cert))
  const tlsClient = connectGrpc(`localhost:${listening.tlsPort}`, credentials)
  assert.equal((await unary(tlsClient, 'secret')).body, 'secret')
  tlsClient.close()
  route({ [server.node]: 1 })
})

test('what the gateway answers itself: no route, no key, an upstream out of reach, one that is too slow', async () => {
  assert.equal((await unary(client, 'x', { path: '/other/Method' })).code, status.UNIMPLEMENTED)
  thread.put('routes/2', {
    uri: '/key/Method',
    plugins: { 'key-auth': {} },
    upstream: { scheme: 'grpc', nodes: { [server.node]: 1 } },
  })
  assert.equal((await unary(client, 'x', { path: '/key/Method' })).code, status.UNAUTHENTICATED)
  route({ '127.0.0.1:1': 1 })
  const dead = await unary(client, 'x')
  assert.deepEqual([dead.code, dead.details], [status.UNAVAILABLE, 'Received HTTP status code 502'])
  route({ [server.node]: 1 }, { timeout: { connect: 1, send: 1, read: 0.1 } })
  const slow = await unary(client, 'hold')
  assert.deepEqual([slow.code, slow.details], [status.UNAVAILABLE, 'Received HTTP status code 504'])
  route({ [server.node]: 1 })
})

test('a dead node is tried and left, the message is not lost', async () => {
  route({ '127.0.0.1:1': 1, [server.node]: 1 })
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => unary(client, 'again')))
  assert.ok(outcomes.every(({ body }) => body === 'again'))
  route({ [server.node]: 1 })
})

test('an upstream that restarts: its GOAWAY is heeded, the next call finds the new one', async () => {
  const first = await startGrpcServer()
  route({ [first.node]: 1 })
  assert.equal((await unary(client, 'before')).body, 'before')
  await first.stopGracefully()
  const second = await startGrpcServer(undefined, first.node)
  assert.equal((await unary(client, 'after')).body, 'after')
  second.stop()
  const third = await startGrpcServer(undefined, first.node)
  assert.equal((await unary(client, 'at once')).body, 'at once')
  third.stop()
  route({ [server.node]: 1 })
})

test('an HTTP/1.1 client reaches a gRPC upstream and gets its trailers', async () => {
  const body = Buffer.from([0, 0, 0, 0, 1, 120])
  const request = http.request({
    port: listening.port,
    path: '/demo.Echo/Unary',
    method: 'POST',
    headers: { 'content-type': 'application/grpc', te: 'trailers' },
    agent: false,
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  assert.deepEqual(Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)), body)
  assert.equal(response.trailers['grpc-status'], '0')
})

test('the address of the client is added to its metadata', async () => {
  const outcome = await unary(client, 'ff', { metadata: { 'x-forwarded-for': '9.9.9.9' } })
  assert.equal(outcome.code, status.OK)
  assert.deepEqual(server.seen.at(-1)?.get('x-forwarded-for'), ['9.9.9.9, 127.0.0.1'])
})
