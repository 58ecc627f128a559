// The Admin API over a store: APISIX's v3 REST semantics, and what operations need beyond them (compare-and-set by If-Match and
// If-None-Match, transactions, the revision of a write). A write is answered when it is durable and `afterCommit` says that the data
// plane serves it.
//
//   request -> address and key -> endpoint -> draft -> commit -> afterCommit -> answer
//                 403, 401         4xx        412, 503
import { CidrSet } from '../lib/cidr.ts'
import { randomHex } from '../lib/random-hex.ts'
import type { PluginCatalog } from '../resources/catalog.ts'
import type { Validator } from '../resources/validator.ts'
import { type Condition, type Store, StoreError } from '../store/contract.ts'
import { parseBody, parseConfiguration } from './body.ts'
import { Draft } from './draft.ts'
import { type AdminKey, authenticate } from './keys.ts'
import { KIND_RULES } from './kind-rules.ts'
import { type AdminAnswer, type AdminRequest, json, page, preflight, Refusal, refuse } from './message.ts'
import { read } from './reads.ts'
import { ResourceIndex } from './resource-index.ts'
import { readPlugins, readSchema } from './schema-endpoint.ts'
import { createSecrecy, type Secrecy, type SecretBox } from './secrecy.ts'
import { type Target, toSegments, toTarget } from './target.ts'
import { planTransaction } from './transaction.ts'
import { validateAll, validateOne } from './validate-endpoint.ts'
import { MAX_CONFIG_BYTES, WholeConfig } from './whole-config.ts'
import { planWrite, type WriteParts } from './writes.ts'

export interface AdminOptions {
  store: Store
  catalog: PluginCatalog
  validator: Validator
  secretBox: SecretBox
  /** Read at every request, so that keys can change while it runs. */
  keys(): readonly AdminKey[]
  /** Addresses and networks that may call. */
  allowAdmin: readonly string[]
  /** Resolves when the data plane of this process serves `revision`, or when the wait for it is over. */
  afterCommit(revision: number): Promise<{ servedRevision: number }>
  /** What is wrong with the store or with what stands in it, which reads tell in `X-Gateward-Trouble`. */
  trouble?(): string | undefined
  /** Told about faults, with a short id that the client got too. */
  onFault(error: unknown, id: string): void
  /** Serves the whole configuration as one document too (`configs`), as APISIX does in its API-driven standalone mode only. */
  standalone?: boolean
  maxBodyBytes?: number
  now?(): number
}

export interface Admin {
  handle(request: AdminRequest): Promise<AdminAnswer>
  /** What `handle` would answer whatever the body; undefined: that depends on it. */
  refuse(request: AdminRequest): AdminAnswer | undefined
  /** The same for in-process callers. The caller counts as 127.0.0.1. */
  fetch(request: Request): Promise<Response>
  close(): void
}

