// An upstream as one thread uses it: its nodes with their addresses, the balancer that chooses among them, and what its configuration says
// about connections. Picking allocates nothing for an upstream of one node with a literal address.
import { isIP } from 'node:net'
import type { Resource } from '../../resources/kinds.ts'
import type { Destination, PoolLimits, Timeouts } from '../transport/transport.ts'
import { type Balancer, type BalancerKind, createBalancer, type PickInput } from './balancer.ts'
import type { DnsCache } from './dns.ts'
import { type HealthLink, NodesHealth } from './health.ts'
import { readNodes } from './nodes.ts'

/** One place where the upstream runs. */
export interface Node {
  /** As configured: a name or an address. */
  host: string
  port: number
  /** What is connected to. */
  address: string
  weight: number
  priority: number
  /** `address:port`, for logs and health. */
  key: string
  /** Host header under `pass_host: node`. */
  hostHeader: string
  /** `host` is a service, to be found by its SRV records. */
  service: boolean
  /** Its port is the usual one of the upstream's scheme, not written. */
  usualPort: boolean
  /** Where connections without TLS go. */
  plain: Destination
}

/** Where an upstream is configured. */
export interface UpstreamPlace {
  /** Key of the resource that it is, or that holds it. */
  owner: string
  /** Tells several in one resource apart. */
  label: string
  /** modifiedIndex of the owner. */
  version: number
}

export interface UpstreamDeps {
  dns: DnsCache
  /** Undefined: there are no health checks. */
  health: HealthLink | undefined
  /** An ssl resource as it is now, for `tls.client_cert_id`; the same object until it changes. */
  certificate?(id: string): Resource | undefined
}

/** What a try has shown of a node; nothing at all: it took a connection. */
export interface Outcome {
  status?: number
  tcpFailure?: boolean
  timeout?: boolean
}

export interface UpstreamTls {
  verify: boolean
  cert?: string
  key?: string
  ca?: string
  /** Tells certificates apart in connection pools. */
  id: string
}

const HTTP_SCHEMES = new Set(['http', 'https', 'grpc', 'grpcs'])

/** APISIX's `timeout`. */
export type TimeoutSeconds = Partial<Record<'connect' | 'send' | 'read', number>>

/** APISIX's defaults for the three timeouts. */
const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 60_000, sendMs: 60_000, readMs: 60_000 }

/** What a configuration says about timeouts, over those that hold without it. */
export function readTimeouts({ connect, send, read }: TimeoutSeconds, base: Timeouts): Timeouts {
  return {
    connectMs: connect === undefined ? base.connectMs : connect * 1000,
    sendMs: send === undefined ? base.sendMs : send * 1000,
    readMs: read === undefined ? base.readMs : read * 1000,
  }
}

/** An upstream as it was written, and checked then. */
interface UpstreamConf {
  type?: BalancerKind
  nodes?: object
  scheme?: string
  pass_host?: 'pass' | 'node' | 'rewrite'
  upstream_host?: string
  hash_on?: string
  key?: string
  retries?: number
  retry_timeout?: number
  timeout?: TimeoutSeconds
  keepalive_pool?: { size?: number; idle_timeout?: number; requests?: number }
  checks?: object
  tls?: { verify?: boolean; client_cert?: string; client_key?: string; client_cert_id?: string | number }
}

/** What `idle_timeout: 0` means to nginx: a connection stays until the upstream ends it, or the pool is full. */
const NO_LIMIT = Number.POSITIVE_INFINITY

/** APISIX's defaults for `keepalive_pool`. */
const POOL: PoolLimits = { size: 320, idleMs: 60_000, requests: 1000 }

export class UpstreamRuntime {
  readonly key: string
  readonly scheme: string
  /** False for the schemes of stream routes, which say nothing of how an HTTP request would be written. */
  readonly speaksHttp: boolean
  readonly passHost: 'pass' | 'node' | 'rewrite'
  readonly upstreamHost: string | undefined
  readonly timeout: TimeoutSeconds | undefined
  /** The same with its defaults for HTTP. */
  readonly timeouts: Timeouts
  readonly pool: PoolLimits
  /** Milliseconds within which a retry may begin; 0: no limit. */
  readonly retryTimeoutMs: number
  readonly #conf: UpstreamConf
  #tls: UpstreamTls
  #certificate: Resource | undefined
  readonly #deps: UpstreamDeps
  readonly #configured: Node[]
  readonly #hashOn: { on: string; key: string | undefined }
  readonly #health: NodesHealth | undefined
  readonly #isUp: (node: Node) => boolean
  #nodes: Node[]
  #balancer: Balancer
  readonly #hasNames: boolean

