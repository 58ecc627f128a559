// The checks of one upstream's nodes, in the main thread: gives each node its slot in the shared table, asks it at intervals, follows the addresses
// of names, and logs whoever goes down or comes back, whether a check or a request has found it.
import { isIP } from 'node:net'
import type { Resource } from '../../resources/kinds.ts'
import type { Logger } from '../plugin.ts'
import type { DnsCache } from './dns.ts'
import { type ActiveCheck, type Checks, HealthRules } from './health-rules.ts'
import type { HealthTable, NodeHealth } from './health-table.ts'
import { readNodes } from './nodes.ts'
import { probe } from './probe.ts'
import type { Node } from './runtime.ts'

export interface CheckerDeps {
  table: HealthTable
  dns: DnsCache
  log: Logger
}

/** One upstream's nodes as the Control API shows them. */
export interface CheckerReport {
  name: string
  type: string
  nodes: ({ ip: string; port: number; hostname: string } & NodeHealth)[]
}

/** As long as APISIX keeps what it knows of the nodes of an upstream that has changed. */
const RETIRED_MS = 10_000
/** After a name could not be resolved. */
const RESOLVE_AGAIN_MS = 5000

/** A node under watch. */
interface Watched {
  node: Node
  /** -1: the table is full; the node is taken for healthy. */
  slot: number
  up: boolean
  checkedAt: number
  checking: boolean
}

/** Begins with `use`, asks with each `tick`. */
export class Checker {
  readonly #key: string
  readonly #deps: CheckerDeps
  readonly #watched = new Map<string, Watched>()
  #text = ''
  #conf: Resource = {}
  #active: ActiveCheck | undefined
  #rules = HealthRules.active({})
  #type = 'http'
  #configured: Node[] = []
  #nodes: Node[] = []
  #running = 0
  #retiredAt: number | undefined
  /** When the names may be asked for again. */
  #resolveAt = 0
  /** It was said that the check cannot be sent. */
  #told = false
  readonly #stop = new AbortController()

  constructor(key: string, deps: CheckerDeps) {
    this.#key = key
    this.#deps = deps
  }

  get retired(): boolean {
    return this.#retiredAt !== undefined
  }

