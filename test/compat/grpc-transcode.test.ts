// The recording of grpc-transcode, against the whole process and the service that it was recorded with.
import assert from 'node:assert/strict'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import protobuf from 'protobufjs'
import { start } from '../e2e/process.ts'
import { runRecording } from './replay.ts'

const { root } = protobuf.parse(
  `syntax = "proto3"; package demo;
   message HelloRequest { string name = 1; int64 n = 2; }
   message HelloReply { string message = 1; int64 n = 2; int32 mood = 3; }`,
)
const Request = root.lookupType('demo.HelloRequest')
const Reply = root.lookupType('demo.HelloReply')

/** demo.Greeter on node:http2, since a gRPC library would percent-encode the messages of its statuses. */
async function startGreeter(): Promise<string> {
  const sessions = new Set<http2.ServerHttp2Session>()
  const server = http2.createServer()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', async (stream: http2.ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    const head = { ':status': 200, 'content-type': 'application/grpc' }
    const refuse = (code: number, message: string): void =>
      stream.respond({ ...head, 'grpc-status': String(code), 'grpc-message': message }, { endStream: true })
    const body = Buffer.concat((await stream.toArray()) as Buffer[])
    const { name, n } = Request.toObject(Request.decode(body.subarray(5)), { longs: Number, defaults: true })
    if (headers[':path'] !== '/demo.Greeter/SayHello') return refuse(12, 'unknown method')
    if (name === 'fail') return refuse(5, 'nobody here')
    const reply = Reply.encode({ message: `Hello ${name}`, ...(n ? { n: n + 1, mood: 1 } : {}) }).finish()
    const frame = Buffer.alloc(5 + reply.length)
    frame.writeUInt32BE(reply.length, 1)
    frame.set(reply, 5)
    stream.respond(head, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'OK' }))
    return stream.end(frame)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('grpc-transcode answers as recorded', async () => {
  const grpc = await startGreeter()
  const running = await start()
  try {
    const addresses = {
      admin: running.env.GATEWARD_ADMIN_LISTEN as string,
      gateway: running.env.GATEWARD_GATEWAY_HTTP as string,
      grpc,
    }
    const report = await runRecording('plugins/grpc-transcode.jsonl', { addresses, adminKey: running.key })
    assert.deepEqual(report.different, [])
    assert.equal(report.equal, 21)
  } finally {
    await running.stop()
  }
})
