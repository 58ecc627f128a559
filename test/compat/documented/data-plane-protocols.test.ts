// docs: grpc-proxy, tutorials/websocket-authentication
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { ChannelCredentials, status } from '@grpc/grpc-js'
import { connectGrpc, startGrpcServer, unary } from '../../gateway/http2/grpc-server.ts'
import { makeCertificate } from '../../gateway/listening.ts'
import { send } from '../send.ts'
import { startStories } from './story.ts'

const { story, upstream, stage } = await startStories()
const address = stage.running.env.GATEWARD_GATEWAY_HTTP ?? ''
const certificate = makeCertificate('localhost')
const [plain, secure] = [await startGrpcServer(), await startGrpcServer(certificate)]
const client = connectGrpc(address, ChannelCredentials.createInsecure())
after(() => {
  client.close()
  plain.stop()
  secure.stop()
})

for (const [scheme, node] of [
  ['grpc', plain.node],
  ['grpcs', secure.node],
] as const)
  story(
    `calls of gRPC with scheme ${scheme}`,
    [
      [
        'routes/1',
        {
          methods: ['POST', 'GET'],
          uri: '/demo.Echo/*',
          upstream: { scheme, type: 'roundrobin', nodes: { [node]: 1 } },
        },
      ],
    ],
    async () => {
      const outcome = await unary(client, 'hello')
      assert.deepEqual([outcome.code, outcome.body], [status.OK, 'hello'])
    },
  )

const socket = (path: string, headers: Record<string, string> = {}) =>
  send(address, false, { path, headers, ws: ['hi'] })
story(
  'WebSocket with a key, in the query or a header',
  [
    ['consumers/kate', { username: 'kate', plugins: { 'key-auth': { key: 'a-key' } } }],
    [
      'routes/1',
      {
        uri: '/ws',
        enable_websocket: true,
        upstream,
        plugins: { 'key-auth': { header: 'Authorization', query: 'token' } },
      },
    ],
  ],
  async () => {
    assert.equal((await socket('/ws')).status, 401)
    assert.equal((await socket('/ws?token=wrong')).status, 401)
    for (const sent of [await socket('/ws?token=a-key'), await socket('/ws', { Authorization: 'a-key' })]) {
      assert.equal(sent.status, 101)
      assert.deepEqual((sent.body as { ws: string[] }).ws, ['hi'])
    }
  },
)
