// The main thread's side of health checks: one checker for each upstream that has `checks` and that some thread has sent a request to.
//
// A change to the resource that holds the upstream retires its checker: nothing is asked any more, but what is known of the nodes stays for a
// while, until the next request brings the new configuration (`begin`). A resource that is gone takes its checkers with it at once.
import type { Resource } from '../../resources/kinds.ts'
import { Checker, type CheckerDeps, type CheckerReport } from './health-checker.ts'
import type { HealthEvent } from './health-table.ts'

/** An upstream that a thread has begun to use. */
export interface CheckerSpec {
  /** The upstream's name: the key of the resource that holds it, and a label when that holds several. */
  key: string
  owner: string
  /** modifiedIndex of the owner. */
  version: number
  conf: Resource
}

export interface HealthMonitorOptions extends CheckerDeps {
  /** modifiedIndex of a resource now, 0 when there is none: what a thread says of an older one is not heard. */
  version(key: string): number
}

const TICK_MS = 200

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
