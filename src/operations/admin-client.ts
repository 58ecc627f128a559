// The Admin API of a target, Gateward's own or Apache APISIX's. Ids are encoded, answers are bounded in time, errors carry the target's words
// without secrets.
import { hideInUrls } from '../lib/url-secrets.ts'
import { type Kind, type Resource, toKey } from '../resources/kinds.ts'
import { OperationError } from './contract.ts'
import { KeptLists } from './kept-lists.ts'
import { KeptSchemas } from './kept-schemas.ts'
import { type Found, type WriteOperation, writeOneByOne } from './one-by-one.ts'
import type { TargetSettings } from './targets.ts'
import { toBatches, toListed } from './validate-batches.ts'

interface Answer {
  status: number
  body: Record<string, unknown>
  headers: Headers
  /** Length of the body as text. */
  chars: number
}

/** What a target can do beyond APISIX 3.2; found out once. */
interface Abilities {
  /** `APISIX/3.18.0`, as it calls itself. */
  server: string
  /** What it checks before a write: all, or the form of resources but not what stands in their plugins, or nothing. */
  validates: 'all' | 'form' | 'nothing'
  transactions: boolean
}

/** What all clients of a target share. */
interface Shared {
  abilities?: Promise<Abilities>
  lists: KeptLists
  schemas: KeptSchemas
}

const TIMEOUT_MS = 10_000

/** A resource that is to be written. */
export interface ToCheck {
  kind: Kind
  id: string
  value: Resource
}

/** How a write went. */
export interface Written {
  servedMs: number | undefined
  stored: Found[]
}

/** `fetch`, as far as it is used here. */
export type AdminFetch = (
  url: string,
  init: {
    method: string
    headers: Record<string, string>
    body: string | undefined
    signal: AbortSignal
    redirect: 'error'
  },
) => Promise<Response>

/** What an Admin API is called with. Its key is read for each call: it may change. */
type Called = Readonly<Pick<TargetSettings, 'name' | 'adminUrl' | 'adminKey' | 'keyTrouble' | 'adminFetch'>>

export class AdminClient {
  readonly #base: string
  readonly #name: string
  #trouble: string | undefined
  readonly #target: Called
  readonly #signal: AbortSignal | undefined
  readonly #known: Shared

  constructor(
    target: Called,
    signal?: AbortSignal,
    known: Shared = { lists: new KeptLists(), schemas: new KeptSchemas() },
  ) {
    this.#known = known
    this.#target = target
    this.#signal = signal
    this.#base = `${target.adminUrl.replace(/\/$/, '')}/apisix/admin`
    this.#name = target.name
  }

  /** The same Admin API for a caller who may go away: then its reads end. */
  until(signal: AbortSignal): AdminClient {
    return new AdminClient(this.#target, signal, this.#known)
  }

  /** What the target said of its store with its last answer: it is away, or holds what cannot be served. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** What this target cannot do for a plan, in words; empty for one that can do everything. */
  async shortcomings(): Promise<string[]> {
    const { server, validates, transactions } = await this.#abilities()
    return [
      ...(validates === 'nothing'
        ? [
            `${this.#name} (${server}) cannot check resources before they are written: what is wrong shows when the plan is applied`,
          ]
        : []),
      ...(validates === 'form'
        ? [
            `${this.#name} (${server}) checks the form of resources, but not the configuration of their plugins before it is written: what is wrong there shows when the plan is applied`,
          ]
        : []),
      ...(transactions
        ? []
        : [
            `${this.#name} (${server}) has no transactions: changes are written one by one, and taken back when one fails`,
          ]),
    ]
  }

  #abilities(): Promise<Abilities> {
    this.#known.abilities ??= this.#findAbilities()
    return this.#known.abilities
  }

