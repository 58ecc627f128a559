// Takes an applied change back: plans the way back from the kept before-images, asks, applies. Whatever somebody has changed since is found and
// named; it is never overwritten.
import Type from 'typebox'
import type { Resource } from '../../resources/kinds.ts'
import { writable } from '../admin-client.ts'
import { applyPlan } from '../apply.ts'
import { defineOperation, type OperationContext, OperationError } from '../contract.ts'
import { diffFields } from '../diff.ts'
import type { AppliedChange } from '../ledger.ts'
import { makePlan, type PlannedChange, type WishedChange } from '../plan.ts'
import { applied } from '../shapes.ts'

export const undo = defineOperation({
  name: 'undo',
  title: 'Undo a change',
  summary: 'Takes back an applied change (the last one when change_id is absent). A person is asked first.',
  effect: 'write',
  input: Type.Object({ change_id: Type.Optional(Type.String()), target: Type.Optional(Type.String()) }),
  output: applied,
  async run(input, ctx) {
    const change = find(input.change_id, input.target, ctx)
    const target = ctx.targets.get(change.target, ctx.signal)
    const conflicts: string[] = []
    for (const one of change.changes)
      conflicts.push(
        ...(await conflictsOf(one, ctx.targets.get(change.target, ctx.signal).admin.get(one.kind, one.id))),
      )
    if (conflicts.length)
      throw new OperationError(
        'conflict',
        `${change.id} cannot be undone, these have changed since: ${conflicts.join('; ')}`,
        conflicts,
      )
    const plan = await makePlan(
      {
        target,
        changes: [...change.changes].reverse().map(inverse),
        summary: `undo: ${change.summary}`,
        undoes: change.id,
      },
      ctx,
    )
    return applyPlan(plan.id, ctx)
  },
})

function find(id: string | undefined, target: string | undefined, ctx: OperationContext): AppliedChange {
  if (id !== undefined) {
    const change = ctx.ledger.change(id)
    if (!change) throw new OperationError('not_found', `there is no change ${JSON.stringify(id)}; look at the history`)
    if (change.undoneBy) throw new OperationError('conflict', `${id} was taken back already by ${change.undoneBy}`)
    return change
  }
  const last = ctx.ledger.changes(100, target).find((one) => !one.undoneBy && !one.summary.startsWith('undo: '))
  if (!last) throw new OperationError('not_found', 'there is nothing to undo')
  return last
}

async function conflictsOf(
  change: PlannedChange,
  reading: Promise<{ value: Resource } | undefined>,
): Promise<string[]> {
  const found = await reading
  const now = found && writable(found.value)
  const fields = diffFields(change.kind, change.after, now)
  return fields.length
    ? [
        `${change.kind}/${change.id} ${fields
          .slice(0, 5)
          .map((one) => one.path)
          .join(', ')}`,
      ]
    : []
}

/** The change that leads back. Members that came with the change are removed, others get their old value. */
function inverse(change: PlannedChange): WishedChange {
  const { kind, id, before, after } = change
  if (!before) return { action: 'delete', kind, id }
  if (!after) return { action: 'create', kind, id, set: before }
  return { action: 'change', kind, id, set: backwards(before, after) }
}

function backwards(before: Resource, after: Resource): Resource {
  const patch: Resource = {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]]
    if (JSON.stringify(old) === JSON.stringify(now)) continue
    if (old === undefined) patch[name] = null
    else patch[name] = isObject(old) && isObject(now) ? backwards(old, now) : old
  }
  return patch
}

function isObject(value: unknown): value is Resource {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
