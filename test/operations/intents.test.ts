// Intents: what a model gets wrong is understood or told, and what several wishes about one route come to. The spoken tasks cover the rest.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { OperationError } from '../../src/operations/contract.ts'
import { INTENTS, INTENTS_TOLD, intentSchema } from '../../src/operations/intents/index.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

let gw: GatewayForTest
before(async () => {
  gw = await gatewayForTest(() => true, ['--store', 'memory'])
})
after(() => gw.close())
beforeEach(async () => {
  await gw.clear()
  await gw.admin('PUT', '/routes/a', { uri: '/a', upstream: { type: 'roundrobin', nodes: { [gw.api]: 1 } } })
})

const fails = (code: OperationError['code'], pattern: RegExp) => (error: unknown) =>
  error instanceof OperationError && error.code === code && pattern.test(error.message)
const plan = (...intents: object[]): Promise<Record<string, unknown>> => gw.run('plan', { intents })
const route = async (id = 'a'): Promise<Record<string, unknown>> =>
  ((await gw.admin('GET', `/routes/${id}`)).body.value ?? {}) as Record<string, unknown>

test('intents: names and fields are told in one line, and are different from each other', () => {
  const { description } = intentSchema.properties.do as unknown as { description: string }
  for (const { name } of INTENTS) assert.ok(`${INTENTS_TOLD} ${description}`.includes(name), name)
  assert.equal(new Set(INTENTS.map((one) => one.name)).size, INTENTS.length)
})

test('intents: wrong names and fields are told with what was meant, all at once', async () => {
  await assert.rejects(plan({ do: 'publsh' }), fails('invalid', /did you mean publish\?/))
  await assert.rejects(
    plan({ do: 'limit', route: 'a', cuont: 5 }),
    fails('invalid', /cuont is no field of it; did you mean count\?.*count/),
  )
  await assert.rejects(
    plan({ do: 'split', route: 'a', url: 'http://b:1', percent: 300 }),
    fails('invalid', /percent must be <= 100/),
  )
  await assert.rejects(plan({ do: 'limit', count: 1 }), fails('invalid', /limit needs route; there are: a/))
  await assert.rejects(plan({ do: 'cors', route: 'a', credentials: true }), fails('invalid', /needs origins/))
  await assert.rejects(plan({ do: 'remove_plugin', route: 'a', plugin: 'cors' }), fails('invalid', /does not run cors/))
  await assert.rejects(
    plan({ do: 'only_consumers', route: 'a', consumers: ['nobody'] }),
    fails('not_found', /add_consumer makes one/),
  )
  await assert.rejects(
    plan({ do: 'publish', path: '/x', url: 'http://a:b@c' }),
    fails('invalid', /must not hold a password/),
  )
})

test('intents: numbers and lists as text are read', async () => {
  await gw.change({
    intents: [
      { do: 'limit', route: 'a', count: '5', seconds: '30' },
      { do: 'block', route: 'a', ips: '10.0.0.1, 10.0.0.2' },
    ],
  })
  const plugins = (await route()).plugins as Record<string, Record<string, unknown>>
  assert.equal(plugins['limit-count']?.time_window, 30)
  assert.deepEqual(plugins['ip-restriction']?.blacklist, ['10.0.0.1', '10.0.0.2'])
})

test('intents: an API is published, protected and limited in one plan, and all of it is proved with the new key', async () => {
  const applied = await gw.change({
    intents: [
      { do: 'publish', path: '/n/*', url: `http://${gw.api}` },
      { do: 'require_key' },
      { do: 'limit', count: 5 },
      { do: 'add_consumer', consumer: 'carol' },
      { do: 'only_consumers', consumers: ['app', 'carol'] },
    ],
  })
  const proof = applied.proof as { title: string; ok: boolean; found: string }[]
  assert.deepEqual(
    proof.filter((one) => !one.ok),
    [],
  )
  assert.deepEqual(
    proof.map((one) => one.title),
    ['the API answers', 'no key', 'key of app', 'call 6 is refused'],
  )
  assert.equal(gw.secrets.length >= 2, true)
})

