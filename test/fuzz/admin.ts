// Calls of the Admin API, generated: every kind and method, bodies from the kinds' and plugins' schemas, odd ids and queries. Every answer
// must be a decent one, and a refused write must leave the store as it was.
import assert from 'node:assert/strict'
import fc, { type Arbitrary } from 'fast-check'
import type { AdminAnswer, AdminRequest } from '../../src/admin/message.ts'
import { plugins } from '../../src/plugins/index.ts'
import { KINDS, type Kind } from '../../src/resources/kinds.ts'
import { SCHEMAS, SECRET_SCHEMAS } from '../../src/resources/schemas.ts'
import { ADMIN_KEY, createTestAdmin, type TestAdmin } from '../admin/admin-for-test.ts'
import { fromSchema, type Schema } from './from-schema.ts'
import { bodies } from './mutate-json.ts'

/** No call works on more than a body of a few KB. */
const MAX_ANSWER_MS = 2000

interface Call {
  method: string
  path: string
  query: string
  body: Buffer
  headers: Record<string, string>
}

const NODES = { nodes: { '127.0.0.1:80': 1 } }
/** What makes most resources of a kind legal. */
const BASES: Partial<Record<Kind, object>> = {
  routes: { uri: '/a', upstream: NODES },
  stream_routes: { upstream: NODES },
  services: { upstream: NODES },
  upstreams: NODES,
  consumers: { username: 'jack' },
}

const anyPlugin = fc.constantFrom(...plugins)
/** A schema's generator is made once: making it costs more than using it. */
const made = new Map<unknown, Arbitrary<unknown>>()
function generatorOf(schema: unknown): Arbitrary<unknown> {
  const known = made.get(schema) ?? fromSchema((schema ?? {}) as Schema)
  made.set(schema, known)
  return known
}

const pluginsOf = (which: 'schema' | 'consumerSchema'): Arbitrary<unknown> =>
  fc
    .array(
      anyPlugin.chain((plugin) => generatorOf(plugin[which] ?? plugin.schema).map((conf) => [plugin.name, conf])),
      { maxLength: 2 },
    )
    .map((pairs) => Object.fromEntries(pairs as [string, unknown][]))

function resource(kind: Kind): Arbitrary<unknown> {
  if (kind === 'secrets') return fc.oneof(...Object.values(SECRET_SCHEMAS).map(generatorOf))
  if (kind === 'plugin_metadata') return anyPlugin.chain((plugin) => generatorOf(plugin.metadataSchema))
  const ofPlugins = pluginsOf(kind === 'consumers' || kind === 'credentials' ? 'consumerSchema' : 'schema')
  const drawn = fromSchema(SCHEMAS[kind] as Schema, (name) => (name === 'plugins' ? ofPlugins : undefined))
  const base = BASES[kind] ?? {}
  const stamps = { create_time: undefined, update_time: undefined, id: undefined }
  return fc.oneof(
    drawn,
    drawn.map((value) => ({ ...(value as object), ...base })),
    drawn.map((value) => ({ ...base, ...(value as object), ...stamps })),
  )
}

const resources = new Map(KINDS.map((kind) => [kind, resource(kind)]))
const resourceOf = (kind: Kind): Arbitrary<unknown> => resources.get(kind) as Arbitrary<unknown>
const bodiesOf = new Map(KINDS.map((kind) => [kind, bodies(resourceOf(kind))]))
const bodyOf = (kind: Kind): Arbitrary<Buffer> => bodiesOf.get(kind) as Arbitrary<Buffer>

const IDS = [
  ...Array<string>(40).fill('1'),
  ...Array<string>(5).fill('2'),
  '',
  '0',
  '-1',
  '%2e%2e',
  '..',
  '.',
  'a b',
  '%00',
  '%2f',
  'a%2Fb',
  '%',
  '%zz',
  '%ff',
  '%c3%a9',
  'ä',
  '*',
  '__proto__',
  'constructor',
  'x'.repeat(300),
  '1/methods',
  '1/upstream/nodes',
  '1/__proto__/x',
  '1/plugins/key-auth',
  '1//',
  'vault/1',
  'credentials',
  'jack/credentials/1',
  'key-auth',
  'limit-count',
  'validate',
  ';a',
  '"',
  '%0d%0a',
]
const QUERIES = [
  ...Array<string>(60).fill(''),
  'force=true',
  'ttl=1',
  'ttl=-1',
  'ttl=1e400',
  'ttl=',
  'page=1&page_size=10',
  'page=0',
  'page_size=9',
  'page_size=1e9',
  'page=9999999999999999999',
  'name=(',
  'name=%ff',
  'uri=/',
  'label=a:b:c',
  'label=',
  'filter=%7B',
  'filter=service_id%3D1',
  'filter=a',
  'a=%',
  '&&&=',
  'schema_type=consumer',
  'all=true',
  'subsystem=stream',
]
const METHODS = [
  ...Array<string>(10).fill('PUT'),
  'PUT',
  'PUT',
  'PUT',
  'POST',
  'POST',
  'PATCH',
  'PATCH',
  'GET',
  'GET',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PURGE',
]
const PLACES = [
  'schema/plugins',
  'schema/validate',
  'schema',
  'plugins',
  'plugins/reload',
  'configs/validate',
  'configs',
  'gateward/transaction',
  'nonsense',
  '',
]

