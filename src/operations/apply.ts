// Applies an approved plan, proves it, and remembers it for undo. The order matters: the plan leaves the waiting list first, so that nothing can
// use it twice; it is written all or nothing against the versions it was made from; only then is it remembered.
import { type ApprovalRequest, type OperationContext, OperationError } from './contract.ts'
import { isDestructive, type Plan } from './plan.ts'
import { type ProofLine, prove } from './prove.ts'

export interface Applied {
  change_id: string
  target: string
  summary: string
  approved_by: string
  /** Milliseconds from the write until every thread served it; undefined when the target does not say. */
  served_ms: number | undefined
  proof: ProofLine[]
  /** Labels of secrets that the person was shown or can have shown. */
  secrets: string[]
}

/** Asks the person when the policy wants it, then writes. Throws `refused` when nobody approved: nothing is written then. */
export async function applyPlan(planId: string, ctx: OperationContext): Promise<Applied> {
  const waiting = ctx.approvals.get(planId)
  const target = ctx.targets.get(waiting.target, ctx.signal)
  if (ctx.approvals.approvedBy(planId) === undefined) await decide(waiting, ctx)
  const { plan, approvedBy } = ctx.approvals.consume(planId)
  ctx.progress(`applying ${plan.id} to ${target.name}`)
  const { servedMs } = await target.admin.write(
    plan.changes.map((one) => ({
      method: one.after ? 'PUT' : 'DELETE',
      kind: one.kind,
      id: one.id,
      body: one.after,
      expect: one.version,
    })),
  )
  const changeId = plan.id.replace('plan-', 'change-')
  ctx.ledger.addChange({
    id: changeId,
    at: ctx.now(),
    target: target.name,
    summary: plan.summary,
    changes: plan.changes,
  })
  if (plan.undoes) ctx.ledger.markUndone(plan.undoes, changeId)
  handOver(plan, ctx)
  const proof = await prove(plan.expectations, target)
  const detail = {
    plan: plan.id,
    change: changeId,
    digest: plan.digest,
    target: target.name,
    approved_by: approvedBy,
    proof,
  }
  ctx.ledger.audit(ctx.caller, plan.undoes ? 'undo' : 'apply', detail, ctx.now())
  return {
    change_id: changeId,
    target: target.name,
    summary: plan.summary,
    approved_by: approvedBy,
    served_ms: servedMs,
    proof,
    secrets: plan.secrets.map((one) => one.label),
  }
}

/** What a person is shown of a plan. */
export function toRequest(plan: Plan): ApprovalRequest {
  return {
    planId: plan.id,
    digest: plan.digest,
    target: plan.target,
    summary: plan.summary,
    diff: plan.diff,
    warnings: plan.warnings,
    impact: plan.impact,
  }
}

async function decide(plan: Plan, ctx: OperationContext): Promise<void> {
  const target = ctx.targets.get(plan.target, ctx.signal)
  if (target.policy === 'read-only')
    throw new OperationError('refused', `target ${target.name} is read-only by its settings`)
  if (target.policy === 'destructive' && !isDestructive(plan)) {
    ctx.approvals.grant(plan.id, plan.digest, 'policy')
    return
  }
  if (!ctx.ask) {
    throw new OperationError(
      'refused',
      `plan ${plan.id} waits for a person: nobody can be asked here. Approve it in the console or with \`gateward approve ${plan.id}\`, then apply it before it expires`,
    )
  }
  const person = await ctx.ask(toRequest(plan))
  if (person === undefined) {
    ctx.approvals.reject(plan.id)
    ctx.ledger.audit(ctx.caller, 'reject', { plan: plan.id, digest: plan.digest }, ctx.now())
    throw new OperationError('refused', `the person rejected plan ${plan.id}; nothing was written`)
  }
  ctx.approvals.grant(plan.id, plan.digest, person)
}

function handOver(plan: Plan, ctx: OperationContext): void {
  if (!plan.secrets.length) return
  if (ctx.reveal) ctx.reveal(plan.secrets)
  else ctx.ledger.keepSecrets(plan.secrets, ctx.now())
}
