// An API's document as changes: one service with the upstream, one route for each path (and for each way in which its operations are protected).
//
// Path parameters: the default router knows only prefixes, so `/users/{id}/posts` becomes the prefix `/users/*` with a condition on the whole
// path; the more of a path is literal, the earlier it is tried. An import of the same id again changes what is there and deletes nothing.
import { withoutBrackets } from '../../lib/address.ts'
import { literal } from '../../lib/regex-literal.ts'
import { plainText } from '../../lib/text.ts'
import type { Resource } from '../../resources/kinds.ts'
import { OperationError } from '../contract.ts'
import { freeId, slug } from '../ids.ts'
import type { WishedChange } from '../plan.ts'
import type { Expectation } from '../prove.ts'
import type { Target } from '../targets.ts'
import { type Api, type ApiOperation, toApi } from './api.ts'
import { readDocument } from './document.ts'
import { Lost } from './lost.ts'
import { toPlugins } from './security.ts'

export interface ImportWish {
  /** The document's text. */
  document: string
  /** Where it came from, for relative server addresses. */
  base?: string
  /** Where the API runs, when the document's own server is not it. */
  server?: string
  /** Serve the paths below this one, instead of below the server's own. */
  prefix?: string
  host?: string
  /** Id of the service and beginning of the routes' ids; from the title when absent. */
  id?: string
}

export interface Imported {
  changes: WishedChange[]
  notes: string[]
  expectations: Expectation[]
}

/** Routes of one import. */
const MAX_ROUTES = 480
const MAX_PROOFS = 3

export async function importOpenapi(wish: ImportWish, target: Target): Promise<Imported> {
  const lost = new Lost()
  const api = toApi(readDocument(wish.document), lost)
  if (!api.operations.length) throw new OperationError('invalid', 'the OpenAPI document has no operations')
  const id = slug(wish.id ?? api.title, 30) || 'api'
  const server = chooseServer(api, wish, lost)
  const prefix = wish.prefix === undefined ? server.path : trimmed(wish.prefix)
  const routes = toRoutes(api, { id, prefix, lost })
  if (routes.length > MAX_ROUTES)
    throw new OperationError(
      'invalid',
      `the document makes ${routes.length} routes, more than ${MAX_ROUTES}; split it, or publish its base path as one route`,
    )
  const service = toService(api, id, server, prefix, wish.host)
  const changes = await againstWhatIs(
    [
      { kind: 'services', id, set: service },
      ...routes.map(({ set }) => ({ kind: 'routes' as const, id: String(set.id), set })),
    ],
    target,
  )
  return {
    changes,
    notes: [
      `read OpenAPI ${api.version} ${JSON.stringify(api.title)}: ${api.operations.length} operations make ${routes.length} routes of service ${id} to ${server.url.origin}`,
      'descriptions of answers, schemas, tags, examples and what is told about the API stay in the document',
      ...lost.lines(),
      ...(await leftBehind(id, new Set(routes.map((one) => String(one.set.id))), target)),
    ],
    expectations: routes
      .filter((one) => one.probe)
      .slice(0, MAX_PROOFS)
      .map((one) => toProof(one, wish.host)),
  }
}

interface Server {
  url: URL
  /** Its path without the last slash. */
  path: string
}

function chooseServer(api: Api, wish: ImportWish, lost: Lost): Server {
  const [own = '/', ...others] = api.servers
  for (const one of others) lost.add('servers beyond the first', one)
  const written = wish.server ?? own
  const url = URL.canParse(written, wish.base) ? new URL(written, wish.base) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new OperationError(
      'invalid',
      `the document's server is ${JSON.stringify(plainText(written, 100))}, which is no whole address; give \`server\`: http(s)://host:port`,
    )
  if (wish.server !== undefined) {
    // The paths of the document stand below its own server's path, wherever the API really runs.
    const ownPath = URL.canParse(own, 'http://x') ? new URL(own, 'http://x').pathname : '/'
    return { url, path: trimmed(url.pathname === '/' ? ownPath : url.pathname) }
  }
  return { url, path: trimmed(url.pathname) }
}

function toService(api: Api, id: string, { url, path }: Server, prefix: string, host: string | undefined): Resource {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const moved = prefix !== path
  return {
    name: id,
    desc: plainText(api.title, 200),
    ...(host === undefined ? {} : { hosts: [host] }),
    upstream: {
      type: 'roundrobin',
      ...(url.protocol === 'https:' ? { scheme: 'https', pass_host: 'node' } : {}),
      nodes: [{ host: withoutBrackets(url.hostname), port, weight: 1 }],
    },
    ...(moved ? { plugins: { 'proxy-rewrite': { regex_uri: [`^${literal(prefix)}/(.*)`, `${path}/$1`] } } } : {}),
  }
}

