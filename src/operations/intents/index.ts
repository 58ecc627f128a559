// Every intent, one per line, and how a list of them becomes the changes of one plan.
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { nearest } from '../../lib/nearest.ts'
import { type PluginConfs, pluginsIn, type Resource } from '../../resources/kinds.ts'
import { OperationError, type Secret } from '../contract.ts'
import type { Inventory } from '../inventory.ts'
import { joinChanges } from '../join.ts'
import type { Found } from '../one-by-one.ts'
import { merge } from '../patch.ts'
import type { WishedChange } from '../plan.ts'
import type { Expectation } from '../prove.ts'
import {
  addConsumer,
  allowConsumer,
  block,
  newKey,
  onlyConsumers,
  onlyIps,
  requireJwt,
  requireKey,
  requirePassword,
  unblock,
} from './access.ts'
import { chatApi } from './chat.ts'
import { AUTHENTICATION, EVERY_ROUTE, type Intended, type IntentDefinition, probeOf } from './contract.ts'
import { cache, limit, limitConcurrency, limitRate } from './limits.ts'
import {
  breaker,
  compress,
  cors,
  mock,
  redirect,
  requestHeaders,
  requestId,
  responseHeaders,
  rewrite,
  websocket,
} from './messages.ts'
import { ofApis } from './of-apis.ts'
import {
  addPlugin,
  checkUpstream,
  copy,
  disable,
  enable,
  match,
  move,
  onlyMethods,
  publish,
  removePlugin,
} from './publish.ts'
import { addNode, balance, finishSplit, healthChecks, leadTo, removeNode, retry, split, timeouts } from './upstreams.ts'

export const INTENTS: readonly IntentDefinition[] = [
  publish,
  requireKey,
  requireJwt,
  requirePassword,
  addConsumer,
  newKey,
  onlyConsumers,
  allowConsumer,
  block,
  unblock,
  onlyIps,
  limit,
  limitRate,
  limitConcurrency,
  cache,
  split,
  finishSplit,
  addNode,
  removeNode,
  leadTo,
  balance,
  retry,
  timeouts,
  healthChecks,
  breaker,
  rewrite,
  requestHeaders,
  responseHeaders,
  cors,
  redirect,
  mock,
  compress,
  requestId,
  websocket,
  onlyMethods,
  match,
  move,
  copy,
  chatApi,
  disable,
  enable,
  addPlugin,
  removePlugin,
]

/** What stands in an upstream. */
export const OF_UPSTREAMS: ReadonlySet<string> = new Set(
  [addNode, removeNode, balance, retry, timeouts, healthChecks].map((one) => one.name),
)

/** Said of an API they are about all of its routes: one that does not ask, or does not count, is a way around the others. */
export const OF_ALL_ROUTES: ReadonlySet<string> = new Set(
  [requireKey, requireJwt, requirePassword, limit, limitRate, limitConcurrency].map((one) => one.name),
)

/** Intents that are told with the list of intents, the others with the member `do`: a GPT action takes 700 characters of a description. */
const TOLD_FIRST = 20

/** As the tool shows it: the names with their fields; each intent checks its own fields. */
export const intentSchema = Type.Object(
  {
    do: Type.String({ description: `name; also ${tellAll(INTENTS.slice(TOLD_FIRST))}` }),
    route: Type.Optional(Type.String({ description: 'id, `*` for all' })),
    upstream: Type.Optional(Type.String({ description: 'id, in place of route' })),
    when: Type.Optional(Type.Array(Type.Unknown(), { description: 'vars: run only then' })),
  },
  { additionalProperties: true },
)
export type Intent = Static<typeof intentSchema> & Record<string, unknown>

/** What the tool says of the list of intents. */
export const INTENTS_TOLD = `{do, route, fields}: ${tellAll(INTENTS.slice(0, TOLD_FIRST))}`

function tellAll(intents: readonly IntentDefinition[]): string {
  return intents.map(describe).join('; ')
}

function describe({ name, fields }: IntentDefinition): string {
  const required = new Set(fields.required ?? [])
  const names = Object.keys(fields.properties).map((one) => (required.has(one) ? one : `${one}?`))
  return names.length ? `${name}(${names.join(' ')})` : name
}

interface AllIntended {
  changes: WishedChange[]
  secrets: Secret[]
  expectations: Expectation[]
  notes: string[]
}

/** Works out intents in order; those about one resource are put together into one change. */
export function toChanges(intents: Intent[], inventory: Inventory): AllIntended {
  const all: AllIntended = { changes: [], secrets: [], expectations: [], notes: [] }
  if (!intents.length) return all
  const wished: { about: Found | undefined; expectation: Expectation }[] = []
  for (const { intent, api } of ofApis(intents, OF_ALL_ROUTES, inventory, () => all.changes)) {
    const definition = find(intent)
    const fields = check(intent, definition)
    let about: Found | undefined
    const route = (): Found => {
      about = findRoute(intent, inventory, all.changes)
      return about
    }
    const whole = definition.run(fields, { inventory, route, earlier: all.changes, api })
    // Where no route leads there is nothing to call.
    const unreached = about !== undefined && about.id === UNREACHED
    const one = intent.when === undefined ? whole : onlyWhen(intent.when, whole, intent.do)
    all.changes = joinChanges([...all.changes, ...one.changes])
    all.secrets.push(...(one.secrets ?? []))
    // Of the routes of one API the same is said.
    for (const note of one.notes ?? []) if (!all.notes.includes(note)) all.notes.push(note)
    for (const expectation of unreached ? [] : (one.expectations ?? [])) wished.push({ about, expectation })
  }
  return { ...all, expectations: provable(wished, inventory, all.changes) }
}

