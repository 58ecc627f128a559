// Plans that wait for a person. A plan is bound to its digest, expires, is approved by a person over a channel that a model cannot
// speak on, and is used once. Nothing here trusts what a caller claims: an approval is a call of `grant` by a surface that has seen the person.
import { OperationError } from './contract.ts'
import type { Plan } from './plan.ts'

/** How long a plan may wait unless the settings say otherwise. */
const PLAN_TTL_MS = 15 * 60 * 1000
/** Plans that may wait at once, and how long all of them may be together; the oldest are dropped for a new one. */
const MAX_WAITING = 200
const MAX_WAITING_CHARS = 64 * 1024 * 1024

interface Waiting {
  plan: Plan
  approvedBy: string | undefined
  chars: number
}

function setTrial(plan: Plan, seconds: number | undefined): void {
  plan.trialSeconds = seconds
  const [own = ''] = plan.digest.split('-')
  plan.digest = seconds === undefined ? own : `${own}-${seconds}`
}

export class Approvals {
  readonly #waiting = new Map<string, Waiting>()
  readonly #ttlMs: number

  constructor(ttlMs = PLAN_TTL_MS) {
    this.#ttlMs = ttlMs
  }

  /** Keeps a plan until it is used, rejected or too old. */
  add(plan: Plan): void {
    this.#sweep()
    const chars = plan.diff.length + JSON.stringify(plan.changes).length
    let all = chars
    for (const one of this.#waiting.values()) all += one.chars
    for (const [id, oldest] of this.#waiting) {
      if (this.#waiting.size < MAX_WAITING && all <= MAX_WAITING_CHARS) break
      this.#waiting.delete(id)
      all -= oldest.chars
    }
    this.#waiting.set(plan.id, { plan, approvedBy: undefined, chars })
  }

  /** The plan, while it may still be used. */
  get(id: string): Plan {
    return this.#find(id).plan
  }

  /** Plans that nobody has decided on, oldest first. */
  pending(): Plan[] {
    this.#sweep()
    return [...this.#waiting.values()].filter((one) => one.approvedBy === undefined).map((one) => one.plan)
  }

  /** A person has approved exactly this diff. `digest` is what the person was shown. */
  grant(id: string, digest: string, person: string): void {
    const waiting = this.#find(id)
    if (waiting.plan.digest !== digest) {
      throw new OperationError('refused', `plan ${id} is not the one that was shown; look at it again before approving`)
    }
    waiting.approvedBy = person
  }

  reject(id: string): void {
    this.#waiting.delete(id)
  }

  /**
   * How a plan that is to be applied now is applied: on trial for so many seconds, or for good. Until somebody has approved it that is what the caller
   * wants, and is shown with the plan under a digest of its own, so that an older page approves nothing else; afterwards it is what was approved.
   */
  settleTrial(id: string, wanted: number | undefined): number | undefined {
    const { plan, approvedBy } = this.#find(id)
    const { trialSeconds } = plan
    if (wanted === trialSeconds) return wanted
    if (approvedBy === undefined) setTrial(plan, wanted)
    else if (wanted !== undefined)
      throw new OperationError(
        'refused',
        `plan ${id} was approved ${trialSeconds === undefined ? 'for good' : `on trial for ${trialSeconds} s`}, not on trial for ${wanted} s; apply it so, or plan again`,
      )
    return plan.trialSeconds
  }

  approvedBy(id: string): string | undefined {
    return this.#find(id).approvedBy
  }

  /** Takes an approved plan out: it cannot be used a second time. */
  consume(id: string): { plan: Plan; approvedBy: string } {
    const { plan, approvedBy } = this.#find(id)
    if (approvedBy === undefined) throw new OperationError('refused', `plan ${id} has not been approved by a person`)
    this.#waiting.delete(id)
    return { plan, approvedBy }
  }

  #find(id: string): Waiting {
    this.#sweep()
    const waiting = this.#waiting.get(id)
    if (!waiting)
      throw new OperationError(
        'not_found',
        `there is no plan ${JSON.stringify(id)} to apply: it was used, rejected or has expired; plan again`,
      )
    return waiting
  }

  #sweep(): void {
    for (const [id, { plan }] of this.#waiting) if (plan.createdAt + this.#ttlMs <= Date.now()) this.#waiting.delete(id)
  }
}
