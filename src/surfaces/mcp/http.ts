// MCP over Streamable HTTP, both eras on one URL; with sessions only where an older client's person may approve (`sessions.ts`). Who calls has been
// worked out before (`http/principal.ts`).
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createMcpHandler,
  type McpHttpHandler,
  type McpServerFactory,
} from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import type { Principal } from '../http/principal.ts'
import { readMessage } from './message.ts'
import { SHOWS_WIDGETS } from './server.ts'
import { Sessions } from './sessions.ts'
import { showsWidgets } from './widgets.ts'

/** Bytes of one message; an OpenAPI document may be in it. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

export interface McpHttp {
  handler: McpHttpHandler
  sessions: Sessions
}

export function createMcpHttp(servers: McpServerFactory, onError: (error: Error) => void): McpHttp {
  return {
    handler: createMcpHandler(servers, { maxRequestBodySize: MAX_MESSAGE_BYTES, onerror: onError }),
    sessions: new Sessions(servers, MAX_MESSAGE_BYTES),
  }
}

/** Serves one request for a caller; the token is not passed on. */
export async function serveMcp({ handler, sessions }: McpHttp, c: Context, principal: Principal): Promise<Response> {
  const { subject, scopes } = principal
  const extra = { [SHOWS_WIDGETS]: await asksAsWidgetHost(c) }
  const authInfo = { token: '', clientId: subject, scopes: [...scopes], extra }
  return (await sessions.serve(c.req.raw, authInfo)) ?? handler.fetch(c.req.raw, { authInfo })
}

/** A client of 2026-07-28 tells with each request what it can do. */
async function asksAsWidgetHost(c: Context): Promise<boolean> {
  const bytes = Number(c.req.header('content-length') ?? Number.NaN)
  if (c.req.method !== 'POST' || !(bytes <= MAX_MESSAGE_BYTES)) return false
  const message = await readMessage(c.req.raw)
  const meta = (message?.params as { _meta?: Record<string, unknown> } | undefined)?._meta
  return showsWidgets(meta?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined)
}
