// Changes on trial (commit-confirmed): applied with a time, taken back when nobody confirms them by then, or at once when the requests of their
// routes begin to fail. The trials lie in the ledger, so that they outlive this process. Who acts on one takes it on for a while and ends it when it
// is done: a process that dies over it, or a target that does not answer, only delays what was promised.
//
// The person who approved the plan approved that it is taken back, so that nobody is asked again.

import { applyPlan } from './apply.ts'
import { Approvals } from './approval.ts'
import { type OperationContext, OperationError } from './contract.ts'
import type { AppliedChange, Ledger, Trial } from './ledger.ts'
import { settleOne } from './settle.ts'
import type { Targets } from './targets.ts'
import { requestsIn } from './traffic/counts.ts'
import { planUndo } from './undo.ts'

const SWEEP_MS = 1000
/** Between two looks at the metrics of routes on trial. */
const LOOK_MS = 5000
/** How long who takes a trial back may need; then it is tried again. */
const RETRY_MS = 30_000
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
  /** Trials that are being taken back now. */
  readonly #ending = new Set<string>()
  /** Why trials end whose target did not answer. */
  readonly #delayed = new Map<string, string>()

  constructor(ledger: Ledger, targets: Targets) {
    this.#ledger = ledger
    this.#targets = targets
  }

  /** Keeps the change for good; without an id the only one that is on trial. */
  confirm(id: string | undefined, { caller }: Pick<OperationContext, 'caller'>): Trial {
    const trials = this.#ledger.trials()
    const trial = id === undefined && trials.length === 1 ? trials[0] : trials.find((one) => one.id === id)
    const target = trial && this.#ledger.change(trial.id)?.target
    if (target && this.#targets.policy(this.#targets.get(target), caller.surface) === 'read-only')
      throw new OperationError('refused', `target ${target} is read-only for ${caller.surface} by its settings`)
    if (trial && this.#ending.has(trial.id)) throw new OperationError('conflict', `${trial.id} is being taken back`)
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
      if (this.#ledger.isWriting(trial.id, now)) continue
      const reason = trial.until <= now ? 'nobody confirmed it in time' : await this.#worse(trial, now)
      if (reason === undefined || !this.#ledger.claimTrial(trial, now + RETRY_MS)) continue
      this.#ending.add(trial.id)
      try {
        await this.#takeBack(trial.id, reason, now)
      } finally {
        this.#ending.delete(trial.id)
      }
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
        counted.failures += requestsIn(one, '5')
      }
      return counted
    } catch (error) {
      if (error instanceof OperationError) return undefined
      throw error
    }
  }

  async #takeBack(id: string, because: string, now: number): Promise<void> {
    const ctx = this.#context(now)
    const reason = this.#delayed.get(id) ?? because
    const change = this.#ledger.change(id)
    try {
      const outcome = change?.outcome === 'unsettled' ? await settleOne(change, ctx) : change?.outcome
      if (change && !change.undoneBy && outcome !== 'none') {
        const plan = await planUndo(change, ctx)
        ctx.approvals.grant(plan.id, plan.digest, 'the approval of the trial')
        await applyPlan(plan.id, ctx)
      }
      this.#end(id)
      this.#ledger.audit(ctx.caller, 'trial_ended', { change: id, reason }, now)
    } catch (error) {
      const away = error instanceof OperationError && error.code === 'unreachable'
      const told = this.#delayed.has(id)
      if (away) this.#delayed.set(id, reason)
      else this.#end(id)
      const detail = { change: id, reason, error: (error as Error).message }
      if (!told) this.#ledger.audit(ctx.caller, away ? 'trial_delayed' : 'trial_failed', detail, now)
      throw error
    }
  }

  #end(id: string): void {
    this.#delayed.delete(id)
    this.#ledger.takeTrial(id)
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
