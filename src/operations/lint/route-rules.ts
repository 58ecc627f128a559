// What routes do: those that no request can reach, limits that count the wrong thing, plugins that were left over, resources that nobody uses.
import { counted } from '../../lib/counted.ts'
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import { valuesOf } from '../inventory.ts'
import { toKeys } from '../warnings.ts'
import { asksWho, enabledRoutes, onRoute } from './access-rules.ts'
import type { Found, Rule } from './contract.ts'

interface Place {
  id: string
  uri: string
  host: string
  methods: string[] | undefined
  /** Conditions beyond host, uri and method, as text; empty for none. */
  conditions: string
  priority: number
  order: number
}

const unreachable: Rule = {
  name: 'unreachable',
  severity: 'medium',
  find: ({ inventory }) => {
    const routes = enabledRoutes(inventory.list('routes')).map(({ id, value }, order) => ({
      id,
      places: placesOf(id, value, order),
    }))
    const shared = Map.groupBy(
      routes.flatMap((one) => one.places),
      ({ host, uri }) => `${host} ${uri}`,
    )
    const covers = new Map<Place, string>()
    for (const list of shared.values()) if (list.length > 1) findCovers(list, covers)
    return routes.flatMap(({ id, places }) => reachOf(id, places, covers))
  },
}

