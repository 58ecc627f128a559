// JSON in front of a gRPC service: the real server of the tests, messages made by protobufjs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type handleUnaryCall, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import descriptor from 'protobufjs/ext/descriptor.js'
import { threadForTest } from '../gateway/thread-for-test.ts'
import { refusal } from './harness.ts'

const PROTO = `
syntax = "proto3";
package demo;
import "google/protobuf/timestamp.proto";
enum Mood { NONE = 0; HAPPY = 1; }
message Inner { string text = 1; google.protobuf.Timestamp at = 2; }
message All {
  string name = 1; int64 big = 2; uint64 huge = 3; int32 small = 4; bool flag = 5; double real = 6; bytes raw = 7; Mood mood = 8;
  repeated string tags = 9; map<string, int32> counts = 10; Inner inner = 11; optional int32 maybe = 12; optional string constructor = 17;
  oneof choice { string left = 13; int32 right = 14; } map<int64, string> by_id = 15; repeated Inner inners = 16;
}
message Detail { string reason = 1; int64 code = 2; }
service Echo {
  rpc Same (All) returns (All) {}
  rpc Stream (All) returns (stream All) {}
}
`
const root = new protobuf.Root()
root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {})
protobuf.parse(PROTO, root, { keepCase: true })
const All = root.lookupType('demo.All')
const Detail = root.lookupType('demo.Detail')

const thread = threadForTest({ 'protos/p': { content: PROTO } })
const server = new Server()
let node: string
let deadlineMs: number

before(async () => {
  const plain = (bytes: Buffer): Buffer => bytes
  const method = {
    path: '/demo.Echo/Same',
    requestStream: false,
    responseStream: false,
    requestSerialize: plain,
    requestDeserialize: plain,
    responseSerialize: plain,
    responseDeserialize: plain,
  }
  const onSame: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    deadlineMs = Number(call.getDeadline()) - Date.now()
    const { name } = All.decode(call.request) as unknown as { name: string }
    if (name === 'nonsense') return done(null, Buffer.from([0xff, 0xff]))
    if (!name.startsWith('fail')) return done(null, call.request)
    // Headers first, so that the status comes in trailers.
    if (name === 'fail late') call.sendMetadata(new Metadata())
    const metadata = new Metadata()
    metadata.set('grpc-status-details-bin', name === 'fail badly' ? Buffer.from([0xff, 0xff]) : statusBytes())
    return done({ code: status.FAILED_PRECONDITION, details: 'not yet', metadata })
  }
  server.addService({ Same: method }, { Same: onSame })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  node = `127.0.0.1:${port}`
})
after(() => {
  server.forceShutdown()
  thread.close()
})

/** google.rpc.Status with one detail, by hand. */
function statusBytes(): Buffer {
  const any = protobuf.Writer.create()
    .uint32(10)
    .string('type.googleapis.com/demo.Detail')
    .uint32(18)
    .bytes(Detail.encode({ reason: 'early', code: 7 }).finish())
    .finish()
  return Buffer.from(
    protobuf.Writer.create().uint32(8).int32(9).uint32(18).string('not yet').uint32(26).bytes(any).finish(),
  )
}

async function ask(conf: object, request: { target?: string; method?: string; body?: string; type?: string } = {}) {
  const transcode = { proto_id: 'p', service: 'demo.Echo', method: 'Same', ...conf }
  thread.put('routes/1', {
    uri: '/*',
    upstream: { scheme: 'grpc', nodes: { [node]: 1 } },
    plugins: { 'grpc-transcode': transcode },
  })
  const {
    target = '/a',
    method = request.body === undefined ? 'GET' : 'POST',
    body,
    type = 'application/json',
  } = request
  const answer = await thread.inject({ target, method, body, headers: { 'content-type': type } })
  const text = answer.body.toString()
  return { ...answer, text, json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : undefined }
}

const FULL = {
  name: 'n',
  big: -5,
  huge: 7,
  small: 3,
  flag: true,
  real: 1.5,
  raw: 'bytes',
  mood: 'HAPPY',
  tags: ['a', 'b'],
  counts: { x: 1 },
  inner: { text: 'in' },
  maybe: 0,
  left: 'l',
  by_id: { '12': 'twelve' },
  inners: [{ text: '1' }, { text: '2' }],
}

test('every kind of field goes there and back', async () => {
  const { json, status: code, headers } = await ask({}, { body: JSON.stringify({ ...FULL, unknown: 1 }) })
  assert.equal(code, 200)
  assert.equal(headers.get('content-type'), 'application/json')
  assert.deepEqual(json, FULL)
})

test('members of a query and of a form', async () => {
  const expected = { name: 'a b', small: 4, mood: 'HAPPY', tags: ['x', 'y'], flag: true }
  const query = 'name=a+b&small=4&mood=1&tags=x&tags=y&flag=true'
  const subset = (json: Record<string, unknown> | undefined) =>
    json && Object.fromEntries(Object.keys(expected).map((key) => [key, json[key]]))
  assert.deepEqual(subset((await ask({}, { target: `/a?${query}` })).json), expected)
  assert.deepEqual(subset((await ask({}, { body: query, type: 'application/x-www-form-urlencoded' })).json), expected)
  assert.deepEqual(subset((await ask({}, { target: `/a?${query}`, method: 'DELETE' })).json), expected)
})

