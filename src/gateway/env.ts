// What a plugin configuration may use (PluginEnv), made for each configuration from one thread's parts.
import type { SharedTable } from '../lib/shared-table.ts'
import type { Kind, Resource } from '../resources/kinds.ts'
import type { Config } from './config.ts'
import type { Exchange } from './exchange.ts'
import type { HttpClient } from './http-client.ts'
import type { Injected, InjectRequest } from './inject.ts'
import { setupPlugin, toOwner } from './instances.ts'
import type { Metrics } from './metrics.ts'
import type { Logger, Plugin, PluginApi, PluginEnv } from './plugin.ts'
import type { PluginMemory } from './plugin-memory.ts'
import type { ResolvedResources } from './resolved-resources.ts'
import type { TrafficSnapshot } from './traffic.ts'
import type { Upstreams } from './upstreams.ts'

/** The parts of a thread that plugins reach. */
export interface EnvParts {
  config: Config
  resolved: ResolvedResources
  upstreams: Upstreams
  shared: SharedTable
  metrics: Metrics
  log: Logger
  http: HttpClient
  plugin(name: string): Plugin | undefined
  /** The interfaces of all plugins, by method and uri. */
  apis: ReadonlyMap<string, { plugin: Plugin; api: PluginApi }>
  nodeId: string
  collectMetrics(): Promise<string>
  traffic(): TrafficSnapshot
  /** See `PluginEnv.dataDir`. */
  dataDir: string
  memory: PluginMemory
  /** `plugins.attr` of the settings, by plugin name. */
  attributes: Record<string, Resource>
  inject(request: InjectRequest): Promise<Injected>
  forward(ctx: Exchange, request: InjectRequest): Promise<Injected>
  now(): number
}

/** Interfaces by method and uri. */
export function apisOf(plugins: readonly Plugin[]): EnvParts['apis'] {
  const all = plugins.flatMap((plugin) => (plugin.apis ?? []).map((api) => ({ plugin, api })))
  return new Map(all.flatMap((one) => one.api.methods.map((method) => [`${method} ${one.api.uri}`, one] as const)))
}

/** The environment of one plugin configuration in the resource `owner.key`. */
export function makeEnv(parts: EnvParts, plugin: Plugin, owner: { key: string; version: number }): PluginEnv {
  return {
    owner: toOwner(owner.key, owner.version),
    shared: parts.shared,
    metrics: parts.metrics,
    log: parts.log,
    http: parts.http,
    consumers: parts.config.consumers,
    attr: parts.attributes[plugin.name] ?? {},
    dataDir: parts.dataDir,
    memory: (name) => parts.memory[plugin.name]?.[name],
    metadata: () => parts.resolved.get('plugin_metadata', plugin.name),
    resource: (kind: Kind, id: string) => parts.config.get(kind, id),
    upstream: (from) =>
      'id' in from ? parts.upstreams.byId(from.id) : parts.upstreams.inline(owner.key, from.conf, from.label),
    setupPlugin: (name, conf) => {
      const other = parts.plugin(name)
      if (!other) throw new Error(`plugin ${name} is not known here`)
      return setupPlugin(other, conf, makeEnv(parts, other, owner))
    },
    api: (method, uri) => {
      const found = parts.apis.get(`${method} ${uri}`)
      return found && ((ctx) => found.api.handle(ctx, makeEnv(parts, found.plugin, owner)))
    },
    nodeId: parts.nodeId,
    collectMetrics: parts.collectMetrics,
    traffic: parts.traffic,
    inject: parts.inject,
    forward: parts.forward,
    now: parts.now,
  }
}
