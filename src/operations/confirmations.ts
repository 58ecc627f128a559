// Changes on trial (commit-confirmed): applied with a time, taken back when nobody confirms them by then, or at once when the requests of their
// routes begin to fail. The trials lie in the ledger, so that they outlive this process, and the first that takes a trial out of it acts on it.
//
// The person who approved the plan approved that it is taken back, so that nobody is asked again.

import { applyPlan } from './apply.ts'
import { Approvals } from './approval.ts'
import { type OperationContext, OperationError } from './contract.ts'
import type { AppliedChange, Ledger, Trial } from './ledger.ts'
import type { Targets } from './targets.ts'
import { requestsIn } from './traffic/counts.ts'
import { planUndo } from './undo.ts'

const SWEEP_MS = 1000
/** Between two looks at the metrics of routes on trial. */
const LOOK_MS = 5000
/** Requests below which a share of failures says nothing. */
const MIN_REQUESTS = 10
/** How much larger the share of failures must be than before the change. */
const WORSE_BY = 0.2

/** What is counted of a trial's routes. */
interface Counted {
  requests: number
  failures: number
}

interface Watched {
  before: Counted | undefined
  lookedAt: number
}

export class Confirmations {
  readonly #ledger: Ledger
  readonly #targets: Targets
  readonly #watched = new Map<string, Watched>()

  constructor(ledger: Ledger, targets: Targets) {
    this.#ledger = ledger
    this.#targets = targets
  }

  /** Puts an applied change on trial. */
  start(changeId: string, until: number): void {
    this.#ledger.addTrial(changeId, until)
  }

  /** Keeps the change for good; without an id the only one that is on trial. */
  confirm(id: string | undefined): Trial {
    const trials = this.#ledger.trials()
    const trial = id === undefined && trials.length === 1 ? trials[0] : trials.find((one) => one.id === id)
    if (trial && this.#ledger.takeTrial(trial.id)) return trial
    const names = trials.map((one) => one.id).join(', ')
    throw new OperationError(
      'not_found',
      id === undefined && trials.length
        ? `name the change: ${names}`
        : `there is no ${id ?? 'change'} on trial${names ? `; there are: ${names}` : ''}`,
    )
  }

  /** Looks after the trials from now on, until the returned function is called. `failed` is told of what could not be taken back. */
  watch(failed: (error: Error) => void): () => void {
    let busy = false
    const sweep = async (): Promise<void> => {
      if (busy) return
      busy = true
      await this.sweep(Date.now()).catch(failed)
      busy = false
    }
    const timer = setInterval(() => void sweep(), SWEEP_MS).unref()
    return () => clearInterval(timer)
  }

  /** Takes back what is due or has made things worse. */
  async sweep(now: number): Promise<void> {
    const trials = this.#ledger.trials()
    for (const id of this.#watched.keys()) if (!trials.some((one) => one.id === id)) this.#watched.delete(id)
    for (const trial of trials) {
      const reason = trial.until <= now ? 'nobody confirmed it in time' : await this.#worse(trial, now)
      if (reason !== undefined && this.#ledger.takeTrial(trial.id)) await this.#takeBack(trial.id, reason, now)
    }
  }

  /** Why a trial must end now: more requests of its routes fail than before. */
  async #worse(trial: Trial, now: number): Promise<string | undefined> {
    const change = this.#ledger.change(trial.id)
    const watched = this.#watched.get(trial.id)
    if (!change || (watched && now - watched.lookedAt < LOOK_MS)) return undefined
    const counted = await this.#count(change)
    if (!watched?.before || !counted) {
      this.#watched.set(trial.id, { before: watched?.before ?? counted, lookedAt: now })
      return undefined
    }
    watched.lookedAt = now
    const { before } = watched
    const requests = counted.requests - before.requests
    if (requests < MIN_REQUESTS) return undefined
    const share = (counted.failures - before.failures) / requests
    const usual = before.requests ? before.failures / before.requests : 0
    return share > usual + WORSE_BY ? `${Math.round(share * 100)} % of ${requests} requests failed since` : undefined
  }

  /** Undefined where the target does not tell what it serves: then only the time counts. */
  async #count(change: AppliedChange): Promise<Counted | undefined> {
    const routes = new Set(change.changes.filter((one) => one.kind === 'routes').map((one) => one.id))
    const all = change.changes.some((one) => one.kind !== 'routes' && one.kind !== 'consumers')
    try {
      const counts = await this.#targets.get(change.target).traffic.sinceStart(AbortSignal.timeout(LOOK_MS))
      const counted = { requests: 0, failures: 0 }
      for (const one of counts) {
        if (!all && !routes.has(one.route)) continue
        counted.requests += requestsIn(one)
        for (const [code, number] of one.codes) if (code.startsWith('5')) counted.failures += number
      }
      return counted
    } catch (error) {
      if (error instanceof OperationError) return undefined
      throw error
    }
  }

  async #takeBack(id: string, reason: string, now: number): Promise<void> {
    const ctx = this.#context(now)
    const change = this.#ledger.change(id)
    if (!change || change.undoneBy) return
    try {
      const plan = await planUndo(change, ctx)
      ctx.approvals.grant(plan.id, plan.digest, 'the approval of the trial')
      await applyPlan(plan.id, ctx)
      this.#ledger.audit(ctx.caller, 'trial_ended', { change: id, reason }, now)
    } catch (error) {
      this.#ledger.audit(ctx.caller, 'trial_failed', { change: id, reason, error: (error as Error).message }, now)
      throw error
    }
  }

  #context(now: number): OperationContext {
    return {
      targets: this.#targets,
      ledger: this.#ledger,
      approvals: new Approvals(),
      confirmations: this,
      fetchDocument: () => Promise.reject(new OperationError('refused', 'a trial fetches nothing')),
      caller: { surface: 'trial', subject: 'gateward' },
      ask: undefined,
      reveal: undefined,
      progress: () => {},
      signal: new AbortController().signal,
      now: () => now,
    }
  }
}
