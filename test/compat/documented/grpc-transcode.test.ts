// What the page of grpc-transcode in APISIX's documentation shows, in front of a gRPC server.
import { after } from 'node:test'
import { type handleUnaryCall, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import descriptor from 'protobufjs/ext/descriptor.js'
import { startStories } from './story.ts'

const { story } = await startStories()
const DETAIL = 'message ErrorDetail { int64 code = 1; string message = 2; string type = 3; }'
const PROTO = `syntax = "proto3"; package helloworld;
  service Greeter { rpc SayHello (HelloRequest) returns (HelloReply) {} rpc GetErrResp (HelloRequest) returns (HelloReply) {} }
  message HelloRequest { string name = 1; int64 key = 2; repeated string items = 3; }
  message HelloReply { string message = 1; int64 key = 2; repeated string items = 3; }`
const { root } = protobuf.parse(`${PROTO}\n${DETAIL}`, { keepCase: true })
const [Request, Reply, Detail] = ['HelloRequest', 'HelloReply', 'ErrorDetail'].map((name) =>
  root.lookupType(`helloworld.${name}`),
) as [protobuf.Type, protobuf.Type, protobuf.Type]
const Status = protobuf
  .parse(
    'syntax = "proto3"; message Any { string type_url = 1; bytes value = 2; } message Status { int32 code = 1; string message = 2; repeated Any details = 3; }',
    { keepCase: true },
  )
  .root.lookupType('Status')

const node = await startGreeter()
const route = (method: string, more: object = {}): [string, object] => [
  'routes/r',
  {
    uri: '/grpctest',
    upstream: { scheme: 'grpc', type: 'roundrobin', nodes: { [node]: 1 } },
    plugins: { 'grpc-transcode': { proto_id: '1', service: 'helloworld.Greeter', method, ...more } },
  },
]
const proto = (content: string): [string, object] => ['protos/1', { content }]

story(
  'arguments of a GET, a form or JSON become the message, the reply JSON',
  [proto(PROTO), route('SayHello')],
  [
    {
      get: '/grpctest?name=world&items=a&items=b',
      status: 200,
      body: { message: 'Hello world', items: ['a', 'b'] },
      fields: { 'content-type': 'application/json' },
    },
    {
      get: '/grpctest',
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      send: 'name=form',
      status: 200,
      body: { message: 'Hello form' },
    },
    {
      get: '/grpctest',
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      send: { name: 'json' },
      status: 200,
      body: { message: 'Hello json' },
    },
  ],
)

story(
  'a descriptor set in base64, made of files that import each other',
  [
    proto(descriptorSet()),
    [
      'routes/r',
      {
        ...route('Run')[1],
        plugins: { 'grpc-transcode': { proto_id: 1, service: 'helloworld.TestImport', method: 'Run' } },
      },
    ],
  ],
  [
    {
      get: '/grpctest',
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      send: { user: { name: 'jack' }, body: 'text' },
      status: 200,
      body: { body: 'jack: text' },
    },
  ],
)

story(
  'large integers as text',
  [proto(PROTO), route('SayHello', { pb_option: ['int64_as_string'] })],
  [{ get: '/grpctest?name=a&key=2251799813685260', status: 200, body: { key: '#2251799813685260' } }],
)

story(
  'a failure has its HTTP status',
  [proto(PROTO), route('GetErrResp')],
  [
    {
      get: '/grpctest?name=a',
      status: 503,
      fields: { 'grpc-status': '14', 'grpc-message': /^Out(?: |%20)of/ },
    },
  ],
)

story(
  'show_status_in_body tells what grpc-status-details-bin says, but for the details themselves',
  [proto(PROTO), route('GetErrResp', { show_status_in_body: true })],
  [
    {
      get: '/grpctest?name=a',
      status: 503,
      body: {
        error: {
          code: 14,
          message: 'Out of service',
          details: [{ type_url: 'type.googleapis.com/helloworld.ErrorDetail' }],
        },
      },
    },
  ],
)

story(
  'status_detail_type tells them too',
  [
    proto(`${PROTO}\n${DETAIL}`),
    route('GetErrResp', { show_status_in_body: true, status_detail_type: 'helloworld.ErrorDetail' }),
  ],
  [
    {
      get: '/grpctest?name=a',
      status: 503,
      body: {
        error: {
          code: 14,
          message: 'Out of service',
          details: [{ code: 1, message: 'The server is out of service', type: 'service' }],
        },
      },
    },
  ],
)

story('what cannot be is refused', [], async ({ refuses }) => {
  for (const [conf, message] of [
    [{ service: 'a', method: 'b' }, /proto_id/],
    [{ proto_id: '1', service: 'a', method: 'b', pb_option: ['other'] }, /pb_option/],
  ] as const)
    await refuses('routes/r', { uri: '/a', plugins: { 'grpc-transcode': conf } }, message)
})

/** Two files, one of which imports the other, as `protoc --include_imports` writes them. */
function descriptorSet(): string {
  const files = new protobuf.Root()
  protobuf.parse(
    'syntax = "proto3"; package pkg; message User { string name = 1; } message Response { string body = 1; }',
    files,
  )
  protobuf.parse(
    `syntax = "proto3"; package helloworld; import "proto/import.proto"; message Request { pkg.User user = 1; string body = 2; }
     service TestImport { rpc Run (Request) returns (pkg.Response) {} }`,
    files,
  )
  const set = (files.resolveAll() as protobuf.Root & { toDescriptor(edition: string): protobuf.Message }).toDescriptor(
    'proto3',
  )
  return Buffer.from(descriptor.FileDescriptorSet.encode(set).finish()).toString('base64')
}

async function startGreeter(): Promise<string> {
  const server = new Server()
  const plain = (bytes: Buffer): Buffer => bytes
  const method = (path: string) => ({
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: plain,
    requestDeserialize: plain,
    responseSerialize: plain,
    responseDeserialize: plain,
  })
  const hello: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    const { name, key, items } = Request.decode(call.request) as unknown as {
      name: string
      key: number
      items: string[]
    }
    done(null, Buffer.from(Reply.encode(Reply.create({ message: `Hello ${name}`, key, items })).finish()))
  }
  const run: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    // pkg.User and helloworld.Request by hand: field 1 holds a message whose field 1 is the name, field 2 the body.
    const bytes = call.request
    const name = bytes.toString('utf8', 4, 4 + (bytes[3] as number))
    const body = Buffer.from(`${name}: ${bytes.toString('utf8', 4 + name.length + 2)}`)
    done(null, Buffer.concat([Buffer.from([10, body.length]), body]))
  }
  const fail: handleUnaryCall<Buffer, Buffer> = (_call, done) => {
    const value = Detail.encode(
      Detail.create({ code: 1, message: 'The server is out of service', type: 'service' }),
    ).finish()
    const details = [{ type_url: 'type.googleapis.com/helloworld.ErrorDetail', value }]
    const metadata = new Metadata()
    const bytes = Status.encode(Status.fromObject({ code: 14, message: 'Out of service', details })).finish()
    metadata.set('grpc-status-details-bin', Buffer.from(bytes))
    done({ code: status.UNAVAILABLE, details: 'Out of service', metadata })
  }
  server.addService(
    {
      SayHello: method('/helloworld.Greeter/SayHello'),
      GetErrResp: method('/helloworld.Greeter/GetErrResp'),
      Run: method('/helloworld.TestImport/Run'),
    },
    { SayHello: hello, GetErrResp: fail, Run: run },
  )
  after(() => server.forceShutdown())
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    ),
  )
}
