// The examples of limit-count's page.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, start } from '../../e2e/process.ts'
import { type RedisServer, startRedis, startRedisCluster } from '../../lib/redis-servers.ts'
import { needs } from '../../needs.ts'
import { send } from '../send.ts'
import { type Config, type Stage, startStories } from './story.ts'

const { story, stage, upstream } = await startStories()
const limit = { count: 1, time_window: 30, rejected_code: 429 }
const route = (plugins: object, more: object = {}): [string, object] => [
  'routes/1',
  { uri: '/get', upstream, plugins, ...more },
]
const PEOPLE: Config = ['john', 'jane'].flatMap(
  (name): Config => [
    [`consumers/${name}`, { username: name }],
    [`consumers/${name}/credentials/key`, { plugins: { 'key-auth': { key: `${name}-key` } } }],
  ],
)
const as = (name: string): { headers: Record<string, string> } => ({ headers: { apikey: `${name}-key` } })

async function statuses(at: Stage, target: string, times: number, request = {}): Promise<number[]> {
  const found: number[] = []
  for (let i = 0; i < times; i++) found.push((await at.send(target, request)).status)
  return found
}

story(
  'by the address of the client',
  [route({ 'limit-count': { ...limit, key_type: 'var', key: 'remote_addr' } })],
  [
    {
      get: '/get',
      status: 200,
      fields: { 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '30' },
    },
    {
      get: '/get',
      status: 429,
      fields: { 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': /^\d+(?:\.\d{1,2})?$/ },
    },
  ],
)

story(
  'by address and consumer',
  [
    ...PEOPLE,
    route({
      'key-auth': {},
      'limit-count': { ...limit, key_type: 'var_combination', key: '$remote_addr $consumer_name' },
    }),
  ],
  [
    { get: '/get', ...as('jane'), status: 200 },
    { get: '/get', ...as('jane'), status: 429 },
    { get: '/get', ...as('john'), status: 200 },
    { get: '/get', ...as('john'), status: 429 },
  ],
)

story(
  'routes of a service share one quota',
  [
    ['services/shared', { upstream, plugins: { 'limit-count': { ...limit, group: 'srv1' } } }],
    ['routes/1', { uri: '/get1', service_id: 'shared', plugins: { 'proxy-rewrite': { uri: '/get' } } }],
    ['routes/2', { uri: '/get2', service_id: 'shared', plugins: { 'proxy-rewrite': { uri: '/get' } } }],
  ],
  [
    { get: '/get1', status: 200, url: '/get' },
    { get: '/get2', status: 429 },
  ],
)

story(
  'the anonymous consumer has a quota of its own',
  [
    ['consumers/john', { username: 'john', plugins: { 'limit-count': { ...limit, count: 3 } } }],
    ['consumers/john/credentials/key', { plugins: { 'key-auth': { key: 'john-key' } } }],
    ['consumers/anonymous', { username: 'anonymous', plugins: { 'limit-count': limit } }],
    route({ 'key-auth': { anonymous_consumer: 'anonymous' } }),
  ],
  async (at) => {
    assert.deepEqual(await statuses(at, '/get', 5, as('john')), [200, 200, 200, 429, 429])
    assert.deepEqual(await statuses(at, '/get', 5), [200, 429, 429, 429, 429])
  },
)

story(
  'the metadata names the headers',
  [
    [
      'plugin_metadata/limit-count',
      {
        limit_header: 'X-Custom-RateLimit-Limit',
        remaining_header: 'X-Custom-RateLimit-Remaining',
        reset_header: 'X-Custom-RateLimit-Reset',
      },
    ],
    route({ 'limit-count': limit }),
    [
      'routes/2',
      {
        uri: '/rules',
        upstream,
        plugins: { 'limit-count': { rules: [{ count: 2, time_window: 30, key: '$remote_addr' }] } },
      },
    ],
  ],
  [
    {
      get: '/get',
      status: 200,
      fields: {
        'x-custom-ratelimit-limit': '1',
        'x-custom-ratelimit-remaining': '0',
        'x-custom-ratelimit-reset': '30',
        'x-ratelimit-limit': undefined,
      },
    },
    {
      get: '/rules',
      status: 200,
      fields: { 'x-custom-1-ratelimit-limit': '2', 'x-custom-1-ratelimit-remaining': '1' },
    },
  ],
)

story(
  'no headers when they are not wanted',
  [route({ 'limit-count': { ...limit, show_limit_quota_header: false, rejected_msg: 'slow down' } })],
  [
    { get: '/get', status: 200, fields: { 'x-ratelimit-limit': undefined } },
    { get: '/get', status: 429, body: { error_msg: 'slow down' }, fields: { 'x-ratelimit-limit': undefined } },
  ],
)

const rules = [
  { count: 1, time_window: 30, key: '$http_x_user', header_prefix: 'user' },
  { count: 3, time_window: 30, key: '$http_x_team' },
]
story(
  'a rule whose key is not there is left out',
  [route({ 'limit-count': { rules, rejected_code: 429 } })],
  [
    {
      get: '/get',
      headers: { 'X-User': 'a', 'X-Team': 't' },
      status: 200,
      fields: { 'x-user-ratelimit-limit': '1', 'x-2-ratelimit-remaining': '2' },
    },
    {
      get: '/get',
      headers: { 'X-User': 'a', 'X-Team': 't' },
      status: 429,
      fields: { 'x-user-ratelimit-remaining': '0' },
    },
    {
      get: '/get',
      headers: { 'X-Team': 't' },
      status: 200,
      fields: { 'x-user-ratelimit-limit': undefined, 'x-2-ratelimit-remaining': '1' },
    },
    { get: '/get', status: 500 },
  ],
)

story(
  'without any count the request passes when degradation is allowed',
  [route({ 'limit-count': { rules, allow_degradation: true } })],
  [{ get: '/get', status: 200, fields: { 'x-2-ratelimit-limit': undefined } }],
)

story(
  'counts from variables are whole numbers',
  [route({ 'limit-count': { count: '$http_x_count', time_window: 30 } })],
  [
    { get: '/get', headers: { 'X-Count': '2' }, status: 200, fields: { 'x-ratelimit-remaining': '1' } },
    ...['0', '-1', '1.5', 'x', '1e300'].map((count) => ({ get: '/get', headers: { 'X-Count': count }, status: 500 })),
  ],
)

story('what does not go together is refused', [], async (at) => {
  const refused: [object, RegExp][] = [
    [{ rules, group: 'g' }, /group and rules cannot be specified at the same time/],
    [{ rules: [...rules, { ...rules[0], count: 5 }] }, /duplicate key '\$http_x_user' in rules/],
    [{ ...limit, rules }, /cannot be specified at the same time/],
    [
      { ...limit, policy: 'redis', redis_host: '127.0.0.1', sync_interval: 30 },
      /sync_interval should be smaller than time_window/,
    ],
    [
      { ...limit, policy: 'redis', redis_host: '127.0.0.1', sync_interval: 0.05 },
      /sync_interval should not be smaller than 0.1/,
    ],
  ]
  for (const [conf, message] of refused) await at.refuses(...route({ 'limit-count': conf }), message)
})

/** The first request uses the quota up at one node, the second is refused at another. */
async function shares(conf: object): Promise<void> {
  const other = await start()
  try {
    const [path, body] = route({ 'limit-count': { ...limit, key: 'remote_addr', redis_timeout: 10_000, ...conf } })
    await stage.put(path, body)
    const written = await admin(other, 'PUT', `/${path}`, body)
    assert.ok(written.status === 200 || written.status === 201, JSON.stringify(written.body))
    assert.equal((await stage.send('/get')).status, 200)
    const second = await send(other.env.GATEWARD_GATEWAY_HTTP as string, false, { method: 'GET', path: '/get' })
    assert.equal(second.status, 429)
  } finally {
    await other.stop()
  }
}

test('nodes share a quota in a Redis with a password', needs('redis-server'), async () => {
  const { port }: RedisServer = await startRedis('--requirepass', 'p@ssw0rd')
  await shares({
    policy: 'redis',
    redis_host: '127.0.0.1',
    redis_port: port,
    redis_password: 'p@ssw0rd',
    redis_database: 1,
  })
})

test('nodes share a quota in a Redis cluster', needs('redis-server'), async () => {
  const nodes = (await startRedisCluster()).map(({ port }) => `127.0.0.1:${port}`)
  await shares({ policy: 'redis-cluster', redis_cluster_nodes: nodes, redis_cluster_name: 'redis-cluster-1' })
})
