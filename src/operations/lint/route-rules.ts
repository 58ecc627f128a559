// What routes do: those that no request can reach, limits that count the wrong thing, plugins that were left over, resources that nobody uses.
import type { Resource } from '../../resources/kinds.ts'
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
    const routes = enabledRoutes(inventory.list('routes'))
    const places = new Map<string, Place[]>()
    for (const [order, { id, value }] of routes.entries())
      for (const place of placesOf(id, value, order)) {
        const key = `${place.host} ${place.uri}`
        places.set(key, [...(places.get(key) ?? []), place])
      }
    for (const list of places.values()) list.sort((a, b) => b.priority - a.priority || a.order - b.order)
    return routes.flatMap(({ id, value }, order) => reachOf(id, placesOf(id, value, order), places))
  },
}

function placesOf(id: string, value: Resource, order: number): Place[] {
  const { uris, hosts, methods, remoteAddrs, vars, priority } = toKeys(id, value)
  const conditions =
    remoteAddrs || vars || value.filter_func ? JSON.stringify([remoteAddrs, vars, value.filter_func]) : ''
  return uris.flatMap((uri) =>
    (hosts ?? ['*']).map((host) => ({ id, uri, host, methods, conditions, priority, order })),
  )
}

function reachOf(id: string, own: Place[], places: Map<string, Place[]>): Found[] {
  const covered = own.map((place) => coverOf(place, places.get(`${place.host} ${place.uri}`) ?? []))
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

/** The route that takes every request of a place before it. */
function coverOf(place: Place, inOrder: Place[]): string | undefined {
  const before = inOrder.slice(
    0,
    inOrder.findIndex((one) => one.id === place.id),
  )
  return before.find(
    (one) =>
      (one.conditions === '' || one.conditions === place.conditions) &&
      (!one.methods?.length ||
        (place.methods?.length && place.methods.every((method) => one.methods?.includes(method)))),
  )?.id
}

const LIMITS = ['limit-count', 'limit-req', 'limit-conn']

const limitKey: Rule = {
  name: 'limit-key',
  severity: 'low',
  find: ({ inventory }) =>
    enabledRoutes(inventory.list('routes')).flatMap(({ id, value }): Found[] => {
      const plugins = inventory.pluginsOf(value)
      const own = (value.plugins ?? {}) as Record<string, Resource>
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
        problem: `${local.length} route${local.length === 1 ? '' : 's'} (${local.slice(0, 5).join(', ')}) count limits on each node by itself: with n nodes a caller has n times the quota`,
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
      const names = Object.keys((value.plugins ?? {}) as object)
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
    const all = [...inventory.list('routes'), ...inventory.list('services')].map((one) => JSON.stringify(one.value))
    return (['upstreams', 'services', 'plugin_configs'] as const).flatMap((kind) => {
      const field = { upstreams: 'upstream_id', services: 'service_id', plugin_configs: 'plugin_config_id' }[kind]
      const uses = (id: string): boolean =>
        all.some(
          (text) =>
            text.includes(`"${field}":${JSON.stringify(id)}`) ||
            text.includes(`"${field}":${id},`) ||
            text.includes(`"${field}":${id}}`),
        )
      return inventory
        .list(kind)
        .filter(({ id }) => !uses(id))
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

export const routeRules: readonly Rule[] = [unreachable, runsCode, limitKey, limitLocal, leftOver, unused, noMetrics]
