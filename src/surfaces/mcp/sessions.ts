// Sessions for clients of 2025-11-25 and older over HTTP, whose person may approve: only within one can the server put a question to the client
// (elicitation, on the stream of the call that asks) and know what the client has said of itself at the beginning (widgets). Callers who may not
// approve are answered without sessions, as are clients of 2026-07-28, who bring all that with each request.
//
// The id of a session is no authentication: every request brings its token, and a session answers only the caller that began it, with the same scopes.
import { randomUUID } from 'node:crypto'
import {
  type AuthInfo,
  isLegacyRequest,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { readMessage } from './message.ts'

/** Sessions of one caller; the one that was used longest ago is ended for a new one. */
const MAX_SESSIONS = 50
/** Of all callers together. */
const MAX_ALL_SESSIONS = 500
const MAX_IDLE_MS = 60 * 60 * 1000
const HEADER = 'mcp-session-id'

interface Session {
  caller: string
  transport: WebStandardStreamableHTTPServerTransport
  usedAt: number
}

export class Sessions {
  /** By id, in the order of their last use. */
  readonly #sessions = new Map<string, Session>()
  readonly #factory: McpServerFactory
  readonly #maxBodyBytes: number

  constructor(factory: McpServerFactory, maxBodyBytes: number) {
    this.#factory = factory
    this.#maxBodyBytes = maxBodyBytes
  }

  /** The answer within a session; undefined where there is to be none. */
  async serve(request: Request, authInfo: AuthInfo): Promise<Response | undefined> {
    const id = request.headers.get(HEADER)
    if (id === null && !(await begins(request, authInfo, this.#maxBodyBytes))) return undefined
    this.#sweep()
    const caller = callerOf(authInfo)
    if (id === null) return (await this.#open(caller, request, authInfo)).handleRequest(request, { authInfo })
    const session = this.#sessions.get(id)
    if (session?.caller !== caller) return gone()
    this.#sessions.delete(id)
    this.#sessions.set(id, { ...session, usedAt: Date.now() })
    return session.transport.handleRequest(request, { authInfo })
  }

  async #open(caller: string, request: Request, authInfo: AuthInfo): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: this.#maxBodyBytes,
      onsessioninitialized: (id) => {
        this.#makeRoom(caller)
        this.#sessions.set(id, { caller, transport, usedAt: Date.now() })
      },
      onsessionclosed: (id) => void this.#sessions.delete(id),
    })
    const server = await this.#factory({ era: 'legacy', authInfo, requestInfo: request })
    await server.connect(transport)
    return transport
  }

  #makeRoom(caller: string): void {
    const own = [...this.#sessions].filter(([, one]) => one.caller === caller)
    if (own[0] && own.length >= MAX_SESSIONS) this.#end(own[0][0])
    const [oldest] = this.#sessions.keys()
    if (oldest !== undefined && this.#sessions.size >= MAX_ALL_SESSIONS) this.#end(oldest)
  }

  #sweep(): void {
    for (const [id, { usedAt }] of this.#sessions) if (usedAt + MAX_IDLE_MS < Date.now()) this.#end(id)
  }

  #end(id: string): void {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    void session?.transport.close()
  }
}

/** True for the handshake of an older client whose person may approve. */
async function begins(request: Request, { scopes }: AuthInfo, maxRequestBodySize: number): Promise<boolean> {
  if (request.method !== 'POST' || !scopes.includes('approve')) return false
  if (!(await isLegacyRequest(request, undefined, { maxRequestBodySize }))) return false
  return (await readMessage(request))?.method === 'initialize'
}

function callerOf({ clientId, scopes }: AuthInfo): string {
  return JSON.stringify([clientId, [...scopes].sort()])
}

/** As the protocol wants it: the client begins anew. */
function gone(): Response {
  const error = { code: -32001, message: 'there is no such session (any more); initialize again' }
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 404 })
}
