// The way back from an applied change, from its kept before-images. Whatever somebody has changed since is found and named; it is never overwritten.
import type { Resource } from '../resources/kinds.ts'
import { type OperationContext, OperationError } from './contract.ts'
import { diffFields } from './diff.ts'
import type { AppliedChange } from './ledger.ts'
import { writable } from './one-by-one.ts'
import { patchTo } from './patch.ts'
import { makePlan, type Plan, type PlannedChange, type WishedChange } from './plan.ts'

/** Plans to take a change back. Throws `conflict` when what it changed has changed since. */
export async function planUndo(change: AppliedChange, ctx: OperationContext): Promise<Plan> {
  const target = ctx.targets.get(change.target, ctx.signal)
  const conflicts: string[] = []
  for (const one of change.changes) conflicts.push(...(await conflictsOf(one, target.admin.get(one.kind, one.id))))
  if (conflicts.length)
    throw new OperationError(
      'conflict',
      `${change.id} cannot be undone, these have changed since: ${conflicts.join('; ')}`,
      conflicts,
    )
  const changes = [...change.changes].reverse().map(inverse)
  return makePlan({ target, changes, summary: `undo: ${change.summary}`, undoes: change.id }, ctx)
}

async function conflictsOf(
  change: PlannedChange,
  reading: Promise<{ value: Resource } | undefined>,
): Promise<string[]> {
  const found = await reading
  // The target adds the id of what is named by its key; it cannot change.
  const fields = diffFields(change.kind, withoutId(change.after), withoutId(found && writable(found.value)))
  if (!fields.length) return []
  const paths = fields.slice(0, 5).map((one) => one.path)
  return [`${change.kind}/${change.id} ${paths.join(', ')}`]
}

/** The change that leads back. Members that came with the change are removed, others get their old value. */
function inverse(change: PlannedChange): WishedChange {
  const { kind, id, before, after } = change
  if (!before) return { action: 'delete', kind, id }
  if (!after) return { action: 'create', kind, id, set: before }
  return { action: 'change', kind, id, set: patchTo(before, after) }
}

function withoutId(value: Resource | undefined): Resource | undefined {
  if (!value) return undefined
  const { id: _id, ...rest } = value
  return rest
}
