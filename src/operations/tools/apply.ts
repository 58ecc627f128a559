// Applies a plan after a person has approved it, and proves it.
import Type from 'typebox'
import { applyPlan } from '../apply.ts'
import { defineOperation } from '../contract.ts'
import { applied } from '../shapes.ts'

export const apply = defineOperation({
  name: 'apply',
  title: 'Apply a plan',
  summary:
    'Asks the person to approve the plan, writes it, and proves it with real requests. Only a person can approve: no argument can.',
  effect: 'write',
  input: Type.Object({
    plan_id: Type.String(),
    confirm_seconds: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 3600,
        description: 'taken back then, or when requests fail, unless confirmed',
      }),
    ),
  }),
  output: applied,
  run: (input, ctx) => applyPlan(input.plan_id, ctx, input.confirm_seconds),
})
