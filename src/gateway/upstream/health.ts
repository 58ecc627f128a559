// The health of one upstream's nodes as one data-plane thread sees it: looks into the shared table, counts there what requests see (passive
// checks), and tells the main thread that the upstream is in use, which then asks the nodes by itself (health-monitor.ts).
import type { CheckerSpec } from './health-monitor.ts'
import { type Checks, HealthRules } from './health-rules.ts'
import type { HealthEvent, HealthTable } from './health-table.ts'
import type { Node, Outcome } from './runtime.ts'

/** A thread's way to what all threads know of nodes: the table, and the monitor in the main thread. */
export interface HealthLink {
  table: HealthTable
  begin(spec: CheckerSpec): void
  observed(slotName: string, event: HealthEvent, limit: number): void
}

/** For this long after its beginning the main thread may not have given out the slots yet, and gets what was seen as a message. */
const BEGIN_MS = 1000

export class NodesHealth {
  readonly #spec: CheckerSpec
  readonly #link: HealthLink
  readonly #passive: HealthRules | undefined
  readonly #slots = new Map<string, number>()
  #generation = 0
  #begunAt: number | undefined

  constructor(spec: CheckerSpec, link: HealthLink) {
    this.#spec = spec
    this.#link = link
    const { passive } = spec.conf.checks as Checks
    this.#passive = passive && HealthRules.passive(passive)
  }

  /** A request is about to choose a node: checks begin with the first one. */
  begin(): void {
    if (this.#begunAt !== undefined) return
    this.#begunAt = performance.now()
    this.#link.begin(this.#spec)
  }

  /** False while the node is down. */
  isUp(node: Node): boolean {
    const slot = this.#slot(node)
    return slot < 0 || this.#link.table.isUp(slot)
  }

  /** What a request has seen of the node. */
  observe(node: Node, outcome: Outcome): void {
    const event = this.#passive?.judge(outcome)
    if (!event) return
    const limit = (this.#passive as HealthRules).limits[event]
    const slot = this.#slot(node)
    if (slot >= 0) this.#link.table.count(slot, event, limit)
    else if (performance.now() - (this.#begunAt ?? 0) < BEGIN_MS) this.#link.observed(this.#name(node), event, limit)
  }

  #slot(node: Node): number {
    const { table } = this.#link
    const { generation } = table
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#slots.clear()
    }
    let slot = this.#slots.get(node.key)
    if (slot === undefined) {
      slot = table.find(this.#name(node))
      this.#slots.set(node.key, slot)
    }
    return slot
  }

  #name(node: Node): string {
    return `${this.#spec.key} ${node.key}`
  }
}