test('absent fields: those without presence, all, or none', async () => {
  const absent = (await ask({}, { target: '/a?name=n' })).json
  assert.deepEqual(absent, {
    name: 'n',
    big: 0,
    huge: 0,
    small: 0,
    flag: false,
    real: 0,
    raw: '',
    mood: 'NONE',
    tags: [],
    counts: {},
    by_id: {},
    inners: [],
  })
  assert.deepEqual((await ask({ pb_option: ['no_default_values'] }, { target: '/a?name=n' })).json, { name: 'n' })
})

test('large integers as numbers, as text and in hexadecimal; that text is taken back', async () => {
  const body = '{"big":"#-9007199254740993","huge":"#18446744073709551615"}'
  const forms = {
    int64_as_string: ['#-9007199254740993', '#18446744073709551615'],
    int64_as_hexstring: ['#-0x20000000000001', '#0xFFFFFFFFFFFFFFFF'],
  }
  for (const [option, [big, huge]] of Object.entries(forms)) {
    assert.deepEqual((await ask({ pb_option: [option, 'no_default_values'] }, { body })).json, { big, huge })
    assert.deepEqual(
      (await ask({ pb_option: [option, 'no_default_values'] }, { body: JSON.stringify({ big, huge }) })).json,
      { big, huge },
    )
  }
  assert.deepEqual((await ask({ pb_option: ['no_default_values'] }, { body: '{"big":4294967296}' })).json, {
    big: 4294967296,
  })
  const value = await ask({ pb_option: ['enum_as_value', 'no_default_values'] }, { body: '{"mood":"HAPPY"}' })
  assert.deepEqual(value.json, { mood: 1 })
})

test('a gRPC status becomes an HTTP status, in headers as in trailers', async () => {
  for (const name of ['fail', 'fail late']) {
    const failed = await ask({}, { target: `/a?name=${name}` })
    assert.deepEqual(
      [failed.status, failed.text, failed.headers.get('grpc-status'), failed.headers.get('grpc-message')],
      [400, '', '9', 'not%20yet'],
    )
  }
  const shown = await ask({ show_status_in_body: true }, { target: '/a?name=fail' })
  const value = Buffer.from(Detail.encode({ reason: 'early', code: 7 }).finish()).toString()
  assert.deepEqual(shown.json, {
    error: { code: 9, message: 'not yet', details: [{ type_url: 'type.googleapis.com/demo.Detail', value }] },
  })
  const decoded = await ask(
    { show_status_in_body: true, status_detail_type: 'demo.Detail' },
    { target: '/a?name=fail' },
  )
  assert.deepEqual(decoded.json, { error: { code: 9, message: 'not yet', details: [{ reason: 'early', code: 7 }] } })
})

test('details that cannot be decoded leave the status as it is', async () => {
  const unread = await ask({ show_status_in_body: true }, { target: '/a?name=fail+badly' })
  assert.deepEqual([unread.status, unread.text], [400, 'failed to call pb.decode to decode grpc-status-details-bin'])
  const untyped = await ask({ show_status_in_body: true, status_detail_type: 'demo.Nope' }, { target: '/a?name=fail' })
  assert.deepEqual(
    [untyped.status, untyped.text],
    [400, 'failed to call pb.decode to decode details in grpc-status-details-bin'],
  )
})

test('a deadline is told to the service', async () => {
  await ask({ deadline: 250 })
  assert.ok(deadlineMs > 0 && deadlineMs <= 250, `${deadlineMs} ms were left`)
})

test('a descriptor set of protoc serves as well as its source, and a changed proto at once', async () => {
  const content = Buffer.from(descriptor.FileDescriptorSet.encode(root.toDescriptor('proto3')).finish()).toString(
    'base64',
  )
  thread.put('protos/p', { content })
  assert.equal((await ask({}, { target: '/a?name=set' })).json?.name, 'set')
  thread.put('protos/p', { content: PROTO })
  assert.equal((await ask({}, { target: '/a?name=again' })).json?.name, 'again')
})

test('refusals: unknown names and streams 503, values that do not fit 400, answers that are no message 502', async () => {
  assert.equal((await ask({ method: 'Nope' })).status, 503)
  assert.equal((await ask({ service: 'demo.Nope' })).status, 503)
  assert.equal((await ask({ method: 'Stream' })).status, 503)
  assert.equal((await ask({ proto_id: 'gone' })).status, 503)
  const misfit = await ask({}, { body: '{"inner":{"at":{"seconds":"x"}}}' })
  assert.deepEqual(
    [misfit.status, misfit.json],
    [400, { error_msg: 'failed to encode request data to protobuf: field inner.at.seconds is not an integer' }],
  )
  assert.equal((await ask({}, { target: '/a?name=nonsense' })).status, 502)
})

test('configurations that are refused', () => {
  assert.match(refusal('grpc-transcode', { service: 'a', method: 'b' }) ?? '', /property "proto_id" is required/)
  assert.match(
    refusal('grpc-transcode', { proto_id: '1', service: 'a', method: 'b', pb_option: ['nope'] }) ?? '',
    /pb_option/,
  )
})

test('a field is what the request says, not what every object has; deep values are refused', async () => {
  assert.equal(Object.hasOwn((await ask({}, { body: '{"name":"a"}' })).json ?? {}, 'constructor'), false)
  assert.equal((await ask({}, { target: '/a?name=a&constructor=b' })).json?.constructor, 'b')
  const deep = `{"inner":${'{"inner":'.repeat(50_000)}{}${'}'.repeat(50_000)}}`
  assert.ok([200, 400].includes((await ask({}, { body: deep })).status))
})
