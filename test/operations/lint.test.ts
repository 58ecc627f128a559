// The linter finds what is risky, always the same, and its fixes are plans that put it right.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Inventory } from '../../src/operations/inventory.ts'
import { RULES } from '../../src/operations/lint/lint.ts'
import { FieldSchemas } from '../../src/operations/lint/unknown-fields.ts'
import { until } from '../until.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

interface Found {
  id: string
  severity: string
  problem: string
  fixable: boolean
}

let gw: GatewayForTest
before(async () => {
  gw = await gatewayForTest()
})
after(() => gw.close())
beforeEach(() => gw.clear())

const put = async (path: string, body: object): Promise<void> => {
  const { status, body: answer } = await gw.admin('PUT', path, body)
  assert.ok(status < 300, JSON.stringify(answer))
}
const upstream = (more: object = {}) => ({ type: 'roundrobin', nodes: { [gw.api]: 1 }, ...more })
const safe = { timeout: { connect: 1, send: 1, read: 1 }, checks: { active: { type: 'tcp' } } }
/** A route without any finding but those that a test adds. */
const good = (uri: string, more: object = {}, plugins: object = {}) => ({
  uri,
  upstream: upstream(safe),
  plugins: { 'key-auth': {}, prometheus: {}, ...plugins },
  ...more,
})
const find = async (): Promise<Found[]> => (await gw.run('lint', {})).findings as Found[]
const ids = async (): Promise<string[]> => (await find()).map((one) => one.id).filter((id) => id !== 'admin-key:target')

