// Numbers said as more or less than now: what is there is looked up, the new number is planned, and both are said. What is not known is asked.
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { Conversation } from '../../src/surfaces/chat/agent.ts'
import { createInterpreter } from '../../src/surfaces/chat/interpreter.ts'
import { gatewayForTest } from '../operations/gateway-for-test.ts'

const g = await gatewayForTest(() => true, ['--store', 'memory'])
after(() => g.close())

const upstream = { type: 'roundrobin', nodes: { [g.api]: 1 } }
const count = { count: 60, time_window: 60, rejected_code: 429, key: 'http_x_tenant', key_type: 'var' }
const ROUTES: Record<string, object> = {
  pay: {
    uri: '/pay/*',
    upstream: { ...upstream, retries: 3, timeout: { connect: 6, send: 30, read: 30 } },
    plugins: { 'limit-count': count },
  },
  shared: { uri: '/shared', upstream_id: 'u' },
  behind: { uri: '/behind', service_id: 's', timeout: { connect: 5, send: 5, read: 5 } },
  bare: { uri: '/bare', upstream },
  rated: {
    uri: '/rated',
    upstream,
    plugins: {
      'limit-req': { rate: 5, burst: 2, key: 'remote_addr', rejected_code: 429 },
      'proxy-cache': { cache_strategy: 'memory', cache_zone: 'memory_cache', cache_ttl: 90 },
      'client-control': { max_body_size: 1_048_576 },
    },
  },
  both: {
    uri: '/both',
    upstream,
    plugins: {
      'limit-count': { count: 7, time_window: 1, rejected_code: 429 },
      'limit-conn': { conn: 10, burst: 0, default_conn_delay: 0.1, key: 'remote_addr' },
    },
  },
}

beforeEach(async () => {
  await g.clear()
  await g.admin('PUT', '/upstreams/u', { ...upstream, retries: 1 })
  await g.admin('PUT', '/services/s', { upstream_id: 'u' })
  for (const [id, route] of Object.entries(ROUTES)) {
    const { status, body } = await g.admin('PUT', `/routes/${id}`, route)
    assert.ok(status < 300, JSON.stringify(body))
  }
})

async function say(...sentences: string[]): Promise<string> {
  const conversation = new Conversation(createInterpreter())
  let said = ''
  for (const sentence of sentences) {
    said = ''
    for await (const event of conversation.say(sentence, g.ctx)) if (event.type === 'text') said += event.text
  }
  return said
}

/** The member of a resource at a path such as `upstream.retries`. */
async function at(resource: string, path: string): Promise<unknown> {
  const { body } = await g.admin('GET', `/${resource}`)
  return path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)?.[name], body.value)
}

