// Consumers, credentials and consumer groups behave as APISIX's pages of them say.
import assert from 'node:assert/strict'
import { count } from './consumers.ts'
import { type Config, startStories } from './story.ts'

const { story, upstream } = await startStories()

const limit = (more: object = {}) => ({ count: 2, time_window: 60, rejected_code: 503, key: 'remote_addr', ...more })
const hello = (plugins: object = { 'key-auth': {} }): Config[number] => [
  'routes/1',
  { uri: '/hello', plugins, upstream },
]
const jack = { username: 'jack', plugins: { 'key-auth': { key: 'auth-one' }, 'limit-count': limit() } }
const as = (apikey: string) => ['/hello', { headers: { apikey } }] as const

story('a consumer brings plugins of its own, and can be kept out', [['consumers', jack], hello()], async (stage) => {
  assert.deepEqual(await count(3, () => stage.send(...as('auth-one'))), { 200: 2, 503: 1 })
  await stage.put(...hello({ 'key-auth': {}, 'consumer-restriction': { blacklist: ['jack'] } }))
  assert.deepEqual(await count(2, () => stage.send(...as('auth-one'))), { 403: 2 })
})

const credentials: Config = [
  ['consumers', { username: 'jack' }],
  ['consumers/jack/credentials/key-auth-one', { plugins: { 'key-auth': { key: 'auth-one' } } }],
  ['consumers/jack/credentials/key-auth-two', { plugins: { 'key-auth': { key: 'auth-two' } } }],
  hello(),
]
story('a consumer has several credentials and one quota', credentials, async (stage) => {
  for (const [key, id] of [
    ['auth-one', 'key-auth-one'],
    ['auth-two', 'key-auth-two'],
  ] as const)
    await stage.step({ get: '/hello', headers: { apikey: key }, status: 200, seen: { 'x-credential-identifier': id } })
  await stage.put('consumers', { username: 'jack', plugins: { 'limit-count': limit() } })
  const statuses: Record<string, number>[] = []
  for (const key of ['auth-one', 'auth-two']) statuses.push(await count(2, () => stage.send(...as(key))))
  assert.deepEqual(statuses, [{ 200: 2 }, { 503: 2 }])
})

story('credentials hold authentication plugins only', credentials.slice(0, 1), ({ refuses }) =>
  refuses('consumers/jack/credentials/one', { plugins: { 'limit-count': limit() } }, /only supports auth type plugins/),
)

const group = { 'limit-count': { count: 3, time_window: 60, rejected_code: 503, group: 'grp_company_a' } }
const grouped: Config = [
  ['consumer_groups/company_a', { plugins: group }],
  ['consumers', { username: 'jack', plugins: { 'key-auth': { key: 'auth-one' } }, group_id: 'company_a' }],
  ['consumers', { username: 'jill', plugins: { 'key-auth': { key: 'auth-two' } }, group_id: 'company_a' }],
  hello(),
]
story('consumers of a group share its quota', grouped, async ({ send }) => {
  assert.deepEqual(await count(2, () => send(...as('auth-one'))), { 200: 2 })
  assert.deepEqual(await count(3, () => send(...as('auth-two'))), { 200: 1, 503: 2 })
})

story('a group must be there', [], ({ refuses }) =>
  refuses('consumers', { username: 'jack', group_id: 'nobody' }, /nobody/),
)

const basic = { authorization: `Basic ${Buffer.from('foo:bar').toString('base64')}` }
const own = { 'basic-auth': { username: 'foo', password: 'bar' }, 'response-rewrite': { body: 'world' } }
const merged = (plugins: object): Config => [
  ['consumer_groups/bar', { plugins: { 'response-rewrite': { body: 'hello' } } }],
  ['consumers', { username: 'foo', group_id: 'bar', plugins }],
  hello({ 'basic-auth': {}, 'response-rewrite': { body: 'of the route' } }),
]
story('a plugin of the consumer goes before that of its group', merged(own), [
  { get: '/hello', headers: basic, status: 200, body: 'world' },
])
story('a plugin of the group goes before that of the route', merged({ 'basic-auth': own['basic-auth'] }), [
  { get: '/hello', headers: basic, status: 200, body: 'hello' },
])
