// MCP over Streamable HTTP, both eras on one URL, without sessions. Who calls has been worked out before (`http/access.ts`).
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createMcpHandler,
  type McpHttpHandler,
} from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import type { Principal } from '../http/principal.ts'
import { createMcpFactory, type McpOptions, SHOWS_WIDGETS } from './server.ts'
import { showsWidgets } from './widgets.ts'

/** Bytes of one message; an OpenAPI document may be in it. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

export function createMcpHttp(options: McpOptions, onError: (error: Error) => void): McpHttpHandler {
  return createMcpHandler(createMcpFactory(options), { maxRequestBodySize: MAX_MESSAGE_BYTES, onerror: onError })
}

/** Serves one request for a caller; the token is not passed on. */
export async function serveMcp(handler: McpHttpHandler, c: Context, principal: Principal): Promise<Response> {
  const { subject, scopes } = principal
  const extra = { [SHOWS_WIDGETS]: await asksAsWidgetHost(c) }
  return handler.fetch(c.req.raw, { authInfo: { token: '', clientId: subject, scopes: [...scopes], extra } })
}

/** A client of 2026-07-28 tells with each request what it can do. */
async function asksAsWidgetHost(c: Context): Promise<boolean> {
  const bytes = Number(c.req.header('content-length') ?? Number.NaN)
  if (c.req.method !== 'POST' || !(bytes <= MAX_MESSAGE_BYTES)) return false
  const message = await readMessage(c)
  const meta = (message?.params as { _meta?: Record<string, unknown> } | undefined)?._meta
  return showsWidgets(meta?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined)
}

async function readMessage(c: Context): Promise<Record<string, unknown> | undefined> {
  try {
    return (await c.req.raw.clone().json()) as Record<string, unknown>
  } catch {
    return undefined // no JSON: the handler answers that
  }
}