const METHODS = new Set(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'])
const MAX_COMMIT_TRIES = 8
const MAX_TROUBLE_CHARACTERS = 500
const DEFAULT_MAX_BODY_BYTES = 1024 * 1024

/** Reads the store once and follows it; the Admin API is ready when it resolves. */
export async function createAdmin(options: AdminOptions): Promise<Admin> {
  const secrecy = createSecrecy(options.catalog, options.secretBox)
  const index = new ResourceIndex(options.catalog, secrecy)
  await index.follow(options.store)
  const endpoints = new Endpoints(options, secrecy, index)
  const handle = (request: AdminRequest): Promise<AdminAnswer> => endpoints.answer(request)
  return {
    handle,
    refuse: (request) => {
      const admitted = endpoints.admit(request)
      return 'status' in admitted ? admitted : undefined
    },
    fetch: (request) => fetchThrough(handle, request),
    close: () => index.close(),
  }
}

class Endpoints {
  readonly #options: AdminOptions
  readonly #secrecy: Secrecy
  readonly #index: ResourceIndex
  readonly #allowed: CidrSet
  readonly #writeParts: WriteParts
  readonly #whole: WholeConfig
  readonly #maxBodyBytes: number
  readonly #run = randomHex(8)
  /** Whole configurations are taken one after the other: each rests on the versions that the one before left. */
  #lastWhole: Promise<unknown> = Promise.resolve()

  constructor(options: AdminOptions, secrecy: Secrecy, index: ResourceIndex) {
    const { validator, catalog, now = Date.now } = options
    this.#options = options
    this.#secrecy = secrecy
    this.#index = index
    this.#allowed = CidrSet.from(options.allowAdmin)
    this.#writeParts = { validator, catalog, now }
    this.#whole = new WholeConfig(options.store, secrecy, this.#writeParts)
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES
  }

  async answer(request: AdminRequest): Promise<AdminAnswer> {
    try {
      return await this.#route(request)
    } catch (error) {
      if (error instanceof Refusal) return error.answer
      if (error instanceof StoreError)
        return refuse(503, `the store cannot be used (${error.reason}): ${error.message}`)
      const id = randomHex(4)
      this.#options.onFault(error, id)
      return refuse(500, `internal error ${id}: the log tells more under this id`)
    }
  }

  /** Who calls and for what; or the answer, for which no body is needed. */
  admit(request: AdminRequest): { caller: AdminKey; below: string } | AdminAnswer {
    const below = /^\/+apisix\/+admin(\/.*)$/.exec(request.path)?.[1]
    if (request.method === 'TRACE') return page(405, 'Not Allowed')
    // Whether anybody is there: clients ask before they have a key.
    if (request.method === 'HEAD' && request.path === '/apisix/admin')
      return this.#allowed.has(request.remoteAddress) ? json(200, '') : page(403, 'Forbidden')
    if (below === undefined || !METHODS.has(request.method)) return page(404, 'Not Found')
    if (request.method === 'OPTIONS') return preflight()
    const caller = authenticate(request, this.#options.keys(), this.#allowed)
    return 'status' in caller ? caller : { caller, below }
  }

  async #route(request: AdminRequest): Promise<AdminAnswer> {
    const admitted = this.admit(request)
    if ('status' in admitted) return admitted
    const { caller, below } = admitted
    const segments = toSegments(below)
    const whole = this.#options.standalone === true && segments.length === 1 && segments[0] === 'configs'
    const limit = whole ? MAX_CONFIG_BYTES : this.#maxBodyBytes
    if (request.body.length > limit)
      return refuse(413, `the body has ${request.body.length} bytes, at most ${limit} are taken`)
    if (whole) return this.#configs(request, caller)
    if (segments.length === 0 || request.method === 'HEAD') return page(404, 'Not Found')
    return this.#special(request, segments) ?? this.#resource(request, segments, caller)
  }

  #special(request: AdminRequest, segments: string[]): Promise<AdminAnswer> | AdminAnswer | undefined {
    const { method, query } = request
    const { catalog, validator } = this.#options
    const [head, second, third] = segments
    if (head === 'schema' && method === 'GET') return readSchema(segments.slice(1), query, catalog, validator)
    if (head === 'schema' && second === 'validate' && method === 'POST')
      return validateOne(third, parseBody(request.body), validator)
    if (head === 'plugins' && second === 'reload') return reload(method)
    if (head === 'plugins' && method === 'GET') return readPlugins(segments.slice(1), query, catalog, validator)
    if (head === 'schema' || head === 'plugins') return refuse(404, 'not found')
    if (head === 'configs' && second === 'validate' && method === 'POST')
      return validateAll(parseConfiguration(request), validator)
    if (head === 'gateward' && second === 'transaction' && method === 'POST') return this.#transact(request)
    return undefined
  }

  async #resource(request: AdminRequest, segments: string[], caller: AdminKey): Promise<AdminAnswer> {
    const target = toTarget(segments)
    if (!target) return refuse(404, `Unsupported resource type: ${segments[0]}`)
    const { store } = this.#options
    if (request.method !== 'GET') return this.#write(request, target)
    const parts = { store, secrecy: this.#secrecy, run: this.#run, clear: caller.role === 'admin' }
    const answer = await read(target, request, parts)
    const trouble = this.#options.trouble?.()
    return trouble === undefined
      ? answer
      : { ...answer, headers: { ...answer.headers, 'x-gateward-trouble': toFieldValue(trouble) } }
  }

  async #write(request: AdminRequest, target: Target): Promise<AdminAnswer> {
    const { method, query } = request
    const rules = KIND_RULES[target.kind]
    // Before the body, since a body that cannot be read is no reason to talk about when the method does not exist.
    if ((method === 'POST' && !rules.post) || (method === 'PATCH' && !rules.patch))
      return refuse(405, `not supported \`${method}\` method for ${rules.word}`)
    const body = method === 'DELETE' ? undefined : parseBody(request.body)
    const ttlSeconds = toTtl(query.get('ttl'))
    const force = query.get('force') === 'true'
    return this.#commit(async (draft) => {
      const planned = await planWrite({ method, target, body, force, ttlSeconds }, draft, this.#writeParts)
      const conditions = toConditions(request, planned.key)
      return { conditions, answer: (headers) => json(planned.status, planned.value, headers) }
    })
  }

  #configs(request: AdminRequest, caller: AdminKey): Promise<AdminAnswer> | AdminAnswer {
    if (request.method === 'GET' || request.method === 'HEAD') return this.#whole.read(request, caller.role === 'admin')
    if (request.method !== 'PUT') return refuse(405, `not supported \`${request.method}\` method for configs`)
    const answer = this.#lastWhole.then(() => this.#replaceAll(request))
    this.#lastWhole = answer.catch(() => {})
    return answer
  }

  /** 202 as soon as it is written, 200 to who asks with `wait` whether it is served; here it is, with both. */
  async #replaceAll(request: AdminRequest): Promise<AdminAnswer> {
    if (this.#whole.isLoaded(request)) return json(204, '')
    const status = Number(request.query.get('wait') ?? 0) > 0 ? 200 : 202
    let done = (_revision: number): void => {}
    const answer = await this.#commit(async (draft) => {
      done = await this.#whole.plan(request, draft)
      return { conditions: [], answer: (headers) => json(status, '', headers) }
    })
    if (answer.status !== status) return answer
    done(Number(answer.headers['x-gateward-revision']))
    return { ...answer, headers: { ...answer.headers, ...this.#whole.headers() } }
  }

  #transact(request: AdminRequest): Promise<AdminAnswer> {
    const body = parseBody(request.body)
    return this.#commit(async (draft) => {
      const { planned, conditions } = await planTransaction(body, draft, this.#writeParts)
      const results = planned.map(({ status, value }) => ({ status, ...value }))
      return { conditions, answer: (headers) => json(200, { results }, headers) }
    })
  }

  /** Plans and commits; again, when somebody else has changed what the plan rests on. */
  async #commit(plan: (draft: Draft) => Promise<Plan>): Promise<AdminAnswer> {
    const { store, catalog } = this.#options
    for (let tries = 0; tries < MAX_COMMIT_TRIES; tries++) {
      const draft = new Draft({ store, catalog, index: this.#index, secrecy: this.#secrecy })
      const { conditions, answer } = await plan(draft)
      const result = await draft.commit(conditions)
      if (result.ok) {
        const { servedRevision } = await this.#options.afterCommit(result.revision)
        return answer({
          'x-gateward-revision': String(result.revision),
          'x-gateward-served-revision': String(servedRevision),
        })
      }
      if (conditions.some(({ key, modifiedIndex }) => key === result.conflict.key && modifiedIndex !== result.found))
        return preconditionFailed(result.conflict, result.found)
    }
    return refuse(409, 'others keep changing the same resource: read it again, then try again')
  }
}

