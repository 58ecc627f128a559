// multi-auth behaves as APISIX's page of it says.
import { type Config, startStories } from './story.ts'

const { story, node, stage } = await startStories()

const basic = (text: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(text).toString('base64')}`,
})
const auth_plugins = [
  { 'basic-auth': {} },
  { 'key-auth': { hide_credentials: true, header: 'apikey', query: 'apikey' } },
]
const route = { id: 'r', uri: '/anything', upstream: { type: 'roundrobin', nodes: { [node]: 1 } } }
const config: Config = [
  ['consumers', { username: 'consumer1' }],
  ['consumers', { username: 'consumer2' }],
  [
    'consumers/consumer1/credentials',
    { id: 'basic', plugins: { 'basic-auth': { username: 'consumer1', password: 'consumer1_pwd' } } },
  ],
  ['consumers/consumer2/credentials', { id: 'key', plugins: { 'key-auth': { key: 'consumer2_pwd' } } }],
  ['routes', { ...route, plugins: { 'multi-auth': { auth_plugins } } }],
]

story('consumers with different credentials share a route', config, [
  {
    get: '/anything',
    headers: basic('consumer1:consumer1_pwd'),
    status: 200,
    seen: { 'x-consumer-username': 'consumer1' },
  },
  {
    get: '/anything',
    headers: { apikey: 'consumer2_pwd' },
    status: 200,
    seen: { 'x-consumer-username': 'consumer2', 'x-credential-identifier': 'key', apikey: undefined },
  },
  { get: '/anything', headers: basic('consumer1:wrong'), status: 401 },
  { get: '/anything', headers: { apikey: 'wrong' }, status: 401 },
  { get: '/anything', status: 401 },
])

story('at least two plugins, all of them of authentication', [], async () => {
  const write = (list: object[], message: RegExp) =>
    stage.refuses('routes', { ...route, plugins: { 'multi-auth': { auth_plugins: list } } }, message)
  await write([{ 'key-auth': {} }], /auth_plugins/)
  await write([{ 'key-auth': {} }, { 'limit-count': {} }], /limit-count plugin is not supported/)
})