  /** Takes over a configuration; the nodes that it shares with the last one keep their state. */
  use(conf: Resource): void {
    this.#retiredAt = undefined
    const text = JSON.stringify(conf)
    if (text === this.#text) return
    this.#text = text
    this.#conf = conf
    this.#told = false
    const { active, passive } = conf.checks as Checks
    this.#active = active
    this.#rules = HealthRules.active(active ?? {})
    this.#type = active?.type ?? passive?.type ?? 'http'
    this.#configured = readNodes(conf)
    this.#resolveAt = 0
    this.#resolve()
  }

  retire(): void {
    this.#retiredAt ??= performance.now()
  }

  /** Asks the nodes whose time has come. False: nobody wants the checker any more. */
  tick(now: number): boolean {
    if (this.#retiredAt !== undefined) return now - this.#retiredAt < RETIRED_MS
    this.#resolve()
    this.#tellFlips()
    const active = this.#active
    if (!active) return true
    for (const watched of this.#watched.values()) {
      if (this.#running >= (active.concurrency ?? 10)) break
      const seconds = (watched.up ? active.healthy?.interval : active.unhealthy?.interval) ?? 1
      if (watched.checking || now - watched.checkedAt < seconds * 1000) continue
      void this.#check(watched, active)
    }
    return true
  }

  report(): CheckerReport {
    const { table } = this.#deps
    const seen = [...this.#watched.values()].filter(({ slot }) => slot >= 0)
    const nodes = seen.map(({ node, slot }) => ({
      ip: node.address,
      port: node.port,
      hostname: this.#active?.host ?? node.host,
      ...table.read(slot),
    }))
    return { name: this.#key, type: this.#type, nodes }
  }

  close(): void {
    this.#stop.abort()
    for (const watched of this.#watched.values()) this.#forget(watched)
  }

  async #check(watched: Watched, active: ActiveCheck): Promise<void> {
    watched.checking = true
    this.#running++
    const { node } = watched
    const asked = probe(node, active, this.#stop.signal, this.#hostFor(node))
    const outcome = await asked.catch((error) => this.#cannotAsk(error))
    this.#running--
    watched.checking = false
    watched.checkedAt = performance.now()
    const event = outcome && this.#rules.judge(outcome)
    const current = this.#watched.get(watched.node.key) === watched && !this.#stop.signal.aborted && !this.retired
    if (event && current && watched.slot >= 0) this.#deps.table.count(watched.slot, event, this.#rules.limits[event])
  }

  /** The Host that requests to the node have, where the upstream says so; undefined: what the check says. */
  #hostFor(node: Node): string | undefined {
    const { pass_host: passHost, upstream_host: upstreamHost } = this.#conf
    if (passHost === 'rewrite') return upstreamHost as string | undefined
    return passHost === 'node' && isIP(node.host) === 0 ? node.hostHeader : undefined
  }

  /** Nothing is known of the nodes then; said once for a configuration. */
  #cannotAsk(error: unknown): undefined {
    if (!this.#told)
      this.#deps.log.error(
        { err: error, upstream: this.#key },
        'the health check cannot be sent as it is written; correct http_path, host or req_headers',
      )
    this.#told = true
    return undefined
  }

  /** Follows the names of the nodes. A name that has never been resolved has no nodes to watch. */
  #resolve(): void {
    if (performance.now() < this.#resolveAt) return
    const named = this.#configured.some((node) => isIP(node.host) === 0)
    const nodes = named ? this.#deps.dns.expand(this.#configured) : this.#configured
    if (!(nodes instanceof Promise)) {
      this.#adopt(nodes)
      return
    }
    this.#resolveAt = performance.now() + RESOLVE_AGAIN_MS
    nodes.then(
      () => {
        this.#resolveAt = 0
      },
      // A warning comes from the threads, whose requests fail.
      (error) => this.#deps.log.debug({ err: error, upstream: this.#key }, 'no address to check'),
    )
  }

  #adopt(nodes: Node[]): void {
    if (nodes === this.#nodes) return
    this.#nodes = nodes
    const wanted = new Set(nodes.map((node) => node.key))
    for (const watched of [...this.#watched.values()]) if (!wanted.has(watched.node.key)) this.#forget(watched)
    for (const node of nodes) this.#watch(node)
    const without = [...this.#watched.values()].filter(({ slot }) => slot < 0).length
    if (without > 0)
      this.#deps.log.error(
        { upstream: this.#key, nodes: without },
        'no room is left for the health of these nodes; they are taken for healthy: check fewer nodes',
      )
  }

  #watch(node: Node): void {
    const known = this.#watched.get(node.key)
    if (known) {
      known.node = node
      return
    }
    const slot = this.#deps.table.claim(`${this.#key} ${node.key}`)
    const never = Number.NEGATIVE_INFINITY
    this.#watched.set(node.key, { node, slot, up: true, checkedAt: never, checking: false })
  }

  #forget(watched: Watched): void {
    if (watched.slot >= 0) this.#deps.table.release(watched.slot)
    this.#watched.delete(watched.node.key)
  }

  /** Whoever has taken a node out or back in, a thread or a check: it is logged here, once. */
  #tellFlips(): void {
    for (const watched of this.#watched.values()) {
      if (watched.slot < 0) continue
      const up = this.#deps.table.isUp(watched.slot)
      if (up === watched.up) continue
      watched.up = up
      const facts = { upstream: this.#key, node: watched.node.key, ...this.#deps.table.read(watched.slot).counter }
      if (up) this.#deps.log.info(facts, 'a node is healthy again')
      else this.#deps.log.warn(facts, 'a node is unhealthy; it gets no requests while others are healthy')
    }
  }
}
