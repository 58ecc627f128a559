// Which route takes a request, and what was compiled for it. Keeps the router up to date with the configuration, one change at a time,
// and compiles a route when it first matches.
import { type Kind, parseKey, pluginsIn, type Resource } from '../resources/kinds.ts'
import { namesBodyVariable } from './body-variables.ts'
import {
  type ActivePlugin,
  byPriority,
  type CompiledRoute,
  type PhaseChain,
  type PlacedConf,
  toChain,
} from './compile.ts'
import type { Config, ConfigChange } from './config.ts'
import type { Consumer } from './consumers.ts'
import type { Instances } from './instances.ts'
import { createRouter, type MatchInput, type RouteKeys, type Router } from './router/router.ts'
import type { UpstreamRuntime } from './upstream/runtime.ts'
import type { Upstreams } from './upstreams.ts'

export type RouterMode = 'radixtree_host_uri' | 'radixtree_uri' | 'radixtree_uri_with_parameter'

/** A route with everything that a request on it needs. */
export interface ServedRoute {
  route: CompiledRoute
  chain: PhaseChain
  upstream: UpstreamRuntime | undefined
  /** Why it cannot be served; the request is answered with this status. */
  trouble: 404 | 502 | 503 | undefined
}

interface Cached extends ServedRoute {
  generation: number
  /** Resources it was compiled from, with their versions then. */
  sources: [kind: Kind, id: string, version: number][]
  globals: readonly ActivePlugin[]
  byConsumer: Map<string, { version: number; groupVersion: number; chain: PhaseChain; fresh: readonly ActivePlugin[] }>
}

/** Bound on the consumer chains that one route keeps; beyond it they are made anew. */
const MAX_CONSUMER_CHAINS = 4096

export class Routes {
  readonly #config: Config
  readonly #instances: Instances
  readonly #upstreams: Upstreams
  readonly #router: Router
  readonly #compiled = new Map<string, Cached>()
  readonly #byService = new Map<string, Set<string>>()
  readonly #serviceOf = new Map<string, string>()
  readonly #needsBody = new Set<string>()
  #globals: readonly ActivePlugin[] = []
  #globalsGeneration = -1
  #globalChain: PhaseChain = toChain([], [])

  constructor(config: Config, instances: Instances, upstreams: Upstreams, mode: RouterMode) {
    this.#config = config
    this.#instances = instances
    this.#upstreams = upstreams
    this.#router = createRouter(mode)
  }

