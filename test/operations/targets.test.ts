// Several targets: a plain APISIX without transactions, what its version lacks, policies of targets and surfaces, promotion from one to another.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { OperationError } from '../../src/operations/contract.ts'
import { operations } from '../../src/operations/index.ts'
import { type TargetSettings, Targets } from '../../src/operations/targets.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'
import { type PlainTarget, plainTarget } from './plain-target.ts'

let gw: GatewayForTest
let other: GatewayForTest
let plain: PlainTarget
before(async () => {
  gw = await gatewayForTest(() => true, ['--store', 'memory'])
  other = await gatewayForTest(() => true, ['--store', 'memory'])
  plain = await plainTarget(other.ctx.targets.get().adminUrl, 'APISIX/3.2.0', [
    '/gateward',
    '/schema/validate',
    '/configs/validate',
    '/secrets',
  ])
  const embedded = gw.ctx.targets.get()
  gw.ctx.targets = new Targets([embedded, settings('old', {}), settings('locked', { policy: 'read-only' })], {
    openai: 'read-only',
    rest: 'destructive',
  })
})
after(async () => {
  plain.close()
  await gw.close()
  await other.close()
})
beforeEach(async () => {
  plain.before = () => undefined
  plain.seen = []
  await other.clear()
  const embedded = gw.ctx.targets.get('embedded').admin
  for (const { id } of await embedded.list('routes')) await embedded.raw('DELETE', `/routes/${id}`)
})

function settings(name: string, more: Partial<TargetSettings>): TargetSettings {
  return {
    name,
    adminUrl: plain.url,
    adminKey: 'test-key',
    gatewayUrl: other.gateway,
    metricsUrl: undefined,
    policy: 'always',
    ...more,
  }
}

const fails = (code: OperationError['code'], pattern: RegExp) => (error: unknown) =>
  error instanceof OperationError && error.code === code && pattern.test(error.message)
const upstream = () => ({ type: 'roundrobin', nodes: { [gw.api]: 1 } })
const make = (kind: string, id: string, set: object) => ({ action: 'create', kind, id, set })
const three = () => ({
  target: 'old',
  changes: [
    make('routes', 'r', { uri: '/r', upstream_id: 'u' }),
    make('upstreams', 'u', upstream()),
    make('consumers', 'jack', { plugins: { 'key-auth': { key: 'a-key-of-some-length' } } }),
  ],
})
const there = async (path: string): Promise<boolean> => (await other.admin('GET', path)).status === 200

describe('a plain APISIX', () => {
  test('its version is found out, and what it lacks is said in the plan', async () => {
    const { notes } = await gw.run('plan', three())
    assert.match(String(notes), /old \(APISIX\/3\.2\.0\) cannot check resources.*has no transactions/)
    await assert.rejects(
      gw.run('look', { kind: 'secrets', target: 'old' }),
      fails('target', /APISIX\/3\.2\.0\) has no secrets/),
    )
    assert.deepEqual((await gw.run('plan', { ...three(), target: 'embedded' })).notes, [])
  })

  test('what the target itself can check it is asked: all at once, or the form alone, and then the plan says so', async () => {
    const wrong = (target: string) => ({
      target,
      changes: [
        make('routes', 'r', { uri: 5, upstream: upstream() }),
        make('routes', 'fine', { uri: '/fine', upstream: upstream() }),
        make('services', 's', { upstream: upstream(), plugins: { 'limit-count': { count: -1, time_window: 60 } } }),
        make('credentials', 'jack/web', { plugins: { 'key-auth': {} } }),
      ],
    })
    const admin = other.ctx.targets.get().adminUrl
    const modern = await plainTarget(admin, 'APISIX/3.18.0', ['/gateward'])
    const middle = await plainTarget(admin, 'APISIX/3.9.0', ['/gateward', '/configs'])
    const { targets } = gw.ctx
    gw.ctx.targets = new Targets([
      settings('modern', { adminUrl: modern.url }),
      settings('middle', { adminUrl: middle.url }),
    ])
    try {
      const problems = await gw.run('plan', wrong('modern')).then(
        () => [],
        (error: OperationError) => error.details,
      )
      assert.deepEqual(
        problems.map((one) => one.split(':')[0]),
        ['routes/r', 'services/s', 'credentials/jack/web'],
      )
      assert.equal(
        modern.seen.filter((one) => one === 'POST /apisix/admin/configs/validate').length,
        2,
        'what it can, and the plan',
      )
      await assert.rejects(gw.run('plan', wrong('middle')), fails('invalid', /routes\/r/))
      const { notes } = await gw.run('plan', { target: 'middle', changes: [make('upstreams', 'u', upstream())] })
      assert.match(
        String(notes),
        /APISIX\/3\.9\.0\) checks the form of resources, but not the configuration of their plugins/,
      )
    } finally {
      gw.ctx.targets = targets
      modern.close()
      middle.close()
    }
  })

  test('a plugin that the version does not have is found before anything is written', async () => {
    const wrong = {
      target: 'old',
      changes: [make('routes', 'r', { uri: '/r', upstream: upstream(), plugins: { 'plugin-of-tomorrow': {} } })],
    }
    await assert.rejects(gw.run('plan', wrong), fails('invalid', /this version has no plugin plugin-of-tomorrow/))
  })

  test('changes are written one by one, what others refer to first; undo takes them back', async () => {
    await gw.change(three())
    const puts = plain.seen.filter((one) => one.startsWith('PUT'))
    assert.deepEqual(puts, [
      'PUT /apisix/admin/upstreams/u',
      'PUT /apisix/admin/consumers',
      'PUT /apisix/admin/routes/r',
    ])
    await gw.run('undo', {})
    assert.deepEqual(
      [await there('/routes/r'), await there('/upstreams/u'), await there('/consumers/jack')],
      [false, false, false],
    )
  })

  test('when one write fails, those before are taken back, and the audit log says so', async () => {
    plain.before = (method, path) => (method === 'PUT' && path.endsWith('/routes/r') ? 500 : undefined)
    await assert.rejects(gw.change(three()), fails('target', /not now/))
    assert.deepEqual([await there('/upstreams/u'), await there('/consumers/jack')], [false, false])
    const [entry] = gw.ctx.ledger.auditEntries(1)
    assert.equal(entry?.action, 'apply_failed')
    assert.match(String(entry?.detail), /not now/)
    assert.doesNotMatch(String(entry?.detail), /a-key-of/)
  })

  test('what somebody else has changed in between is left to them, and named', async () => {
    plain.before = async (method, path) => {
      if (method !== 'PUT' || !path.endsWith('/routes/r')) return undefined
      await other.admin('PATCH', '/upstreams/u', { desc: 'theirs' })
      return 500
    }
    await assert.rejects(
      gw.change(three()),
      fails('target', /could not be taken back.*upstreams\/u \(somebody else has changed it\)/),
    )
    assert.equal(await there('/upstreams/u'), true)
    assert.equal(await there('/consumers/jack'), false)
  })

  test('a change by somebody else after the plan stops it before anything is written', async () => {
    const plan = await gw.run('plan', three())
    await other.admin('PUT', '/upstreams/u', upstream())
    await assert.rejects(gw.run('apply', { plan_id: plan.plan_id }), fails('conflict', /changed by somebody else/))
    assert.equal(await there('/consumers/jack'), false)
  })

  test('a caller who goes away ends the reading', async () => {
    const gone = new AbortController()
    plain.before = () => new Promise(() => gone.abort())
    const list = gw.ctx.targets.get('old', gone.signal).admin.list('routes')
    await assert.rejects(list, { name: 'AbortError' })
  })
})

