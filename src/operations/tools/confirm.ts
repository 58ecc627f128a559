// Keeps a change that was applied on trial.
import Type from 'typebox'
import { defineOperation } from '../contract.ts'
import { text } from '../shapes.ts'

export const confirm = defineOperation({
  name: 'confirm',
  title: 'Keep a change on trial',
  summary: 'Keeps a change that was applied with confirm_seconds, when the person says so.',
  effect: 'write',
  input: Type.Object({ change_id: Type.Optional(Type.String()) }),
  output: Type.Object({ change_id: text }),
  async run(input, ctx) {
    const { id } = ctx.confirmations.confirm(input.change_id, ctx)
    ctx.ledger.audit(ctx.caller, 'confirm', { change: id }, ctx.now())
    return { change_id: id }
  },
})