  /** Applies a commit to the configuration and to the router. */
  apply(changes: readonly ConfigChange[]): void {
    this.#config.apply(changes)
    const services: string[] = []
    for (const { key } of changes) {
      const address = parseKey(key)
      if (!address) continue
      this.#instances.release(key)
      this.#upstreams.release(key)
      if (address.kind === 'services') services.push(address.id)
      if (address.kind === 'routes') this.#place(address.id)
    }
    // A copy: placing a route takes it out of the set and puts it back.
    for (const id of services) for (const routeId of [...(this.#byService.get(id) ?? [])]) this.#place(routeId)
  }

  /** Sets up again what these resources hold, because values of references in them have changed. */
  renew(keys: readonly string[]): void {
    this.#config.renew(keys)
    for (const key of keys) this.#instances.release(key)
    this.#compiled.clear()
  }

  /** Takes over what has been committed; once for each request, before it is matched. */
  look(): void {
    this.#config.onLook()
  }

  /** True when some route's `vars` look at the request body, which must then be read before matching. */
  get needsBody(): boolean {
    return this.#needsBody.size > 0
  }

  /** The winning route, compiled; undefined when none matches. */
  match(
    input: MatchInput,
  ):
    | { served: ServedRoute; params: Record<string, string> | undefined; uri: string; host: string | undefined }
    | undefined {
    const match = this.#router.match(input)
    if (!match) return undefined
    return { served: this.#served(match.id), params: match.params, uri: match.matchedUri, host: match.matchedHost }
  }

  /** What runs when no route matches: global rules only. */
  unmatched(): PhaseChain {
    this.#refreshGlobals()
    return this.#globalChain
  }

  /** The route's chain with a consumer's plugins laid over it, and those of them that the route did not have (their rewrite is yet to run). */
  forConsumer(
    served: ServedRoute,
    consumer: Consumer,
  ): { chain: PhaseChain; fresh: readonly ActivePlugin[] } | undefined {
    const group = consumer.groupId === undefined ? undefined : this.#config.get('consumer_groups', consumer.groupId)
    const groupVersion = consumer.groupId === undefined ? 0 : this.#config.version('consumer_groups', consumer.groupId)
    const groupPlugins = pluginsIn(group)
    if (!Object.keys(consumer.plugins).length && !Object.keys(groupPlugins).length) return undefined
    const cache = (served as Cached).byConsumer
    const known = cache.get(consumer.username)
    if (known && known.version === consumer.modifiedIndex && known.groupVersion === groupVersion) return known
    const laid = new Map<string, PlacedConf>(served.route.plugins)
    for (const [name, conf] of Object.entries(groupPlugins))
      laid.set(name, { conf, owner: `consumer_groups/${consumer.groupId}` })
    for (const [name, conf] of Object.entries(consumer.plugins)) laid.set(name, { conf, owner: consumer.key })
    const active = this.#activate(laid)
    const fresh = active.filter((plugin) => !served.route.plugins.has(plugin.name))
    const made = { version: consumer.modifiedIndex, groupVersion, chain: toChain(this.#globals, active), fresh }
    if (cache.size >= MAX_CONSUMER_CHAINS) cache.clear()
    cache.set(consumer.username, made)
    return made
  }

  #place(id: string): void {
    this.#router.remove(id)
    this.#compiled.delete(id)
    this.#needsBody.delete(id)
    const before = this.#serviceOf.get(id)
    if (before !== undefined) this.#byService.get(before)?.delete(id)
    this.#serviceOf.delete(id)
    const conf = this.#config.get('routes', id)
    if (!conf) return
    const serviceId = conf.service_id === undefined ? undefined : String(conf.service_id)
    if (serviceId !== undefined) {
      this.#serviceOf.set(id, serviceId)
      const routes = this.#byService.get(serviceId) ?? new Set()
      this.#byService.set(serviceId, routes.add(id))
    }
    if (conf.status === 0) return
    if (namesBodyVariable(conf.vars)) this.#needsBody.add(id)
    this.#router.add(
      toRouteKeys(
        id,
        conf,
        serviceId === undefined ? undefined : this.#config.get('services', serviceId),
        this.#config.createdAt('routes', id),
      ),
    )
  }

  #served(id: string): Cached {
    this.#refreshGlobals()
    const known = this.#compiled.get(id)
    if (known && known.generation === this.#config.generation) return known
    if (
      known &&
      known.globals === this.#globals &&
      known.sources.every(([kind, source, version]) => this.#config.version(kind, source) === version)
    ) {
      known.generation = this.#config.generation
      return known
    }
    const made = this.#compile(id)
    this.#compiled.set(id, made)
    return made
  }

  #compile(id: string): Cached {
    const sources: Cached['sources'] = []
    const read = (kind: Kind, from: unknown): Resource | undefined => {
      if (from === undefined) return undefined
      sources.push([kind, String(from), this.#config.version(kind, String(from))])
      return this.#config.get(kind, String(from))
    }
    const conf = read('routes', id) as Resource
    const pluginConfig = read('plugin_configs', conf.plugin_config_id)
    const service = read('services', conf.service_id)
    const plugins = new Map<string, PlacedConf>()
    const lay = (from: Resource | undefined, owner: string): void => {
      for (const [name, one] of Object.entries(pluginsIn(from))) plugins.set(name, { conf: one, owner })
    }
    lay(service, `services/${conf.service_id}`)
    lay(pluginConfig, `plugin_configs/${conf.plugin_config_id}`)
    lay(conf, `routes/${id}`)
    const active = this.#activate(plugins)
    const route: CompiledRoute = {
      id,
      conf: service?.hosts && !conf.hosts && !conf.host ? { ...conf, hosts: service.hosts } : conf,
      serviceId: conf.service_id === undefined ? undefined : String(conf.service_id),
      serviceName: service?.name as string | undefined,
      plugins,
      active,
      enableWebsocket: (conf.enable_websocket ?? service?.enable_websocket) === true,
      timeout: conf.timeout as Resource | undefined,
    }
    const trouble =
      conf.plugin_config_id !== undefined && !pluginConfig
        ? 503
        : conf.service_id !== undefined && !service
          ? 404
          : undefined
    const upstream = namesUpstream(conf)
      ? this.#findUpstream(conf, `routes/${id}`, read)
      : service && this.#findUpstream(service, `services/${conf.service_id}`, read)
    return {
      route,
      chain: toChain(this.#globals, active),
      upstream,
      trouble: trouble ?? (!upstream && (namesUpstream(conf) || namesUpstream(service)) ? 502 : undefined),
      generation: this.#config.generation,
      sources,
      globals: this.#globals,
      byConsumer: new Map(),
    }
  }

  /** Of both, an id goes before what is written in place, as in APISIX. */
  #findUpstream(
    holder: Resource,
    owner: string,
    read: (kind: Kind, id: unknown) => Resource | undefined,
  ): UpstreamRuntime | undefined {
    if (holder.upstream_id === undefined)
      return holder.upstream ? this.#upstreams.inline(owner, holder.upstream as Resource) : undefined
    read('upstreams', holder.upstream_id)
    return this.#upstreams.byId(String(holder.upstream_id))
  }

  #activate(plugins: ReadonlyMap<string, PlacedConf>): ActivePlugin[] {
    const active: ActivePlugin[] = []
    for (const [name, { conf, owner }] of plugins) {
      const address = parseKey(owner)
      const plugin = address && this.#instances.get(owner, this.#config.version(address.kind, address.id), name, conf)
      if (plugin) active.push(plugin)
    }
    return active.sort(byPriority)
  }

  #refreshGlobals(): void {
    if (this.#globalsGeneration === this.#config.generation) return
    this.#globalsGeneration = this.#config.generation
    const globals: ActivePlugin[] = []
    for (const id of this.#config.ids('global_rules')) {
      const plugins = new Map<string, PlacedConf>()
      const rule = this.#config.get('global_rules', id)
      for (const [name, conf] of Object.entries(pluginsIn(rule)))
        plugins.set(name, { conf, owner: `global_rules/${id}` })
      globals.push(...this.#activate(plugins))
    }
    if (globals.length === this.#globals.length && globals.every((plugin, i) => plugin === this.#globals[i])) return
    this.#globals = globals
    this.#globalChain = toChain(globals, [])
  }
}

/** Of a resource with both, `upstream_id` counts; a service's are for routes with neither. */
export function namesUpstream(holder: Resource | undefined): boolean {
  return holder?.upstream !== undefined || holder?.upstream_id !== undefined
}

/** What a route takes, as it was written, and checked then. */
interface Conditions {
  uri?: string
  uris?: string[]
  host?: string
  hosts?: string[]
  methods?: string[]
  remote_addr?: string
  remote_addrs?: string[]
  vars?: unknown[]
  priority?: number
}

/** What the router needs of a route. Hosts come from the service when the route names none. */
function toRouteKeys(id: string, route: Conditions, service: Conditions | undefined, order: number): RouteKeys {
  const list = (plural: string[] | undefined, single: string | undefined): string[] | undefined =>
    plural ?? (single === undefined ? undefined : [single])
  return {
    id,
    order,
    uris: list(route.uris, route.uri) ?? [],
    hosts: list(route.hosts, route.host) ?? service?.hosts,
    methods: route.methods?.length ? route.methods : undefined,
    remoteAddrs: list(route.remote_addrs, route.remote_addr),
    vars: route.vars?.length ? route.vars : undefined,
    priority: route.priority ?? 0,
  }
}
