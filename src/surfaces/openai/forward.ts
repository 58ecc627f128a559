// The documented Route operations, as the Admin API answers them: same statuses, same bodies, secrets hidden. Reads go through at once. A write waits
// for the person: the first call makes a plan and says where to approve it; the same call again, once approved, applies it.
import { hash } from 'node:crypto'
import type { Context } from 'hono'
import { parseJsonObject } from '../../lib/parse-json.ts'
import { redact } from '../../lib/redact.ts'
import { setBounded } from '../../lib/set-bounded.ts'
import { plainJson } from '../../lib/text.ts'
import { applyPlan } from '../../operations/apply.ts'
import { type OperationContext, OperationError } from '../../operations/contract.ts'
import { writable } from '../../operations/one-by-one.ts'
import { merge } from '../../operations/patch.ts'
import { makePlan } from '../../operations/plan.ts'
import type { Resource } from '../../resources/kinds.ts'
import { STATUS } from '../http/answers.ts'
import { ApprovalNeeded, leaveWaiting } from '../operator.ts'

/** Writes that wait at once. */
const MAX_WAITING = 100
/** Routes of one answer, unless the caller asks for fewer: ChatGPT takes 100,000 characters. */
const PAGE_SIZE = 50

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
        const answer = await target.admin.raw('GET', id === undefined ? `/routes?${paged(c)}` : `/routes/${id}`)
        return c.json(shown(answer.body), answer.status as 200)
      }
      return await this.#write(c, method, id, origin, ctx)
    } catch (error) {
      if (!(error instanceof OperationError)) throw error
      return c.json(
        error.code === 'not_found' ? { message: 'Key not found' } : { error_msg: error.message },
        STATUS[error.code],
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
    const body = method === 'DELETE' ? undefined : parseJsonObject(text)
    if (method !== 'DELETE' && !body) return c.json({ error_msg: 'the body is not a JSON object' }, 400)
    const fingerprint = hash('sha256', `${method} ${id ?? ''} ${text}`)
    const known = this.#waiting.get(fingerprint)
    const waiting = known && isWaiting(known.planId, ctx) ? known : await this.#plan(method, id, body, ctx)
    setBounded(this.#waiting, fingerprint, waiting, MAX_WAITING)
    const plan = ctx.approvals.get(waiting.planId)
    try {
      await applyPlan(plan.id, { ...ctx, ask: leaveWaiting(origin) })
    } catch (error) {
      if (!(error instanceof ApprovalNeeded)) throw error
      const reply = {
        error_msg: 'a person has to approve this: they open approve_url; repeat the same request afterwards',
        plan_id: plan.id,
        approve_url: `${origin}/approve/${plan.id}`,
        diff: plan.diff,
        warnings: plan.warnings,
      }
      return c.json(reply, 403)
    }
    this.#waiting.delete(fingerprint)
    if (method === 'DELETE') return c.json({ key: `/apisix/routes/${waiting.id}`, deleted: '1' }, 200)
    const { body: written } = await ctx.targets.get(plan.target).admin.raw('GET', `/routes/${waiting.id}`)
    return c.json(shown(written), plan.changes[0]?.before === undefined ? 201 : 200)
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
}

/** What a model may read: no secret, no invisible character, no endless text. */
function shown(body: unknown): object {
  return plainJson(redact('routes', body)) as object
}

function paged(c: Context): string {
  const query = new URL(c.req.url).searchParams
  if (!query.has('page_size')) query.set('page_size', String(PAGE_SIZE))
  if (!query.has('page')) query.set('page', '1')
  return query.toString()
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

/** False when it has expired or was rejected: it is planned anew. */
function isWaiting(planId: string, ctx: OperationContext): boolean {
  try {
    return ctx.approvals.get(planId) !== undefined
  } catch {
    return false
  }
}
