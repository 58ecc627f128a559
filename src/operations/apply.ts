// Applies an approved plan, proves it, and remembers it for undo. The order matters: the plan leaves the waiting list first, so that nothing can
// use it twice; it is remembered with its images before it is written, so that it can be taken back whatever ends this process then; it is written
// all or nothing against the versions it was made from.
import type { Kind } from '../resources/kinds.ts'
import type { Written } from './admin-client.ts'
import { type ApprovalRequest, type OperationContext, OperationError } from './contract.ts'
import type { Ledger, Outcome } from './ledger.ts'
import { type Found, type WriteOperation, writable } from './one-by-one.ts'
import type { Plan, PlannedChange } from './plan.ts'
import { type ProofLine, prove } from './prove.ts'
import { isDestructive } from './routine.ts'
import { scrubber } from './scrub.ts'
import { settleOne } from './settle.ts'
import type { Target } from './targets.ts'

/** Who has approved what no person needs to see. */
const BY_POLICY = 'policy'
/** How long a target may take to serve what was written, when it does not tell. */
const SETTLE_MS = 3000

export interface Applied {
  change_id: string
  target: string
  summary: string
  approved_by: string
  /** Milliseconds from the write until every thread served it; undefined when the target does not say. */
  served_ms: number | undefined
  /** When it takes itself back, unless it is confirmed before. */
  confirm_by?: string
  proof: ProofLine[]
  /** Labels of secrets that the person was shown or can have shown. */
  secrets: string[]
}

/** Asks the person when the policy wants it, then writes. Throws `refused` when nobody approved: nothing is written then. */
export async function applyPlan(planId: string, ctx: OperationContext, wantedTrial?: number): Promise<Applied> {
  const waiting = ctx.approvals.get(planId)
  const target = ctx.targets.get(waiting.target, ctx.signal)
  mustWrite(target, ctx)
  const trialSeconds = ctx.approvals.settleTrial(planId, wantedTrial)
  if (ctx.approvals.approvedBy(planId) === undefined) await decide(waiting, ctx)
  const { plan, approvedBy } = ctx.approvals.consume(planId)
  ctx.progress(`applying ${plan.id} to ${target.name}`)
  const changeId = plan.id.replace('plan-', 'change-')
  const confirmBy = trialSeconds === undefined ? undefined : ctx.now() + trialSeconds * 1000
  const change = {
    id: changeId,
    at: ctx.now(),
    target: target.name,
    summary: plan.summary,
    changes: plan.changes,
    approvedBy,
    surface: ctx.caller.surface,
  }
  ctx.ledger.audit(
    ctx.caller,
    'applying',
    { plan: plan.id, digest: plan.digest, target: target.name, approved_by: approvedBy },
    ctx.now(),
  )
  ctx.ledger.addChange(change, { undoes: plan.undoes, secrets: plan.secrets, trialUntil: confirmBy })
  const written = await write(plan, change, target, ctx)
  handOver(plan, ctx)
  if (plan.expectations.length) ctx.progress(`proving ${plan.id}`)
  const begun = performance.now()
  const proof = await prove(plan.expectations, target, {
    signal: ctx.signal,
    consumers: approvedBy === BY_POLICY ? undefined : ctx.targets.get(target.name).admin,
    ...(written.servedMs === undefined ? { settledAt: begun + SETTLE_MS } : {}),
  })
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
    served_ms: written.servedMs,
    ...(confirmBy === undefined ? {} : { confirm_by: new Date(confirmBy).toISOString() }),
    proof,
    secrets: plan.secrets.map((one) => one.label),
  }
}

/** Writes an approved plan. A failure is in the audit log too: the plan is used up, and somebody must know why. */
async function write(plan: Plan, change: Intent, target: Target, ctx: OperationContext): Promise<Written> {
  const operations = plan.changes.map(
    ({ after, kind, id, version }): WriteOperation => ({
      method: after ? 'PUT' : 'DELETE',
      kind,
      id,
      body: after,
      expect: version,
    }),
  )
  try {
    const written = await target.admin.write(inOrder(operations))
    ctx.ledger.settle(change.id, 'applied', asStored(plan.changes, written.stored))
    return written
  } catch (error) {
    const { outcome, problem } = await settleFailed(error, change, ctx)
    if (outcome === 'applied') return { servedMs: undefined, stored: [] }
    const scrub = scrubber(plan.changes)
    const message = scrub(`${(error as Error).message}${problem}`)
    const detail = { plan: plan.id, digest: plan.digest, target: plan.target, error: message }
    ctx.ledger.audit(ctx.caller, 'apply_failed', detail, ctx.now())
    throw error instanceof OperationError ? new OperationError(error.code, message, error.details.map(scrub)) : error
  }
}