/** The plugins of an intent on a condition. A proof would not know which requests meet it. */
function onlyWhen(when: unknown[], { changes, secrets, notes }: Intended, name: string): Intended {
  if (!changes.some(hasPlugins))
    throw new OperationError('invalid', `${name} adds no plugin that could run only sometimes`)
  const conditional = (plugins: PluginConfs): Resource =>
    Object.fromEntries(
      Object.entries(plugins).map(([plugin, conf]) => [plugin, conf && { ...conf, _meta: { filter: when } }]),
    )
  return {
    changes: changes.map((change) =>
      hasPlugins(change) ? { ...change, set: { ...change.set, plugins: conditional(pluginsIn(change.set)) } } : change,
    ),
    ...(secrets ? { secrets } : {}),
    ...(notes ? { notes } : {}),
  }
}

/** A consumer's plugins are its credentials. */
function hasPlugins({ kind, set }: WishedChange): boolean {
  return kind !== 'consumers' && set?.plugins !== undefined
}

/**
 * Proofs that can be had: a route that asks for a key gets one with each request that should pass; one that asks for something else (a token, a
 * password) refuses every request of ours, so that only its refusal can be shown. Of two proofs of one thing the later counts.
 */
function provable(
  wished: { about: Found | undefined; expectation: Expectation }[],
  inventory: Inventory,
  changes: WishedChange[],
): Expectation[] {
  const holder = inventory
    .list('consumers')
    .find((one) => typeof pluginsIn(one.value)['key-auth']?.key === 'string')?.id
  const made = wished.find((one) => one.expectation.credential)?.expectation.credential
  const known =
    made ??
    (holder === undefined ? undefined : { kind: 'consumers' as const, id: holder, plugin: 'key-auth', field: 'key' })
  const proofs = new Map<string, Expectation>()
  for (const { expectation: first, about = madeFor(first, changes) } of wished) {
    const expectation = asMade(first, about, changes)
    const { limit } = expectation
    const thing = limit?.group ?? `${limit ? 'a limit' : expectation.title} ${expectation.path}`
    if (limit?.group !== undefined && proofs.has(thing)) continue
    const asks = about ? authentication(about, inventory, changes) : {}
    const names = Object.keys(asks)
    const refusal = expectation.expect.status?.includes(401) && !expectation.expect.shown
    const needsKey = names.length > 0 && !refusal && !expectation.credential
    const credential =
      needsKey && known ? { header: String(asks['key-auth']?.header ?? 'apikey'), ...known } : undefined
    if (needsKey && (names.join() !== 'key-auth' || !credential)) continue
    proofs.set(thing, credential ? { ...expectation, credential } : expectation)
  }
  return sparing([...proofs.values()].filter(isHarmless))
}

/** A limit that counts a proof's calls is asked no more than needed: that the API answers is seen with the key, too. */
function sparing(proofs: Expectation[]): Expectation[] {
  if (!proofs.some(({ limit }) => limit && limit.own !== 'address')) return proofs
  const keyed = (one: Expectation): boolean => one.credential !== undefined && one.expect.shown !== undefined
  return proofs.filter(
    (one, index) => !keyed(one) || !proofs.slice(index + 1).some((other) => keyed(other) && other.path === one.path),
  )
}

/** What later intents of a plan ask of a new route's requests: a method, a header. */
function asMade(expectation: Expectation, about: Found | undefined, changes: WishedChange[]): Expectation {
  if (!about || !changes.some((one) => one.action === 'create' && one.kind === 'routes' && one.id === about.id))
    return expectation
  const { method, headers } = probeOf(about.value)
  const methods = about.value.methods as string[] | undefined
  return {
    ...expectation,
    ...(methods && !methods.includes(String(expectation.method)) && expectation.expect.status?.join() !== '404'
      ? { method }
      : {}),
    ...(headers ? { headers: { ...headers, ...expectation.headers } } : {}),
  }
}

/** The new route that takes a proof's request. */
function madeFor({ path }: Expectation, changes: WishedChange[]): Found | undefined {
  const made = changes.flatMap(({ kind, action, id, set }) =>
    kind === 'routes' && action === 'create' && id !== undefined && set
      ? [{ kind, id, value: set, modifiedIndex: 0 }]
      : [],
  )
  const uriOf = (one: Found): string => String(one.value.uri ?? '')
  return (
    made.find((one) => uriOf(one) === path) ??
    made.find((one) => uriOf(one).endsWith('*') && path.startsWith(uriOf(one).slice(0, -1)))
  )
}