test('intents: a second list of blocked addresses is added to the first; a split is finished on either side', async () => {
  await gw.change({ intents: [{ do: 'block', route: 'a', ips: ['10.0.0.1'] }] })
  await gw.change({ intents: [{ do: 'block', route: 'a', ips: ['10.0.0.2'] }] })
  const { plugins } = (await route()) as { plugins: Record<string, { blacklist: string[] }> }
  assert.deepEqual(plugins['ip-restriction']?.blacklist, ['10.0.0.1', '10.0.0.2'])
  await assert.rejects(plan({ do: 'finish_split', route: 'a', keep: 'new' }), fails('invalid', /no split/))
  await gw.change({ intents: [{ do: 'split', route: 'a', url: 'https://new.example', percent: 5 }] })
  await gw.change({ intents: [{ do: 'finish_split', route: 'a', keep: 'new' }] })
  const { upstream } = (await route()) as { upstream: object }
  assert.deepEqual(upstream, {
    type: 'roundrobin',
    scheme: 'https',
    pass_host: 'node',
    nodes: [{ host: 'new.example', port: 443, weight: 1 }],
  })
})

test('intents: several limits for everybody together are kept, each by itself', async () => {
  await gw.change({
    intents: [
      { do: 'limit', route: 'a', count: 3, seconds: 60, by: 'everybody' },
      { do: 'limit', route: 'a', count: 100, seconds: 3600, by: 'everybody' },
    ],
  })
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) statuses.push((await fetch(`${gw.gateway}/a`)).status)
  const passed = statuses.filter((one) => one === 200).length
  // The proof of the plan has taken some of the three.
  assert.ok(passed > 0 && passed <= 3 && statuses.includes(429), String(statuses))
})

test('intents: a condition makes the plugins of one intent run only then', async () => {
  const when = [['request_method', 'in', ['POST']]]
  await gw.change({ intents: [{ do: 'limit', route: 'a', count: 1, seconds: 60, when }] })
  assert.deepEqual(((await route()).plugins as { 'limit-count': { _meta: object } })['limit-count']._meta, {
    filter: when,
  })
  const statuses = async (method: string): Promise<number[]> => {
    const answers = [await fetch(`${gw.gateway}/a`, { method }), await fetch(`${gw.gateway}/a`, { method })]
    return answers.map((one) => one.status)
  }
  assert.deepEqual(await statuses('GET'), [200, 200])
  assert.deepEqual(await statuses('POST'), [200, 429])
  await assert.rejects(plan({ do: 'retry', route: 'a', times: 1, when }), fails('invalid', /retry adds no plugin/))
})

test('intents: a later one of a plan sees what an earlier one makes of the route', async () => {
  await gw.change({
    intents: [
      { do: 'timeouts', route: 'a', connect: 2 },
      { do: 'timeouts', route: 'a', read: 30 },
      { do: 'block', route: 'a', ips: ['10.0.0.1'] },
      { do: 'block', route: 'a', ips: ['10.0.0.2'] },
      { do: 'add_node', route: 'a', url: `http://${gw.api}`, weight: 4 },
      { do: 'add_node', route: 'a', url: 'http://127.0.0.1:9', weight: 0 },
    ],
  })
  const { plugins, upstream } = (await route()) as Record<string, Record<string, unknown>>
  assert.deepEqual(upstream?.timeout, { connect: 2, send: 60, read: 30 })
  assert.deepEqual(plugins?.['ip-restriction'], { blacklist: ['10.0.0.1', '10.0.0.2'] })
  assert.deepEqual(
    ((upstream?.nodes ?? []) as { weight: number }[]).map((one) => one.weight),
    [4, 0],
  )
})

test('intents: a gRPC service is published by its address', async () => {
  const { diff } = await plan({ do: 'publish', path: '/pkg.Greeter/*', url: 'grpc://127.0.0.1:50051' })
  assert.match(String(diff), /"scheme":"grpc","nodes":\{"127.0.0.1:50051":1\}/)
})

