// The configuration of a target read once, with the questions that lint, traffic and blast radius ask of it: where a route's upstream is, which
// plugins run for it, who depends on what.
import { type Kind, type PluginConfs, pluginsIn, type Resource } from '../resources/kinds.ts'
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

/** A resource that holds an upstream: an upstream itself, or a route or service with one inline. */
export interface UpstreamPlace {
  kind: 'routes' | 'services' | 'upstreams'
  id: string
  upstream: Resource
  /** The patch that changes members of this upstream. */
  patch(members: Resource): Resource
}

export class Inventory {
  readonly #lists: Record<(typeof READ)[number], readonly Found[]>
  /** By kind and id; with thousands of routes a search through the lists would cost their square. */
  readonly #known = new Map<string, Resource>()
  /** What was worked out once: rules and reports ask the same of every route. */
  readonly #plugins = new Map<Resource, PluginConfs>()
  #global: PluginConfs | undefined
  #destinations: Map<string, Found[]> | undefined
  #mentions: Map<string, Set<string>> | undefined

  private constructor(lists: Record<(typeof READ)[number], readonly Found[]>) {
    this.#lists = lists
    for (const kind of READ) for (const { id, value } of lists[kind]) this.#known.set(`${kind}/${id}`, value)
  }

  static async read(target: Target): Promise<Inventory> {
    const lists = await Promise.all(READ.map(async (kind) => [kind, await target.admin.list(kind)]))
    return new Inventory(Object.fromEntries(lists))
  }

  list(kind: (typeof READ)[number]): readonly Found[] {
    return this.#lists[kind]
  }

  /** Everything that was read. */
  all(): Found[] {
    return READ.flatMap((kind) => this.#lists[kind])
  }

  get(kind: (typeof READ)[number], id: unknown): Resource | undefined {
    return this.#known.get(`${kind}/${id}`)
  }

  /** Plugins that run for every caller of a route: plugin config and service below the route's own, global rules beside them. */
  pluginsOf(route: Resource): PluginConfs {
    const known = this.#plugins.get(route)
    if (known) return known
    const plugins = enabled({
      ...this.globalPlugins(),
      ...pluginsIn(this.get('services', route.service_id)),
      ...pluginsIn(this.get('plugin_configs', route.plugin_config_id)),
      ...pluginsIn(route),
    })
    this.#plugins.set(route, plugins)
    return plugins
  }

  globalPlugins(): PluginConfs {
    this.#global ??= Object.assign({}, ...this.list('global_rules').map((rule) => pluginsIn(rule.value))) as PluginConfs
    return this.#global
  }

  /** Where the upstream of a route stands; undefined when it has none. */
  upstreamOf(id: string, route: Resource): UpstreamPlace | undefined {
    if (route.upstream_id !== undefined) return this.#shared(route.upstream_id)
    if (route.upstream) return inline('routes', id, route)
    const service = this.get('services', route.service_id)
    if (service?.upstream_id !== undefined) return this.#shared(service.upstream_id)
    return service?.upstream ? inline('services', String(route.service_id), service) : undefined
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

  /** The routes whose requests go to an upstream. */
  routesTo({ kind, id }: UpstreamPlace): readonly Found[] {
    this.#destinations ??= Map.groupBy(this.list('routes'), (route) => {
      const place = this.upstreamOf(route.id, route.value)
      return place ? `${place.kind}/${place.id}` : ''
    })
    return this.#destinations.get(`${kind}/${id}`) ?? []
  }

  /** Ids of the routes that a resource has a part in. */
  routesUsing(kind: Kind, id: string): string[] {
    if (kind === 'routes') return this.get('routes', id) ? [id] : []
    const routes = this.list('routes')
    if (kind === 'global_rules') return routes.map((route) => route.id)
    if (kind === 'plugin_configs' || kind === 'services') {
      const field = kind === 'services' ? 'service_id' : 'plugin_config_id'
      return routes.filter(({ value }) => String(value[field]) === id).map((route) => route.id)
    }
    return kind === 'upstreams' ? [...(this.#upstreamUsers().get(id) ?? [])] : []
  }

  /** By id of an upstream: the routes that go there, or name it anywhere, such as in a plugin that shares requests out. */
  #upstreamUsers(): Map<string, Set<string>> {
    if (this.#mentions) return this.#mentions
    const users = new Map<string, Set<string>>()
    const add = (upstream: unknown, route: string): void => {
      const known = users.get(String(upstream))
      if (known) known.add(route)
      else users.set(String(upstream), new Set([route]))
    }
    for (const { id, value } of this.list('routes')) {
      const place = this.upstreamOf(id, value)
      if (place?.kind === 'upstreams') add(place.id, id)
      for (const upstream of valuesOf('upstream_id', value)) add(upstream, id)
    }
    this.#mentions = users
    return users
  }

  #shared(id: unknown): UpstreamPlace | undefined {
    const upstream = this.get('upstreams', id)
    return upstream && shared(String(id), upstream)
  }
}

/** What stands in members of one name, however deep. */
export function valuesOf(name: string, value: unknown): unknown[] {
  if (value === null || typeof value !== 'object') return []
  const found: unknown[] = []
  for (const [member, inner] of Object.entries(value)) {
    if (member === name) found.push(inner)
    else if (inner !== null && typeof inner === 'object') found.push(...valuesOf(name, inner))
  }
  return found
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
  return Object.entries(nodes ?? {}).map(([address, weight]) => ({ address, weight }))
}
