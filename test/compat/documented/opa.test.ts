// opa behaves as APISIX's page of it says. The agent is a stand-in that decides as the policies of the page do.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { hs256 } from './jwt.ts'
import { type Config, startStories } from './story.ts'

const { story, upstream } = await startStories()

interface Input {
  type: string
  request: { method: string; headers: Record<string, string> } & Record<string, unknown>
  var: Record<string, unknown>
  route?: { id: string }
  service?: { id: string }
  consumer?: { username: string }
}
let input: Input

const claimsOf = (token = ''): { permission?: string | string[] } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}')
const getOnly = ({ request }: Input): boolean => request.method === 'GET'
const moved = {
  reason: 'The resource has moved for now.',
  headers: { Location: 'http://example.com/auth' },
  status_code: 302,
}
const methodsOf: Record<string, Record<string, string>> = {
  john: { read: 'GET' },
  jane: { read: 'GET', write: 'POST' },
}

const POLICIES: Record<string, (input: Input) => object> = {
  getonly: (asked) => ({ allow: getOnly(asked) }),
  customresp: (asked) => (getOnly(asked) ? { allow: true } : { allow: false, ...moved }),
  rbac: ({ request, consumer }) => {
    const permissions = [claimsOf(request.headers.authorization).permission ?? []].flat()
    const methods = methodsOf[consumer?.username ?? ''] ?? {}
    return { allow: permissions.some((permission) => methods[permission] === request.method) }
  },
  named: () => ({ allow: true, headers: { 'X-User': 'ann', 'X-Other': 'b' } }),
}
const agent = createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  input = (JSON.parse(text) as { input: Input }).input
  const policy = POLICIES[(request.url ?? '').replace('/v1/data/', '')]
  response.end(JSON.stringify(policy ? { result: policy(input) } : {}))
})
await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve))
after(() => agent.close())
const host = `http://127.0.0.1:${(agent.address() as AddressInfo).port}`

const route = (policy: string, conf: object = {}, more: object = {}): Config[number] => [
  'routes',
  { id: 'opa-route', uri: '/anything', plugins: { opa: { host, policy, ...conf } }, upstream, ...more },
]

story(
  'only what the policy allows passes',
  [route('getonly')],
  [
    { get: '/anything', status: 200 },
    { get: '/anything', method: 'PUT', status: 403 },
  ],
)

story('what the agent is told', [route('getonly')], async ({ step, admin }) => {
  await step({ get: '/anything?a=1&b', headers: { 'x-one': '1' }, status: 200 })
  assert.equal(input.type, 'http')
  const { headers, ...request } = input.request
  assert.deepEqual(request, {
    scheme: 'http',
    path: '/anything',
    query: { a: '1', b: true },
    port: request.port,
    method: 'GET',
    host: '127.0.0.1',
  })
  assert.equal(typeof request.port, 'number')
  assert.equal(headers['x-one'], '1')
  assert.deepEqual(Object.keys(input.var).sort(), [
    'remote_addr',
    'remote_port',
    'server_addr',
    'server_port',
    'timestamp',
  ])
  assert.deepEqual([input.route, input.service, input.consumer], [undefined, undefined, undefined])
  await admin('PATCH', 'routes/opa-route', { plugins: { opa: { with_route: true } } })
  await step({ get: '/anything', status: 200 })
  assert.equal(input.route?.id, 'opa-route')
})

story(
  'a service is told too',
  [
    ['services/s', { name: 'shop', upstream }],
    [
      'routes',
      { id: 'r', uri: '/anything', service_id: 's', plugins: { opa: { host, policy: 'getonly', with_service: true } } },
    ],
  ],
  async ({ step }) => {
    await step({ get: '/anything', status: 200 })
    assert.equal(input.service?.id, 's')
  },
)

story(
  'a response of the policy’s own',
  [route('customresp')],
  [
    { get: '/anything', status: 200 },
    {
      get: '/anything',
      method: 'POST',
      status: 302,
      fields: { location: 'http://example.com/auth' },
      body: moved.reason,
    },
  ],
)

story(
  'headers of the policy for the upstream',
  [route('named', { send_headers_upstream: ['X-User'] })],
  [{ get: '/anything', headers: { 'X-User': 'forged' }, status: 200, seen: { 'x-user': 'ann', 'x-other': undefined } }],
)

const credential = (name: string): Config => [
  ['consumers', { username: name }],
  [
    `consumers/${name}/credentials`,
    {
      id: `cred-${name}`,
      plugins: { 'jwt-auth': { key: `${name}-key`, secret: `${name}-hs256-secret-that-is-very-long` } },
    },
  ],
]
const token = (name: string, permission: string | string[]) => ({
  headers: {
    authorization: hs256({ permission, key: `${name}-key`, nbf: 1729132271 }, `${name}-hs256-secret-that-is-very-long`),
  },
})
const rbac = route('rbac', { with_consumer: true }, { methods: ['GET', 'POST'] })
const plugins = { ...(rbac[1] as { plugins: object }).plugins, 'jwt-auth': {} }
const john = token('john', 'read')
const jane = token('jane', ['read', 'write'])
story(
  'roles of consumers',
  [...credential('john'), ...credential('jane'), [rbac[0], { ...rbac[1], plugins }]],
  [
    { get: '/anything', ...john, status: 200 },
    { get: '/anything', method: 'POST', ...john, status: 403 },
    { get: '/anything', ...jane, status: 200 },
    { get: '/anything', method: 'POST', ...jane, status: 200 },
    { get: '/anything', status: 401 },
  ],
)

story('a policy that does not exist lets nothing pass', [route('missing')], [{ get: '/anything', status: 503 }])
