// What is wrong now or risky in the configuration, the worst first; `plan` takes the ids of findings that have a fix.
import Type from 'typebox'
import { plainText } from '../../lib/text.ts'
import { defineOperation } from '../contract.ts'
import type { ShownFinding } from '../lint/contract.ts'
import { findAll, idOf } from '../lint/lint.ts'
import { text } from '../shapes.ts'

/** Findings of one answer. */
const MAX_SHOWN = 50

export const lint = defineOperation({
  name: 'lint',
  title: 'Find risks',
  summary: 'Finds failures and risks; plan takes the ids of findings as `fixes`.',
  effect: 'read',
  input: Type.Object({
    search: Type.Optional(Type.String({ description: 'text in the findings' })),
    target: Type.Optional(Type.String()),
  }),
  output: Type.Object({
    target: text,
    total: Type.Integer(),
    findings: Type.Array(
      Type.Object({ id: text, severity: text, problem: text, advice: text, fixable: Type.Boolean() }),
    ),
  }),
  async run(input, ctx) {
    const target = ctx.targets.get(input.target, ctx.signal)
    const all = await findAll(target, ctx.now())
    const needle = input.search?.toLowerCase() ?? ''
    const fitting = all.filter((one) => `${idOf(one)} ${one.problem}`.toLowerCase().includes(needle))
    return {
      target: target.name,
      total: fitting.length,
      findings: fitting.slice(0, MAX_SHOWN).map(
        (one): ShownFinding => ({
          id: plainText(idOf(one), 120),
          severity: one.severity,
          problem: plainText(one.problem),
          advice: one.advice,
          fixable: one.fix !== undefined,
        }),
      ),
    }
  },
})