test('intents: match, copy, balance, other methods, no authentication', async () => {
  await gw.change({
    intents: [
      { do: 'require_key', route: 'a' },
      { do: 'match', route: 'a', header: 'X-Beta', value: 'yes' },
    ],
  })
  assert.deepEqual((await route()).vars, [['http_x_beta', '==', 'yes']])
  await gw.change({ intents: [{ do: 'copy', route: 'a', path: '/b/*' }] })
  assert.deepEqual((await route('b')).vars, (await route()).vars)
  assert.equal((await route('b')).uri, '/b/*')
  await gw.change({ intents: [{ do: 'remove_plugin', route: 'a', plugin: 'auth' }] })
  assert.deepEqual(Object.keys(((await route()).plugins ?? {}) as object), [])
  await gw.change({ intents: [{ do: 'only_methods', route: 'b', except: ['DELETE', 'PUT'] }] })
  assert.deepEqual((await route('b')).methods, ['GET', 'POST', 'PATCH', 'HEAD', 'OPTIONS'])
  await gw.change({ intents: [{ do: 'balance', route: 'b', type: 'chash', by: 'cookie:session' }] })
  const upstream = (await route('b')).upstream as Record<string, unknown>
  assert.deepEqual([upstream.type, upstream.hash_on, upstream.key], ['chash', 'cookie', 'session'])
  await gw.change({ intents: [{ do: 'balance', route: 'b', type: 'least_conn' }] })
  assert.deepEqual(Object.keys((await route('b')).upstream as object).includes('key'), false)
  await assert.rejects(plan({ do: 'only_methods', route: 'b' }), fails('invalid', /methods or except/))
  await assert.rejects(plan({ do: 'match', route: 'b', value: 'x' }), fails('invalid', /header, cookie or query/))
})

test('intents: a consumer is let in where it was kept out, and made where there is none', async () => {
  await gw.change({
    intents: [
      { do: 'add_consumer', consumer: 'bob' },
      { do: 'require_key', route: 'a' },
    ],
  })
  await gw.change({ intents: [{ do: 'block', route: 'a', consumers: ['bob'] }] })
  await gw.change({ intents: [{ do: 'allow_consumer', route: 'a', consumer: 'bob' }] })
  assert.equal('consumer-restriction' in ((await route()).plugins as object), false)
  await gw.change({ intents: [{ do: 'only_consumers', route: 'a', consumers: ['bob'] }] })
  await gw.change({ intents: [{ do: 'allow_consumer', route: 'a', consumer: 'carol' }] })
  const { plugins } = (await route()) as { plugins: Record<string, { whitelist: string[] }> }
  assert.deepEqual(plugins['consumer-restriction']?.whitelist, ['bob', 'carol'])
  await assert.rejects(plan({ do: 'allow_consumer', route: 'a', consumer: 'bob' }), fails('invalid', /is not kept out/))
})

/** Statuses of calls with the key of a consumer. */
async function call(consumer: string, ...paths: string[]): Promise<number[]> {
  const statuses: number[] = []
  for (const path of paths)
    statuses.push((await fetch(gw.gateway + path, { headers: { apikey: `a-long-enough-key-of-${consumer}` } })).status)
  return statuses
}