  async #findAbilities(): Promise<Abilities> {
    try {
      const [all, form, transaction] = await Promise.all([
        this.#send('POST', '/configs/validate', {}),
        this.#send('POST', '/schema/validate/routes', { uri: '/' }),
        this.#send('POST', '/gateward/transaction', { operations: [] }),
      ])
      const has = ({ status }: Answer): boolean => status !== 404 && status !== 405
      return {
        server: transaction.headers.get('server') ?? 'unknown version',
        validates: has(all) ? 'all' : has(form) ? 'form' : 'nothing',
        transactions: has(transaction),
      }
    } catch (error) {
      delete this.#known.abilities // it did not answer: asked again next time
      throw error
    }
  }

  /** One resource, undefined when there is none. */
  async get(kind: Kind, id: string): Promise<Found | undefined> {
    const answer = await this.#send('GET', pathOf(kind, id))
    if (answer.status === 404) return undefined
    this.#expectOk(answer, `reading ${kind}/${id}`)
    return toFound(kind, id, answer.body)
  }

  /** All resources of a kind, oldest first, not to be changed: others get the same. Credentials are listed by consumer. */
  async list(kind: Kind, of?: string): Promise<readonly Found[]> {
    const path = kind === 'credentials' ? `/consumers/${encodeURIComponent(of ?? '')}/credentials` : `/${kind}`
    const kept = this.#known.lists.get(path)
    const answer = await this.#send('GET', path, undefined, kept && { 'If-None-Match': kept.etag })
    if (answer.status === 304 && kept) return kept.found
    if (answer.status === 404 && kind === 'credentials') return []
    if (answer.status === 404 && !('list' in answer.body))
      throw new OperationError(
        'target',
        `${this.#name} (${answer.headers.get('server') ?? 'unknown version'}) has no ${kind}`,
      )
    this.#expectOk(answer, `listing ${kind}`)
    const list = Array.isArray(answer.body.list) ? (answer.body.list as Record<string, unknown>[]) : []
    const prefix = kind === 'credentials' ? `/consumers/${of}/credentials/` : `/${kind}/`
    const found = list.map((item) => {
      const key = String(item.key)
      const id = key.slice(key.indexOf(prefix) + prefix.length)
      return toFound(kind, kind === 'credentials' ? `${of}/${id}` : id, item)
    })
    // An APISIX lists the credentials among the consumers.
    const listed = kind === 'consumers' ? found.filter(({ id }) => !id.includes('/')) : found
    this.#known.lists.keep(path, answer.headers.get('etag'), listed, answer.chars)
    return listed
  }

  /** What the target says of resources that are to be written: a text for each that is wrong, as far as it can check. */
  async validate(resources: readonly ToCheck[]): Promise<Map<ToCheck, string>> {
    const { validates } = await this.#abilities()
    const wrong = new Map<ToCheck, string>()
    // The schema of a secret depends on its manager, which no endpoint is told.
    const checked = resources.filter(({ kind }) => kind !== 'secrets')
    if (validates === 'all') {
      for (const batch of toBatches(checked)) await this.#validateAll(batch, wrong)
      return wrong
    }
    for (const one of checked) {
      const problem = await this.#validateForm(one)
      if (problem) wrong.set(one, problem)
    }
    return wrong
  }

  /** `/configs/validate` takes a whole configuration, kind by kind; credentials stand among the consumers. */
  async #validateAll(batch: readonly ToCheck[], wrong: Map<ToCheck, string>): Promise<void> {
    const lists: Map<string, ToCheck[]> = Map.groupBy(batch, ({ kind }) =>
      kind === 'credentials' ? 'consumers' : kind,
    )
    const body = Object.fromEntries([...lists].map(([kind, list]) => [kind, list.map(toListed)]))
    const answer = await this.#send('POST', '/configs/validate', body)
    if (answer.status !== 400) return this.#expectOk(answer, 'checking the plan')
    const errors = Array.isArray(answer.body.errors) ? (answer.body.errors as Record<string, unknown>[]) : []
    for (const { resource_type: kind, index, error } of errors) {
      const one = lists.get(String(kind))?.[Number(index)]
      if (one) wrong.set(one, String(error))
    }
    if (!wrong.size) throw new OperationError('invalid', `checking the plan: ${saidIn(answer)}`)
  }

  async #validateForm({ kind, id, value }: ToCheck): Promise<string | undefined> {
    // The schema of plugin metadata is that of the plugin, which only the id names.
    const body = kind === 'plugin_metadata' ? { ...value, id } : value
    const answer = await this.#send('POST', `/schema/validate/${kind}`, body)
    if (answer.status === 400) return saidIn(answer)
    // A version without this endpoint can at least be asked for its plugins; anything else is no word about the resource.
    if (answer.status !== 404 && answer.status !== 405) this.#expectOk(answer, `checking ${kind}`)
    return this.#unknownPlugin(value)
  }

  async #unknownPlugin({ plugins }: Resource): Promise<string | undefined> {
    const names = Object.keys(plugins ?? {})
    if (!names.length) return undefined
    const known = await this.pluginNames()
    const missing = names.filter((name) => !known.includes(name))
    return missing.length ? `this version has no plugin ${missing.join(', ')}` : undefined
  }

  /** One call as it is, for surfaces that pass the Admin API's answers on. `path` is below `/apisix/admin`, its segments encoded. */
  raw(method: string, path: string, body?: Resource): Promise<{ status: number; body: Record<string, unknown> }> {
    return this.#send(method, path, body)
  }

  /** Names of the target's plugins. */
  async pluginNames(): Promise<string[]> {
    const answer = await this.#send('GET', '/plugins/list')
    this.#expectOk(answer, 'listing plugins')
    return Object.values(answer.body).map(String)
  }

  /** JSON Schema of a plugin: of its configuration, or of what a consumer has of it or its metadata hold where that is something else. */
  async pluginSchema(
    name: string,
    of: 'plugin' | 'consumer' | 'metadata' = 'plugin',
  ): Promise<Record<string, unknown>> {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
      throw new OperationError('invalid', `${JSON.stringify(name.slice(0, 100))} is no name of a plugin`)
    const schema = await this.schema(`plugins/${name}${of === 'plugin' ? '' : `?schema_type=${of}`}`)
    if (schema) return schema
    throw new OperationError(
      'not_found',
      `${this.#name} has no plugin ${JSON.stringify(name)}; there are: ${(await this.pluginNames()).join(', ')}`,
    )
  }

  /** The schema of that name (`route`, `plugins/cors`) as it was in the last minute; undefined: the target has none. */
  schema(name: string): Promise<Resource | undefined> {
    return this.#known.schemas.get(name, async () => {
      const answer = await this.#send('GET', `/schema/${name}`)
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 401) return undefined
      this.#expectOk(answer, `reading the schema of ${name}`)
      return answer.body
    })
  }

  /**
   * Applies all operations or none, comparing versions. Gateward does it in one transaction; Apache APISIX has none, so that versions are read
   * just before each write and what was done is taken back when a later write fails. Returns the milliseconds until it served, when known, and
   * what was read back of what was written.
   */
  async write(operations: WriteOperation[]): Promise<Written> {
    const body = {
      operations: operations.map(({ method, kind, id, body: value }) => ({
        method,
        path: `/${toKey(kind, id)}`,
        body: value,
      })),
      conditions: operations.map(({ kind, id, expect }) => ({ key: toKey(kind, id), modifiedIndex: expect })),
    }
    this.#signal?.throwIfAborted()
    const started = performance.now()
    const answer = await this.#send('POST', '/gateward/transaction', body)
    if (answer.status === 404 || answer.status === 405) {
      // Read without the caller's signal: what has begun to write is finished.
      const all = new AdminClient(this.#target)
      const stored = await writeOneByOne(
        operations,
        (kind, id) => all.get(kind, id),
        (one) => this.#writeOne(one),
      )
      return { servedMs: undefined, stored }
    }
    if (answer.status === 412)
      throw new OperationError('conflict', `${saidIn(answer)}; somebody else has changed it: plan again`)
    this.#expectOk(answer, 'applying the plan')
    const served =
      Number(answer.headers.get('x-gateward-served-revision')) >= Number(answer.headers.get('x-gateward-revision'))
    return { servedMs: served ? performance.now() - started : undefined, stored: [] }
  }

  async #writeOne({ method, kind, id, body }: WriteOperation): Promise<void> {
    const path = kind === 'consumers' && method === 'PUT' ? '/consumers' : pathOf(kind, id)
    const answer = await this.#send(method, path, method === 'PUT' ? body : undefined)
    this.#expectOk(answer, `writing ${kind}/${id}`)
  }

  async #send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const init = {
      method,
      headers: {
        ...headers,
        'X-API-KEY': this.#target.adminKey,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: this.#untilWhen(method),
      redirect: 'error' as const,
    }
    const ask = (): Promise<Response> => (this.#target.adminFetch ?? fetch)(this.#base + path, init)
    let response: Response
    try {
      // RFC 9112 9.3.1: a kept connection may end while it is used again.
      response = await ask().catch((error) =>
        method === 'GET' && CUT.has(codeOf(error)) ? ask() : Promise.reject(error),
      )
    } catch (error) {
      this.#signal?.throwIfAborted()
      const reason = codeOf(error) || (error as Error).name
      throw new OperationError(
        'unreachable',
        `the Admin API of ${this.#name} at ${this.#base} does not answer (${reason}); is the gateway running?`,
      )
    }
    const trouble = response.headers.get('x-gateward-trouble')
    this.#trouble = trouble === null ? undefined : hideInUrls(trouble)
    const text = await response.text()
    return { status: response.status, body: toObject(text), headers: response.headers, chars: text.length }
  }

  /** What has begun to write goes on without its caller: half a change would be worse. */
  #untilWhen(method: string): AbortSignal {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    return this.#signal && method === 'GET' ? AbortSignal.any([this.#signal, timeout]) : timeout
  }

  #expectOk(answer: Answer, doing: string): void {
    if (answer.status < 300) return
    const { keyTrouble: none } = this.#target
    const why = none === undefined ? 'refused the key; check the admin key in the settings' : `wants a key: ${none}`
    if (answer.status === 401) throw new OperationError('target', `${doing}: the Admin API of ${this.#name} ${why}`)
    const errors = Array.isArray(answer.body.errors) ? answer.body.errors.map((one) => JSON.stringify(one)) : []
    throw new OperationError(answer.status >= 500 ? 'target' : 'invalid', `${doing}: ${saidIn(answer)}`, errors)
  }
}

