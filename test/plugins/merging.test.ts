// Every plugin at every place where a configuration may stand: it runs there, the nearer place wins as a whole, and `_meta` holds for each. What
// a plugin does is for its own test; here each is set up with the configuration of its page, and its phases tell only that they ran, and for whom.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import Type from 'typebox'
import { exampleOf, requestsOf } from '../../scripts/plugin-page.ts'
import { attachConsumer } from '../../src/gateway/consumers.ts'
import type { Plugin, PluginInstance, Reply } from '../../src/gateway/plugin.ts'
import { plugins } from '../../src/plugins/index.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'
import { startEcho } from './harness.ts'

const PHASES = ['rewrite', 'access', 'before_proxy', 'header_filter', 'body_filter', 'log'] as const
const REFUSING = ['rewrite', 'access', 'before_proxy'] as const
type Phase = (typeof PHASES)[number]

/** Every configuration of these is refused: their pages say so. */
const REFUSED = new Set(['exit-transformer', 'serverless-pre-function', 'serverless-post-function'])

/** Their interface or their metadata is what they are. */
const NO_PHASES = new Set(['batch-requests', 'node-status', 'server-info', 'error-page'])

const { node, upstream } = await startEcho()
const seen: { plugin: string; phase: Phase; owner: string }[] = []
/** Phase in which the plugin of this name refuses. */
let refusing: { plugin: string; phase: Phase } | undefined

/** In place of a plugin: with its phases, and without what it does. */
function told(plugin: Plugin): Plugin {
  const setup: Plugin['setup'] = (conf, env) => {
    const real = plugin.setup(conf, env)
    return silent(
      plugin.name,
      `${env.owner.kind}/${env.owner.id}`,
      PHASES.filter((phase) => typeof real[phase] === 'function'),
      real,
    )
  }
  return { ...plugin, setup }
}

function silent(plugin: string, owner: string, phases: readonly Phase[], real?: PluginInstance): PluginInstance {
  const note = (phase: Phase): Reply | undefined => {
    seen.push({ plugin, phase, owner })
    return refusing?.plugin === plugin && refusing.phase === phase ? { status: 403, body: 'refused' } : undefined
  }
  const filters: PluginInstance = {
    header_filter: () => void note('header_filter'),
    body_filter: (_ctx, chunk) => {
      note('body_filter')
      return chunk
    },
    log: () => void note('log'),
  }
  const steps = Object.fromEntries(REFUSING.map((phase) => [phase, () => note(phase)]))
  const all = { ...steps, ...filters } as Record<Phase, unknown>
  return { ...Object.fromEntries(phases.map((phase) => [phase, all[phase]])), close: () => real?.close?.() }
}

/** Makes the caller jack, as an authentication plugin does. */
const identify: Plugin = {
  name: 'identify',
  version: 1,
  priority: 2555,
  schema: Type.Object({}),
  setup: (_conf, env) => ({
    rewrite: (ctx) => {
      const jack = env.consumers.get('jack')
      if (jack) attachConsumer(ctx, jack)
    },
  }),
}
/** Stands in the middle of the order, in every phase. */
const marker: Plugin = {
  name: 'marker',
  version: 1,
  priority: 10_001,
  schema: Type.Object({}),
  setup: (_conf, env) => silent('marker', `${env.owner.kind}/${env.owner.id}`, PHASES),
}

const thread = threadForTest({}, {}, undefined, undefined, [...plugins.map(told), identify, marker])
after(() => thread.close())

/** What a plugin's page configures, beside its route too. */
function exampleOfPage(name: string): { conf: object; others: [string, object][] } {
  const page = readFileSync(new URL(`../../docs/plugins/${name}.md`, import.meta.url), 'utf8')
  const requests = requestsOf((exampleOf(page) ?? '').replaceAll('127.0.0.1:8080', node))
  const confs = requests.map(({ body }) => (body.plugins as Record<string, object> | undefined)?.[name])
  const isRoute = (path: string): boolean => /^\/(?:routes|global_rules|consumers)\//.test(path)
  return {
    conf: confs.find((conf, i) => conf && !requests[i]?.path.startsWith('/consumers')) ?? {},
    others: requests.filter(({ path }) => !isRoute(path)).map(({ path, body }) => [path.slice(1), body]),
  }
}

type Resources = Record<string, object>

/** One request through these resources: what the plugin of this name did, in order. */
async function run(resources: Resources, name: string): Promise<{ status: number; text: string; ran: typeof seen }> {
  for (const [key, value] of Object.entries(resources)) thread.put(key, value)
  seen.length = 0
  const { status, body } = await thread.inject({ target: '/a' })
  for (const key of Object.keys(resources)) thread.put(key, undefined)
  return { status, text: body.toString(), ran: seen.filter(({ plugin }) => plugin === name || plugin === 'marker') }
}

