// What people say, as changes: publish an API, require a key, limit, take away. Each intent reads what is there, so that it changes the route
// it means and creates only what is missing; it brings the expectations that prove it.
import { randomBytes } from 'node:crypto'
import Type, { type Static } from 'typebox'
import type { Resource } from '../resources/kinds.ts'
import type { Found } from './admin-client.ts'
import { OperationError, type Secret } from './contract.ts'
import { joinChanges } from './join.ts'
import type { WishedChange } from './plan.ts'
import type { Expectation } from './prove.ts'
import type { Target } from './targets.ts'

export const intentSchema = Type.Object({
  do: Type.Enum(['publish', 'require_key', 'limit', 'remove_plugin', 'add_plugin', 'disable', 'enable'], {
    description: 'what to do',
  }),
  route: Type.Optional(Type.String({ description: 'route id; required except for publish' })),
  path: Type.Optional(Type.String({ description: 'publish: path to serve, `/orders/*` for everything below' })),
  url: Type.Optional(Type.String({ description: 'publish: where the API runs, http(s)://host:port' })),
  host: Type.Optional(Type.String({ description: 'publish: only for this host name' })),
  methods: Type.Optional(Type.Array(Type.String(), { description: 'publish: only these methods' })),
  count: Type.Optional(Type.Integer({ minimum: 1, description: 'limit: requests per window' })),
  seconds: Type.Optional(Type.Integer({ minimum: 1, description: 'limit: length of the window' })),
  plugin: Type.Optional(Type.String({ description: 'add_plugin, remove_plugin: plugin name' })),
  config: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'add_plugin: its configuration' })),
})
export type Intent = Static<typeof intentSchema>

export interface Intended {
  changes: WishedChange[]
  secrets: Secret[]
  expectations: Expectation[]
}

/** Works out intents in order; those about one route are put together into one change. */
export async function toChanges(intents: Intent[], target: Target): Promise<Intended> {
  const all: Intended = { changes: [], secrets: [], expectations: [] }
  const keyed = intents.filter((one) => one.do === 'require_key').map((one) => one.route)
  for (const intent of intents) {
    const one = await workOut(intent, target)
    all.changes.push(...one.changes)
    all.secrets.push(...one.secrets)
    all.expectations.push(...one.expectations)
  }
  // A route that asks for a key answers 401 to a request without one: the other proofs about it must carry the key.
  const credential = all.expectations.find((one) => one.credential)?.credential
  if (credential && keyed.length) {
    for (const one of all.expectations)
      if (!one.credential && !one.expect.status?.includes(401)) one.credential = credential
  }
  return { ...all, changes: joinChanges(all.changes), expectations: all.expectations.filter(isHarmless) }
}

async function workOut(intent: Intent, target: Target): Promise<Intended> {
  if (intent.do === 'publish') return publish(intent, target)
  const route = await findRoute(intent, target)
  const probe = probeOf(route.value)
  switch (intent.do) {
    case 'require_key':
      return requireKey(route, probe, target)
    case 'limit':
      return limit(intent, route, probe)
    case 'add_plugin':
      return onRoute(route, { plugins: { [need(intent.plugin, 'plugin', intent)]: intent.config ?? {} } })
    case 'remove_plugin':
      return onRoute(route, { plugins: { [need(intent.plugin, 'plugin', intent)]: null } })
    case 'disable':
      return onRoute(route, { status: 0 }, [{ title: 'route is off', ...probe, expect: { status: [404] } }])
    default:
      return onRoute(route, { status: 1 })
  }
}

