// Takes an applied change back: plans the way back from the kept before-images, asks, applies.
import Type from 'typebox'
import { applyPlan } from '../apply.ts'
import { defineOperation, type OperationContext, OperationError } from '../contract.ts'
import type { AppliedChange } from '../ledger.ts'
import { NOT_APPLIED, settleAll } from '../settle.ts'
import { applied } from '../shapes.ts'
import { planUndo } from '../undo.ts'

export const undo = defineOperation({
  name: 'undo',
  title: 'Undo a change',
  summary: 'Takes back an applied change, the last one by default. A person is asked first.',
  effect: 'write',
  input: Type.Object({ change_id: Type.Optional(Type.String()), target: Type.Optional(Type.String()) }),
  output: applied,
  async run(input, ctx) {
    const unsettled = await settleAll(ctx)
    const plan = await planUndo(find(input.change_id, input.target, unsettled, ctx), ctx)
    return applyPlan(plan.id, ctx)
  },
})

function find(
  id: string | undefined,
  target: string | undefined,
  unsettled: ReadonlyMap<string, string>,
  ctx: OperationContext,
): AppliedChange {
  if (id !== undefined) {
    const change = ctx.ledger.change(id)
    if (!change) throw new OperationError('not_found', `there is no change ${JSON.stringify(id)}; look at the history`)
    if (change.outcome === 'none')
      throw new OperationError('not_found', `there is nothing to undo: nothing of ${id} was written`)
    if (change.undoneBy) throw new OperationError('conflict', `${id} was taken back already by ${change.undoneBy}`)
    return change
  }
  const last = ctx.ledger
    .changes(100, target)
    .find((one) => !one.undoneBy && !ctx.ledger.isUndo(one.id) && unsettled.get(one.id) !== NOT_APPLIED)
  if (!last) throw new OperationError('not_found', 'there is nothing to undo')
  return last
}
