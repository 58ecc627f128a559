// The operator's server: the page with the chat, the operations over HTTP, approvals, and the ChatGPT plugin of 2023.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { getCookie, setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { stringify } from 'yaml'
import type { Logger } from '../gateway/plugin.ts'
import { ROOT } from '../lib/root.ts'
import type { OperationContext } from '../operations/contract.ts'
import { HTTP_TIMEOUTS, MAX_CONNECTIONS } from '../servers.ts'
import type { Chats } from './chat/chats.ts'
import type { ModelChoice } from './chat/model-choice.ts'
import type { Demo } from './console/demo-api.ts'
import type { Watch } from './console/tail-api.ts'
import { CHATGPT_ORIGINS, guard, isOwner } from './http/access.ts'
import { APPROVE_JS, approvalPage, closedPage, notBuiltPage, PLAIN_CSS } from './http/approval-page.ts'
import { chatsApi } from './http/chats-api.ts'
import { consoleApi } from './http/console-api.ts'
import { PAGE_CSP, readConsole } from './http/console-files.ts'
import { type OperationsApiDeps, operationsApi } from './http/operations-api.ts'
import { mcpRoutes } from './mcp/routes.ts'
import { createMcpFactory } from './mcp/server.ts'
import { actionsDocument } from './openai/actions.ts'
import { manifest, openapi } from './openai/document.ts'
import { RouteForwarder } from './openai/forward.ts'
import { localOperator } from './operator.ts'
import type { Owner } from './owner.ts'

/** Bytes of a route that the plugin of 2023 sends. */
const MAX_ROUTE_BYTES = 1024 * 1024

export interface SurfaceDeps extends OperationsApiDeps {
  owner: Owner
  chats: Chats
  pluginContext(signal: AbortSignal): OperationContext
  publicUrl: string | undefined
  /** What answers in the chat. */
  model: ModelChoice
  demo: Demo
  version: string
  /** Why the store of the embedded gateway cannot be written now; undefined when it answers. */
  storeTrouble(): string | undefined
  /** Shows requests of the embedded gateway as they finish. */
  watch: Watch
  log: Logger
}

export function createSurface(deps: SurfaceDeps): Hono {
  const app = new Hono()
  app.use(guard(deps.publicUrl))
  app.onError((error, c) => {
    const id = randomUUID().slice(0, 8)
    deps.log.error({ err: error, error_id: id, path: c.req.path }, 'a request to the surface failed')
    return c.json({ error_msg: `internal error ${id}; the log has the details under this id` }, 500)
  })
  app.notFound((c) => c.json({ error_msg: `there is no ${c.req.method} ${c.req.path} here` }, 404))
  page(app, deps)
  plugin(app, deps)
  const operator = localOperator(deps.operations, (signal) => deps.context('mcp', signal))
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
  if (session === undefined) return html(c, closedPage('This address was used already or is too old.'), 403)
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

function plugin(app: Hono, deps: SurfaceDeps): void {
  const fromChatGpt = cors({
    origin: CHATGPT_ORIGINS,
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Content-Type', 'Authorization', 'openai-conversation-id', 'openai-ephemeral-user-id'],
  })
  const origin = (c: Context): string => deps.publicUrl ?? new URL(c.req.url).origin
  const logo = readFileSync(new URL('assets/logo.png', ROOT))
  const forwarder = new RouteForwarder(deps.pluginContext)
  for (const path of [
    '/.well-known/ai-plugin.json',
    '/openapi.yaml',
    '/logo.png',
    '/apisix/admin/routes',
    '/apisix/admin/routes/:id',
  ])
    app.use(path, fromChatGpt)
  app.get('/.well-known/ai-plugin.json', (c) => c.json(manifest(origin(c))))
  app.get('/openapi.yaml', (c) => {
    const document = openapi(origin(c))
    const wantsJson = (c.req.header('accept') ?? '').includes('application/json')
    return wantsJson
      ? c.json(document)
      : c.body(stringify(document, { aliasDuplicateObjects: false }), 200, {
          'Content-Type': 'application/yaml; charset=utf-8',
          Vary: 'Accept',
        })
  })
  app.get('/actions/openapi.json', (c) => c.json(actionsDocument(deps.operations, origin(c), deps.version)))
  app.get('/logo.png', (c) =>
    c.body(new Uint8Array(logo), 200, { 'Content-Type': 'image/png', 'Cache-Control': 'max-age=3600' }),
  )
  app.get('/legal', (c) =>
    c.text(
      "Gateward is free software under the Apache License 2.0. It is not affiliated with the Apache Software Foundation or OpenAI. It runs on its owner's machine.",
    ),
  )
  app.use('/apisix/admin/*', async (c, next) => {
    const principal = await deps.access.of(c)
    if (!principal?.scopes.has(c.req.method === 'GET' ? 'read' : 'apply'))
      return c.json({ error_msg: 'this needs a token of the settings: Authorization: Bearer TOKEN' }, 401)
    if (!deps.access.admits(principal)) return c.json({ error_msg: 'too many calls; wait a minute' }, 429)
    await next()
  })
  app.use(
    '/apisix/admin/*',
    bodyLimit({
      maxSize: MAX_ROUTE_BYTES,
      onError: (c) => c.json({ error_msg: `body is larger than ${MAX_ROUTE_BYTES} bytes` }, 413),
    }),
  )
  app.on(['GET', 'POST'], '/apisix/admin/routes', (c) => forwarder.handle(c, undefined, origin(c)))
  app.on(['GET', 'PUT', 'PATCH', 'DELETE'], '/apisix/admin/routes/:id', (c) =>
    forwarder.handle(c, c.req.param('id'), origin(c)),
  )
}
