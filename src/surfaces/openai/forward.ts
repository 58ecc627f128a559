// Forwards the documented Route operations to the Admin API: same method, same status, same body. Reads go through at once, secrets hidden.
// A write waits for the person: the first call makes a plan and says where to approve it; the same call again, once approved, is forwarded.
import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { redact } from '../../lib/redact.ts'
import { type OperationContext, OperationError } from '../../operations/contract.ts'
import { writable } from '../../operations/one-by-one.ts'
import { merge } from '../../operations/patch.ts'
import { makePlan, type Plan } from '../../operations/plan.ts'
import type { Resource } from '../../resources/kinds.ts'

/** Writes that wait at once. */
const MAX_WAITING = 100
const MAX_BODY_BYTES = 1024 * 1024

interface Waiting {
  planId: string
  /** Id that was made for a POST. */
  id: string
}

export class RouteForwarder {
  readonly #waiting = new Map<string, Waiting>()
  readonly #context: (signal: AbortSignal) => OperationContext

  constructor(context: (signal: AbortSignal) => OperationContext) {
    this.#context = context
  }

  async handle(c: Context, id: string | undefined, origin: string): Promise<Response> {
    const ctx = this.#context(c.req.raw.signal)
    const target = ctx.targets.get(ctx.targets.names()[0])
    const method = c.req.method
    if (id !== undefined && (!/^[\w.-]+$/.test(id) || /^\.+$/.test(id))) {
      return c.json({ error_msg: 'a route id is made of letters, digits, - _ and .' }, 400)
    }
    try {
      if (method === 'GET') {
        const query = new URL(c.req.url).search
        const answer = await target.admin.raw(
          'GET',
          `/routes${id === undefined ? '' : `/${encodeURIComponent(id)}`}${query}`,
        )
        return c.json(redact('routes', answer.body) as object, answer.status as 200)
      }
      return await this.#write(c, method, id, origin, ctx)
    } catch (error) {
      if (!(error instanceof OperationError)) throw error
      const status = {
        invalid: 400,
        not_found: 404,
        conflict: 409,
        refused: 403,
        unreachable: 502,
        target: 502,
      } as const
      return c.json(
        error.code === 'not_found' ? { message: 'Key not found' } : { error_msg: error.message },
        status[error.code],
      )
    }
  }

  async #write(
    c: Context,
    method: string,
    id: string | undefined,
    origin: string,
    ctx: OperationContext,
  ): Promise<Response> {
    const text = method === 'DELETE' ? '' : await c.req.text()
    if (text.length > MAX_BODY_BYTES) return c.json({ error_msg: `body is larger than ${MAX_BODY_BYTES} bytes` }, 413)
    const body = method === 'DELETE' ? undefined : toResource(text)
    if (method !== 'DELETE' && !body) return c.json({ error_msg: 'the body is not a JSON object' }, 400)
    const fingerprint = createHash('sha256')
      .update(`${method} ${id ?? ''} ${text}`)
      .digest('hex')
    const waiting = this.#waiting.get(fingerprint)
    if (waiting && isApproved(waiting.planId, ctx)) return this.#forward(c, method, waiting, fingerprint, body, ctx)
    const made = waiting && isWaiting(waiting.planId, ctx) ? waiting : await this.#plan(method, id, body, ctx)
    if (this.#waiting.size >= MAX_WAITING) this.#waiting.delete(this.#waiting.keys().next().value as string)
    this.#waiting.set(fingerprint, made)
    const plan = ctx.approvals.get(made.planId)
    return c.json(
      {
        error_msg: 'a person has to approve this: they open approve_url; repeat the same request afterwards',
        plan_id: plan.id,
        approve_url: `${origin}/approve/${plan.id}`,
        diff: plan.diff,
        warnings: plan.warnings,
      },
      403,
    )
  }

  async #plan(
    method: string,
    id: string | undefined,
    body: Resource | undefined,
    ctx: OperationContext,
  ): Promise<Waiting> {
    const target = ctx.targets.get(ctx.targets.names()[0])
    const routeId = id ?? (typeof body?.id === 'string' ? body.id : `chat-${Date.now().toString(36)}`)
    const found = await target.admin.get('routes', routeId)
    if (!found && (method === 'DELETE' || method === 'PATCH'))
      throw new OperationError('not_found', `there is no route ${routeId}`)
    const plan = await makePlan(
      { target, changes: [toWish(method, routeId, body, found?.value)], summary: `${method} routes/${routeId}` },
      ctx,
    )
    return { planId: plan.id, id: routeId }
  }

  /** The person has approved exactly this: the request goes to the Admin API as it came, against the version that was shown. */
  async #forward(
    c: Context,
    method: string,
    waiting: Waiting,
    fingerprint: string,
    body: Resource | undefined,
    ctx: OperationContext,
  ): Promise<Response> {
    this.#waiting.delete(fingerprint)
    const { plan, approvedBy } = ctx.approvals.consume(waiting.planId)
    const target = ctx.targets.get(plan.target)
    const [change] = plan.changes
    const now = await target.admin.get('routes', waiting.id)
    if ((now?.modifiedIndex ?? 0) !== change?.version)
      return c.json({ error_msg: `routes/${waiting.id} has changed since it was approved; ask again` }, 409)
    const forwarded = method === 'POST' ? 'PUT' : method
    const answer = await target.admin.raw(forwarded, `/routes/${encodeURIComponent(waiting.id)}`, body)
    if (answer.status < 300) record(plan, approvedBy, ctx)
    return c.json(redact('routes', answer.body) as object, answer.status as 200)
  }
}

function record(plan: Plan, approvedBy: string, ctx: OperationContext): void {
  const id = plan.id.replace('plan-', 'change-')
  ctx.ledger.addChange({ id, at: ctx.now(), target: plan.target, summary: plan.summary, changes: plan.changes })
  ctx.ledger.audit(
    ctx.caller,
    'apply',
    { plan: plan.id, change: id, digest: plan.digest, target: plan.target, approved_by: approvedBy },
    ctx.now(),
  )
}

function toWish(
  method: string,
  id: string,
  body: Resource | undefined,
  current: Resource | undefined,
): Parameters<typeof makePlan>[0]['changes'][number] {
  if (method === 'DELETE') return { action: 'delete', kind: 'routes', id }
  if (!current) return { action: 'create', kind: 'routes', id, set: body }
  if (method === 'PATCH') return { action: 'change', kind: 'routes', id, set: body }
  // PUT replaces: what the body does not name goes away.
  const before = writable(current)
  const removed = Object.fromEntries(
    Object.keys(before)
      .filter((name) => name !== 'id' && !(name in (body ?? {})))
      .map((name) => [name, null]),
  )
  return { action: 'change', kind: 'routes', id, set: merge(removed, body ?? {}) }
}

function isApproved(planId: string, ctx: OperationContext): boolean {
  try {
    return ctx.approvals.approvedBy(planId) !== undefined
  } catch {
    return false // expired or rejected: it is planned anew
  }
}

function isWaiting(planId: string, ctx: OperationContext): boolean {
  return ctx.approvals.pending().some((plan) => plan.id === planId)
}

function toResource(text: string): Resource | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Resource) : undefined
  } catch {
    return undefined // not JSON: the caller says so
  }
}
