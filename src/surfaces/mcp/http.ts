// MCP over Streamable HTTP, both eras on one URL, without sessions. Who calls has been worked out before (`http/access.ts`).
import { createMcpHandler, type McpHttpHandler } from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import type { Principal } from '../http/principal.ts'
import { createMcpFactory, type McpOptions } from './server.ts'

/** Bytes of one message; an OpenAPI document may be in it. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

export function createMcpHttp(options: McpOptions, onError: (error: Error) => void): McpHttpHandler {
  return createMcpHandler(createMcpFactory(options), { maxRequestBodySize: MAX_MESSAGE_BYTES, onerror: onError })
}

/** Serves one request for a caller; the token is not passed on. */
export function serveMcp(handler: McpHttpHandler, c: Context, principal: Principal): Promise<Response> {
  const { subject, scopes } = principal
  return handler.fetch(c.req.raw, { authInfo: { token: '', clientId: subject, scopes: [...scopes] } })
}