/** The plugins by which a route will ask who is calling. */
function authentication(route: Found, inventory: Inventory, changes: WishedChange[]): PluginConfs {
  const planned = changes.filter((one) => one.kind === 'global_rules' || (one.kind === 'routes' && one.id === route.id))
  const plugins = Object.assign({}, inventory.pluginsOf(route.value), ...planned.map((one) => pluginsIn(one.set)))
  return Object.fromEntries(
    Object.entries(plugins as PluginConfs).filter(([name, conf]) => conf !== null && AUTHENTICATION.test(name)),
  )
}

/** True for a probe that can change nothing behind the gateway: a reading method, or a request that the gateway must refuse. */
function isHarmless({ method, expect }: Expectation): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || expect.status?.join() === '401'
}

function find(intent: Intent): IntentDefinition {
  const definition = INTENTS.find((one) => one.name === intent.do)
  if (definition) return definition
  const names = INTENTS.map((one) => one.name)
  const meant = nearest(String(intent.do), names)
  throw new OperationError(
    'invalid',
    `there is no intent ${JSON.stringify(String(intent.do).slice(0, 60))}${meant ? `; did you mean ${meant}?` : `; there are: ${names.join(', ')}`}`,
  )
}

/** The fields as their schema wants them: `"5"` is taken for 5, a text for a list of one. Throws with every problem. */
function check(
  { do: name, route: _route, when: _when, upstream, ...others }: Intent,
  { fields: schema }: IntentDefinition,
): never {
  const known = Object.keys(schema.properties)
  const fields: Record<string, unknown> = known.includes('upstream') ? { ...others, upstream } : others
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  const problems = given
    .filter(([field]) => !known.includes(field))
    .map(([field]) => {
      const meant = nearest(field, known)
      return `${field} is no field of it${meant ? `; did you mean ${meant}?` : ''}`
    })
  const value = Object.fromEntries(given.map(([field, one]) => [field, convert(schema.properties[field], one)]))
  for (const error of Value.Errors(schema, value))
    problems.push(`${error.instancePath.replace(/^\//, '') || 'it'} ${error.message}`)
  if (problems.length)
    throw new OperationError(
      'invalid',
      `${name}: ${problems.join('; ')}. Its fields: ${known.map((one) => tell(one, schema)).join(', ') || 'none'}`,
      problems,
    )
  return value as never
}

function convert(schema: Type.TSchema | undefined, value: unknown): unknown {
  if (schema === undefined) return value
  const list = 'items' in schema && typeof value === 'string' ? value.split(/\s*,\s*/) : value
  return Value.Convert(schema, list)
}

function tell(name: string, { properties }: IntentDefinition['fields']): string {
  const text = (properties as Record<string, { description?: string }>)[name]?.description
  return text ? `${name} (${text})` : name
}

/** Stands for a route of an upstream that none leads to. */
const UNREACHED = ''

/** The first route that leads to an upstream: what is changed there, all that lead there share. */
function findRouteTo({ do: name, upstream }: Intent, inventory: Inventory): Found {
  if (!OF_UPSTREAMS.has(name)) throw new OperationError('invalid', `${name} is said of a route, not of an upstream`)
  checkUpstream(upstream as string, inventory)
  const place = { upstream_id: upstream }
  const [first] = inventory.list('routes').filter((one) => inventory.upstreamOf(one.id, one.value)?.id === upstream)
  return first ?? { kind: 'routes', id: UNREACHED, value: place, modifiedIndex: 0 }
}

function findRoute(intent: Intent, inventory: Inventory, planned: WishedChange[]): Found {
  const { do: name, route: id } = intent
  if (id === undefined && intent.upstream !== undefined) return findRouteTo(intent, inventory)
  if (id === EVERY_ROUTE) return { kind: 'routes', id, value: {}, modifiedIndex: 0 }
  const fresh = planned.filter((one) => one.kind === 'routes' && one.action === 'create')
  // What chats are given an API by is made with the API's own route, which is the first.
  const isOne = fresh.length === 1 || fresh.some((one) => 'openapi-to-mcp' in pluginsIn(one.set))
  const made = id === undefined && isOne ? fresh[0] : fresh.find((one) => one.id === id)
  if (made?.id && made.set) return { kind: 'routes', id: made.id, value: made.set, modifiedIndex: 0 }
  const known = inventory.list('routes').map((one) => one.id)
  const found = inventory.list('routes').find((one) => one.id === id)
  const changed = planned.find((one) => one.kind === 'routes' && one.id === id && one.action === 'change')
  if (found) return changed?.set ? { ...found, value: merge(found.value, changed.set) } : found
  throw new OperationError(
    id === undefined ? 'invalid' : 'not_found',
    `${id === undefined ? `${name} needs route` : `there is no route ${JSON.stringify(id)}`}; there are: ${known.slice(0, 20).join(', ') || 'none'}`,
  )
}