type Intent = Parameters<Ledger['addChange']>[0]

/** Some versions add to what they are given: undo compares with what they keep. */
function asStored(changes: readonly PlannedChange[], stored: readonly Found[]): PlannedChange[] {
  const found = new Map(stored.map((one) => [`${one.kind}/${one.id}`, writable(one.value)]))
  return changes.map((one) => (one.after ? { ...one, after: found.get(`${one.kind}/${one.id}`) ?? one.after } : one))
}

/** Looks what is there after a write that failed: without its answer nobody knows. */
async function settleFailed(
  error: unknown,
  change: Intent,
  ctx: OperationContext,
): Promise<{ outcome: Outcome; problem: string }> {
  if (error instanceof OperationError && (error.code === 'conflict' || error.code === 'invalid')) {
    // Refused: what is there, however alike, is somebody else's.
    ctx.ledger.settle(change.id, 'none', change.changes)
    return { outcome: 'none', problem: '' }
  }
  try {
    const outcome = await settleOne({ ...change, undoneBy: undefined, outcome: 'unsettled' }, ctx)
    const problem = outcome === 'partly' ? `; some of it was written: undo ${change.id} takes that back` : ''
    return { outcome, problem }
  } catch (other) {
    if (!(other instanceof OperationError)) throw other
    return {
      outcome: 'unsettled',
      problem: `; whether it was written is not known: history says it once ${change.target} answers, and undo ${change.id} takes it back`,
    }
  } finally {
    ctx.ledger.leave(change.id)
  }
}

/** What others refer to is written before them and deleted after them. */
const ORDER: Kind[] = [
  'secrets',
  'protos',
  'plugin_metadata',
  'upstreams',
  'plugin_configs',
  'services',
  'consumer_groups',
  'consumers',
]

function inOrder(operations: WriteOperation[]): WriteOperation[] {
  const rank = ({ kind }: WriteOperation): number => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length)
  const puts = operations.filter((one) => one.method === 'PUT').sort((a, b) => rank(a) - rank(b))
  const deletes = operations.filter((one) => one.method === 'DELETE').sort((a, b) => rank(b) - rank(a))
  return [...puts, ...deletes]
}

export function trialOf({ trialSeconds: seconds }: Plan): string[] {
  return seconds === undefined ? [] : [`on trial: it takes itself back after ${seconds} s unless it is confirmed`]
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
    impact: [...plan.impact, ...plan.notes, ...trialOf(plan)],
  }
}

/** A plan that was approved elsewhere is no way around a surface that may only read. Taking a trial back needs no surface. */
function mustWrite(target: Target, ctx: OperationContext): void {
  if (ctx.targets.policy(target, ctx.caller.surface) === 'read-only' && ctx.caller.surface !== 'trial')
    throw new OperationError('refused', `target ${target.name} is read-only for ${ctx.caller.surface} by its settings`)
}

async function decide(plan: Plan, ctx: OperationContext): Promise<void> {
  const target = ctx.targets.get(plan.target, ctx.signal)
  const policy = ctx.targets.policy(target, ctx.caller.surface)
  if (policy === 'destructive' && !isDestructive(plan)) {
    ctx.approvals.grant(plan.id, plan.digest, BY_POLICY)
    return
  }
  if (!ctx.ask) {
    throw new OperationError(
      'refused',
      `plan ${plan.id} waits for a person: nobody can be asked here. Approve it in the console or with \`gateward approve ${plan.id}\`, then apply it before it expires`,
    )
  }
  const request = toRequest(plan)
  const person = await ctx.ask(request)
  if (person === undefined) {
    ctx.approvals.reject(plan.id)
    ctx.ledger.audit(ctx.caller, 'reject', { plan: plan.id, digest: plan.digest }, ctx.now())
    throw new OperationError('refused', `the person rejected plan ${plan.id}; nothing was written`)
  }
  ctx.approvals.grant(plan.id, request.digest, person)
}

function handOver(plan: Plan, ctx: OperationContext): void {
  if (!plan.secrets.length) return
  if (ctx.reveal) ctx.reveal(plan.secrets)
  else ctx.ledger.keepSecrets(plan.secrets, ctx.now())
}