describe('policies', () => {
  const as = (surface: 'openai' | 'rest' | 'chat', name: string, input: object): Promise<unknown> => {
    const operation = operations.find((one) => one.name === name)
    return operation?.run(input as never, {
      ...gw.ctx,
      caller: { surface, subject: 'x' },
      ask: undefined,
    }) as Promise<unknown>
  }
  const route = (target: string, plugins: object = {}) => ({
    target,
    changes: [make('routes', 'p', { uri: '/p', upstream: upstream(), plugins })],
  })

  test('a read-only target and a read-only surface plan nothing', async () => {
    await assert.rejects(as('chat', 'plan', route('locked')), fails('refused', /locked is read-only/))
    await assert.rejects(as('openai', 'plan', route('embedded')), fails('refused', /read-only for openai/))
  })

  test('the stricter one of target and surface counts', async () => {
    const embedded = gw.ctx.targets.get('embedded')
    assert.equal(gw.ctx.targets.policy(embedded, 'rest'), 'always')
    assert.equal(gw.ctx.targets.policy({ ...embedded, policy: 'destructive' }, 'rest'), 'destructive')
    assert.equal(gw.ctx.targets.policy({ ...embedded, policy: 'destructive' }, 'chat'), 'destructive')
    assert.equal(gw.ctx.targets.policy({ ...embedded, policy: 'destructive' }, 'openai'), 'read-only')
  })

  test('a write names its target when there are several', async () => {
    await assert.rejects(
      as('chat', 'plan', { changes: [make('routes', 'p', { uri: '/p' })] }),
      fails('invalid', /name a target: one of embedded, old, locked/),
    )
  })
})

describe('promote', () => {
  test('a route goes with what it refers to, exactly as it is; what only the other has stays', async () => {
    const embedded = gw.ctx.targets.get('embedded').admin
    await embedded.raw('PUT', '/upstreams/u', { ...upstream(), retries: 1 })
    await embedded.raw('PUT', '/routes/r', { uri: '/r', upstream_id: 'u', desc: 'new' })
    await other.admin('PUT', '/upstreams/u', { ...upstream(), timeout: { connect: 1, send: 1, read: 1 } })
    await other.admin('PUT', '/routes/only-there', { uri: '/o', upstream: upstream() })
    const plan = await gw.run('promote', { to: 'old', ids: ['r'], nodes: { [gw.api]: 'prod.example:80' } })
    assert.equal(plan.target, 'old')
    await gw.run('apply', { plan_id: plan.plan_id })
    const { value } = (await other.admin('GET', '/upstreams/u')).body as { value: Record<string, unknown> }
    assert.equal(value.retries, 1)
    assert.equal('timeout' in value, false)
    assert.deepEqual(value.nodes, { 'prod.example:80': 1 })
    assert.equal(await there('/routes/r'), true)
    assert.equal(await there('/routes/only-there'), true)
    await assert.rejects(
      gw.run('promote', { to: 'old', ids: ['r'], nodes: { [gw.api]: 'prod.example:80' } }),
      fails('invalid', /nothing would change/),
    )
    await gw.run('undo', { target: 'old' })
    assert.equal(await there('/routes/r'), false)
    await embedded.raw('DELETE', '/routes/r')
    await embedded.raw('DELETE', '/upstreams/u')
  })

  test('what cannot be promoted is told', async () => {
    await assert.rejects(gw.run('promote', { to: 'embedded' }), fails('invalid', /both embedded/))
    await assert.rejects(
      gw.run('promote', { to: 'old', ids: ['none'] }),
      fails('not_found', /no routes\/none on embedded/),
    )
    await assert.rejects(gw.run('promote', { to: 'locked', kind: 'upstreams' }), OperationError)
  })
})