/** Routes are matched by the decoded path, as in APISIX: what is escaped, doubled or dotted in a uri is another text. */
const neverMatched: Rule = {
  name: 'never-matched',
  severity: 'medium',
  find: ({ inventory }) =>
    enabledRoutes(inventory.list('routes')).flatMap(({ id, value }) => {
      const wrong = toKeys(id, value).uris.filter((uri) => /^[^/]|%[0-9a-f]{2}|\/\/|\/\.{1,2}(?:\/|$)|[?#]/i.test(uri))
      if (!wrong.length) return []
      return [
        {
          resource: `routes/${id}`,
          problem: `${wrong.slice(0, 5).join(', ')} does not take the requests that it looks like: a path is decoded, and loses its query, empty and dot segments, before it is matched`,
          advice: 'write the path decoded, without a query; conditions on the query go into vars',
        },
      ]
    }),
}

function placesOf(id: string, value: Resource, order: number): Place[] {
  const { uris, hosts, methods, remoteAddrs, vars, priority } = toKeys(id, value)
  const conditions =
    remoteAddrs || vars || value.filter_func ? JSON.stringify([remoteAddrs, vars, value.filter_func]) : ''
  return uris.flatMap((uri) =>
    (hosts ?? ['*']).map((host) => ({ id, uri, host, methods, conditions, priority, order })),
  )
}

function reachOf(id: string, own: Place[], covers: ReadonlyMap<Place, string>): Found[] {
  const covered = own.map((place) => covers.get(place))
  const winner = covered.find((one) => one !== undefined)
  if (winner === undefined) return []
  const all = covered.every((one) => one !== undefined)
  return [
    {
      resource: `routes/${id}`,
      severity: all ? 'medium' : 'low',
      problem: all
        ? `takes no request: routes/${winner} comes first everywhere`
        : `is shadowed by routes/${winner} on ${own
            .filter((_, i) => covered[i] !== undefined)
            .map((one) => one.uri)
            .slice(0, 5)
            .join(', ')}`,
      advice: all
        ? 'delete it, or give it a higher priority or another path'
        : 'take these paths out of it, or give it a higher priority',
      ...(all ? { fix: [{ action: 'delete', kind: 'routes', id }] } : {}),
    },
  ]
}

/**
 * Notes for each of the places with one host and uri the first route that takes every request of it before. Only those with the same conditions
 * or none can, and of these one for each set of methods: thousands of routes may stand in one place.
 */
function findCovers(places: Place[], covers: Map<Place, string>): void {
  const firsts = new Map<string, Map<string, Place & { rank: number }>>()
  const inOrder = places.toSorted((a, b) => b.priority - a.priority || a.order - b.order)
  for (const [rank, place] of inOrder.entries()) {
    const conditions = new Set(['', place.conditions])
    const able = [...conditions].flatMap((one) => [...(firsts.get(one)?.values() ?? [])])
    const taking = able.filter((one) => one.id !== place.id && takesAllOf(one.methods, place.methods))
    const [first] = taking.sort((a, b) => a.rank - b.rank)
    if (first) covers.set(place, first.id)
    const methods = place.methods?.toSorted().join() ?? ''
    const known = firsts.get(place.conditions) ?? new Map<string, Place & { rank: number }>()
    if (!known.has(methods)) known.set(methods, { ...place, rank })
    firsts.set(place.conditions, known)
  }
}

function takesAllOf(methods: string[] | undefined, wanted: string[] | undefined): boolean {
  if (!methods?.length) return true
  return Boolean(wanted?.length && wanted.every((method) => methods.includes(method)))
}

const LIMITS = ['limit-count', 'limit-req', 'limit-conn']

const limitKey: Rule = {
  name: 'limit-key',
  severity: 'low',
  find: ({ inventory }) =>
    enabledRoutes(inventory.list('routes')).flatMap(({ id, value }): Found[] => {
      const plugins = inventory.pluginsOf(value)
      const own = pluginsIn(value)
      const limit = LIMITS.find((name) => own[name] && (own[name].key ?? 'remote_addr') === 'remote_addr')
      if (!limit || !asksWho(plugins)) return []
      return [
        {
          resource: `routes/${id}`,
          problem: `${limit} counts by address, though the callers are known: all behind one address share one quota`,
          advice: 'count by consumer',
          fix: onRoute(id, { plugins: { [limit]: { key_type: 'var', key: 'consumer_name' } } }),
        },
      ]
    }),
}

const limitLocal: Rule = {
  name: 'limit-local',
  severity: 'low',
  find: ({ inventory }) => {
    const local = enabledRoutes(inventory.list('routes'))
      .filter(({ value }) => {
        const limit = inventory.pluginsOf(value)['limit-count']
        return limit !== undefined && (limit.policy ?? 'local') === 'local'
      })
      .map((one) => one.id)
    if (!local.length) return []
    return [
      {
        resource: 'target',
        problem: `${counted(local.length, 'route')} (${local.slice(0, 5).join(', ')}) ${local.length === 1 ? 'counts' : 'count'} limits on each node by itself: with n nodes a caller has n times the quota`,
        advice: 'with more than one node set policy to redis; with one node all is well',
      },
    ]
  },
}

/** Plugins of tests and demonstrations. */
const LEFT_OVER = ['fault-injection', 'mocking', 'echo']
const RUNS_CODE = ['serverless-pre-function', 'serverless-post-function', 'ext-plugin-pre-req', 'ext-plugin-post-req']

const leftOver: Rule = {
  name: 'left-over',
  severity: 'low',
  find: ({ inventory }) =>
    enabledRoutes(inventory.list('routes')).flatMap(({ id, value }): Found[] => {
      const names = Object.keys(pluginsIn(value))
      const found = names.filter((name) => LEFT_OVER.includes(name))
      if (!found.length) return []
      return [
        {
          resource: `routes/${id}`,
          problem: `runs ${found.join(', ')}, which changes what the API answers`,
          advice: 'take it away when the test is over',
          fix: onRoute(id, { plugins: Object.fromEntries(found.map((name) => [name, null])) }),
        },
      ]
    }),
}

const runsCode: Rule = {
  name: 'runs-code',
  severity: 'medium',
  find: ({ inventory }) =>
    enabledRoutes(inventory.list('routes')).flatMap(({ id, value }): Found[] => {
      const names = Object.keys(inventory.pluginsOf(value)).filter((name) => RUNS_CODE.includes(name))
      if (value.script) names.push('script')
      if (!names.length) return []
      return [
        {
          resource: `routes/${id}`,
          problem: `runs code from the configuration (${names.join(', ')}): who may write routes may run anything`,
          advice: 'use a plugin that does the same without code, and review this one',
        },
      ]
    }),
}

const unused: Rule = {
  name: 'unused',
  severity: 'low',
  find: ({ inventory }) => {
    const all = [...inventory.list('routes'), ...inventory.list('services')]
    return (['upstreams', 'services', 'plugin_configs'] as const).flatMap((kind) => {
      const field = { upstreams: 'upstream_id', services: 'service_id', plugin_configs: 'plugin_config_id' }[kind]
      const used = new Set(all.flatMap((one) => valuesOf(field, one.value)).map(String))
      return inventory
        .list(kind)
        .filter(({ id }) => !used.has(id))
        .map(
          ({ id }): Found => ({
            resource: `${kind}/${id}`,
            problem: 'is used by no route and no service',
            advice: 'delete it when nothing else needs it',
            fix: [{ action: 'delete', kind, id }],
          }),
        )
    })
  },
}

const noMetrics: Rule = {
  name: 'no-metrics',
  severity: 'low',
  find: ({ inventory }) => {
    const blind = enabledRoutes(inventory.list('routes')).filter(
      ({ value }) => !('prometheus' in inventory.pluginsOf(value)),
    )
    if (!blind.length) return []
    const id = 'metrics'
    return [
      {
        resource: 'target',
        problem: `${blind.length} route${blind.length === 1 ? ' is' : 's are'} not counted (${blind
          .slice(0, 5)
          .map((one) => one.id)
          .join(', ')}): traffic and blast radius know nothing of them`,
        advice: 'count all routes by a global rule',
        ...(inventory.get('global_rules', id)
          ? {}
          : { fix: [{ action: 'create', kind: 'global_rules', id, set: { plugins: { prometheus: {} } } }] }),
      },
    ]
  },
}

export const routeRules: readonly Rule[] = [
  unreachable,
  neverMatched,
  runsCode,
  limitKey,
  limitLocal,
  leftOver,
  unused,
  noMetrics,
]