/** Whose configuration ran, by phase; a body may come in pieces. */
const ownersOf = (ran: typeof seen): Record<string, string[]> =>
  Object.fromEntries(
    PHASES.map((phase) => [
      phase,
      ran.filter((one) => one.phase === phase && one.plugin !== 'marker').map((one) => one.owner),
    ])
      .map(
        ([phase, owners]) =>
          [phase as string, phase === 'body_filter' ? [...new Set(owners)] : (owners as string[])] as const,
      )
      .filter(([, owners]) => owners.length > 0),
  )

const route = (more: object): Resources => ({ 'routes/a': { uri: '/a', upstream, ...more } })

for (const { name, type, scope } of plugins.filter((plugin) => !REFUSED.has(plugin.name))) {
  const { conf, others } = exampleOfPage(name)
  const own = { [name]: conf }
  for (const [key, value] of others) thread.put(key, value)

  test(`${name}: runs where it stands, and the nearest place wins`, async () => {
    const rule = await run({ ...route({}), 'global_rules/g': { plugins: own } }, name)
    const phases = Object.keys(ownersOf(rule.ran))
    assert.ok(phases.length > 0 || scope === 'global' || NO_PHASES.has(name), 'it takes part in some phase')
    const everywhere = (owner: string): object => Object.fromEntries(phases.map((phase) => [phase, [owner]]))
    assert.deepEqual(ownersOf(rule.ran), everywhere('global_rules/g'))
    if (scope === 'global') return
    const low = { 'services/s': { plugins: own } }
    const middle = { ...low, 'plugin_configs/p': { plugins: own } }
    const places: [string, Resources][] = [
      ['services/s', { ...low, ...route({ service_id: 's' }) }],
      ['plugin_configs/p', { ...middle, ...route({ service_id: 's', plugin_config_id: 'p' }) }],
      ['routes/a', { ...middle, ...route({ service_id: 's', plugin_config_id: 'p', plugins: own }) }],
    ]
    for (const [owner, resources] of places)
      assert.deepEqual(ownersOf((await run(resources, name)).ran), everywhere(owner), owner)
  })

  if (scope !== 'global' && type !== 'auth')
    test(`${name}: a consumer's configuration goes over its group's, and that over the route's`, async () => {
      const jack = (plugins: object): Resources => ({ 'consumers/jack': { username: 'jack', group_id: 'g', plugins } })
      const group = { 'consumer_groups/g': { plugins: own } }
      const asked = route({ plugins: { identify: {} } })
      const phases = Object.keys(ownersOf((await run(route({ plugins: own }), name)).ran))
      const everywhere = (owner: string): object => Object.fromEntries(phases.map((phase) => [phase, [owner]]))
      assert.deepEqual(
        ownersOf((await run({ ...group, ...jack({}), ...asked }, name)).ran),
        everywhere('consumer_groups/g'),
      )
      assert.deepEqual(
        ownersOf((await run({ ...group, ...jack(own), ...asked }, name)).ran),
        everywhere('consumers/jack'),
      )
      // Who is calling is known in the rewrite phase only: what the route rewrites is not done again.
      const both = ownersOf(
        (await run({ ...group, ...jack(own), ...route({ plugins: { ...own, identify: {} } }) }, name)).ran,
      )
      assert.deepEqual(both, {
        ...everywhere('consumers/jack'),
        ...(phases.includes('rewrite') ? { rewrite: ['routes/a'] } : {}),
      })
    })

  test(`${name}: _meta disables, filters, orders, and words refusals`, async () => {
    const at = async (meta: object): Promise<Awaited<ReturnType<typeof run>>> => {
      const plugins = { [name]: { ...conf, _meta: meta }, marker: {} }
      return scope === 'global'
        ? run({ ...route({}), 'global_rules/g': { plugins } }, name)
        : run(route({ plugins }), name)
    }
    const plain = ownersOf((await at({})).ran)
    assert.deepEqual(ownersOf((await at({ disable: true })).ran), {})
    assert.deepEqual(ownersOf((await at({ filter: [['uri', '==', '/b']] })).ran), {})
    assert.deepEqual(ownersOf((await at({ filter: [['uri', '==', '/a']] })).ran), plain)
    for (const [priority, place] of [
      [20_000, 0],
      [1, 1],
    ] as const) {
      const { ran } = await at({ priority })
      for (const phase of Object.keys(plain)) {
        const order = [...new Set(ran.filter((one) => one.phase === phase).map((one) => one.plugin))]
        assert.equal(order.indexOf(name), place, `${phase} with priority ${priority}`)
      }
    }
    for (const phase of REFUSING.filter((one) => plain[one])) {
      refusing = { plugin: name, phase }
      const { status, text } = await at({ error_response: { message: 'in our words' } })
      refusing = undefined
      assert.deepEqual([phase, status, text], [phase, 403, '{"message":"in our words"}\n'])
    }
  })

  if (scope === 'global') continue
  test(`${name}: disabled on the route, a service's configuration does not run either`, async () => {
    const service = { 'services/s': { plugins: own } }
    const { ran } = await run(
      { ...service, ...route({ service_id: 's', plugins: { [name]: { ...conf, _meta: { disable: true } } } }) },
      name,
    )
    assert.deepEqual(ownersOf(ran), {})
  })
}
