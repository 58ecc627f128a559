// What the page of grpc-web in APISIX's documentation shows, in front of a gRPC server.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { startGrpcServer } from '../../gateway/http2/grpc-server.ts'
import { startStories } from './story.ts'

const { story } = await startStories()
const server = await startGrpcServer()
after(() => server.stop())
const route = (conf: object = {}): [string, object] => [
  'routes/r',
  {
    uri: '/grpc/web/*',
    upstream: { scheme: 'grpc', type: 'roundrobin', nodes: { [server.node]: 1 } },
    plugins: { 'grpc-web': conf },
  },
]
const CALL = '/grpc/web/demo.Echo/Unary'
const MESSAGE = '\0\0\0\0\x05hello'

story('a call in each of the four types, over POST', [route()], async ({ step }) => {
  for (const type of ['grpc-web', 'grpc-web+proto', 'grpc-web-text', 'grpc-web-text+proto']) {
    const isText = type.includes('text')
    const { body } = await step({
      get: CALL,
      method: 'POST',
      headers: { 'Content-Type': `application/${type}` },
      send: isText ? Buffer.from(MESSAGE).toString('base64') : MESSAGE,
      status: 200,
      fields: { 'content-type': `application/${type}`, 'access-control-allow-origin': '*' },
    })
    const answer = isText ? Buffer.from(body as string, 'base64').toString('latin1') : (body as string)
    assert.ok(answer.startsWith(MESSAGE), JSON.stringify(answer))
    assert.match(answer, /grpc-status:\s*0/)
  }
})

story(
  'a preflight is told what it may send',
  [route(), ['routes/own', own('content-type,x-grpc-web,token')]],
  [
    {
      get: CALL,
      method: 'OPTIONS',
      status: 204,
      fields: {
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type,x-grpc-web,x-user-agent',
        'access-control-allow-origin': '*',
      },
    },
    {
      get: '/own/a',
      method: 'OPTIONS',
      status: 204,
      fields: { 'access-control-allow-headers': 'content-type,x-grpc-web,token' },
    },
  ],
)

function own(headers: string): object {
  return { ...route({ cors_allow_headers: headers })[1], uri: '/own/*' }
}

story(
  'other methods and types are refused',
  [route()],
  [
    { get: CALL, status: 405 },
    { get: CALL, method: 'POST', headers: { 'Content-Type': 'application/json' }, send: '{}', status: 400 },
  ],
)
