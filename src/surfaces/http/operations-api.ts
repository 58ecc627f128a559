// The operations over HTTP: plans and approvals for the page in the browser, and `/v1/operations/NAME` for scripts. No logic of its own.
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { toRequest } from '../../operations/apply.ts'
import {
  type Operation,
  type OperationContext,
  OperationError,
  type Secret,
  type Surface,
} from '../../operations/contract.ts'
import type { Desk } from '../desk.ts'
import { ApprovalNeeded, localOperator } from '../operator.ts'
import type { Owner } from '../owner.ts'
import { scopeOf } from '../scopes.ts'
import { isOwner } from './access.ts'
import { forbidden, readJson, STATUS } from './answers.ts'
import { type Access, isAnonymous } from './principal.ts'

export interface OperationsApiDeps {
  operations: readonly Operation[]
  /** A context for one request; `ask` and `reveal` are added where a person can be reached. */
  context(surface: Surface, signal: AbortSignal): OperationContext
  desk: Desk
  owner: Owner
  access: Access
  /** Where a browser reaches this Gateward. */
  origin(): string
}

const MAX_BODY_BYTES = 4 * 1024 * 1024

export function operationsApi(deps: OperationsApiDeps): Hono {
  const app = new Hono()

  app.post('/operations/:name', bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge }), (c) => operate(c, deps))

  app.get('/plans', (c) => {
    if (!isOwner(c, deps.owner)) return forbidden(c)
    return c.json({ plans: deps.context('console', c.req.raw.signal).approvals.pending().map(toRequest) })
  })

  app.post('/plans/:id', async (c) => {
    if (!isOwner(c, deps.owner)) return forbidden(c)
    const input = await readJson(c)
    if (typeof input?.digest !== 'string' || (input.decision !== 'approve' && input.decision !== 'reject')) {
      return c.json({ error: 'a decision needs digest and decision: approve or reject' }, 400)
    }
    try {
      deps.desk.decide(c.req.param('id'), input.digest, input.decision === 'approve' ? 'owner' : undefined)
      return c.json({ ok: true })
    } catch (error) {
      if (error instanceof OperationError) return c.json({ error: error.message }, STATUS[error.code])
      throw error
    }
  })

  app.post('/tickets', (c) => (isOwner(c, deps.owner) ? c.json({ ticket: deps.owner.ticket() }) : forbidden(c)))

  return app
}

/** Runs one operation. A plan that waits for the person is answered 403 with what is to be approved. */
async function operate(c: Context, deps: OperationsApiDeps): Promise<Response> {
  const operation = deps.operations.find((one) => one.name === c.req.param('name'))
  if (!operation)
    return c.json(
      {
        error: `there is no operation ${c.req.param('name')}; there are: ${deps.operations.map((one) => one.name).join(', ')}`,
      },
      404,
    )
  const principal = await deps.access.of(c)
  if (!principal && c.req.header('authorization') !== undefined) return unauthorized(c, deps.access)
  if (!principal || isAnonymous(principal))
    return forbidden(c, '; a script sends Authorization: Bearer with a token of surface.tokens (docs/mcp.md)')
  if (!deps.access.admits(principal)) return c.json({ error: 'too many calls; wait a minute' }, 429)
  const scope = scopeOf(operation)
  if (!principal.scopes.has(scope)) {
    const { oauth } = deps.access
    if (oauth && principal.oauth)
      c.header(
        'WWW-Authenticate',
        `Bearer error="insufficient_scope", scope="${oauth.named(scope)}", resource_metadata="${oauth.metadataUrl()}"`,
      )
    return c.json({ error: `${operation.name} needs a token with the scope ${scope}` }, 403)
  }
  const input = await readJson(c)
  if (input === undefined) return c.json({ error: 'the body is not a JSON object' }, 400)
  const surface = isOwner(c, deps.owner) ? surfaceOf(c.req.header('gateward-surface')) : 'rest'
  const operator = localOperator(deps.operations, (signal) => deps.context(surface, signal), deps.origin)
  const revealed: Secret[] = []
  // The console shows a new secret where the person has approved it; every other caller may be a model.
  const reveal = surface === 'console' ? (all: Secret[]) => void revealed.push(...all) : undefined
  const call = { subject: principal.subject, ask: undefined, reveal, progress: () => {}, signal: c.req.raw.signal }
  try {
    const answer = await operator.run(operation.name, input, call)
    return c.json(revealed.length ? { ...answer, revealed } : answer)
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    const approval = error instanceof ApprovalNeeded ? { approval: error.request } : {}
    // For the console a plan that waits is no failure: it shows the plan with its buttons.
    const status = error instanceof ApprovalNeeded && surface === 'console' ? 202 : STATUS[error.code]
    return c.json({ error: error.message, code: error.code, details: error.details, ...approval }, status)
  }
}

/** What the owner's own programs say that they are. Nobody else is believed: a stricter policy of a surface would be a wish. */
function surfaceOf(named: string | undefined): Surface {
  return named === 'mcp' || named === 'cli' || named === 'console' ? named : 'rest'
}

export function tooLarge(c: Context): Response {
  return c.json({ error: `the body is larger than ${MAX_BODY_BYTES} bytes` }, 413)
}

/** A token is missing or not valid; with an outside issuer the answer says where to get one (RFC 9728). */
export function unauthorized(c: Context, { oauth }: Access): Response {
  const invalid = c.req.header('authorization') === undefined ? '' : ', error="invalid_token"'
  const where = oauth ? `, resource_metadata="${oauth.metadataUrl()}"` : ''
  return c.json({ error: `this needs a token${oauth ? '' : ' of the settings'}: Authorization: Bearer TOKEN` }, 401, {
    'WWW-Authenticate': `Bearer realm="gateward"${invalid}${where}`,
  })
}