interface Plan {
  /** What the client asks for, beside what the plan itself has read. */
  conditions: Condition[]
  answer(headers: Record<string, string>): AdminAnswer
}

function toConditions(request: AdminRequest, key: string): Condition[] {
  if (request.header('if-none-match')?.trim() === '*') return [{ key, modifiedIndex: 0 }]
  const match = request.header('if-match')
  if (match === undefined) return []
  const index = /^"?(\d{1,15})"?$/.exec(match.trim())?.[1]
  if (index === undefined)
    throw new Refusal(refuse(400, 'if-match must be the modifiedIndex of the resource, such as "42"'))
  return [{ key, modifiedIndex: Number(index) }]
}

function preconditionFailed({ key, modifiedIndex }: Condition, found: number): AdminAnswer {
  const state = (index: number): string => (index === 0 ? 'absent' : `at modifiedIndex ${index}`)
  return refuse(412, `${key} was expected to be ${state(modifiedIndex)} but is ${state(found)}: read it again`, {
    key,
    modifiedIndex: found,
  })
}

/** A text as the value of a header field: printable ASCII. */
function toFieldValue(text: string): string {
  return text.slice(0, MAX_TROUBLE_CHARACTERS).replace(/[^\x20-\x7e]/g, '?')
}

/** Plugins are part of the program: there is nothing to load again. */
function reload(method: string): AdminAnswer {
  return method === 'PUT'
    ? json(200, '"done"')
    : refuse(405, `please use PUT method to reload the plugins, ${method} method is not allowed.`)
}

function toTtl(text: string | null): number | undefined {
  if (text === null) return undefined
  const seconds = Number(text)
  if (text.trim() === '' || Number.isNaN(seconds))
    throw new Refusal(refuse(400, 'invalid argument ttl: should be a number'))
  if (!Number.isSafeInteger(seconds) || seconds < 1)
    throw new Refusal(
      refuse(400, `invalid argument ttl: should be a positive number of seconds, got ${JSON.stringify(text)}`),
    )
  return seconds
}

async function fetchThrough(handle: Admin['handle'], request: Request): Promise<Response> {
  const url = new URL(request.url)
  const answer = await handle({
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    header: (name) => request.headers.get(name) ?? undefined,
    body: Buffer.from(await request.arrayBuffer()),
    remoteAddress: '127.0.0.1',
  })
  return new Response(answer.body === '' ? null : answer.body, { status: answer.status, headers: answer.headers })
}
