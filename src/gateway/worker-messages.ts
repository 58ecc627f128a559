// What the main thread and a data-plane thread say to each other.
import type { Resource } from '../resources/kinds.ts'
import type { UsualTls } from './certificates.ts'
import type { RingEnd } from './commit-ring.ts'
import type { ConfigChange } from './config.ts'
import type { Http1Limits } from './http1/server.ts'
import type { Address } from './listener.ts'
import type { Manners } from './manners.ts'
import type { SeriesDescription } from './metrics.ts'
import type { PluginMemory } from './plugin-memory.ts'
import type { RouterMode } from './routes.ts'
import type { SeenRequests } from './tail.ts'
import type { DnsOptions } from './upstream/dns.ts'
import type { CheckerSpec } from './upstream/health-monitor.ts'
import type { HealthEvent } from './upstream/health-table.ts'

/** What a thread is started with. */
export interface WorkerStart {
  listen: Address[]
  listenTls: Address[]
  /** Ports that speak the PROXY protocol, each with a fixed number. */
  listenProxied: Address[]
  listenTlsProxied: Address[]
  /** Ports of stream routes, each with a fixed number, and their bounds for one thread (see `StreamServer`). */
  stream: {
    tcp: Address[]
    tls: Address[]
    udp: Address[]
    proxyProtocol: boolean
    proxyToUpstream: boolean
    maxConnections: number
    maxUdpSessions: number
    udpIdleMs: number
  }
  /** Shared by all threads, see `listenHttps`. */
  ticketKeys: Uint8Array
  accessLog: { file: string; format: string | undefined } | undefined
  limits: Http1Limits
  /** HTTP/2 on the same ports; undefined: it is not served. */
  http2: { concurrentStreams: number } | undefined
  routerMode: RouterMode
  /** Plugins that may be used; undefined: all. */
  enabledPlugins: string[] | undefined
  attributes: Record<string, Resource>
  dns: DnsOptions
  /** Whether upstreams have their health checks. */
  healthChecks: boolean
  /** Where plugins may keep files. */
  dataDir: string
  memory: PluginMemory
  traffic: { memory: SharedArrayBuffer; thread: number }
  nodeId: string
  logLevel: string
  /** Networks whose X-Real-IP is believed. */
  trustedProxies: string[]
  realIpHeader: string
  /** Whether trusted proxies in the header are passed over. */
  realIpRecursive: boolean
  tls: UsualTls
  manners: Manners
  shared: SharedArrayBuffer
  /** See `HealthTable`. */
  health: SharedArrayBuffer
  commits: RingEnd
  /** Values of secret managers by reference. */
  secrets: ReadonlyMap<string, string>
  changes: ConfigChange[]
}

export type ToWorker =
  /** Commits wait, see `CommitReader`. */
  | { type: 'look' }
  /** All values of secret managers; `keys` are the resources that use one which has changed. */
  | { type: 'secrets'; values: ReadonlyMap<string, string>; keys: string[] }
  | { type: 'drain'; limitMs: number }
  | { type: 'metrics'; text: string }
  /** Show requests from now on, or no longer. */
  | { type: 'tail'; on: boolean }

export type FromWorker =
  | { type: 'ready'; metrics: SharedArrayBuffer; ports: number[]; tlsPorts: number[] }
  | { type: 'failed'; message: string }
  | { type: 'series'; series: SeriesDescription }
  /** Requests that have finished, while somebody watches. */
  | { type: 'seen'; seen: SeenRequests }
  /** A request wants the metrics of all threads: the answer is `metrics`. */
  | { type: 'collect' }
  /** The thread uses an upstream with health checks for the first time. */
  | { type: 'upstream-begun'; spec: CheckerSpec }
  /** What requests have seen of a node that has no slot yet. */
  | { type: 'node-observed'; slotName: string; event: HealthEvent; limit: number }
