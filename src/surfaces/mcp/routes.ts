// The paths of MCP over HTTP: `/mcp` for callers with enough rights, and the metadata by which a client finds out where to get a token.
import type { McpServerFactory } from '@modelcontextprotocol/server'
import type { Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Logger } from '../../gateway/plugin.ts'
import { type OperationsApiDeps, tooLarge, unauthorized } from '../http/operations-api.ts'
import type { Principal } from '../http/principal.ts'
import { type Scope, scopeOf } from '../scopes.ts'
import { createMcpHttp, MAX_MESSAGE_BYTES, serveMcp } from './http.ts'
import { readMessage } from './message.ts'

interface McpRoutesDeps extends Pick<OperationsApiDeps, 'operations' | 'access'> {
  servers: McpServerFactory
  log: Pick<Logger, 'debug'>
}

export function mcpRoutes(app: Hono, deps: McpRoutesDeps): void {
  const mcp = createMcpHttp(deps.servers, (error) => deps.log.debug({ err: error }, 'an MCP request was refused'))
  const { oauth } = deps.access
  if (oauth)
    for (const path of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'])
      app.get(path, (c) => c.json(oauth.metadata(), 200, { 'Cache-Control': 'max-age=300' }))
  app.use('/mcp', bodyLimit({ maxSize: MAX_MESSAGE_BYTES, onError: tooLarge }))
  app.all('/mcp', async (c) => {
    const principal = await deps.access.of(c)
    if (!principal) return unauthorized(c, deps.access)
    if (!deps.access.admits(principal)) return c.json({ error: 'too many calls; wait a minute' }, 429)
    const missing = oauth && principal.oauth ? await missingScope(c, principal, deps) : undefined
    if (oauth && missing)
      return c.json({ error: `this needs a token with the scope ${oauth.named(missing)}` }, 403, {
        'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${oauth.named(missing)}", resource_metadata="${oauth.metadataUrl()}"`,
      })
    return serveMcp(mcp, c, principal)
  })
}

/** The scope that a tool call lacks, so that the client can ask its person for it; a tool beyond the token's scopes is not in its list. */
async function missingScope(
  c: Context,
  { scopes }: Principal,
  { operations }: Pick<McpRoutesDeps, 'operations'>,
): Promise<Scope | undefined> {
  const called = c.req.method === 'POST' ? await calledTool(c) : undefined
  const operation = operations.find((one) => one.name === called)
  const needed = operation ? scopeOf(operation) : scopes.size ? undefined : 'read'
  return needed && !scopes.has(needed) ? needed : undefined
}

async function calledTool(c: Context): Promise<string | undefined> {
  const message = await readMessage(c.req.raw)
  return message?.method === 'tools/call' ? (message.params as { name?: string } | undefined)?.name : undefined
}
