// What was changed through Gateward, newest first.
import Type from 'typebox'
import { plainText } from '../../lib/text.ts'
import { defineOperation } from '../contract.ts'
import { settleAll, stateOf } from '../settle.ts'
import { text } from '../shapes.ts'

export const history = defineOperation({
  name: 'history',
  title: 'History of changes',
  summary: 'Lists applied changes and who approved them, newest first.',
  effect: 'read',
  input: Type.Object({
    about: Type.Optional(Type.String({ description: 'kind/id' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
    target: Type.Optional(Type.String()),
  }),
  output: Type.Object({
    changes: Type.Array(
      Type.Object({
        id: text,
        at: text,
        target: text,
        summary: text,
        by: Type.Optional(text),
        undone_by: Type.Optional(text),
        confirm_by: Type.Optional(text),
      }),
    ),
  }),
  async run(input, ctx) {
    const unsettled = await settleAll(ctx)
    const changes = ctx.ledger.changes(input.limit ?? 10, input.target, input.about)
    const trials = new Map(ctx.ledger.trials().map((one) => [one.id, new Date(one.until).toISOString()]))
    return {
      changes: changes.map((one) => ({
        id: one.id,
        at: new Date(one.at).toISOString(),
        target: one.target,
        summary: plainText(one.summary),
        ...(one.approvedBy ? { by: plainText(`${one.approvedBy}, over ${one.surface}`) } : {}),
        ...stateOf(one, unsettled),
        ...(one.undoneBy ? { undone_by: one.undoneBy } : {}),
        ...(trials.has(one.id) ? { confirm_by: trials.get(one.id) } : {}),
      })),
    }
  },
})