const kindCalls = fc
  .constantFrom<Kind>(...KINDS)
  .chain((kind) => call(fc.constant(kind === 'credentials' ? 'consumers/jack/credentials' : kind), bodyOf(kind)))
const validations = fc
  .constantFrom<Kind>(...KINDS)
  .chain((kind) => call(fc.constant(`schema/validate/${kind}`), bodyOf(kind)))
const transactions = fc
  .array(
    fc.constantFrom<Kind>(...KINDS).chain((kind) =>
      fc.record({
        method: fc.constantFrom('PUT', 'PATCH', 'DELETE', 'POST', 'FOO'),
        path: fc.constantFrom(`/${kind}/1`, `/${kind}`, '/..'),
        body: resourceOf(kind),
      }),
    ),
    { maxLength: 3 },
  )
  .map((operations) => ({ operations, requests: operations }))
const others = call(fc.constantFrom(...PLACES), bodies(transactions))

function call(place: Arbitrary<string>, body: Arbitrary<Buffer>): Arbitrary<Call> {
  return fc.record({
    method: fc.constantFrom(...METHODS),
    path: fc.tuple(place, fc.constantFrom(...IDS)).map(([head, id]) => `/apisix/admin/${head}${id && `/${id}`}`),
    query: fc.constantFrom(...QUERIES),
    body,
    headers: fc.constantFrom<Record<string, string>>(
      ...Array<Record<string, string>>(60).fill({}),
      { 'if-match': '"1"' },
      { 'if-match': 'x' },
      { 'if-none-match': '*' },
      { 'x-api-key': 'wrong' },
    ),
  })
}

/** Calls of every kind. */
const calls: Arbitrary<Call> = fc.oneof(
  { weight: 8, arbitrary: kindCalls },
  { weight: 1, arbitrary: validations },
  { weight: 1, arbitrary: others },
)

export interface AdminReport {
  statuses: Map<number, number>
  /** The first call that was not answered decently, as short as it goes, with what is wrong and how to repeat it. */
  finding: string | undefined
}

/** A conversation of `count` calls with one Admin API. */
export async function callAtRandom(seed: number, count: number): Promise<AdminReport> {
  const api = await createTestAdmin()
  await api.call('PUT', '/consumers/jack', { username: 'jack' })
  const statuses = new Map<number, number>()
  const property = fc.asyncProperty(calls, async (one) => {
    const status = await checkCall(api, one)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  })
  const result = await fc.check(property, { numRuns: count, seed })
  await api.close()
  const [worst] = result.counterexample ?? []
  const finding = worst && `${String((result.errorInstance as Error).stack)}\n  seed ${seed}\n  ${tell(worst)}`
  return { statuses, finding }
}

function tell({ method, path, query, body, headers }: Call): string {
  return JSON.stringify({ method, path, query, headers, body: body.toString('latin1') })
}

/** Makes one call and checks the answer; rejects with what is wrong with it. */
async function checkCall({ admin, store }: TestAdmin, one: Call): Promise<number> {
  const before = store.revision()
  // Of the processor: on a busy machine the clock runs on while we wait for our turn.
  const begun = process.cpuUsage()
  const answer = await admin.handle(toRequest(one))
  const { user, system } = process.cpuUsage(begun)
  const took = (user + system) / 1000
  assert.ok(took < MAX_ANSWER_MS, `took ${took} ms of the processor`)
  assert.ok(answer.status >= 200 && answer.status < 500, `answered ${answer.status}: ${answer.body}`)
  if (answer.status >= 400) {
    assertExplained(answer)
    assert.equal(store.revision(), before, 'a refused call has written')
  } else if (store.revision() !== before)
    assert.ok(['PUT', 'POST', 'PATCH', 'DELETE'].includes(one.method), `${one.method} has written`)
  assert.equal(({} as Record<string, unknown>).admin, undefined, 'a body has reached the prototype of all objects')
  return answer.status
}

function toRequest({ method, path, query, body, headers }: Call): AdminRequest {
  const all: Record<string, string> = { 'x-api-key': ADMIN_KEY, ...headers }
  return {
    method,
    path,
    query: new URLSearchParams(query),
    header: (name) => all[name],
    body,
    remoteAddress: '127.0.0.1',
  }
}

/** A refusal says why; what is no path or method of the API at all gets a page, as from APISIX. */
function assertExplained(answer: AdminAnswer): void {
  if (answer.headers['content-type']?.startsWith('text/html')) {
    assert.ok([404, 405].includes(answer.status), answer.body)
    return
  }
  const body = JSON.parse(answer.body) as { error_msg?: unknown; message?: unknown }
  const message = body.error_msg ?? body.message
  assert.ok(typeof message === 'string' && message.length > 0, `no reason in ${answer.body}`)
}