function certificate(days: number): { cert: string; key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-lint-'))
  const [cert, key] = [join(directory, 'c.pem'), join(directory, 'k.pem')]
  const how = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=a.example',
  ]
  execFileSync('openssl', [...how, '-days', String(days), '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const made = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  rmSync(directory, { recursive: true })
  return made
}

/** What makes each rule speak, and the finding that it gives. */
const CASES: { rule: string; given(): Promise<void>; finds: string; fixable: boolean; beside?: string[] }[] = [
  {
    rule: 'open-writes',
    given: () => put('/routes/a', { ...good('/a'), plugins: { prometheus: {} }, methods: ['POST'] }),
    finds: 'open-writes:routes/a',
    fixable: true,
  },
  {
    rule: 'cors-credentials',
    given: () =>
      put(
        '/routes/a',
        good(
          '/a',
          {},
          {
            cors: {
              allow_credential: true,
              allow_origins: '**',
              allow_methods: 'GET',
              allow_headers: 'X',
              expose_headers: 'X',
            },
          },
        ),
      ),
    finds: 'cors-credentials:routes/a',
    fixable: true,
  },
  {
    rule: 'weak-key',
    given: () => put('/consumers', { username: 'jack', plugins: { 'key-auth': { key: 'short' } } }),
    finds: 'weak-key:consumers/jack',
    fixable: false,
  },
  {
    rule: 'weak-key',
    given: () =>
      put('/consumers', { username: 'jack', plugins: { 'basic-auth': { username: 'jack', password: 'short' } } }),
    finds: 'weak-key:consumers/jack',
    fixable: false,
  },
  {
    rule: 'shared-key',
    given: async () => {
      const password = 'a-password-of-length'
      await put('/consumers', { username: 'jack', plugins: { 'basic-auth': { username: 'jack', password } } })
      await put('/consumers', { username: 'jill', plugins: { 'basic-auth': { username: 'jill', password } } })
    },
    finds: 'shared-key:consumers/jill',
    fixable: false,
  },
  {
    rule: 'weak-key',
    given: async () => {
      await put('/consumers', { username: 'jack', plugins: {} })
      await put('/consumers/jack/credentials/web', { plugins: { 'key-auth': { key: 'short' } } })
    },
    finds: 'weak-key:credentials/jack/web',
    fixable: false,
  },
  {
    rule: 'shared-key',
    given: async () => {
      const secret = 'a-secret-of-some-length'
      await put('/consumers', { username: 'jack', plugins: { 'jwt-auth': { key: 'a', secret } } })
      await put('/consumers/jack/credentials/own', { plugins: { 'jwt-auth': { key: 'b', secret } } })
      await put('/consumers', { username: 'jill', plugins: {} })
      await put('/consumers/jill/credentials/web', { plugins: { 'jwt-auth': { key: 'c', secret } } })
    },
    finds: 'shared-key:credentials/jill/web',
    fixable: false,
  },
  {
    rule: 'password-in-clear',
    given: () => put('/routes/a', { ...good('/a'), plugins: { 'basic-auth': {}, prometheus: {} } }),
    finds: 'password-in-clear:routes/a',
    fixable: false,
  },
  {
    rule: 'password-in-clear',
    given: async () => {
      await put('/ssls/s', { sni: '*.example', ...certificate(300) })
      const ways = { auth_plugins: [{ 'basic-auth': {} }, { 'key-auth': {} }] }
      await put('/routes/a', { ...good('/a', { host: 'a.example' }), plugins: { 'multi-auth': ways, prometheus: {} } })
    },
    finds: 'password-in-clear:routes/a',
    fixable: true,
  },
  {
    rule: 'endless-token',
    given: () => put('/routes/a', { ...good('/a'), plugins: { 'jwt-auth': {}, prometheus: {} } }),
    finds: 'endless-token:routes/a',
    fixable: true,
  },
  {
    rule: 'plain-secret',
    given: () =>
      put('/routes/a', good('/a', {}, { 'proxy-rewrite': { headers: { set: { Authorization: 'Basic abc' } } } })),
    finds: 'plain-secret:routes/a',
    fixable: false,
  },
  {
    rule: 'unreachable',
    given: async () => {
      await put('/routes/a', good('/a'))
      await put('/routes/b', good('/a', { methods: ['GET'] }))
    },
    finds: 'unreachable:routes/b',
    fixable: true,
  },
  {
    rule: 'never-matched',
    given: () => put('/routes/a', good('/caf%C3%A9/*')),
    finds: 'never-matched:routes/a',
    fixable: false,
  },
  {
    rule: 'limit-key',
    given: () =>
      put(
        '/routes/a',
        good(
          '/a',
          {},
          { 'limit-req': undefined, 'limit-count': { count: 1, time_window: 60, key: 'remote_addr', policy: 'local' } },
        ),
      ),
    finds: 'limit-key:routes/a',
    beside: ['limit-local:target'],
    fixable: true,
  },
  {
    rule: 'limit-local',
    given: () =>
      put(
        '/routes/a',
        good('/a', {}, { 'limit-count': { count: 1, time_window: 60, key_type: 'var', key: 'consumer_name' } }),
      ),
    finds: 'limit-local:target',
    fixable: false,
  },
  {
    rule: 'left-over',
    given: () => put('/routes/a', good('/a', {}, { echo: { body: 'x' } })),
    finds: 'left-over:routes/a',
    fixable: true,
  },
  { rule: 'unused', given: () => put('/upstreams/u', upstream(safe)), finds: 'unused:upstreams/u', fixable: true },
  {
    rule: 'no-metrics',
    given: () => put('/routes/a', { ...good('/a'), plugins: { 'key-auth': {} } }),
    finds: 'no-metrics:target',
    fixable: true,
  },
  {
    rule: 'no-timeout',
    given: () => put('/routes/a', good('/a', { upstream: upstream({ checks: safe.checks }) })),
    finds: 'no-timeout:routes/a',
    fixable: true,
  },
  {
    rule: 'no-health-check',
    given: () => put('/routes/a', good('/a', { upstream: upstream({ timeout: safe.timeout }) })),
    finds: 'no-health-check:routes/a',
    fixable: true,
  },
  {
    rule: 'metadata-address',
    given: () => put('/routes/a', good('/a', { upstream: { ...upstream(safe), nodes: { '169.254.169.254:80': 1 } } })),
    finds: 'metadata-address:routes/a',
    fixable: false,
  },
  {
    rule: 'not-http',
    given: () => put('/routes/a', good('/a', { upstream: upstream({ ...safe, scheme: 'tcp' }) })),
    finds: 'not-http:routes/a',
    fixable: false,
  },
  {
    rule: 'certificate',
    given: () => put('/ssls/s', { sni: 'a.example', ...certificate(3) }),
    finds: 'certificate:ssls/s',
    fixable: false,
  },
  {
    rule: 'unknown-field',
    given: () => put('/routes/a', good('/a', {}, { gzip: { min_lenght: 20 } })),
    finds: 'unknown-field:routes/a',
    fixable: false,
  },
]

for (const { rule, given, finds, fixable, beside = [] } of CASES) {
  test(`lint: ${rule}`, async () => {
    await given()
    assert.deepEqual(await ids(), [finds, ...beside])
    const found = (await find()).find((one) => one.id === finds)
    assert.equal(found?.fixable, fixable)
    if (!fixable) return
    await gw.change({ fixes: [finds] })
    assert.deepEqual(await ids(), beside, 'the fix leaves nothing')
  })
}

const quiet = { health: [], recent: undefined, plugins: [], trouble: undefined }
const nothing = {
  credentials: { found: [], unread: 0 },
  fields: new FieldSchemas(new Map()),
  live: quiet,
  adminKey: '',
  now: 0,
}

test('look: a certificate says until when it is valid', async () => {
  await put('/ssls/s', { sni: 'a.example', ...certificate(3) })
  const { rows } = (await gw.run('look', { kind: 'ssls', search: 'valid until 20' })) as { rows: { summary: string }[] }
  assert.match(String(rows[0]?.summary), /^sni a\.example valid until \d{4}-\d\d-\d\d$/)
})

test('lint: the key of the Admin API, code in a route', async () => {
  const key = (await find()).find((one) => one.id === 'admin-key:target')
  assert.match(String(key?.problem), /has 8 characters/)
  const inventory = {
    list: () => [{ id: 'a', value: { script: 'return {}' } }],
    pluginsOf: () => ({ 'ext-plugin-pre-req': {} }),
  }
  const runsCode = RULES.find((one) => one.name === 'runs-code')
  const found = runsCode?.find({ ...nothing, inventory: inventory as unknown as Inventory })
  assert.match(String(found?.[0]?.problem), /ext-plugin-pre-req, script/)
})

test('lint: fields that nothing reads are named with those that were meant, wherever they stand', async () => {
  const problem = async (id: string): Promise<string | undefined> =>
    (await find()).find((one) => one.id === `unknown-field:${id}`)?.problem
  const limit = { count: 1, time_window: 60 }
  const plugins = {
    'limit-count': { ...limit, rejected_cod: 429, whatever: 1 },
    workflow: { rules: [{ actions: [['limit-count', { ...limit, kee: 'a' }]] }] },
    'multi-auth': { auth_plugins: [{ 'key-auth': { hide_credential: true } }, { 'basic-auth': {} }] },
  }
  const checks = { active: { type: 'http', htpp_path: '/up' } }
  await put('/routes/a', good('/a', { upstream: upstream({ ...safe, checks, keepalive_pool: { sise: 1 } }) }, plugins))
  assert.equal(
    await problem('routes/a'),
    'nothing reads upstream.checks.active.htpp_path (did you mean http_path?), upstream.keepalive_pool.sise (did you mean size?), limit-count.rejected_cod (did you mean rejected_code?), limit-count.whatever, workflow.limit-count.kee (did you mean key?) and 1 more',
  )
  await put('/consumers', { username: 'jack', plugins: { 'limit-count': { ...limit, plicy: 'local' } } })
  await put('/consumers/jack/credentials/web', { plugins: { 'key-auth': { key: 'sesame-of-some-length', hint: 'x' } } })
  assert.match(String(await problem('consumers/jack')), /^nothing reads limit-count.plicy \(did you mean policy\?\)/)
  assert.match(String(await problem('credentials/jack/web')), /^nothing reads key-auth.hint$/)
})

test('lint: fields that do nothing beside their neighbours', async () => {
  const told = async (): Promise<[string, string] | undefined> => {
    const found = (await find()).find((one) => one.id === 'unknown-field:routes/a')
    return found && [found.severity, found.problem]
  }
  const plugins = {
    'limit-count': { count: 1, time_window: 60, sync_interval: -1, redis_host: '127.0.0.1' },
    'proxy-cache': { cache_ttl: 10, cache_control: false },
  }
  await put('/routes/a', good('/a', { upstream: upstream({ ...safe, upstream_host: 'a.example' }) }, plugins))
  assert.deepEqual(await told(), [
    'low',
    'nothing reads upstream.upstream_host (unless pass_host is rewrite), limit-count.redis_host (unless policy is redis), proxy-cache.cache_ttl (unless cache_strategy is memory)',
  ])
  const rewrite = { ...safe, pass_host: 'rewrite', upstream_host: 'a.example' }
  const redis = { 'limit-count': { ...plugins['limit-count'], policy: 'redis' } }
  await put('/routes/a', good('/a', { upstream: upstream(rewrite) }, redis))
  assert.equal(await told(), undefined)
})

test('a plan warns of fields that nothing reads, of those that it brings', async () => {
  const warnings = async (kind: string, id: string, set: object, action = 'change'): Promise<string> =>
    String((await gw.run('plan', { changes: [{ action, kind, id, set }] })).warnings)
  const unread = (told: string): RegExp => new RegExp(`: nothing reads ${told}`)
  await put('/routes/a', good('/a', {}, { gzip: { min_lenght: 20 } }))
  assert.doesNotMatch(await warnings('routes', 'a', { desc: 'x' }), /nothing reads/)
  const limit = { count: 1, cuont: 2, time_window: 60 }
  const typo = await warnings('routes', 'a', { plugins: { 'limit-count': limit } })
  const lonely = { count: 1, time_window: 60, redis_host: '127.0.0.1' }
  assert.match(
    await warnings('routes', 'a', { plugins: { 'limit-count': lonely } }),
    unread('limit-count.redis_host \\(unless policy is redis\\)'),
  )
  assert.match(typo, unread('limit-count.cuont \\(did you mean count\\?\\)'))
  const metadata = { log_format: { a: '$uri' }, log_fromat: {} }
  assert.match(await warnings('plugin_metadata', 'http-logger', metadata, 'create'), unread('log_fromat'))
  const secret = { uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 't', namspace: 'n' }
  assert.match(await warnings('secrets', 'vault/1', secret, 'create'), unread('namspace'))
  const stream = {
    server_port: 9100,
    upstream: upstream(),
    plugins: { 'ip-restriction': { whitelst: [], whitelist: ['10.0.0.0/8'] } },
  }
  assert.match(await warnings('stream_routes', '1', stream, 'create'), unread('ip-restriction.whitelst'))
})

test('lint: two consumers with one API key, which only an APISIX takes', () => {
  const consumer = (id: string) => ({ id, value: { plugins: { 'key-auth': { key: 'sesame-of-some-length' } } } })
  const inventory = { list: () => [consumer('jack'), consumer('jill')] } as unknown as Inventory
  const found = RULES.find((one) => one.name === 'shared-key')?.find({ ...nothing, inventory })
  assert.deepEqual(
    found?.map(({ resource, severity, problem }) => [resource, severity, problem]),
    [['consumers/jill', 'high', 'has the same API key as consumer jack']],
  )
})

test('lint: credentials of more consumers than are read', () => {
  const inventory = { list: () => [] } as unknown as Inventory
  const rule = RULES.find((one) => one.name === 'credentials-unread')
  const found = rule?.find({ ...nothing, inventory, credentials: { found: [], unread: 3 } })
  assert.match(String(found?.[0]?.problem), /of 3 more consumers/)
})

test('lint: every rule but those of a target is made to speak', () => {
  const told = CASES.map((one) => one.rule)
  const others = RULES.map((one) => one.name).filter((name) => !told.includes(name))
  assert.deepEqual(others, [
    'store-trouble',
    'node-down',
    'failing',
    'unknown-plugin',
    'admin-key',
    'credentials-unread',
    'runs-code',
  ])
})

const said = (rule: string, around: object): unknown =>
  RULES.find((one) => one.name === rule)
    ?.find({ ...nothing, ...around } as never)
    .map(({ resource, severity, problem }) => [resource, severity, problem])

test('lint: dead nodes come first, and say whether any other is left', () => {
  const node = (owner: string, port: number, up: boolean): object => ({ owner, node: `10.0.0.1:${port}`, up })
  const health = [node('upstreams/a', 1, true), node('upstreams/a', 2, false), node('routes/b', 3, false)]
  assert.deepEqual(said('node-down', { live: { ...quiet, health: [...health, node('routes/c', 4, true)] } }), [
    ['upstreams/a', 'medium', '1 of 2 nodes do not answer their health check: 10.0.0.1:2'],
    ['routes/b', 'high', 'no node answers its health check: 10.0.0.1:3'],
  ])
})

test('lint: plugins that the target does not have, as another gateway on the same etcd may have written', async () => {
  const values = { routes: { mine: {}, 'key-auth': {} }, consumers: { 'key-auth': {} } } as Record<string, object>
  const inventory = { list: (kind: string) => (values[kind] ? [{ id: 'a', value: { plugins: values[kind] } }] : []) }
  const { plugins } = await gw.run('describe_plugins', {})
  assert.match(
    String(said('unknown-plugin', { inventory, live: { ...quiet, plugins } })),
    /^routes\/a,,has the plugin mine, which this gateway does not have/,
  )
})

test('lint: requests that fail now, by status, with what to do; what goes well is not told', async () => {
  await put('/routes/ok', { ...good('/ok'), plugins: { prometheus: {} } })
  const nowhere = { nodes: { '127.0.0.1:1': 1 }, type: 'roundrobin', ...safe }
  await put('/routes/gone', { ...good('/gone'), name: 'named', upstream: nowhere, plugins: { prometheus: {} } })
  const { traffic } = gw.ctx.targets.get()
  await traffic.last(1000, gw.ctx.signal)
  for (let i = 0; i < 3; i++) assert.equal((await fetch(`${gw.gateway}/gone`)).status, 502)
  await fetch(`${gw.gateway}/ok`)
  const failing = async () => (await find()).filter((one) => one.id.startsWith('failing:'))
  await until(async () => {
    await traffic.last(1000, gw.ctx.signal)
    return (await failing()).some((one) => one.problem.startsWith('3 of 3'))
  })
  const [first, ...more] = await find()
  assert.equal(first?.id, 'failing:routes/gone')
  assert.match(String(first?.problem), /^3 of 3 requests in the last \d+ s failed: 3 with 502$/)
  assert.equal(first?.severity, 'high')
  assert.ok(!more.some((one) => one.id === 'failing:routes/ok'))
})

test('lint: fixes of one resource become one change; an unknown finding names those that are there', async () => {
  await put('/routes/a', { uri: '/a', methods: ['POST'], upstream: upstream() })
  const fixable = (await find()).filter((one) => one.fixable).map((one) => one.id)
  assert.ok(fixable.length >= 3)
  const plan = await gw.run('plan', { fixes: fixable })
  assert.equal(String(plan.diff).match(/change routes\/a/g)?.length, 1)
  await assert.rejects(
    gw.run('plan', { fixes: ['open-writes:routes/b'] }),
    /those with a fix are: open-writes:routes\/a/,
  )
})

test('lint: no finding tells a secret', async () => {
  await put('/routes/a', good('/a', {}, { 'proxy-rewrite': { headers: { set: { 'X-Api-Key': 'sesame-open' } } } }))
  await put('/consumers', { username: 'jack', plugins: { 'key-auth': { key: 'sesame' } } })
  assert.doesNotMatch(JSON.stringify(await find()), /sesame/)
})
