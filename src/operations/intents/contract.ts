// What an intent is: something that people say, as changes. Each intent reads what is there, so that it changes the route it means and creates only
// what is missing; it brings the expectations that prove it. One value per intent: from it come the check of its fields, what a model is told of
// them, and the changes.
import type { Static, TObject } from 'typebox'
import { type Kind, pluginsIn, type Resource } from '../../resources/kinds.ts'
import { OperationError, type Secret } from '../contract.ts'
import type { Inventory, UpstreamPlace } from '../inventory.ts'
import type { Found } from '../one-by-one.ts'
import { merge } from '../patch.ts'
import type { WishedChange } from '../plan.ts'
import type { Expectation } from '../prove.ts'

export interface Intended {
  changes: WishedChange[]
  secrets?: Secret[]
  expectations?: Expectation[]
  /** What is not as somebody might think. */
  notes?: string[]
}

/** What an intent may look at. */
export interface Around {
  inventory: Inventory
  /** The route that is meant, or one that leads to the upstream that is meant. Throws when none was named, or none is there. */
  route(): Found

  /** Changes that earlier intents of the plan make. */
  earlier: readonly WishedChange[]
  /** A name for the routes of one API about all of which this is said; undefined: it is said of one route. */
  api: string | undefined
}

export interface IntentDefinition<Fields extends TObject = TObject> {
  /** `require_key`: the value of `do`. */
  name: string
  fields: Fields
  run(fields: Static<Fields>, around: Around): Intended
}

/** Types an intent by its fields. */
export function defineIntent<Fields extends TObject>(intent: IntentDefinition<Fields>): IntentDefinition {
  return intent as unknown as IntentDefinition
}

/** A request that a route takes: what a proof sends. */
export type Probe = Pick<Expectation, 'method' | 'path' | 'headers'>

export function probeOf(route: Resource): Probe {
  const methods = route.methods as string[] | undefined
  const host = (route.host ?? (route.hosts as string[] | undefined)?.[0]) as string | undefined
  const uri = String(route.uri ?? (route.uris as string[] | undefined)?.[0] ?? '/')
  const headers = { ...(host === undefined ? {} : { Host: host.replace(/^\*/, 'www') }), ...headersOf(route.vars) }
  return {
    method: !methods?.length || methods.includes('GET') ? 'GET' : (methods[0] as string),
    path: uri.replace(/\*$/, '1').replace(/:[^/]+/g, '1'),
    ...(Object.keys(headers).length ? { headers } : {}),
  }
}

/** Headers that meet a route's conditions on headers. */
function headersOf(vars: unknown): Record<string, string> {
  const conditions = Array.isArray(vars) ? (vars as unknown[][]) : []
  return Object.fromEntries(
    conditions.flatMap(([name, operator, value]) => {
      const header = /^http_(\w+)$/.exec(String(name))?.[1]
      return header && operator === '==' ? [[header.replaceAll('_', '-'), String(value)]] : []
    }),
  )
}

/**
 * Statuses that an API gives for a path nobody told us about; a gateway that cannot reach it gives 502, 503 or 504. Not 400: that is what a request
 * gets which nobody has understood, the gateway for one.
 */
export const ANSWERED = [200, 201, 204, 301, 302, 304, 401, 403, 404, 405, 422]

/** What a proof expects of an API that is reached. */
export const ANSWERS = { status: ANSWERED, shown: 'an answer' }

/** A route that stands for every request: its plugins become a global rule. */
export const EVERY_ROUTE = '*'

/** The change that gives a route plugins; null takes one away. */
export function withPlugins(route: Found, plugins: Resource, around: Around): WishedChange[] {
  if (route.id !== EVERY_ROUTE) return onRoute(route, { plugins })
  return Object.entries(plugins).map(([name, conf]) => {
    const rule = around.inventory.list('global_rules').find((one) => name in pluginsIn(one.value))
    const set = { plugins: { [name]: conf } }
    return rule
      ? { action: 'change', kind: 'global_rules', id: rule.id, set }
      : { action: 'create', kind: 'global_rules', id: name, set }
  })
}

export function onRoute(route: Found, set: Resource): WishedChange[] {
  oneOnly(route)
  return [{ action: 'change', kind: 'routes', id: route.id, set }]
}

function oneOnly({ id }: Found): void {
  if (id === EVERY_ROUTE)
    throw new OperationError(
      'invalid',
      'this is done for one route at a time: name it; only plugins can run for all routes',
    )
}

/** Plugins of a consumer: they run on every route that asks who is calling, for that one alone. */
export function onConsumer(name: string, plugins: Resource, { inventory, earlier }: Around): WishedChange[] {
  const made = earlier.some((one) => one.kind === 'consumers' && one.id === name)
  if (!made && !inventory.get('consumers', name))
    throw new OperationError(
      'not_found',
      `there is no consumer ${JSON.stringify(name)}; there are: ${consumersOf(inventory)}`,
    )
  return [{ action: 'change', kind: 'consumers', id: name, set: { username: name, plugins } }]
}

/** The names of the first consumers, for messages. */
export function consumersOf(inventory: Inventory): string {
  const names = inventory.list('consumers').map((one) => one.id)
  return names.slice(0, 20).join(', ') || 'none'
}

/** Where the upstream of a route stands. Throws when it has none. */
export function upstreamOf(route: Found, around: Around): UpstreamPlace {
  oneOnly(route)
  const place = around.inventory.upstreamOf(route.id, route.value)
  const planned = around.earlier.find((one) => place && one.kind === place.kind && one.id === place.id)?.set
  if (place) return planned && place.kind !== 'routes' ? { ...place, upstream: withPlanned(place, planned) } : place
  throw new OperationError('invalid', `routes/${route.id} has no upstream; it answers by itself`)
}

/** What earlier intents of the plan make of an upstream that routes share; of a route's own the route tells. */
function withPlanned({ kind, upstream }: UpstreamPlace, planned: Resource): Resource {
  return merge(upstream, (kind === 'services' ? planned.upstream : planned) as Resource)
}

export function onUpstream(place: UpstreamPlace, members: Resource): WishedChange[] {
  return [{ action: 'change', kind: place.kind as Kind, id: place.id, set: place.patch(members) }]
}

const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'grpc:', 'grpcs:'])

/** The address of an API. Throws with the form that it should have. */
export function toUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !PROTOCOLS.has(url.protocol))
    throw new OperationError(
      'invalid',
      `${JSON.stringify(text)} is not the address of an API; write it as http://host:port or https://host (grpc:// and grpcs:// for gRPC)`,
    )
  if (url.username || url.password)
    throw new OperationError(
      'invalid',
      'the address of an API must not hold a password; set it as a secret reference in a plugin',
    )
  return url
}

/** `host:port` of an address. */
export function nodeOf(url: URL): string {
  return `${url.hostname}:${url.port || (/s:$/.test(url.protocol) ? '443' : '80')}`
}

/** An upstream of one node. */
export function upstreamTo(url: URL): Resource {
  return {
    type: 'roundrobin',
    ...(url.protocol === 'http:' ? {} : { scheme: url.protocol.slice(0, -1) }),
    ...(url.protocol === 'https:' ? { pass_host: 'node' } : {}),
    nodes: { [nodeOf(url)]: 1 },
  }
}

/** Names of plugins that ask who is calling. */
export const AUTHENTICATION = /(?:-auth|^openid-connect|^jwe-decrypt)$/
