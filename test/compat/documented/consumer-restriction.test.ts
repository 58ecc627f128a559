// consumer-restriction behaves as APISIX's page of it says.
import { type Config, startStories } from './story.ts'

const { story, node, node2 } = await startStories()

const consumer = (name: string, plugins: object = {}): Config => [
  ['consumers', { username: name, plugins }],
  [`consumers/${name}/credentials`, { id: `cred-${name}`, plugins: { 'key-auth': { key: `${name}-key` } } }],
]
const both: Config = [...consumer('John'), ...consumer('Jane')]
const route = (restriction: object): Config[number] => [
  'routes',
  {
    id: 'r',
    uri: '/anything',
    plugins: { 'key-auth': {}, 'consumer-restriction': restriction },
    upstream: { nodes: { [node]: 1 } },
  },
]
const john = { headers: { apikey: 'John-key' } }
const jane = { headers: { apikey: 'Jane-key' } }
const forbidden = { status: 403, body: '{"message":"The consumer_name is forbidden."}' }

story(
  'only those on the list',
  [...both, route({ whitelist: ['Jane'] })],
  [
    { get: '/anything', ...john, ...forbidden },
    { get: '/anything', ...jane, status: 200 },
  ],
)

story(
  'all but those on the list',
  [...both, route({ blacklist: ['Jane'] })],
  [
    { get: '/anything', ...john, status: 200 },
    { get: '/anything', ...jane, ...forbidden },
  ],
)

const allowed_by_methods = [
  { user: 'John', methods: ['GET'] },
  { user: 'Jane', methods: ['POST'] },
]
story(
  'methods that each may use',
  [...both, route({ allowed_by_methods })],
  [
    { get: '/anything', method: 'POST', ...john, ...forbidden },
    { get: '/anything', ...john, status: 200 },
    { get: '/anything', method: 'POST', ...jane, status: 200 },
    { get: '/anything', ...jane, ...forbidden },
  ],
)

story(
  'a status and a message of one’s own',
  [...both, route({ whitelist: ['Jane'], rejected_code: 404, rejected_msg: 'not here' })],
  [{ get: '/anything', ...john, status: 404, body: { message: 'not here' } }],
)

const service = (id: string, address: string): Config[number] => [
  'services',
  { id, plugins: { 'key-auth': {} }, upstream: { type: 'roundrobin', nodes: { [address]: 1 } } },
]
const services: Config = [
  service('srv-1', node),
  service('srv-2', node2),
  ...consumer('John', { 'consumer-restriction': { type: 'service_id', whitelist: ['srv-1'] } }),
  ['routes', { id: 'r1', uri: '/anything', service_id: 'srv-1' }],
  ['routes', { id: 'r2', uri: '/srv-2', service_id: 'srv-2' }],
]
story('the services that a consumer may use', services, [
  { get: '/anything', ...john, status: 200, body: { server: 'u1' } },
  { get: '/srv-2', ...john, status: 403, body: '{"message":"The service_id is forbidden."}' },
])

const routes: Config = [
  ...consumer('John', { 'consumer-restriction': { type: 'route_id', blacklist: ['r2'] } }),
  ['routes', { id: 'r1', uri: '/anything', plugins: { 'key-auth': {} }, upstream: { nodes: { [node]: 1 } } }],
  ['routes', { id: 'r2', uri: '/other', plugins: { 'key-auth': {} }, upstream: { nodes: { [node]: 1 } } }],
]
story('the routes that a consumer may use', routes, [
  { get: '/anything', ...john, status: 200 },
  { get: '/other', ...john, status: 403, body: { message: 'The route_id is forbidden.' } },
])

const groups: Config = [
  ['consumer_groups/staff', { plugins: {} }],
  ['consumers', { username: 'John', group_id: 'staff', plugins: { 'key-auth': { key: 'John-key' } } }],
  ...consumer('Jane'),
  route({ type: 'consumer_group_id', whitelist: ['staff'] }),
]
story('the groups whose consumers may pass', groups, [
  { get: '/anything', ...john, status: 200 },
  { get: '/anything', ...jane, status: 401, body: /check the consumer_group_id/ },
])
