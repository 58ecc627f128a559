// What became of a change whose writing was cut off: by the end of this process, or by a target that did not answer. Its images stand in the ledger
// since before it was written; compared with the target they tell.
import { isObject } from '../lib/is-object.ts'
import { type OperationContext, OperationError } from './contract.ts'
import { sameResource } from './diff.ts'
import type { AppliedChange, Outcome } from './ledger.ts'
import { writable } from './one-by-one.ts'
import type { PlannedChange } from './plan.ts'
import type { Target } from './targets.ts'

type Settling = Pick<OperationContext, 'ledger' | 'targets' | 'caller' | 'now'>

/** A request that was on its way when its sender ended may still be done. */
const STILL_POSSIBLE_MS = 60_000

interface Compared {
  outcome: Exclude<Outcome, 'unsettled'>
  /** The changes, with what was written as the target keeps it. */
  changes: PlannedChange[]
}

/** What the target says of a change. */
async function compare(planned: readonly PlannedChange[], target: Target): Promise<Compared> {
  const changes: PlannedChange[] = []
  let written = 0
  let left = 0
  for (const one of planned) {
    const found = await target.admin.get(one.kind, one.id)
    const now = found && writable(found.value)
    if (sameResource(one.before, now)) left++
    const isWritten = one.after ? now !== undefined && holds(now, one.after) : now === undefined
    if (isWritten) written++
    changes.push(isWritten ? { ...one, after: now } : one)
  }
  if (written === planned.length) return { outcome: 'applied', changes }
  return { outcome: left === planned.length ? 'none' : 'partly', changes }
}

/** Whether all of `part` is in a value: an APISIX before 3.14 adds the defaults to what it is given. */
function holds(value: unknown, part: unknown): boolean {
  if (Array.isArray(part))
    return Array.isArray(value) && value.length === part.length && part.every((one, i) => holds(value[i], one))
  if (isObject(part)) return isObject(value) && Object.entries(part).every(([name, one]) => holds(value[name], one))
  return value === part
}

/** Finds out what became of one change and keeps it. Rejects when its target does not answer. */
export async function settleOne(change: AppliedChange, ctx: Settling): Promise<Outcome> {
  const { outcome, changes } = await compare(change.changes, ctx.targets.get(change.target))
  if (outcome === 'none' && ctx.now() - change.at < STILL_POSSIBLE_MS) return outcome
  const pending = ctx.ledger.settle(change.id, outcome, changes)
  if (!pending) return outcome
  if (outcome !== 'none' && pending.secrets?.length) ctx.ledger.keepSecrets(pending.secrets, ctx.now())
  const detail = { change: change.id, target: change.target, outcome, approved_by: change.approvedBy }
  ctx.ledger.audit(ctx.caller, 'settled', detail, ctx.now())
  return outcome
}

/** Of a change that may still come, if nothing of it was written so far. */
export const NOT_APPLIED = 'not applied'

/** Settles what is unsettled. What is not to be had now is told by id: nobody knows, or nothing of it was written so far. */
export async function settleAll(ctx: Settling): Promise<Map<string, string>> {
  const told = new Map<string, string>()
  const away = new Map<string, string>() // asked once: each question may take its whole time
  for (const change of ctx.ledger.unsettled(ctx.now())) {
    const silent = away.get(change.target)
    if (silent !== undefined) {
      told.set(change.id, silent)
      continue
    }
    try {
      if ((await settleOne(change, ctx)) === 'none') told.set(change.id, NOT_APPLIED)
    } catch (error) {
      if (!(error instanceof OperationError)) throw error
      const unknown = `not known whether it was applied: ${error.message}`
      away.set(change.target, unknown)
      told.set(change.id, unknown)
    }
  }
  return told
}

/** What history says of a change that is not simply applied. */
export function stateOf({ id, outcome }: AppliedChange, unsettled: ReadonlyMap<string, string>): { state?: string } {
  if (outcome === 'partly') return { state: 'partly applied, or changed by somebody else since' }
  return outcome === 'unsettled' ? { state: unsettled.get(id) ?? 'being applied' } : {}
}
