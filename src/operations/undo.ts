// The way back from an applied change, from its kept before-images. Whatever somebody has changed since is found and named; it is never overwritten.
import type { Resource } from '../resources/kinds.ts'
import { type OperationContext, OperationError } from './contract.ts'
import { diffFields, sameResource } from './diff.ts'
import type { AppliedChange } from './ledger.ts'
import { writable } from './one-by-one.ts'
import { patchTo } from './patch.ts'
import { makePlan, type Plan, type PlannedChange, type WishedChange } from './plan.ts'

/** Plans to take a change back. Throws `conflict` when what it changed has changed since. */
export async function planUndo(change: AppliedChange, ctx: OperationContext): Promise<Plan> {
  const target = ctx.targets.get(change.target, ctx.signal)
  const conflicts: string[] = []
  const written: PlannedChange[] = []
  for (const one of change.changes) {
    const found = await target.admin.get(one.kind, one.id)
    const now = found && writable(found.value)
    // Of a change that was cut off some of it may never have been written.
    if (change.outcome !== 'applied' && sameResource(one.before, now)) continue
    written.push(one)
    conflicts.push(...conflictsOf(one, now))
  }
  if (conflicts.length)
    throw new OperationError(
      'conflict',
      `${change.id} cannot be undone, these have changed since: ${conflicts.join('; ')}`,
      conflicts,
    )
  if (!written.length)
    throw new OperationError('not_found', `there is nothing to undo: nothing of ${change.id} was written`)
  const changes = written.reverse().map(inverse)
  return makePlan({ target, changes, summary: `undo: ${change.summary}`, undoes: change.id }, ctx)
}

function conflictsOf(change: PlannedChange, now: Resource | undefined): string[] {
  if (sameResource(change.after, now)) return []
  const paths = diffFields(change.kind, change.after, now)
    .slice(0, 5)
    .map((one) => one.path)
  return [`${change.kind}/${change.id} ${paths.join(', ')}`]
}

/** The change that leads back. Members that came with the change are removed, others get their old value. */
function inverse(change: PlannedChange): WishedChange {
  const { kind, id, before, after } = change
  if (!before) return { action: 'delete', kind, id }
  if (!after) return { action: 'create', kind, id, set: before }
  return { action: 'change', kind, id, set: patchTo(before, after) }
}
