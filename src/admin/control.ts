// The Control API (:9090) and the status API: what the gateway has loaded, for people and probes on the same machine. Read-only, but
// for a garbage collection and a reload. Secret fields are shown as they are stored, encrypted.
//
// Nobody shows a key here, so that no page in a browser may read it: there is no CORS, and no name but this machine's own (DNS rebinding).
import { isRebound } from '../lib/address.ts'
import { withDefaults } from '../lib/schema-defaults.ts'
import type { PluginCatalog } from '../resources/catalog.ts'
import { type Kind, type Resource, toKey } from '../resources/kinds.ts'
import { SCHEMAS } from '../resources/schemas.ts'
import type { Validator } from '../resources/validator.ts'
import type { Entry, Store } from '../store/contract.ts'
import { type HealthReport, readHealth } from './healthcheck.ts'
import { KIND_RULES } from './kind-rules.ts'
import { type AdminAnswer, type AdminRequest, json, page, refuse, shownKey } from './message.ts'
import { parseResource } from './resource-index.ts'
import { describePlugins } from './schema-endpoint.ts'

export interface ControlOptions {
  store: Store
  catalog: PluginCatalog
  validator: Validator
  /** What the health checkers at work know; `owner`: those of the upstreams in one resource, by its key. */
  health(owner?: string): HealthReport[]
  serverInfo(): Resource
  /** Undefined when the data plane serves, else what it waits for. */
  notReady(): string | undefined
  /** Why the store cannot be written; no reason to take the node out of service, since it serves what it has. */
  trouble?(): string | undefined
}

export interface Control {
  handle(request: AdminRequest): Promise<AdminAnswer>
}

const COLLECTIONS: Record<string, Kind> = { routes: 'routes', services: 'services', upstreams: 'upstreams' }
const SINGLE: Record<string, Kind> = { route: 'routes', service: 'services', upstream: 'upstreams' }
const CHUNK_ENTRIES = 1000

export function createControl(options: ControlOptions): Control {
  return { handle: async (request) => withoutCors(await (refusalOf(request) ?? route(request, options))) }
}

function refusalOf({ header, remoteAddress }: AdminRequest): AdminAnswer | undefined {
  const host = header('host')
  return isRebound(host, remoteAddress) ? refuse(403, `this server is not ${host}: call it by its address`) : undefined
}

/** The Admin API lets pages of any site call it, as in APISIX: these must know its key. */
function withoutCors({ headers, ...answer }: AdminAnswer): AdminAnswer {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith('access-control-'))
  return { ...answer, headers: Object.fromEntries(kept) }
}

async function route(request: AdminRequest, options: ControlOptions): Promise<AdminAnswer> {
  const [head, name, id] = request.path.split('/').filter(Boolean)
  if (head === 'status') return status(name, options)
  if (head !== 'v1' || name === undefined) return page(404, 'Not Found')
  // Plugins are part of the program: there is nothing to load again.
  if (name === 'plugins' && id === 'reload' && request.method === 'PUT') return json(200, '"done"')
  if (name === 'gc' && request.method === 'POST') return collectGarbage()
  return request.method === 'GET' ? readLoaded(name, id, request, options) : page(404, 'Not Found')
}

async function readLoaded(
  name: string,
  id: string | undefined,
  request: AdminRequest,
  options: ControlOptions,
): Promise<AdminAnswer> {
  const collection = COLLECTIONS[name]
  if (collection) return json(200, orEmpty(await readAll(collection, options)))
  const single = SINGLE[name]
  if (single) return readOne(single, name, id ?? '', options)
  if (name === 'plugin_metadatas') return json(200, orEmpty(await readMetadata(options)))
  if (name === 'plugin_metadata') return readOneMetadata(id ?? '', options)
  if (name === 'schema') return json(200, describeSchemas(options))
  if (name === 'server_info') return json(200, options.serverInfo())
  if (name === 'healthcheck') return readHealth(request, options)
  return page(404, 'Not Found')
}

