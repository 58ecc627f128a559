// What is shown of a plan to who asked for it.
import Type from 'typebox'
import type { Plan } from './plan.ts'
import { text, texts } from './shapes.ts'

export const planned = Type.Object({
  plan_id: text,
  digest: text,
  target: text,
  diff: text,
  warnings: texts,
  impact: texts,
  notes: texts,
  proof: texts,
})

export function toAnswer(plan: Plan): Record<string, unknown> {
  return {
    plan_id: plan.id,
    digest: plan.digest,
    target: plan.target,
    diff: plan.diff,
    warnings: plan.warnings,
    impact: plan.impact,
    notes: plan.notes,
    proof: plan.expectations.map((one) => `${one.title}: ${one.method} ${one.path}`),
  }
}