  constructor({ owner, label, version }: UpstreamPlace, resource: Resource, deps: UpstreamDeps) {
    const conf = resource as UpstreamConf
    this.key = label ? `${owner}#${label}` : owner
    this.#conf = conf
    this.#deps = deps
    this.scheme = conf.scheme ?? 'http'
    this.speaksHttp = HTTP_SCHEMES.has(this.scheme)
    this.passHost = conf.pass_host ?? 'pass'
    this.upstreamHost = conf.upstream_host
    this.timeout = conf.timeout
    this.timeouts = readTimeouts(this.timeout ?? {}, DEFAULT_TIMEOUTS)
    const pool = conf.keepalive_pool
    this.pool = pool
      ? {
          size: pool.size ?? POOL.size,
          idleMs: pool.idle_timeout === 0 ? NO_LIMIT : (pool.idle_timeout ?? 60) * 1000,
          requests: pool.requests ?? POOL.requests,
        }
      : POOL
    this.#tls = readTls(conf)
    this.#configured = readNodes(resource)
    this.retryTimeoutMs = (conf.retry_timeout ?? 0) * 1000
    this.#hashOn = { on: conf.hash_on ?? 'vars', key: conf.key }
    this.#nodes = this.#configured
    this.#hasNames = this.#configured.some((node) => isIP(node.host) === 0)
    this.#balancer = this.#makeBalancer(this.#nodes)
    this.#health =
      conf.checks && deps.health
        ? new NodesHealth({ key: this.key, owner, version, conf: resource }, deps.health)
        : undefined
    this.#isUp = (node) => this.#health?.isUp(node) ?? true
  }

  /** APISIX's answer when no node can be chosen: nodes that all have the weight 0 are another case than none. */
  get statusWithoutNode(): number {
    return Object.keys(this.#conf.nodes ?? {}).length > 0 && this.#configured.length === 0 ? 502 : 503
  }

  /** False for another scheme than its own when a node has no port: which one is meant then, nobody knows. */
  canSpeak(scheme: string): boolean {
    return scheme === this.scheme || !this.#configured.some(({ usualPort, service }) => usualPort && !service)
  }

  /** Tries after the first: one for each other node, unless the configuration says how many. */
  get retries(): number {
    return this.#conf.retries ?? Math.max(0, this.#nodes.length - 1)
  }

  /** How TLS to the nodes is done. A certificate that is named by `client_cert_id` may change while the upstream stays. */
  get tls(): UpstreamTls {
    const id = this.#conf.tls?.client_cert_id
    if (id === undefined) return this.#tls
    const certificate = this.#deps.certificate?.(String(id))
    if (certificate !== this.#certificate) {
      this.#certificate = certificate
      const [cert, key] = [certificate?.cert as string | undefined, certificate?.key as string | undefined]
      this.#tls = { verify: this.#tls.verify, cert, key, id: cert ?? '' }
    }
    return this.#tls
  }

  /** The next node, undefined when there is none left; a promise only until names are resolved for the first time. */
  pick(input: PickInput): Node | undefined | Promise<Node | undefined> {
    if (!this.#hasNames) return this.#choose(input)
    const resolved = this.#deps.dns.expand(this.#configured)
    if (resolved instanceof Promise) return resolved.then((nodes) => this.#adopt(nodes).#choose(input))
    return this.#adopt(resolved).#choose(input)
  }

  /** A try has ended: for balancers that count connections or latency. */
  done(node: Node, outcome: { ok: boolean; latencyMs: number }): void {
    this.#balancer.done?.(node, outcome)
  }

  report(node: Node, outcome: Outcome): void {
    this.#health?.observe(node, outcome)
  }

  close(): void {
    this.#balancer.close?.()
  }

  #choose(input: PickInput): Node | undefined {
    const health = this.#health
    health?.begin()
    // A single node gets the retries too, as in APISIX.
    if (this.#nodes.length === 1) return this.#nodes[0]
    if (!health) return this.#balancer.pick(input, undefined)
    const picked = this.#balancer.pick(input, this.#isUp)
    // With every node down, APISIX tries them all the same: a wrong health check must not be an outage.
    if (picked || this.#nodes.some(this.#isUp)) return picked
    return this.#balancer.pick(input, undefined)
  }

  #adopt(nodes: Node[]): this {
    if (nodes !== this.#nodes) {
      this.#nodes = nodes
      this.#balancer.close?.()
      this.#balancer = this.#makeBalancer(nodes)
    }
    return this
  }

  #makeBalancer(nodes: Node[]): Balancer {
    return createBalancer(this.#conf.type ?? 'roundrobin', nodes, this.#hashOn)
  }
}

function readTls({ tls }: UpstreamConf): UpstreamTls {
  return {
    verify: tls?.verify ?? false,
    cert: tls?.client_cert,
    key: tls?.client_key,
    id: tls?.client_cert ?? '',
  }
}
