// What is shown of a plan to who asked for it.
import Type from 'typebox'
import { hideInUrls } from '../lib/url-secrets.ts'
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

/** Characters of the diff and lines of each list that a model is shown; the person sees all of it. */
const MAX_DIFF_CHARS = 20_000
const MAX_LINES = 50

export function toAnswer(plan: Plan): Record<string, unknown> {
  return {
    plan_id: plan.id,
    digest: plan.digest,
    target: plan.target,
    diff: cutDiff(plan.diff),
    warnings: cutList(plan.warnings),
    impact: plan.impact,
    notes: cutList(plan.notes),
    proof: plan.expectations.map((one) => hideInUrls(`${one.title}: ${one.method} ${one.path}`)),
  }
}

function cutDiff(diff: string): string {
  if (diff.length <= MAX_DIFF_CHARS) return diff
  const shown = diff.slice(0, diff.lastIndexOf('\n', MAX_DIFF_CHARS))
  const rest = diff.slice(shown.length + 1).split('\n').length
  return `${shown}\n... and ${rest} more lines, which the person sees before approving`
}

function cutList(lines: string[]): string[] {
  return lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more`] : lines
}
