// Where plans wait for a decision that comes over another request: the chat in the browser asks here, the console or `gateward approve` answers.
import type { Approvals } from '../operations/approval.ts'
import { type ApprovalRequest, OperationError } from '../operations/contract.ts'

/** How long a chat waits for a click. */
const WAIT_MS = 10 * 60 * 1000

export class Desk {
  readonly #approvals: Approvals
  readonly #asking = new Map<string, (person: string | undefined) => void>()

  constructor(approvals: Approvals) {
    this.#approvals = approvals
  }

  /** Waits for a decision on a plan; undefined: rejected, or nobody came. */
  wait(request: ApprovalRequest, signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), WAIT_MS)
      const settle = (person: string | undefined): void => {
        clearTimeout(timer)
        this.#asking.delete(request.planId)
        resolve(person)
      }
      signal.addEventListener('abort', () => settle(undefined), { once: true })
      this.#asking.set(request.planId, settle)
    })
  }

  /** A person has decided: `approvedBy`, whose name the caller has checked; undefined: no. Throws when the plan is not the one that was shown. */
  decide(planId: string, digest: string, approvedBy: string | undefined): void {
    const plan = this.#approvals.get(planId)
    if (plan.digest !== digest)
      throw new OperationError('refused', `plan ${planId} is not the one that was shown; look at it again`)
    const asking = this.#asking.get(planId)
    if (asking) asking(approvedBy)
    else if (approvedBy === undefined) this.#approvals.reject(planId)
    else this.#approvals.grant(planId, digest, approvedBy)
  }
}