const DONE: [sentence: string, said: RegExp, resource: string, path: string, value: number][] = [
  [
    'double the limit of pay',
    /^Limit of route pay: 60 -> 120 requests in 60 s\. Done/,
    'routes/pay',
    'plugins.limit-count.count',
    120,
  ],
  ['raise the pay limit by 50', /60 -> 110/, 'routes/pay', 'plugins.limit-count.count', 110],
  ['allow 5 more requests a minute on pay', /60 -> 65/, 'routes/pay', 'plugins.limit-count.count', 65],
  ['increase the rate limit of /pay by 20 %', /60 -> 72/, 'routes/pay', 'plugins.limit-count.count', 72],
  [
    'drop the limit of pay by 7 percent',
    /60 -> 56 .*\(rounded from 55\.8\)/,
    'routes/pay',
    'plugins.limit-count.count',
    56,
  ],
  ['lower the limit on route pay by a third', /60 -> 40/, 'routes/pay', 'plugins.limit-count.count', 40],
  ['twice as many requests on pay, please', /60 -> 120/, 'routes/pay', 'plugins.limit-count.count', 120],
  [
    'halve the timeout of pay',
    /read timeout of route pay: 30 -> 15 seconds/i,
    'routes/pay',
    'upstream.timeout.read',
    15,
  ],
  ['extend the connect timeout of pay by 500ms', /6 -> 6\.5/, 'routes/pay', 'upstream.timeout.connect', 6.5],
  ['shorten the timeout of behind by half', /5 -> 2\.5/, 'routes/behind', 'timeout.read', 2.5],
  ['reduce the retries of pay by one', /3 -> 2/, 'routes/pay', 'upstream.retries', 2],
  ['one retry less on pay', /3 -> 2/, 'routes/pay', 'upstream.retries', 2],
  ['one more retry on shared', /1 -> 2/, 'upstreams/u', 'retries', 2],
  ['triple the retries of behind', /1 -> 3/, 'upstreams/u', 'retries', 3],
  ['double the limit of rated', /5 -> 10 requests a second/, 'routes/rated', 'plugins.limit-req.rate', 10],
  ['raise the burst of rated by 3', /2 -> 5/, 'routes/rated', 'plugins.limit-req.burst', 5],
  [
    'lengthen the cache time of rated by a minute',
    /90 -> 150 seconds/,
    'routes/rated',
    'plugins.proxy-cache.cache_ttl',
    150,
  ],
  [
    'increase the body size limit of rated by 1 MB',
    /1048576 -> 2097152/,
    'routes/rated',
    'plugins.client-control.max_body_size',
    2_097_152,
  ],
  ['halve the concurrency of both', /10 -> 5/, 'routes/both', 'plugins.limit-conn.conn', 5],
]

for (const [sentence, said, resource, path, value] of DONE)
  test(`relative: ${sentence}`, async () => {
    assert.match(await say(sentence), said)
    assert.equal(await at(resource, path), value)
  })

test('relative: who is counted stays', async () => {
  await say('double the limit of pay')
  assert.equal(await at('routes/pay', 'plugins.limit-count.key'), 'http_x_tenant')
})

test('relative: of what was planned a moment ago', async () => {
  assert.match(await say('limit bare to 20 requests a minute', 'double it'), /20 -> 40/)
  assert.equal(await at('routes/bare', 'plugins.limit-count.count'), 40)
})

const ASKED: [sentence: string, said: RegExp][] = [
  ['double the limit of bare', /^Route bare has no limit of its own/],
  ['double the timeout of bare', /^Route bare has no read timeout of its own/],
  ['halve the retries of bare', /^Route bare has no number of retries of its own/],
  ['double the limit of both', /^Route both has several limits \(limit-count, limit-conn\)/],
  ['raise the limit of pay by 50 per second', /is 60 requests in 60 s: say by how much in requests in 60 s/],
  ['raise the limit of pay by 5 seconds', /is 60 requests in 60 s: say by how much/],
  ['raise the timeout of pay by 5', /is 30 seconds: say by how much in seconds/],
  ['reduce the retries of pay by 5', /is 3\. It cannot be -2: 0 is the least/],
  ['increase the limit of both by 1 %', /several limits/],
  ['double the limit', /^Which route do you mean\?/],
  ['double the limit of nowhere', /nowhere/],
  ['double the limit of pay and halve the timeout', /More or less than now is a sentence of its own/],
  ['double the limit of pay and rated', /More or less than now is a sentence of its own/],
  ['double it', /Which route do you mean\?|Say which/],
  ['should I double the limit of pay?', /did not understand|A question changes nothing/],
]

for (const [sentence, said] of ASKED)
  test(`relative, asked: ${sentence}`, async () => {
    const before = await say('Show route pay')
    assert.match(await say(sentence), said)
    assert.equal(await at('routes/pay', 'plugins.limit-count.count'), 60)
    assert.deepEqual(await at('routes/pay', 'upstream.timeout'), { connect: 6, send: 30, read: 30 })
    assert.equal(await say('Show route pay'), before)
  })

test('relative: what each request decides is asked', async () => {
  await g.admin('PUT', '/routes/bare', {
    uri: '/bare',
    upstream,
    plugins: { 'limit-count': { ...count, count: '$http_x_quota' } },
  })
  assert.match(await say('double the limit of bare'), /is decided by each request/)
})