test('intents: a limit of one consumer counts all of its calls on every route, and nobody else', async () => {
  const upstream = { type: 'roundrobin', nodes: { [gw.api]: 1 } }
  for (const id of ['a', 'b'])
    await gw.admin('PUT', `/routes/${id}`, { uri: `/${id}`, plugins: { 'key-auth': {} }, upstream })
  for (const username of ['alice', 'bob'])
    await gw.admin('PUT', '/consumers', {
      username,
      plugins: { 'key-auth': { key: `a-long-enough-key-of-${username}` } },
    })
  const done = await gw.change({ intents: [{ do: 'limit', consumer: 'bob', count: 4, seconds: 600 }] })
  const proof = done.proof as { title: string; ok: boolean; found: string }[]
  assert.deepEqual(
    proof.map(({ title, ok }) => [title, ok]),
    [['the quota is announced', true]],
  )
  assert.deepEqual(await call('bob', '/a', '/b', '/a', '/b'), [200, 200, 200, 429], 'the proof has taken one')
  assert.deepEqual(await call('alice', '/a', '/b', '/a', '/b', '/a'), [200, 200, 200, 200, 200])
  await gw.change({ intents: [{ do: 'remove_plugin', consumer: 'bob', plugin: 'limit-count' }] })
  assert.deepEqual(await call('bob', '/a'), [200])
  await assert.rejects(plan({ do: 'limit', consumer: 'carol', count: 5 }), fails('not_found', /there are: alice, bob/))
  await assert.rejects(
    plan({ do: 'limit', consumer: 'bob', count: 5, by: 'address' }),
    fails('invalid', /counts all of its calls; leave by out/),
  )
  await assert.rejects(
    plan({ do: 'remove_plugin', consumer: 'bob', plugin: 'limit-count' }),
    fails('invalid', /has no limit-count of its own; it has: key-auth/),
  )
})

test('intents: a limit of a consumer whom no route asks for is told of', async () => {
  await gw.admin('PUT', '/consumers', { username: 'bob' })
  const { notes, proof } = await plan({ do: 'limit', consumer: 'bob', count: 4 })
  assert.match(String(notes), /no route asks who is calling yet/)
  assert.deepEqual(proof, [])
})

test('intents: an upstream is named in place of a route', async () => {
  const upstream = { type: 'roundrobin', nodes: { [gw.api]: 1, '127.0.0.1:1': 1 } }
  await gw.admin('PUT', '/upstreams/pool', upstream)
  const about = (intent: object): object => ({ ...intent, upstream: 'pool' })
  await gw.change({
    intents: [
      { do: 'remove_node', url: 'http://127.0.0.1:1' },
      { do: 'retry', times: 2 },
    ].map(about),
  })
  const { value } = (await gw.admin('GET', '/upstreams/pool')).body as { value: Record<string, unknown> }
  assert.equal(value.retries, 2)
  assert.equal((value.nodes as unknown[]).length, 1)
  await gw.change({ intents: [{ do: 'lead_to', route: 'a', upstream: 'pool' }] })
  assert.equal((await route()).upstream_id, 'pool')
  assert.equal((await route()).upstream, undefined)
  await assert.rejects(plan({ do: 'retry', times: 1, upstream: 'pol' }), fails('not_found', /there are: pool/))
  await assert.rejects(plan({ do: 'cache', upstream: 'pool' }), fails('invalid', /said of a route, not of an upstream/))
  await assert.rejects(plan({ do: 'publish', path: '/x' }), fails('invalid', /url, or upstream/))
})

test('intents: an address is let in beside those that may call, and a restriction that refuses everybody is told of', async () => {
  await assert.rejects(plan({ do: 'only_ips', route: 'a', ips: ['10.0.0.1'], also: true }), fails('invalid', /no list/))
  await gw.change({ intents: [{ do: 'only_ips', route: 'a', ips: ['127.0.0.0/8'] }] })
  await gw.change({ intents: [{ do: 'only_ips', route: 'a', ips: ['10.0.0.1'], also: true }] })
  const plugins = (await route()).plugins as Record<string, Record<string, unknown>>
  assert.deepEqual(plugins['ip-restriction']?.whitelist, ['127.0.0.0/8', '10.0.0.1'])
  await gw.admin('PUT', '/consumers', { username: 'bob' })
  const { notes } = await plan({ do: 'block', route: 'a', consumers: ['bob'] })
  assert.match(String(notes), /does not ask who is calling, so that consumer-restriction refuses every call/)
  const asking = await plan({ do: 'require_key', route: 'a' }, { do: 'block', route: 'a', consumers: ['bob'] })
  assert.doesNotMatch(String(asking.notes), /refuses every call/)
})
