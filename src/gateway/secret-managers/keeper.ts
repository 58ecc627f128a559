// Keeps the values of references to secret managers, in the main thread, outside the path of requests: one question for each secret and
// process, whatever the number of threads and of references to its members.
//
// A value is asked for again after `ttlMs`. A manager that cannot be asked keeps the last value, for at most `staleMs`, and is asked again
// soon; one that answers that there is no such secret (or a secret without the member) takes the value back at once. Values go to the data
// plane as a whole, with the resources that must be set up again. No value, token or answer is ever logged.
import { timerMs } from '../../lib/timer.ts'
import { parseKey, type Resource } from '../../resources/kinds.ts'
import type { ConfigChange } from '../config.ts'
import { createHttpClient, type HttpClient } from '../http-client.ts'
import type { Logger } from '../plugin.ts'
import { resolveReferences } from '../secrets.ts'
import { fetchFromAws } from './aws.ts'
import { type FetchSecret, NoSuchSecret, type SecretMembers } from './contract.ts'
import { gcpFetcher } from './gcp.ts'
import { parseReference, referencesIn, type SecretReference } from './reference.ts'
import { fetchFromVault } from './vault.ts'

export interface KeeperOptions {
  log: Logger
  /** Milliseconds after which a value is asked for again. */
  ttlMs: number
  /** Milliseconds between two attempts at a manager that fails; the first come sooner. */
  retryMs: number
  /** Milliseconds that a value is kept while its manager cannot be asked. */
  staleMs: number
  /** Values have changed; `keys` are the resources that use them. */
  onChange(values: ReadonlyMap<string, string>, keys: string[]): void
  now?(): number
}

/** One secret of one manager. */
interface Secret extends SecretReference {
  /** References to its members. */
  references: Set<string>
  fetchedAt: number
  dueAt: number
  failures: number
  running: boolean
  /** Goes up when the manager's resource changes: answers to older questions are thrown away. */
  epoch: number
  /** An answer or a failure has come since then. */
  known: boolean
}

const MAX_RUNNING = 8
const FIRST_RETRY_MS = 1000
/** Changes of several values that come together are delivered together. */
const GATHER_MS = 5

export class SecretKeeper {
  readonly #options: KeeperOptions
  readonly #http: HttpClient = createHttpClient()
  readonly #fetchers: Record<string, FetchSecret> = { vault: fetchFromVault, aws: fetchFromAws, gcp: gcpFetcher() }
  readonly #now: () => number
  readonly #managers = new Map<string, Resource>()
  readonly #secrets = new Map<string, Secret>()
  readonly #values = new Map<string, string>()
  /** References by the resource that holds them. */
  readonly #users = new Map<string, Set<string>>()
  readonly #changed = new Set<string>()
  readonly #waiting = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #gathering: NodeJS.Timeout | undefined
  #running = 0
  #closed = false

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Values by reference, as they are now. */
  get values(): ReadonlyMap<string, string> {
    return this.#values
  }

  /** A question is under way. */
  get busy(): boolean {
    return this.#running > 0
  }

  /** Takes over a commit: references that came or went, managers that changed. */
  changed(changes: readonly ConfigChange[]): void {
    for (const { key, text } of changes) {
      const address = parseKey(key)
      if (address?.kind === 'secrets') this.#setManager(address.id, text)
      else this.#setUser(key, text === undefined ? new Set() : referencesIn(address?.kind, text))
    }
    this.#pump()
  }

