// Letting chats use an API: its operations as tools of MCP, and beside them what a GPT action or a plugin of 2023 asks for: a manifest, and the API's
// OpenAPI document, which names the gateway as the server. The API's own paths are served too, unless the gateway serves them already.
import Type from 'typebox'
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import { OperationError } from '../contract.ts'
import { freeId } from '../ids.ts'
import { type Inventory, nodesOf } from '../inventory.ts'
import type { Found } from '../one-by-one.ts'
import type { WishedChange } from '../plan.ts'
import type { Expectation } from '../prove.ts'
import { ANSWERS, type Around, defineIntent, type Intended, nodeOf, toUrl, upstreamOf, upstreamTo } from './contract.ts'
import { manifestPlugins } from './manifest.ts'
import { checkPath, prefixOf, publish, routeId } from './publish.ts'

export const chatApi = defineIntent({
  name: 'chat_api',
  fields: Type.Object({
    url: Type.Optional(Type.String({ description: 'the API; where the route leads to when absent' })),
    openapi: Type.Optional(Type.String({ description: 'its document; /openapi.json of the API when absent' })),
    path: Type.Optional(Type.String({ description: 'where MCP clients find it; /mcp when absent' })),
    name: Type.Optional(Type.String({ description: 'of the API, for its manifest' })),
    mcp_only: Type.Optional(Type.Boolean({ description: 'no manifest, no document, no path of the API itself' })),
  }),
  run({ url, openapi, path = '/mcp', name, mcp_only: mcpOnly = false }, around) {
    checkPath(path)
    const given = url === undefined ? around.route() : undefined
    const base = given ? addressOf(given, around) : toUrl(url as string)
    const document = toUrl(openapi ?? `${text(base)}/openapi.json`)
    const beside = path.replace(/\/[^/]*$/, '')
    const mcp = chatRoute(path, around, {
      methods: ['GET', 'POST', 'DELETE'],
      plugins: {
        'openapi-to-mcp': { transport: 'streamable_http', openapi_url: document.href, base_url: text(base) },
      },
    })
    // Without a stream of its own, which needs sessions, an MCP server answers a GET with 405.
    const proofs = [proof('MCP clients are answered', path, 405)]
    if (mcpOnly) return { changes: [mcp], expectations: proofs }

    const served = given ?? servedAlready(base, around.inventory)
    const own = served ? undefined : publishBelow(beside, base, around)
    const documentPath = `${beside}/openapi.json`
    const manifestPath = `${beside}/.well-known/ai-plugin.json`
    const server = served ? whereServed(served) : beside || '/'
    return {
      changes: [
        ...(own?.changes ?? []),
        mcp,
        chatRoute(documentPath, around, {
          methods: ['GET'],
          plugins: documentPlugins(document, server),
          upstream: upstreamTo(document),
        }),
        chatRoute(manifestPath, around, {
          methods: ['GET'],
          plugins: { cors: READABLE, ...manifestPlugins(name ?? given?.id ?? prefixOf(beside), base, beside, server) },
        }),
      ],
      expectations: [
        ...(own ? [{ ...(own.expectations?.[0] as Expectation), path: `${beside}/`, expect: ANSWERS }] : []),
        ...proofs,
        proof('its OpenAPI document', documentPath, 200),
        proof('its manifest', manifestPath, 200),
      ],
    }
  },
})

/** Read by pages of other origins, without credentials. */
const READABLE = { allow_origins: '*', allow_methods: 'GET' }

function proof(title: string, path: string, status: number): Expectation {
  return { title, method: 'GET', path, expect: { status: [status] } }
}

/** A route of exactly this path. */
function chatRoute(path: string, around: Around, members: Resource): WishedChange {
  checkFree(path, around)
  const ids = [...around.inventory.list('routes'), ...around.earlier].map((one) => one.id)
  const id = freeId(routeId(path), new Set(ids))
  return { action: 'create', kind: 'routes', id, set: { id, name: id, uri: path, ...members } }
}

function publishBelow(beside: string, base: URL, around: Around): Intended {
  const path = `${beside}/*`
  checkFree(path, around)
  return publish.run({ path, url: text(base), ...(beside ? { strip: beside } : {}) }, around)
}

/** Two routes of one path would hide each other. */
function checkFree(path: string, { inventory }: Around): void {
  const taken = inventory.list('routes').find(({ value }) => value.uri === path)
  if (taken)
    throw new OperationError(
      'invalid',
      `routes/${taken.id} serves ${path} already; give MCP clients another path, such as /NAME/mcp: all that belongs to it is served beside it`,
    )
}

function addressOf(route: Found, around: Around): URL {
  const { upstream } = upstreamOf(route, around)
  const [node] = nodesOf(upstream)
  if (!node)
    throw new OperationError('invalid', `the upstream of routes/${route.id} has no nodes written down; say the address`)
  const scheme = upstream.scheme === 'https' ? 'https' : 'http'
  return toUrl(`${scheme}://${node.address}${rewrittenBase(route.value) ?? ''}`)
}

/** A route below which everything goes to this address. */
function servedAlready(base: URL, inventory: Inventory): Found | undefined {
  return inventory.list('routes').find(({ id, value }) => {
    const place = inventory.upstreamOf(id, value)
    const all = String(value.uri ?? '').endsWith('/*') && value.host === undefined && value.status !== 0
    if (!all || !place || !nodesOf(place.upstream).some((one) => one.address === nodeOf(base))) return false
    return (rewrittenBase(value) ?? '') === base.pathname.replace(/\/$/, '')
  })
}

/** The path of the gateway below which the API's paths are. */
function whereServed({ value }: Found): string {
  return rewrittenBase(value) === undefined ? '/' : prefixOf(String(value.uri)) || '/'
}

/** The path of the API that stands for the route's own; undefined when paths are passed on as they are. */
function rewrittenBase(route: Resource): string | undefined {
  const [, to] = (pluginsIn(route)['proxy-rewrite']?.regex_uri ?? []) as string[]
  return to?.endsWith('/$1') ? to.slice(0, -3) : undefined
}

/** `"servers":[...]` of a JSON document, in which lists stand at most one level deep and a bracket within a text is none. */
const SERVERS =
  '"servers"\\s*:\\s*\\[(?:[^\\[\\]"]|"(?:[^"\\\\]|\\\\.)*"|\\[(?:[^\\[\\]"]|"(?:[^"\\\\]|\\\\.)*")*\\])*\\]'

function documentPlugins(document: URL, server: string): Resource {
  return {
    cors: READABLE,
    // Compressed, it could not be rewritten.
    'proxy-rewrite': { uri: document.pathname, headers: { remove: ['Accept-Encoding'] } },
    'response-rewrite': {
      filters: [{ regex: SERVERS, scope: 'once', replace: `"servers":[{"url":${JSON.stringify(server)}}]` }],
    },
  }
}

function text(url: URL): string {
  return url.href.replace(/\/$/, '')
}
