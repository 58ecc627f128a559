// The main thread's side of health checks: one checker for each upstream that has `checks` and that some thread has sent a request to. It asks
// the nodes, gives out their slots in the shared table, and tells the Control API and the log.
//
// A change to the resource that holds the upstream retires its checker: nothing is asked any more, but what is known of the nodes stays until
// the next request brings the new configuration (`begin`), or for RETIRED_MS. A resource that is gone takes its checkers with it at once.
import { isIP } from 'node:net'
import type { Resource } from '../../resources/kinds.ts'
import type { Logger } from '../plugin.ts'
import type { DnsCache } from './dns.ts'
import { type ActiveCheck, type Checks, HealthRules } from './health-rules.ts'
import type { HealthEvent, HealthTable, NodeHealth } from './health-table.ts'
import { readNodes } from './nodes.ts'
import { probe } from './probe.ts'
import type { Node } from './runtime.ts'

/** An upstream that a thread has begun to use. */
export interface CheckerSpec {
  /** The upstream's name: the key of the resource that holds it, and a label when that holds several. */
  key: string
  owner: string
  /** modifiedIndex of the owner. */
  version: number
  conf: Resource
}

/** One upstream's nodes as the Control API shows them. */
export interface CheckerReport {
  name: string
  type: string
  nodes: ({ ip: string; port: number; hostname: string } & NodeHealth)[]
}

export interface HealthMonitorOptions {
  table: HealthTable
  dns: DnsCache
  /** modifiedIndex of a resource now, 0 when there is none: what a thread says of an older one is not heard. */
  version(key: string): number
  log: Logger
}

const TICK_MS = 200
/** As long as APISIX keeps what it knows of the nodes of an upstream that has changed. */
const RETIRED_MS = 10_000
/** After a name could not be resolved. */
const RESOLVE_AGAIN_MS = 5000

export class HealthMonitor {
  readonly #options: HealthMonitorOptions
  readonly #checkers = new Map<string, Map<string, Checker>>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: HealthMonitorOptions) {
    this.#options = options
  }

  /** A thread uses this upstream. */
  begin(spec: CheckerSpec): void {
    if (this.#options.version(spec.owner) !== spec.version) return
    const ofOwner = this.#checkers.get(spec.owner) ?? new Map<string, Checker>()
    this.#checkers.set(spec.owner, ofOwner)
    const checker = ofOwner.get(spec.key) ?? new Checker(spec.key, this.#options)
    ofOwner.set(spec.key, checker)
    checker.use(spec.conf)
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /** What a thread saw before it knew the node's slot. */
  observed(slotName: string, event: HealthEvent, limit: number): void {
    const slot = this.#options.table.find(slotName)
    if (slot >= 0) this.#options.table.count(slot, event, limit)
  }

  /** These resources have changed, or are gone (`text` undefined). */
  changed(changes: readonly { key: string; text: string | undefined }[]): void {
    if (this.#checkers.size === 0) return
    for (const { key, text } of changes) {
      for (const checker of this.#checkers.get(key)?.values() ?? []) {
        if (text === undefined) checker.close()
        else checker.retire()
      }
      if (text === undefined) this.#checkers.delete(key)
    }
  }

  /** All checkers at work; `owner`: those of one resource. */
  reports(owner?: string): CheckerReport[] {
    const held = owner === undefined ? [...this.#checkers.values()] : [this.#checkers.get(owner) ?? new Map()]
    return held.flatMap((one: Map<string, Checker>) =>
      [...one.values()].filter((c) => !c.retired).map((c) => c.report()),
    )
  }

  close(): void {
    clearInterval(this.#timer)
    for (const ofOwner of this.#checkers.values()) for (const checker of ofOwner.values()) checker.close()
    this.#checkers.clear()
  }

  #tick(): void {
    const now = performance.now()
    for (const [owner, ofOwner] of this.#checkers) {
      for (const [key, checker] of ofOwner) {
        if (checker.tick(now)) continue
        checker.close()
        ofOwner.delete(key)
      }
      if (ofOwner.size === 0) this.#checkers.delete(owner)
    }
    if (this.#checkers.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/** A node under watch. */
interface Watched {
  node: Node
  /** -1: the table is full; the node is taken for healthy. */
  slot: number
  up: boolean
  checkedAt: number
  checking: boolean
}

/** The checks of one upstream. */
class Checker {
  readonly #key: string
  readonly #options: HealthMonitorOptions
  readonly #watched = new Map<string, Watched>()
  #text = ''
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

  constructor(key: string, options: HealthMonitorOptions) {
    this.#key = key
    this.#options = options
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
    const { table } = this.#options
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
    const outcome = await probe(watched.node, active, this.#stop.signal).catch((error) => this.#cannotAsk(error))
    this.#running--
    watched.checking = false
    watched.checkedAt = performance.now()
    const event = outcome && this.#rules.judge(outcome)
    const current = this.#watched.get(watched.node.key) === watched && !this.#stop.signal.aborted && !this.retired
    if (event && current && watched.slot >= 0) this.#options.table.count(watched.slot, event, this.#rules.limits[event])
  }

  /** Nothing is known of the nodes then; said once for a configuration. */
  #cannotAsk(error: unknown): undefined {
    if (!this.#told)
      this.#options.log.error(
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
    const nodes = named ? this.#options.dns.expand(this.#configured) : this.#configured
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
      (error) => this.#options.log.debug({ err: error, upstream: this.#key }, 'no address to check'),
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
      this.#options.log.error(
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
    const slot = this.#options.table.claim(`${this.#key} ${node.key}`)
    const never = Number.NEGATIVE_INFINITY
    this.#watched.set(node.key, { node, slot, up: true, checkedAt: never, checking: false })
  }

  #forget(watched: Watched): void {
    if (watched.slot >= 0) this.#options.table.release(watched.slot)
    this.#watched.delete(watched.node.key)
  }

  /** Whoever has taken a node out or back in, a thread or a check: it is logged here, once. */
  #tellFlips(): void {
    for (const watched of this.#watched.values()) {
      if (watched.slot < 0) continue
      const up = this.#options.table.isUp(watched.slot)
      if (up === watched.up) continue
      watched.up = up
      const facts = { upstream: this.#key, node: watched.node.key, ...this.#options.table.read(watched.slot).counter }
      if (up) this.#options.log.info(facts, 'a node is healthy again')
      else this.#options.log.warn(facts, 'a node is unhealthy; it gets no requests while others are healthy')
    }
  }
}
