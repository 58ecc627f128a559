// The operations over HTTP: chat, plans and approvals for the page in the browser, and `/v1/operations/NAME` for scripts. No logic of its own.
import { type Context, Hono } from 'hono'
import { stream } from 'hono/streaming'
import { toRequest } from '../../operations/apply.ts'
import { type Operation, type OperationContext, OperationError } from '../../operations/contract.ts'
import type { Conversation } from '../chat/agent.ts'
import type { Desk } from '../desk.ts'
import type { Owner } from '../owner.ts'
import { isOwner } from './access.ts'

export interface OperationsApiDeps {
  operations: readonly Operation[]
  /** A context for one request; `ask` and `reveal` are added where a person can be reached. */
  context(surface: 'console' | 'rest', signal: AbortSignal): OperationContext
  desk: Desk
  owner: Owner
  newConversation(): Promise<Conversation>
}

const MAX_CONVERSATIONS = 100
const MAX_SENTENCE_LENGTH = 8000

const STATUS = { invalid: 400, not_found: 404, conflict: 409, refused: 403, unreachable: 502, target: 502 } as const

export function operationsApi(deps: OperationsApiDeps): Hono {
  const app = new Hono()
  const conversations = new Map<string, Conversation>()

  app.post('/operations/:name', async (c) => {
    const operation = deps.operations.find((one) => one.name === c.req.param('name'))
    if (!operation)
      return c.json(
        {
          error: `there is no operation ${c.req.param('name')}; there are: ${deps.operations.map((one) => one.name).join(', ')}`,
        },
        404,
      )
    if (!isOwner(c, deps.owner)) return forbidden(c)
    const input = await readJson(c)
    if (input === undefined) return c.json({ error: 'the body is not a JSON object' }, 400)
    try {
      return c.json((await operation.run(input as never, deps.context('rest', c.req.raw.signal))) as object)
    } catch (error) {
      if (error instanceof OperationError)
        return c.json({ error: error.message, code: error.code, details: error.details }, STATUS[error.code])
      throw error
    }
  })

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
      deps.desk.decide(c.req.param('id'), input.digest, input.decision === 'approve', 'owner')
      return c.json({ ok: true })
    } catch (error) {
      if (error instanceof OperationError) return c.json({ error: error.message }, STATUS[error.code])
      throw error
    }
  })

  app.post('/tickets', (c) => (isOwner(c, deps.owner) ? c.json({ ticket: deps.owner.ticket() }) : forbidden(c)))

  app.post('/chat', async (c) => {
    if (!isOwner(c, deps.owner)) return forbidden(c)
    const input = await readJson(c)
    const sentence = input?.message
    if (typeof sentence !== 'string' || !sentence.trim() || sentence.length > MAX_SENTENCE_LENGTH) {
      return c.json({ error: `message is a text of at most ${MAX_SENTENCE_LENGTH} characters` }, 400)
    }
    const id = typeof input?.conversation === 'string' ? input.conversation.slice(0, 64) : 'default'
    let conversation = conversations.get(id)
    if (!conversation) {
      if (conversations.size >= MAX_CONVERSATIONS) conversations.delete(conversations.keys().next().value as string)
      conversation = await deps.newConversation()
      conversations.set(id, conversation)
    }
    const talk = conversation
    c.header('Content-Type', 'application/x-ndjson')
    return stream(c, async (out) => {
      const aborted = new AbortController()
      out.onAbort(() => aborted.abort())
      const write = (event: object): void => void out.write(`${JSON.stringify(event)}\n`)
      const context = deps.context('console', aborted.signal)
      context.ask = (request) => {
        write({ type: 'ask', request })
        return deps.desk.wait(request, aborted.signal)
      }
      context.reveal = (secrets) => write({ type: 'secrets', secrets })
      for await (const event of talk.say(sentence, context)) write(event)
    })
  })

  return app
}

function forbidden(c: Context): Response {
  return c.json(
    { error: 'only the owner may do this: open the one-time address that `gateward start` or `gateward open` prints' },
    403,
  )
}

async function readJson(c: Context): Promise<Record<string, unknown> | undefined> {
  try {
    const value = (await c.req.json()) as unknown
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined // not JSON: the caller says so
  }
}