/** An empty list is an empty object, as APISIX writes it. */
function orEmpty(list: unknown[]): unknown {
  return list.length === 0 ? {} : list
}

async function* entriesOf(kind: Kind, store: Store): AsyncGenerator<Entry> {
  for (let after: string | undefined; ; ) {
    const chunk = await store.list(`${kind}/`, { limit: CHUNK_ENTRIES, ...(after === undefined ? {} : { after }) })
    yield* chunk.entries
    if (chunk.entries.length < CHUNK_ENTRIES) return
    after = chunk.entries.at(-1)?.key
  }
}

async function readAll(kind: Kind, options: ControlOptions): Promise<object[]> {
  const list: object[] = []
  for await (const entry of entriesOf(kind, options.store)) list.push(present(kind, entry, options))
  return list
}

async function readOne(kind: Kind, name: string, id: string, options: ControlOptions): Promise<AdminAnswer> {
  const entry = await options.store.get(toKey(kind, id))
  return entry ? json(200, present(kind, entry, options)) : refuse(404, `${name}[${id}] not found`)
}

function present(kind: Kind, entry: Entry, { catalog }: ControlOptions): object {
  const { key, createdIndex, modifiedIndex } = entry
  const value = parseResource(entry.text) ?? {}
  const plugins = value.plugins ? { plugins: fillPlugins(value.plugins as Resource, catalog) } : {}
  const filled = withDefaults(SCHEMAS[kind as 'routes'], { ...value, ...plugins })
  return { key: shownKey(key), createdIndex, modifiedIndex, has_domain: false, value: filled }
}

function fillPlugins(plugins: Resource, catalog: PluginCatalog): Resource {
  const fill = ([name, conf]: [string, unknown]): [string, unknown] => {
    const schema = catalog.get(name)?.schema
    return [name, schema ? { _meta: {}, ...withDefaults(schema, conf as Resource) } : conf]
  }
  return Object.fromEntries(Object.entries(plugins).map(fill))
}

async function readMetadata({ store, catalog }: ControlOptions): Promise<Resource[]> {
  const list: Resource[] = []
  for await (const entry of entriesOf('plugin_metadata', store)) {
    const value = parseResource(entry.text)
    if (value) list.push(fillMetadata(value, catalog))
  }
  return list
}

async function readOneMetadata(name: string, { store, catalog }: ControlOptions): Promise<AdminAnswer> {
  const entry = await store.get(toKey('plugin_metadata', name))
  const value = entry && parseResource(entry.text)
  return value ? json(200, fillMetadata(value, catalog)) : refuse(404, `plugin metadata[${name}] not found`)
}

function fillMetadata(value: Resource, catalog: PluginCatalog): Resource {
  const schema = catalog.get(String(value.id))?.metadataSchema
  return schema ? withDefaults(schema, value) : value
}

/** The stream plugins stand under the name that APISIX's documentation has, and under the one that an APISIX answers with. */
function describeSchemas({ catalog, validator }: ControlOptions): object {
  const main = Object.entries(SCHEMAS).map(([kind, schema]) => [KIND_RULES[kind as Kind].schemaName, schema])
  const stream = describePlugins('stream', catalog, validator)
  return {
    main: Object.fromEntries(main),
    plugins: describePlugins('http', catalog, validator),
    'stream-plugins': stream,
    stream_plugins: stream,
  }
}

function collectGarbage(): AdminAnswer {
  // Only there when node runs with --expose-gc; otherwise the engine decides by itself.
  globalThis.gc?.()
  return json(200, {})
}

/** Answers any method, as plain text: probes look at the status alone. */
function status(name: string | undefined, { notReady, trouble }: ControlOptions): AdminAnswer {
  if (name !== undefined && name !== 'ready') return page(404, 'Not Found')
  const plain = { 'content-type': 'text/plain; charset=utf-8' }
  const reason = name === 'ready' ? notReady() : undefined
  const away = trouble?.()
  return reason === undefined
    ? json(200, { status: 'ok', ...(away === undefined ? {} : { trouble: away }) }, plain)
    : json(503, { status: 'error', error: reason }, plain)
}