  /** Resolves when every secret has been asked for once and what came is delivered, or after `limitMs`. */
  async settled(limitMs: number): Promise<void> {
    const pending = (): boolean => [...this.#secrets.values()].some((one) => !one.known)
    if (pending()) await this.#whenNot(pending, limitMs)
    this.#deliver()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#gathering)
    this.#http.close()
  }

  async #whenNot(pending: () => boolean, limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (!pending()) resolve()
    }
    this.#waiting.add(look)
    const timer = setTimeout(resolve, limitMs)
    await promise
    clearTimeout(timer)
    this.#waiting.delete(look)
  }

  #setManager(id: string, text: string | undefined): void {
    if (text === undefined) this.#managers.delete(id)
    else this.#managers.set(id, JSON.parse(text) as Resource)
    for (const secret of this.#secrets.values()) {
      if (secret.manager !== id) continue
      Object.assign(secret, { epoch: secret.epoch + 1, dueAt: 0, failures: 0, known: false })
    }
  }

  #setUser(key: string, references: Set<string>): void {
    const before = this.#users.get(key)
    if (references.size) this.#users.set(key, references)
    else this.#users.delete(key)
    for (const reference of references) this.#begin(reference, key)
    for (const reference of before ?? []) if (!references.has(reference)) this.#end(reference)
  }

  #begin(reference: string, key: string): void {
    const parts = parseReference(reference)
    if (!parts) {
      this.#options.log.error(
        { owner: key, reference },
        'a reference to a secret cannot be read, expected $secret://MANAGER/ID/NAME/MEMBER',
      )
      return
    }
    const id = `${parts.manager}/${parts.name}`
    const secret = this.#secrets.get(id)
    if (secret) {
      if (secret.references.has(reference)) return
      // Another member of a secret that is kept: its members were not, so it is asked for again.
      secret.references.add(reference)
      Object.assign(secret, { epoch: secret.epoch + 1, dueAt: 0, known: false })
      return
    }
    const references = new Set([reference])
    const state = { fetchedAt: 0, dueAt: 0, failures: 0, running: false, epoch: 0, known: false }
    this.#secrets.set(id, { ...parts, ...state, references })
  }

  /** A resource no longer holds the reference; with the last one the value is forgotten. */
  #end(reference: string): void {
    if ([...this.#users.values()].some((one) => one.has(reference))) return
    const parts = parseReference(reference)
    const id = `${parts?.manager}/${parts?.name}`
    const secret = this.#secrets.get(id)
    secret?.references.delete(reference)
    if (secret?.references.size === 0) this.#secrets.delete(id)
    this.#set(reference, undefined)
  }

  /** Asks for what is due, and wakes up for what is due next. */
  #pump(): void {
    clearTimeout(this.#timer)
    if (this.#closed) return
    const now = this.#now()
    let next = Number.POSITIVE_INFINITY
    for (const secret of this.#secrets.values()) {
      if (secret.running) continue
      if (secret.dueAt > now) next = Math.min(next, secret.dueAt)
      else if (this.#running < MAX_RUNNING) void this.#renew(secret)
    }
    if (next === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#pump(), timerMs(next - now)).unref()
  }

  async #renew(secret: Secret): Promise<void> {
    const { epoch } = secret
    secret.running = true
    this.#running++
    let outcome: SecretMembers | Error
    try {
      outcome = await this.#fetch(secret)
    } catch (error) {
      outcome = error as Error
    }
    this.#running--
    secret.running = false
    if (this.#closed) return
    if (secret.epoch === epoch) {
      if (outcome instanceof Error) this.#failed(secret, outcome)
      else this.#fetched(secret, outcome)
      secret.known = true
      for (const look of this.#waiting) look()
    }
    this.#pump()
  }

  async #fetch({ manager, name }: Secret): Promise<SecretMembers> {
    const conf = this.#managers.get(manager)
    if (!conf) throw new NoSuchSecret('there is no such secret manager')
    const fetcher = this.#fetchers[manager.slice(0, manager.indexOf('/'))]
    if (!fetcher) throw new NoSuchSecret('there is no secret manager of this kind')
    return fetcher(resolveReferences(conf, NO_SECRETS), name, { http: this.#http, now: this.#now })
  }

  #fetched(secret: Secret, members: SecretMembers): void {
    const now = this.#now()
    if (secret.failures > 0) this.#options.log.info(place(secret), 'the secret manager can be asked again')
    Object.assign(secret, { fetchedAt: now, dueAt: now + this.#options.ttlMs, failures: 0 })
    for (const reference of secret.references) {
      const member = parseReference(reference)?.member as string
      const value = Object.hasOwn(members, member) ? members[member] : undefined
      const usable = typeof value === 'string' && value !== ''
      if (!usable) this.#options.log.error({ ...place(secret), member }, 'a secret has no such member that is a text')
      this.#set(reference, usable ? value : undefined)
    }
  }

  #failed(secret: Secret, error: Error): void {
    const { log, retryMs, staleMs } = this.#options
    const now = this.#now()
    secret.dueAt = now + Math.min(retryMs, FIRST_RETRY_MS * 2 ** Math.min(secret.failures++, 10))
    const gone = error instanceof NoSuchSecret
    const kept = !gone && secret.fetchedAt > 0 && now - secret.fetchedAt < staleMs
    const fields = { ...place(secret), reason: error.message, retry_in_ms: secret.dueAt - now }
    if (kept) log.warn(fields, 'a secret manager cannot be asked; the last value is kept')
    else log.error(fields, 'a secret cannot be read; what needs it refuses')
    if (kept) return
    secret.fetchedAt = 0
    for (const reference of secret.references) this.#set(reference, undefined)
  }

  #set(reference: string, value: string | undefined): void {
    if (this.#values.get(reference) === value) return
    if (value === undefined) this.#values.delete(reference)
    else this.#values.set(reference, value)
    this.#changed.add(reference)
    this.#gathering ??= setTimeout(() => this.#deliver(), GATHER_MS).unref()
  }

  #deliver(): void {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    if (this.#closed || this.#changed.size === 0) return
    const keys = [...this.#users].filter(([, used]) => !used.isDisjointFrom(this.#changed)).map(([key]) => key)
    this.#changed.clear()
    this.#options.onChange(this.#values, keys)
  }
}

/** A manager's own resource may refer to the environment only. */
const NO_SECRETS: ReadonlyMap<string, string> = new Map()

function place({ manager, name }: Secret): { manager: string; secret: string } {
  return { manager, secret: name }
}