async function publish(intent: Intent, target: Target): Promise<Intended> {
  const path = need(intent.path, 'path', intent)
  if (!/^\/[^\s?#]*$/.test(path))
    throw new OperationError(
      'invalid',
      `the path to serve begins with / and has no blanks, query or fragment: ${JSON.stringify(path)}`,
    )
  const url = toUrl(need(intent.url, 'url', intent))
  const taken = new Set((await target.admin.list('routes')).map((one) => one.id))
  const base =
    path
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40) || 'root'
  let id = base
  for (let n = 2; taken.has(id); n++) id = `${base}-${n}`
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const route: Resource = {
    id,
    name: id,
    uri: path,
    ...(intent.host ? { host: intent.host } : {}),
    ...(intent.methods?.length ? { methods: intent.methods } : {}),
    upstream: {
      type: 'roundrobin',
      ...(url.protocol === 'https:' ? { scheme: 'https', pass_host: 'node' } : {}),
      nodes: { [`${url.hostname}:${port}`]: 1 },
    },
  }
  const served: Expectation = {
    title: 'the API answers',
    ...probeOf(route),
    expect: { status: ANSWERED, shown: 'an answer' },
  }
  return { changes: [{ action: 'create', kind: 'routes', id, set: route }], secrets: [], expectations: [served] }
}

/** Statuses that an API gives for a path nobody told us about; a gateway that cannot reach it gives 502, 503 or 504. */
const ANSWERED = [200, 201, 204, 301, 302, 304, 400, 401, 403, 404, 405, 422]

async function requireKey(route: Found, probe: Probe, target: Target): Promise<Intended> {
  const holder = await findKeyHolder(target)
  const secrets: Secret[] = []
  const changes: WishedChange[] = [
    { action: 'change', kind: 'routes', id: route.id, set: { plugins: { 'key-auth': {} } } },
  ]
  let consumer = holder
  if (!consumer) {
    const key = `gw_${randomBytes(18).toString('base64url')}`
    consumer = 'app'
    secrets.push({ label: 'API key of consumer app (send it in the header apikey)', value: key })
    changes.push({
      action: 'create',
      kind: 'consumers',
      id: consumer,
      set: { username: consumer, plugins: { 'key-auth': { key } } },
    })
  }
  const credential = { kind: 'consumers' as const, id: consumer, plugin: 'key-auth', field: 'key', header: 'apikey' }
  return {
    changes,
    secrets,
    expectations: [
      { title: 'no key', ...probe, expect: { status: [401] } },
      {
        title: `key of ${consumer}`,
        ...probe,
        credential,
        expect: { status: ANSWERED.filter((one) => one !== 401), shown: 'an answer' },
      },
    ],
  }
}

async function findKeyHolder(target: Target): Promise<string | undefined> {
  const consumers = await target.admin.list('consumers')
  return consumers.find(
    (one) =>
      typeof ((one.value.plugins as Resource | undefined)?.['key-auth'] as Resource | undefined)?.key === 'string',
  )?.id
}

function limit(intent: Intent, route: Found, probe: Probe): Intended {
  const count = need(intent.count, 'count', intent)
  const set = {
    plugins: {
      'limit-count': {
        count,
        time_window: intent.seconds ?? 60,
        rejected_code: 429,
        rejected_msg: 'too many requests',
      },
    },
  }
  const quota: Expectation = {
    title: 'the quota is announced',
    ...probe,
    expect: { header: { name: 'X-RateLimit-Limit', value: String(count) } },
  }
  return onRoute(route, set, [quota])
}

function onRoute(route: Found, set: Resource, expectations: Expectation[] = []): Intended {
  return { changes: [{ action: 'change', kind: 'routes', id: route.id, set }], secrets: [], expectations }
}

async function findRoute(intent: Intent, target: Target): Promise<Found> {
  const id = need(intent.route, 'route', intent)
  const route = await target.admin.get('routes', id)
  if (route) return route
  const known = (await target.admin.list('routes')).slice(0, 20).map((one) => one.id)
  throw new OperationError(
    'not_found',
    `there is no route ${JSON.stringify(id)}; there are: ${known.join(', ') || 'none'}`,
  )
}

function need<T>(value: T | undefined, name: string, intent: Intent): T {
  if (value === undefined) throw new OperationError('invalid', `${intent.do} needs ${name}`)
  return value
}

type Probe = Pick<Expectation, 'method' | 'path' | 'headers'>

/** A request that the route takes. */
function probeOf(route: Resource): Probe {
  const methods = route.methods as string[] | undefined
  const host = (route.host ?? (route.hosts as string[] | undefined)?.[0]) as string | undefined
  return {
    method: !methods?.length || methods.includes('GET') ? 'GET' : (methods[0] as string),
    path: probePath(route),
    ...(host === undefined ? {} : { headers: { Host: host.replace(/^\*/, 'www') } }),
  }
}

/** True for a probe that can change nothing behind the gateway: a reading method, or a request that the gateway must refuse. */
function isHarmless({ method, expect }: Expectation): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || expect.status?.join() === '401'
}

/** A path that the route takes, for a probe: `/speaker/*` -> `/speaker/1`. */
function probePath(route: Resource): string {
  const uri = String(route.uri ?? (route.uris as string[] | undefined)?.[0] ?? '/')
  return uri.replace(/\*$/, '1').replace(/:[^/]+/g, '1')
}

function toUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new OperationError(
      'invalid',
      `${JSON.stringify(text)} is not the address of an API; write it as http://host:port or https://host`,
    )
  }
  if (url.username || url.password)
    throw new OperationError(
      'invalid',
      'the address of an API must not hold a password; set it as a secret reference in a plugin',
    )
  return url
}
