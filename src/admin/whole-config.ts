// GET, HEAD and PUT /apisix/admin/configs: the whole configuration as one document, as in APISIX's API-driven standalone mode. A PUT
// replaces everything in one commit: it is taken whole or refused whole, with every failure at once.
//
// `<kind>_conf_version` is the client's version of one kind. An older one than the last is stale and refused, the same one leaves the kind as
// it is, none counts one on. Versions and the digest are those of this process, and begin anew with it, as in APISIX: a client that has several
// gateways takes the one with the latest `X-Last-Modified` for the truth, so one that holds nothing says none. Credentials stand among the
// consumers (`id: jack/credentials/web`), and have their version.
import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { isObject } from '../lib/is-object.ts'
import { isKind, KINDS, type Kind, parseKey, type Resource } from '../resources/kinds.ts'
import { toTexts } from '../resources/standalone.ts'
import type { Entry, Store } from '../store/contract.ts'
import { asObject, parseConfiguration } from './body.ts'
import type { Draft } from './draft.ts'
import { type AdminAnswer, type AdminRequest, json, Refusal, refuse } from './message.ts'
import { parseResource } from './resource-index.ts'
import { checkDelete, checkWrite } from './rules.ts'
import { type Secrecy, withoutPrivateKeys } from './secrecy.ts'
import { findProblems } from './validate-endpoint.ts'
import type { WriteParts } from './writes.ts'

/** Bytes of a whole configuration. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024

const VERSION = '_conf_version'
const LISTED = KINDS.filter((kind) => kind !== 'credentials')
type Listed = Exclude<Kind, 'credentials'>
/** Kinds that have a version. The list of plugins is the settings' here, so there is only its version. */
const VERSIONED = [...LISTED, 'plugins'] as const
type Versioned = (typeof VERSIONED)[number]
/** What a client that sends back what it has read sends along. */
const READ_ONLY = ['X-Digest', 'X-Last-Modified']
/** Members that are the store's or the gateway's to say. */
const STAMPS = ['create_time', 'update_time', 'createdIndex', 'modifiedIndex']

/** What a PUT wants: for each kind that it replaces its resources by key. */
interface Wanted {
  versions: Map<Versioned, number>
  resources: Map<string, Resource>
}

/** The document that was taken last. */
interface Loaded {
  digest: string
  /** Seconds since the epoch. */
  at: number
  /** Of the store, which others may have written since. */
  revision: number
}

export class WholeConfig {
  readonly #store: Store
  readonly #secrecy: Secrecy
  readonly #parts: WriteParts
  readonly #startedAt: number
  readonly #versions = new Map<Versioned, number>()
  #loaded: Loaded | undefined

  constructor(store: Store, secrecy: Secrecy, parts: WriteParts) {
    this.#store = store
    this.#secrecy = secrecy
    this.#parts = parts
    this.#startedAt = this.#now()
  }