/** Codes of a connection that has ended without an answer. */
const CUT = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

function codeOf(error: unknown): string {
  return (error as { cause?: { code?: string } }).cause?.code ?? ''
}

function toFound(kind: Kind, id: string, body: Record<string, unknown>): Found {
  return { kind, id, value: body.value as Resource, modifiedIndex: Number(body.modifiedIndex ?? 0) }
}

/** The path of a resource. An id that could mean another place (`../consumers/jack`) is refused: fetch would resolve it. */
function pathOf(kind: Kind, id: string): string {
  const segments = id.split('/')
  const expected = kind === 'credentials' || kind === 'secrets' ? 2 : 1
  if (segments.length !== expected || !segments.every((one) => /^[A-Za-z0-9_.-]+$/.test(one) && !/^\.+$/.test(one))) {
    throw new OperationError(
      'invalid',
      `${JSON.stringify(id.slice(0, 100))} is no id of ${kind}; ids are made of letters, digits, - _ and .`,
    )
  }
  return `/${toKey(kind, id)}`
}

function saidIn(answer: Answer): string {
  const { error_msg: message, message: other } = answer.body
  return typeof message === 'string' ? message : typeof other === 'string' ? other : `status ${answer.status}`
}

function toObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  } catch {
    return { error_msg: text.slice(0, 300) }
  }
}
