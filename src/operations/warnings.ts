// What a person should know before approving: routes that another would shadow, and things that are open to everybody.
import { createRouter, type RouteKeys } from '../gateway/router/router.ts'
import { pluginsIn, type Resource } from '../resources/kinds.ts'
import type { Inventory } from './inventory.ts'
import { AUTHENTICATION, asks, findOpenBeside } from './open-beside.ts'
import type { PlannedChange } from './plan.ts'

/** Routes beyond which shadowing is not looked for: a router of them would be the cost. */
const MAX_ROUTES = 50_000

export function findWarnings(changes: PlannedChange[], inventory: Inventory): string[] {
  const warnings: string[] = []
  for (const change of changes) warnings.push(...aboutOne(change))
  const routes = changes.filter((one) => one.kind === 'routes' && one.after)
  if (routes.length) warnings.push(...shadowing(routes, inventory))
  warnings.push(...findOpenBeside(changes, inventory))
  for (const change of changes.filter((one) => one.action === 'delete')) warnings.push(...dependants(change, inventory))
  return warnings
}

function aboutOne({ kind, id, action, before, after }: PlannedChange): string[] {
  const warnings: string[] = []
  if (kind === 'global_rules') warnings.push(`global_rules/${id} applies to every request`)
  if (action === 'change' && kind === 'routes' && hasAuthentication(before) && !hasAuthentication(after)) {
    warnings.push(`routes/${id} would no longer ask who is calling`)
  }
  const uris = after && kind === 'routes' ? toKeys(id, after).uris : []
  if (uris.includes('/*') && !after?.host && !after?.hosts)
    warnings.push(`routes/${id} takes every path that no other route takes`)
  return warnings
}

function hasAuthentication(route: Resource | undefined): boolean {
  return Object.keys(pluginsIn(route)).some((name) => AUTHENTICATION.test(name))
}

function shadowing(changed: PlannedChange[], inventory: Inventory): string[] {
  const existing = inventory.list('routes')
  if (existing.length > MAX_ROUTES) return []
  const warnings: string[] = []
  const router = createRouter('radixtree_host_uri')
  const ids = new Set(changed.map((one) => one.id))
  for (const one of existing) if (!ids.has(one.id) && one.value.status !== 0) router.add(toKeys(one.id, one.value))
  for (const one of changed) {
    const keys = toKeys(one.id, one.after as Resource)
    for (const uri of keys.uris) {
      const input = {
        path: uri.replace(/\*$/, ''),
        host: keys.hosts?.[0]?.replace(/^\*/, 'x') ?? '',
        method: keys.methods?.[0] ?? 'GET',
        remoteAddr: '127.0.0.1',
        var: () => undefined,
      }
      const winner = router.match({ ...input, host: input.host || 'localhost' })
      if (winner && winner.matchedUri === uri)
        warnings.push(`routes/${one.id} and routes/${winner.id} both take ${uri}: priority decides, then the older one`)
      if (winner && asks(inventory.get('routes', winner.id), inventory) && !asks(one.after, inventory))
        warnings.push(
          `routes/${one.id} takes ${uri} without asking who is calling; routes/${winner.id}, which asks, takes it now`,
        )
    }
  }
  return warnings
}

function dependants(change: PlannedChange, inventory: Inventory): string[] {
  const field = { upstreams: 'upstream_id', services: 'service_id', plugin_configs: 'plugin_config_id' }[
    change.kind as string
  ]
  if (!field) return []
  const users = inventory.list('routes').filter((one) => String(one.value[field]) === change.id)
  return users.length
    ? [
        `${users.length} routes use ${change.kind}/${change.id}: ${users
          .slice(0, 5)
          .map((one) => one.id)
          .join(', ')}`,
      ]
    : []
}

/** What the router needs of a route resource. */
export function toKeys(id: string, route: Resource): RouteKeys {
  const list = (plural: unknown, single: unknown): string[] | undefined =>
    Array.isArray(plural) ? (plural as string[]) : single === undefined ? undefined : [String(single)]
  return {
    id,
    uris: list(route.uris, route.uri) ?? [],
    hosts: list(route.hosts, route.host),
    methods: route.methods as string[] | undefined,
    remoteAddrs: list(route.remote_addrs, route.remote_addr),
    vars: route.vars as unknown[] | undefined,
    priority: Number(route.priority ?? 0),
  }
}
