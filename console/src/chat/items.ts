// From the entries of a conversation to what is shown: a plan, its question and the decision become one card, a tool call disappears behind its result.
import type { ApprovalRequest } from '../../../src/operations/contract.ts'
import type { Entry } from '../../../src/surfaces/chat/entries.ts'

export type PlanState = 'planned' | 'waiting' | 'approved' | 'rejected'

export interface PlanItem {
  kind: 'plan'
  request: ApprovalRequest
  notes: string[]
  /** What would be proved. */
  proof: string[]
  state: PlanState
}

export type Item =
  | { kind: 'you' | 'text' | 'error'; text: string }
  | { kind: 'result'; name: string; value: Record<string, unknown> }
  | { kind: 'working'; name: string }
  | { kind: 'secrets'; labels: string[] }
  | PlanItem

export function toItems(entries: Entry[], busy: boolean): Item[] {
  const items: Item[] = []
  const plans = new Map<string, PlanItem>()
  for (const entry of entries) add(entry, items, plans)
  if ([...plans.values()].some((plan) => plan.state === 'waiting')) return busy ? items : withoutQuestions(items)
  const last = entries.at(-1)
  if (busy && last?.type === 'tool') items.push({ kind: 'working', name: last.name })
  if (busy && (last?.type === 'you' || last?.type === 'result' || last?.type === 'decided'))
    items.push({ kind: 'working', name: last.type === 'decided' && last.approved ? 'apply' : '' })
  return items
}

/** A turn that has ended waits for nobody. */
function withoutQuestions(items: Item[]): Item[] {
  return items.map((one) => (one.kind === 'plan' && one.state === 'waiting' ? { ...one, state: 'planned' } : one))
}

function add(entry: Entry, items: Item[], plans: Map<string, PlanItem>): void {
  switch (entry.type) {
    case 'you':
    case 'text':
      if (entry.text.trim()) items.push({ kind: entry.type, text: entry.text })
      return
    case 'error':
      items.push({ kind: 'error', text: entry.message })
      return
    case 'secrets':
      items.push({ kind: 'secrets', labels: entry.labels })
      return
    case 'ask': {
      const plan = plans.get(entry.request.planId) ?? addPlan(items, plans, entry.request)
      plan.state = 'waiting'
      return
    }
    case 'decided': {
      const plan = plans.get(entry.planId)
      if (plan) plan.state = entry.approved ? 'approved' : 'rejected'
      return
    }
    case 'result':
      addResult(entry.name, entry.value, items, plans)
  }
}

function addResult(name: string, value: Record<string, unknown>, items: Item[], plans: Map<string, PlanItem>): void {
  if (value.error !== undefined) return // the answer that follows says it
  if (typeof value.plan_id !== 'string' || typeof value.diff !== 'string') {
    items.push({ kind: 'result', name, value })
    return
  }
  const plan = addPlan(items, plans, {
    planId: value.plan_id,
    digest: String(value.digest),
    target: String(value.target),
    summary: '',
    diff: value.diff,
    warnings: (value.warnings ?? []) as string[],
    impact: (value.impact ?? []) as string[],
  })
  plan.notes = (value.notes ?? []) as string[]
  plan.proof = (value.proof ?? []) as string[]
}

function addPlan(items: Item[], plans: Map<string, PlanItem>, request: ApprovalRequest): PlanItem {
  const plan: PlanItem = { kind: 'plan', request, notes: [], proof: [], state: 'planned' }
  plans.set(request.planId, plan)
  items.push(plan)
  return plan
}
