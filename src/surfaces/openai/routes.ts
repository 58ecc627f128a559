// The paths of the ChatGPT plugin of 2023 and of GPT Actions: their documents, and the documented Route operations.
import { readFileSync } from 'node:fs'
import type { Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { stringify } from 'yaml'
import { ROOT } from '../../lib/root.ts'
import type { Operation, OperationContext } from '../../operations/contract.ts'
import { CHATGPT_ORIGINS } from '../http/access.ts'
import type { Access } from '../http/principal.ts'
import { actionsDocument } from './actions.ts'
import { manifest, openapi } from './document.ts'
import { RouteForwarder } from './forward.ts'

export interface PluginDeps {
  operations: readonly Operation[]
  access: Access
  pluginContext(signal: AbortSignal): OperationContext
  publicUrl: string | undefined
  version: string
}

/** Bytes of a route. */
const MAX_ROUTE_BYTES = 1024 * 1024

export function pluginRoutes(app: Hono, deps: PluginDeps): void {
  const fromChatGpt = cors({
    origin: CHATGPT_ORIGINS,
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Content-Type', 'Authorization', 'openai-conversation-id', 'openai-ephemeral-user-id'],
  })
  for (const path of [
    '/.well-known/ai-plugin.json',
    '/openapi.yaml',
    '/logo.png',
    '/apisix/admin/routes',
    '/apisix/admin/routes/:id',
  ])
    app.use(path, fromChatGpt)
  documents(app, deps)
  routeOperations(app, deps)
}

function documents(app: Hono, deps: PluginDeps): void {
  const logo = readFileSync(new URL('assets/logo.png', ROOT))
  app.get('/.well-known/ai-plugin.json', (c) => c.json(manifest(originOf(c, deps))))
  app.get('/openapi.yaml', (c) => {
    const document = openapi(originOf(c, deps))
    const wantsJson = (c.req.header('accept') ?? '').includes('application/json')
    return wantsJson
      ? c.json(document)
      : c.body(stringify(document, { aliasDuplicateObjects: false }), 200, {
          'Content-Type': 'application/yaml; charset=utf-8',
          Vary: 'Accept',
        })
  })
  app.get('/actions/openapi.json', (c) => c.json(actionsDocument(deps.operations, originOf(c, deps), deps.version)))
  app.get('/logo.png', (c) =>
    c.body(new Uint8Array(logo), 200, { 'Content-Type': 'image/png', 'Cache-Control': 'max-age=3600' }),
  )
  app.get('/legal', (c) =>
    c.text(
      "Gateward is free software under the Apache License 2.0. It is not affiliated with the Apache Software Foundation or OpenAI. It runs on its owner's machine.",
    ),
  )
}

function routeOperations(app: Hono, deps: PluginDeps): void {
  const forwarder = new RouteForwarder(deps.pluginContext)
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
  app.on(['GET', 'POST'], '/apisix/admin/routes', (c) => forwarder.handle(c, undefined, originOf(c, deps)))
  app.on(['GET', 'PUT', 'PATCH', 'DELETE'], '/apisix/admin/routes/:id', (c) =>
    forwarder.handle(c, c.req.param('id'), originOf(c, deps)),
  )
}

function originOf(c: Context, { publicUrl }: PluginDeps): string {
  return publicUrl ?? new URL(c.req.url).origin
}
