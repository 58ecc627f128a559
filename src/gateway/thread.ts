// One data-plane thread: its view of the configuration, its pipeline, its upstreams and its way to plugins. Transport-free: worker.ts puts
// listeners in front of it, tests call `inject`.
import { SharedTable } from '../lib/shared-table.ts'
import { createCatalog } from '../resources/catalog.ts'
import type { Resource } from '../resources/kinds.ts'
import { createValidator, type Validator } from '../resources/validator.ts'
import { Config, type ConfigChange } from './config.ts'
import { ConsumerIndex } from './consumers.ts'
import { Deadlines } from './deadlines.ts'
import { apisOf, type EnvParts, makeEnv } from './env.ts'
import type { Exchange } from './exchange.ts'
import { createForwarder, type Forwarder } from './forward.ts'
import { createHttpClient, type HttpClient } from './http-client.ts'
import { type Injected, type InjectRequest, inject, sendToUpstream } from './inject.ts'
import { type InstanceDeps, Instances } from './instances.ts'
import { DEFAULT_MANNERS, type Manners } from './manners.ts'
import { Metrics, type SeriesDescription } from './metrics.ts'
import { Pipeline } from './pipeline.ts'
import type { Logger, Plugin } from './plugin.ts'
import type { PluginMemory } from './plugin-memory.ts'
import { ResolvedResources } from './resolved-resources.ts'
import { checkVars } from './router/vars.ts'
import { type RouterMode, Routes } from './routes.ts'
import { StreamRoutes } from './stream/routes.ts'
import { readTraffic, Traffic } from './traffic.ts'
import type { UpstreamDeps } from './upstream/runtime.ts'
import { Upstreams } from './upstreams.ts'

export interface ThreadOptions {
  plugins: readonly Plugin[]
  /** Counters of limits, shared by all threads. */
  shared: SharedArrayBuffer
  upstream: UpstreamDeps
  routerMode: RouterMode
  attributes: Record<string, Resource>
  /** See `PluginEnv.dataDir`. */
  dataDir: string
  memory: PluginMemory
  /** Numbers of all threads (`allocateTraffic`), and the place of this thread among them. */
  traffic: { memory: SharedArrayBuffer; thread: number }
  nodeId: string
  manners?: Manners
  /** The metrics of all threads, as Prometheus reads them. */
  collectMetrics(): Promise<string>
  log: Logger
  announceSeries(series: SeriesDescription): void
  /** After each request, for the access log. */
  onFinish?(ctx: Exchange): void
  now?(): number
}

export class Thread {
  readonly resolved: ResolvedResources
  readonly config: Config
  readonly routes: Routes
  readonly streamRoutes: StreamRoutes
  readonly pipeline: Pipeline
  readonly metrics: Metrics
  readonly http: HttpClient
  readonly deadlines: Deadlines
  readonly traffic: Traffic
  readonly #secrets = new Map<string, string>()
  readonly #instances: Instances
  readonly #upstreams: Upstreams
  readonly #forwarder: Forwarder

  constructor(options: ThreadOptions) {
    const { log, manners = DEFAULT_MANNERS } = options
    const byName = new Map(options.plugins.map((plugin) => [plugin.name, plugin]))
    const plugin = (name: string): Plugin | undefined => byName.get(name)
    const tell = (message: string) => (owner: string, name: string, error: unknown) =>
      log.error({ err: error, owner, plugin: name }, message)
    this.config = new Config(
      new ConsumerIndex(plugin, this.#secrets, tell('authentication data cannot be used; nobody is let in by it')),
    )
    this.metrics = new Metrics(options.announceSeries)
    this.traffic = new Traffic(options.traffic.memory, options.traffic.thread)
    this.http = createHttpClient()
    this.resolved = new ResolvedResources(this.config, this.#secrets, log)
    this.#upstreams = new Upstreams(this.config, this.resolved, options.upstream)
    const parts = this.#envParts(options, plugin)
    this.#instances = new Instances({
      plugin,
      secrets: this.#secrets,
      faults: createFaultCheck(options),
      env: (one, owner) => makeEnv(parts, one, owner),
      onTrouble: tell('a plugin configuration cannot be set up; its requests are refused'),
    })
    this.routes = new Routes(this.config, this.#instances, this.#upstreams, options.routerMode)
    this.streamRoutes = new StreamRoutes(this.config, this.#instances, this.#upstreams)
    this.deadlines = new Deadlines()
    this.#forwarder = createForwarder({ pipeline: () => this.pipeline, deadlines: this.deadlines, log, manners })
    this.pipeline = new Pipeline({
      routes: this.routes,
      log,
      manners,
      forward: (ctx) => this.#forwarder.forward(ctx),
      onBegin: () => this.traffic.requestBegan(),
      onFinish: (ctx) => {
        this.traffic.requestEnded()
        options.onFinish?.(ctx)
      },
    })
  }

  #envParts(options: ThreadOptions, plugin: EnvParts['plugin']): EnvParts {
    return {
      config: this.config,
      resolved: this.resolved,
      upstreams: this.#upstreams,
      shared: new SharedTable(options.shared),
      metrics: this.metrics,
      log: options.log,
      http: this.http,
      plugin,
      apis: apisOf(options.plugins),
      nodeId: options.nodeId,
      collectMetrics: options.collectMetrics,
      traffic: () => readTraffic(options.traffic.memory),
      attributes: options.attributes,
      dataDir: options.dataDir,
      memory: options.memory,
      inject: (request) => this.inject(request),
      forward: (ctx, request) => sendToUpstream(this.pipeline, ctx, request),
      now: options.now ?? Date.now,
    }
  }

  /** Takes over one commit; requests that begin after it see it whole. */
  apply(changes: readonly ConfigChange[]): void {
    this.routes.apply(changes)
  }

  /** Takes over the values of secret managers, all of them; `keys` are the resources that use one which has changed. */
  takeSecrets(values: Iterable<readonly [reference: string, value: string]>, keys: readonly string[]): void {
    this.#secrets.clear()
    for (const [reference, value] of values) this.#secrets.set(reference, value)
    this.routes.renew(keys)
  }

  /** Sends a request through the data plane without a socket. */
  inject(request: InjectRequest): Promise<Injected> {
    return inject(this.pipeline, request)
  }

  /** Closes the plugins' configurations; resolves when they have written what they still held, or after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const bound = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs)
    })
    await Promise.race([this.#instances.releaseAll(), bound])
    clearTimeout(timer)
  }

  close(): void {
    void this.#instances.releaseAll()
    this.#upstreams.releaseAll()
    this.#forwarder.close()
    this.http.close()
    this.deadlines.close()
  }
}

/** Where a configuration is not what its plugin takes. Few threads ever ask, so that the schemas are compiled by the first question. */
function createFaultCheck({ plugins, attributes }: ThreadOptions): InstanceDeps['faults'] {
  let validator: Validator | undefined
  return (name, conf) => {
    validator ??= createValidator({ catalog: createCatalog(plugins), checkVars, attributes })
    const invalid = validator.check('routes', 'any', { uri: '/', plugins: { [name]: conf } })
    return invalid?.failures.map(({ pointer }) => pointer)
  }
}