interface ImportedRoute {
  set: Resource
  /** A path to try by GET. */
  probe: string | undefined
  protected: boolean
}

function toRoutes(api: Api, { id, prefix, lost }: { id: string; prefix: string; lost: Lost }): ImportedRoute[] {
  const taken = new Set<string>()
  return groups(api, lost).map(({ operations, plugins }) => {
    const [{ path }] = operations as [ApiOperation]
    const full = `${prefix}${path}`
    const cut = full.indexOf('{')
    const routeId = freeId(`${id}-${slug(path, 26) || 'root'}`, taken)
    taken.add(routeId)
    const methods = operations.map((one) => one.method)
    const desc = plainText(
      operations
        .map((one) => one.summary)
        .filter(Boolean)
        .join('; '),
      200,
    )
    const set: Resource = {
      id: routeId,
      name: routeId,
      ...(desc ? { desc } : {}),
      ...(operations.every((one) => one.deprecated) ? { labels: { deprecated: 'true' } } : {}),
      uri: cut < 0 ? full : `${full.slice(0, cut)}*`,
      methods,
      ...(cut < 0 ? {} : { vars: [['uri', '~~', toPattern(full)]], priority: literals(full) }),
      service_id: id,
      ...(Object.keys(plugins).length ? { plugins } : {}),
    }
    if (operations.some((one) => one.deprecated) && !set.labels)
      for (const one of operations)
        if (one.deprecated) lost.add('deprecation of some methods of a path', `${one.method} ${one.path}`)
    const probe = methods.includes('GET') ? full.replace(/\{[^}]*\}/g, '1') : undefined
    return { set, probe, protected: Object.keys(plugins).length > 0 }
  })
}

/** The operations of one path that are protected alike, in the order of the document. */
function groups(api: Api, lost: Lost): { operations: ApiOperation[]; plugins: Record<string, Resource> }[] {
  const made = new Map<string, { operations: ApiOperation[]; plugins: Record<string, Resource> }>()
  for (const operation of api.operations) {
    const plugins = toPlugins(operation.security, api, lost, `${operation.method} ${operation.path}`)
    const key = `${operation.path} ${JSON.stringify(plugins)}`
    const group = made.get(key)
    if (group) group.operations.push(operation)
    else made.set(key, { operations: [operation], plugins })
  }
  return [...made.values()]
}

/** What exists is changed, what does not is made. */
async function againstWhatIs(
  wished: { kind: 'services' | 'routes'; id: string; set: Resource }[],
  target: Target,
): Promise<WishedChange[]> {
  const known = { services: await ids('services', target), routes: await ids('routes', target) }
  return wished.map((one) => ({ action: known[one.kind].has(one.id) ? 'change' : 'create', ...one }))
}

async function ids(kind: 'services' | 'routes', target: Target): Promise<Set<string>> {
  return new Set((await target.admin.list(kind)).map((one) => one.id))
}

async function leftBehind(id: string, made: Set<string>, target: Target): Promise<string[]> {
  const others = (await target.admin.list('routes')).filter(
    (one) => String(one.value.service_id) === id && !made.has(one.id),
  )
  if (!others.length) return []
  return [
    `${others.length} routes of service ${id} are not in the document and stay: ${others
      .slice(0, 5)
      .map((one) => one.id)
      .join(', ')}`,
  ]
}

function toProof({ probe, protected: closed }: ImportedRoute, host: string | undefined): Expectation {
  return {
    title: closed ? 'asks who is calling' : 'the API answers',
    method: 'GET',
    path: String(probe),
    ...(host === undefined ? {} : { headers: { Host: host.replace(/^\*/, 'www') } }),
    expect: closed
      ? { status: [401] }
      : { status: [200, 201, 204, 301, 302, 304, 400, 401, 403, 404, 405, 422], shown: 'an answer' },
  }
}

function toPattern(path: string): string {
  return `^${path
    .split(/\{[^}]*\}/)
    .map(literal)
    .join('[^/]+')}$`
}

/** Literal segments: `/users/{id}/me` is tried before `/users/{id}/{what}`. */
function literals(path: string): number {
  return path.split('/').filter((one) => one && !one.includes('{')).length
}

function trimmed(path: string): string {
  return `/${path}`.replace(/\/+/g, '/').replace(/\/$/, '')
}
