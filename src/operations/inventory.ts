// The configuration of a target read once, with the questions that lint, traffic and blast radius ask of it: where a route's upstream is, which
// plugins run for it, who depends on what.
import type { Kind, Resource } from '../resources/kinds.ts'
import type { Found } from './one-by-one.ts'
import type { Target } from './targets.ts'

const READ = [
  'routes',
  'services',
  'upstreams',
  'consumers',
  'plugin_configs',
  'global_rules',
  'ssls',
] as const satisfies Kind[]

export type PluginConfs = Record<string, Resource>

/** A resource that holds an upstream: an upstream itself, or a route or service with one inline. */
export interface UpstreamPlace {
  kind: 'routes' | 'services' | 'upstreams'
  id: string
  upstream: Resource
  /** The patch that changes members of this upstream. */
  patch(members: Resource): Resource
}

export class Inventory {
  readonly #lists: Record<(typeof READ)[number], Found[]>
  /** By kind and id; with thousands of routes a search through the lists would cost their square. */
  readonly #known = new Map<string, Resource>()

  private constructor(lists: Record<(typeof READ)[number], Found[]>) {
    this.#lists = lists
    for (const kind of READ) for (const { id, value } of lists[kind]) this.#known.set(`${kind}/${id}`, value)
  }

  static async read(target: Target): Promise<Inventory> {
    const lists = await Promise.all(READ.map(async (kind) => [kind, await target.admin.list(kind)]))
    return new Inventory(Object.fromEntries(lists))
  }

  list(kind: (typeof READ)[number]): Found[] {
    return this.#lists[kind]
  }

  get(kind: (typeof READ)[number], id: unknown): Resource | undefined {
    return this.#known.get(`${kind}/${id}`)
  }

  /** Plugins that run for every caller of a route: plugin config and service below the route's own, global rules beside them. */
  pluginsOf(route: Resource): PluginConfs {
    return enabled({
      ...this.globalPlugins(),
      ...pluginsIn(this.get('services', route.service_id)),
      ...pluginsIn(this.get('plugin_configs', route.plugin_config_id)),
      ...pluginsIn(route),
    })
  }

  globalPlugins(): PluginConfs {
    return Object.assign({}, ...this.list('global_rules').map((rule) => pluginsIn(rule.value)))
  }

  /** Where the upstream of a route stands; undefined when it has none. */
  upstreamOf(id: string, route: Resource): UpstreamPlace | undefined {
    if (route.upstream) return inline('routes', id, route)
    if (route.upstream_id !== undefined) return this.#shared(route.upstream_id)
    const service = this.get('services', route.service_id)
    if (service?.upstream) return inline('services', String(route.service_id), service)
    return service?.upstream_id === undefined ? undefined : this.#shared(service.upstream_id)
  }

  /** Every upstream that is configured, once. */
  upstreams(): UpstreamPlace[] {
    const inlines = (['routes', 'services'] as const).flatMap((kind) =>
      this.list(kind)
        .filter((one) => one.value.upstream)
        .map((one) => inline(kind, one.id, one.value)),
    )
    return [...inlines, ...this.list('upstreams').map((one) => shared(one.id, one.value))]
  }

  /** Ids of the routes that a resource has a part in. */
  routesUsing(kind: Kind, id: string): string[] {
    return this.list('routes')
      .filter((route) => this.#uses(route, kind, id))
      .map((route) => route.id)
  }

  #uses({ id: route, value }: Found, kind: Kind, id: string): boolean {
    if (kind === 'routes') return route === id
    if (kind === 'global_rules') return true
    if (kind === 'plugin_configs') return String(value.plugin_config_id) === id
    if (kind === 'services') return String(value.service_id) === id
    if (kind !== 'upstreams') return false
    const place = this.upstreamOf(route, value)
    return (place?.kind === 'upstreams' && place.id === id) || JSON.stringify(value).includes(`"upstream_id":"${id}"`)
  }

  #shared(id: unknown): UpstreamPlace | undefined {
    const upstream = this.get('upstreams', id)
    return upstream && shared(String(id), upstream)
  }
}

/** The plugins that stand in a resource itself. */
export function pluginsIn(value: Resource | undefined): PluginConfs {
  return (value?.plugins ?? {}) as PluginConfs
}

function enabled(plugins: PluginConfs): PluginConfs {
  const runs = ([, conf]: [string, Resource]): boolean => (conf._meta as Resource | undefined)?.disable !== true
  return Object.fromEntries(Object.entries(plugins).filter(runs))
}

function inline(kind: 'routes' | 'services', id: string, value: Resource): UpstreamPlace {
  return { kind, id, upstream: value.upstream as Resource, patch: (members) => ({ upstream: members }) }
}

function shared(id: string, upstream: Resource): UpstreamPlace {
  return { kind: 'upstreams', id, upstream, patch: (members) => members }
}

/** The nodes of an upstream as `host:port` and weight, however they are written. */
export function nodesOf(upstream: Resource): { address: string; weight: number }[] {
  const { nodes } = upstream
  if (Array.isArray(nodes))
    return nodes.map((one: { host: string; port?: number; weight: number }) => ({
      address: one.port === undefined ? one.host : `${one.host}:${one.port}`,
      weight: one.weight,
    }))
  return Object.entries((nodes ?? {}) as Record<string, number>).map(([address, weight]) => ({ address, weight }))
}
