// The operator's server: the page with the chat, the operations over HTTP, approvals, MCP, and the ChatGPT plugin of 2023.
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Logger } from '../gateway/plugin.ts'
import { randomHex } from '../lib/random-hex.ts'
import { HTTP_TIMEOUTS, MAX_CONNECTIONS } from '../servers.ts'
import type { Chats } from './chat/chats.ts'
import { guard, isOwner } from './http/access.ts'
import { APPROVE_JS, approvalPage, closedPage, notBuiltPage, PLAIN_CSS, usedPage } from './http/approval-page.ts'
import { chatsApi } from './http/chats-api.ts'
import { type ConsoleDeps, consoleApi } from './http/console-api.ts'
import { PAGE_CSP, readConsole } from './http/console-files.ts'
import { type OperationsApiDeps, operationsApi } from './http/operations-api.ts'
import { mcpRoutes } from './mcp/routes.ts'
import { createMcpFactory } from './mcp/server.ts'
import { type PluginDeps, pluginRoutes } from './openai/routes.ts'
import { localOperator } from './operator.ts'

export interface SurfaceDeps extends OperationsApiDeps, ConsoleDeps, PluginDeps {
  chats: Chats
  log: Logger
}

export function createSurface(deps: SurfaceDeps): Hono {
  const app = new Hono()
  app.use(guard(deps.publicUrl))
  app.onError((error, c) => {
    const id = randomHex(4)
    deps.log.error({ err: error, error_id: id, path: c.req.path }, 'a request to the surface failed')
    return c.json({ error_msg: `internal error ${id}; the log has the details under this id` }, 500)
  })
  app.notFound((c) => c.json({ error_msg: `there is no ${c.req.method} ${c.req.path} here` }, 404))
  page(app, deps)
  pluginRoutes(app, deps)
  const operator = localOperator(deps.operations, (signal) => deps.context('mcp', signal), deps.origin)
  const { operations, version } = deps
  mcpRoutes(app, { ...deps, servers: createMcpFactory({ operations, operator, version }) })
  app.use('/v1/*', async (c, next) => {
    await next()
    c.header('Cache-Control', 'no-store')
    c.header('X-Content-Type-Options', 'nosniff')
  })
  app.route('/v1', operationsApi(deps))
  app.route('/v1', consoleApi(deps))
  app.route('/v1', chatsApi(deps))
  return app
}

/** Opens the port; rejects with the system's error. */
export function listenSurface(app: Hono, address: { host: string; port: number }): Promise<Server> {
  return new Promise((resolve, reject) => {
    const options = { fetch: app.fetch, hostname: address.host, port: address.port, serverOptions: HTTP_TIMEOUTS }
    const server = serve(options, () => resolve(server)) as Server
    server.maxConnections = MAX_CONNECTIONS
    server.once('error', reject)
  })
}

function page(app: Hono, deps: SurfaceDeps): void {
  const files = readConsole()
  app.get('/', (c) => {
    const ticket = c.req.query('ticket')
    if (ticket !== undefined) return login(c, deps, ticket)
    return html(
      c,
      deps.owner.hasSession(getCookie(c, deps.owner.cookie)) ? (files.page ?? notBuiltPage()) : closedPage(),
    )
  })
  app.get('/assets/:name', (c) => {
    const file = files.assets.get(c.req.param('name'))
    if (!file) return c.notFound()
    return c.body(file.body, 200, {
      'Content-Type': file.type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
    })
  })
  app.get('/page.css', (c) => c.body(PLAIN_CSS, 200, { 'Content-Type': 'text/css; charset=utf-8' }))
  app.get('/approve.js', (c) => c.body(APPROVE_JS, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }))
  app.get('/approve/:id', (c) => {
    if (!isOwner(c, deps.owner)) return html(c, closedPage(), 403)
    const plan = deps
      .context('console', c.req.raw.signal)
      .approvals.pending()
      .find((one) => one.id === c.req.param('id'))
    return html(c, approvalPage(plan), plan ? 200 : 404)
  })
}

/** A ticket from the terminal becomes the browser's session; the address bar does not keep it. */
function login(c: Context, { owner, publicUrl }: SurfaceDeps, ticket: string): Response {
  const session = owner.redeem(ticket)
  // Who clicks the address in the terminal once more is the owner all the same.
  if (session === undefined)
    return owner.hasSession(getCookie(c, owner.cookie)) ? c.redirect('/') : html(c, usedPage(), 403)
  setCookie(c, owner.cookie, session, {
    httpOnly: true,
    sameSite: 'Strict',
    secure: publicUrl?.startsWith('https:') === true && new URL(publicUrl).host === c.req.header('host'),
    path: '/',
    maxAge: 30 * 24 * 60 * 60,
  })
  return c.redirect('/')
}

function html(c: Context, text: string, status: 200 | 403 | 404 = 200): Response {
  return c.html(text, status, {
    'Content-Security-Policy': PAGE_CSP,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  })
}
