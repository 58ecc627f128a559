// The plugin contract. A plugin is one file in src/plugins with one default export made by `definePlugin`.
//
// Life cycle: schema (Admin write) -> check (Admin write, beyond the schema) -> setup (once per configuration and thread) -> phases, for each
// request -> close (the configuration is gone). Bad configuration fails when it is written, never at the first request.
//
// Phases, in the order of a request: rewrite, access, before_proxy, header_filter, body_filter, log. Global rules run first in each phase,
// then the route's plugins by priority (higher first). rewrite, access and before_proxy may return a promise and may stop the request
// by returning a Reply; the others are synchronous. A phase never writes to the socket.
import type { TSchema } from 'typebox'
import type { SharedTable } from '../lib/shared-table.ts'
import type { PluginFacts } from '../resources/catalog.ts'
import type { Kind, Resource } from '../resources/kinds.ts'
import type { ConsumerIndex } from './consumers.ts'
import type { Exchange } from './exchange.ts'
import type { HeaderFields } from './headers.ts'
import type { HttpClient } from './http-client.ts'
import type { Injected, InjectRequest } from './inject.ts'
import type { Metrics } from './metrics.ts'
import type { TrafficSnapshot } from './traffic.ts'
import type { UpstreamRuntime } from './upstream/runtime.ts'

/**
 * Stops the request and answers it. An object body becomes JSON; without a body a status from 400 on gets the gateway's HTML error page.
 * Content-Type is `text/plain; charset=utf-8` unless `headers` says otherwise, as APISIX answers from plugins.
 */
export interface Reply {
  status: number
  headers?: HeaderFields
  body?: string | Buffer | object
}

/** Set on an exchange in access by a plugin that will answer it in before_proxy: nothing of it goes to an upstream, nor to a mirror. */
export const ANSWERED_HERE = Symbol('answered here')

// biome-ignore lint/suspicious/noConfusingVoidType: a phase without a return statement is the common case
export type PhaseResult = Reply | undefined | void

/** What `setup` returns: the phases that this configuration takes part in. Absent phases cost a request nothing. */
export interface PluginInstance {
  rewrite?(ctx: Exchange): PhaseResult | Promise<PhaseResult>
  access?(ctx: Exchange): PhaseResult | Promise<PhaseResult>
  before_proxy?(ctx: Exchange): PhaseResult | Promise<PhaseResult>
  /** May change `ctx.response.status` and headers, and `ctx.response.pipe(stream)`. */
  header_filter?(ctx: Exchange): void
  /** Returns the bytes that go on instead of `chunk` (undefined: none now). `last` comes exactly once, possibly with an empty chunk. */
  body_filter?(ctx: Exchange, chunk: Buffer, last: boolean): Buffer | undefined
  /** After the response has ended or the client has gone. */
  log?(ctx: Exchange): void
  /** The configuration is gone. What still has to be written may take a while: the end of the process waits for the promise, within its bound. */
  close?(): void | Promise<void>
}

export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** The resource in which a plugin's configuration stands. `version` changes whenever the configuration may have changed. */
export interface ConfOwner {
  kind: Kind
  id: string
  version: number
}

/** What a configuration may use. One object for each `setup`. */
export interface PluginEnv {
  readonly owner: ConfOwner
  /** Counters that all threads share. */
  readonly shared: SharedTable
  readonly metrics: Metrics
  readonly log: Logger
  readonly http: HttpClient
  readonly consumers: ConsumerIndex
  /** This plugin's own metadata (plugin_metadata/NAME), as it is now. */
  metadata(): Resource | undefined
  /** Settings of the plugin (`plugins.attr.NAME`), as APISIX's plugin_attr. */
  readonly attr: Resource
  /** Directory in which a plugin may keep files, shared by all threads. */
  readonly dataDir: string
  /** Memory that all threads share, one of those that the plugin's `sharedMemory` asked for. */
  memory(name: string): SharedArrayBuffer | undefined
  /** Another resource as it is now; undefined when there is none. */
  resource(kind: Kind, id: string): Resource | undefined
  /** The upstream with this id, or one made of an inline configuration (`label` keeps its state apart). Undefined: no such id. */
  upstream(from: { id: string } | { conf: Resource; label: string }): UpstreamRuntime | undefined
  /** Sets up another plugin's configuration for this one's owner (multi-auth, workflow). Throws when there is no such plugin. */
  setupPlugin(name: string, conf: Resource): PluginInstance
  /** The interface that a plugin offers under this method and uri, ready to be called; for public-api. */
  api(method: string, uri: string): ((ctx: Exchange) => Reply | Promise<Reply>) | undefined
  /** Identity of this gateway, the same after a restart. */
  readonly nodeId: string
  /** The metrics of all threads, as Prometheus reads them. */
  collectMetrics(): Promise<string>
  /** Connections and requests of all threads, as they are now. */
  traffic(): TrafficSnapshot
  /** Sends a request to the upstream of `ctx`, past routes and plugins. Rejects when it has none or no whole answer came. */
  forward(ctx: Exchange, request: InjectRequest): Promise<Injected>
  /** Sends a request through this data plane without a socket. */
  inject(request: InjectRequest): Promise<Injected>
  /** Milliseconds since the epoch. Tests replace it. */
  now(): number
}

/** An HTTP interface that a plugin offers below the gateway's port, reachable through the `public-api` plugin. */
export interface PluginApi {
  methods: string[]
  uri: string
  handle(ctx: Exchange, env: PluginEnv): Reply | Promise<Reply>
}

/** A plugin: what resources must know of it, and what makes it run. */
export interface Plugin<Conf = Resource> extends PluginFacts<Conf> {
  /** Schema of its settings (`plugins.attr.NAME`), which are checked at the start. A plugin without it, and without `checkAttr`, has none. */
  attrSchema?: TSchema
  /** Beyond that schema; throws an Error that names the setting. */
  checkAttr?(attr: Resource): void
  /** Memory shared by all threads that these settings ask for, in bytes by name; made at the start. */
  sharedMemory?(attr: Resource): Record<string, number>
  /** `conf` has its defaults filled in and its secret references resolved. */
  setup(conf: Conf, env: PluginEnv): PluginInstance
  apis?: PluginApi[]
}

/** Types a plugin by its schema. The value is the whole plugin: order, validation, documentation and forms come from it. */
export function definePlugin<Conf>(plugin: Plugin<Conf>): Plugin {
  return plugin as unknown as Plugin
}