  /** Answers GET and HEAD, in YAML where the client asks for it. `clear`: secret fields are shown decrypted (the admin role). */
  async read(request: AdminRequest, clear: boolean): Promise<AdminAnswer> {
    const document: Resource = {}
    for (const kind of LISTED) {
      const list = (await this.#entries(kind)).map((entry) => this.#listed(entry, clear))
      if (list.length > 0) document[kind] = list
    }
    for (const kind of VERSIONED) document[`${kind}${VERSION}`] = this.#versions.get(kind) ?? 0
    const { digest, modifiedAt } = this.#state()
    if (digest !== undefined) document['X-Digest'] = digest
    if (modifiedAt !== undefined) document['X-Last-Modified'] = modifiedAt
    const headers = this.headers()
    if (!/\byaml\b/.test(request.header('accept') ?? '')) return json(200, document, headers)
    return { ...json(200, '', { ...headers, 'content-type': 'application/yaml' }), body: stringify(document) }
  }

  /** What HEAD, GET and PUT tell of the document that is in force; nothing while there is none. */
  headers(): Record<string, string> {
    const { digest, modifiedAt } = this.#state()
    return {
      ...(digest === undefined ? {} : { 'x-digest': digest }),
      ...(modifiedAt === undefined ? {} : { 'x-last-modified': String(modifiedAt) }),
    }
  }

  #state(): { digest: string | undefined; modifiedAt: number | undefined } {
    const loaded = this.#loaded
    const revision = this.#store.revision()
    return {
      digest: loaded?.revision === revision ? loaded.digest : undefined,
      modifiedAt: loaded?.at ?? (revision > 0 ? this.#startedAt : undefined),
    }
  }

  /** True when the client's digest is that of what is in force: nothing is to be done. Throws a Refusal when there is no digest. */
  isLoaded(request: AdminRequest): boolean {
    const digest = request.header('x-digest')
    if (digest === undefined)
      throw new Refusal(refuse(400, 'missing digest header: send X-Digest, a text that is another for each document'))
    return digest === this.#state().digest
  }

  /** Adds the changes of a PUT to `draft`. What it returns takes the versions over, once they are committed. Throws a Refusal. */
  async plan(request: AdminRequest, draft: Draft): Promise<(revision: number) => void> {
    const body = readDocument(request)
    const problems = findProblems(body, this.#parts.validator)
    if (problems[0])
      throw new Refusal(refuse(400, problems[0].message, { errors: problems.map(({ report }) => report) }))
    const wanted = this.#toWanted(body)
    await this.#replace(wanted, draft)
    return (revision) => {
      for (const [kind, version] of wanted.versions) this.#versions.set(kind, version)
      this.#loaded = { digest: request.header('x-digest') ?? '', at: this.#now(), revision }
    }
  }

  #now(): number {
    return Math.floor(this.#parts.now() / 1000)
  }

  #toWanted(body: Resource): Wanted {
    const versions = new Map<Versioned, number>()
    const replaced: Resource = {}
    for (const kind of VERSIONED) {
      const current = this.#versions.get(kind) ?? 0
      const version = versionOf(body, kind, current)
      if (version === current) continue
      versions.set(kind, version)
      if (kind !== 'plugins' && body[kind] !== undefined) replaced[kind] = body[kind]
    }
    return { versions, resources: new Map(named(replaced)) }
  }

  /** All changes go into the draft before any of them is checked, so that their order says nothing. */
  async #replace({ versions, resources }: Wanted, draft: Draft): Promise<void> {
    const written: [string, Resource][] = []
    const removed: string[] = []
    for (const kind of versions.keys()) {
      if (kind === 'plugins') continue
      for (const entry of await this.#entries(kind)) {
        const { key } = entry
        const wanted = resources.get(key)
        resources.delete(key)
        const stored = this.#open(entry)
        if (wanted && isDeepStrictEqual(withoutStamps(stored), wanted)) continue
        draft.restsOn(key, entry)
        if (wanted) written.push([key, this.#stamped(key, wanted, stored.create_time)])
        else removed.push(key)
      }
    }
    for (const [key, value] of resources) {
      draft.restsOn(key, undefined)
      written.push([key, this.#stamped(key, value)])
    }
    for (const key of removed) draft.delete(key, { unlessNamed: true })
    for (const [key, value] of written) {
      const { kind, id } = placeOf(key)
      draft.put(kind, id, value)
    }
    await this.#check(written, removed, draft)
  }

  async #check(written: [string, Resource][], removed: string[], draft: Draft): Promise<void> {
    const errors: object[] = []
    const report = (key: string, error: string | undefined): void => {
      const { kind, id } = placeOf(key)
      if (error !== undefined) errors.push({ resource_type: kind, resource_id: id, error })
    }
    for (const [key, value] of written) {
      const { kind, id } = placeOf(key)
      const consumer = id.slice(0, id.indexOf('/'))
      if (kind === 'credentials' && !(await draft.has(`consumers/${consumer}`)))
        report(key, `consumer not found: ${consumer}`)
      report(key, await checkWrite(draft, kind, key, value, this.#parts.catalog))
    }
    for (const key of removed) report(key, await checkDelete(draft, placeOf(key).kind, key))
    if (errors.length > 0) throw new Refusal(refuse(400, 'Configuration validation failed', { errors }))
  }

  #stamped(key: string, value: Resource, created?: unknown): Resource {
    const now = this.#now()
    const times = key.startsWith('plugin_metadata/') ? {} : { create_time: created ?? now, update_time: now }
    return { ...value, ...times }
  }

  async #entries(kind: Listed): Promise<Entry[]> {
    const { entries } = await this.#store.list(`${kind}/`)
    return entries.filter(({ key, text }) => parseKey(key) && parseResource(text))
  }

  #open({ key, text }: Entry): Resource {
    return this.#secrecy.open(placeOf(key).kind, parseResource(text) ?? {})
  }

  #listed(entry: Entry, clear: boolean): Resource {
    const { kind } = placeOf(entry.key)
    // With private keys of certificates, unlike everywhere else: who replaces everything sends back what stays as it was.
    const value = clear
      ? this.#open(entry)
      : withoutPrivateKeys(kind, this.#secrecy.show(kind, parseResource(entry.text) ?? {}))
    const id = entry.key.slice(entry.key.indexOf('/') + 1)
    return { ...value, ...(kind === 'consumers' ? {} : { id }), modifiedIndex: entry.modifiedIndex }
  }
}

/** The body of a PUT. A name that is no kind's is refused: it would be left out silently. */
function readDocument(request: AdminRequest): Resource {
  const body = parseConfiguration(request)
  if (body === undefined) throw new Refusal(refuse(400, 'invalid request body: empty request body'))
  const document = asObject(body)
  for (const name of READ_ONLY) delete document[name]
  for (const [name, value] of Object.entries(document)) {
    if (name === `plugins${VERSION}`) continue
    if (name === 'plugins' && Array.isArray(value) && value.length > 0)
      throw new Refusal(
        refuse(400, 'plugins: the plugins that may be used are in the settings: set plugins.enable there'),
      )
    if (name === 'plugins') continue
    const kind = name.endsWith(VERSION) ? name.slice(0, -VERSION.length) : name
    if (!isKind(kind) || kind === 'credentials')
      throw new Refusal(refuse(400, `${JSON.stringify(name)} is no kind of resources: use ${LISTED.join(', ')}`))
    if (name === kind && !Array.isArray(value))
      throw new Refusal(
        refuse(400, `${name} must be a list of resources, found ${JSON.stringify(value).slice(0, 100)}`),
      )
  }
  for (const kind of LISTED) {
    const list = document[kind] as unknown[] | undefined
    if (list) document[kind] = list.map((one) => (isObject(one) ? withoutStamps(one) : one))
  }
  return document
}

/** The resources of a document by key. */
function named(document: Resource): [string, Resource][] {
  try {
    return [...toTexts(document)].map(([key, text]) => [key, JSON.parse(text) as Resource])
  } catch (error) {
    throw new Refusal(refuse(400, `invalid configuration: ${(error as Error).message}`))
  }
}

function versionOf(body: Resource, kind: Versioned, current: number): number {
  const name = `${kind}${VERSION}`
  const version = body[name]
  if (version === undefined) return current + 1
  if (!Number.isSafeInteger(version))
    throw new Refusal(refuse(400, `${name} must be a whole number, found ${JSON.stringify(version)}`))
  if ((version as number) < current)
    throw new Refusal(refuse(400, `${name} must be greater than or equal to (${current})`))
  return version as number
}

function withoutStamps(resource: Resource): Resource {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !STAMPS.includes(name)))
}

/** Of a key that is known to be a resource's. */
function placeOf(key: string): { kind: Kind; id: string } {
  return parseKey(key) as { kind: Kind; id: string }
}
