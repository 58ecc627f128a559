// Consumers and their credentials, indexed by what an authentication plugin finds in a request.
//
// A consumer's `plugins` hold authentication data (key-auth: its key) beside ordinary plugin configuration. Each authentication plugin names
// the field that identifies a consumer (`consumerKey`); the index maps plugin and value to the consumer, and changes one resource at a time.
import { pluginsIn, type Resource } from '../resources/kinds.ts'
import type { Exchange } from './exchange.ts'
import { resolveReferences, type SecretValues } from './secrets.ts'

export interface Consumer {
  username: string
  groupId: string | undefined
  labels: Record<string, string> | undefined
  /** Ordinary plugins of this consumer; authentication data is left out. */
  plugins: Record<string, Resource>
  /** Key and version of the resource: `consumers/jack`. */
  key: string
  modifiedIndex: number
}

/** A consumer found by one authentication plugin, with that plugin's data. */
export interface Identity {
  consumer: Consumer
  /** The authentication plugin's configuration in the consumer or credential. */
  auth: Resource
  credentialId: string | undefined
}

/** What an authentication plugin must tell the index about itself. */
export interface AuthPluginFacts {
  type?: 'auth'
  consumerKey?: string
}

export class ConsumerIndex {
  readonly #facts: (plugin: string) => AuthPluginFacts | undefined
  readonly #secrets: SecretValues
  readonly #onTrouble: (owner: string, plugin: string, error: Error) => void
  readonly #consumers = new Map<string, Consumer>()
  readonly #identities = new Map<string, Map<string, Identity>>()
  /** What each resource has put into `#identities`, to take it out again. */
  readonly #placed = new Map<string, [plugin: string, value: string][]>()
  /** Credentials by username: they are placed again when their consumer changes. */
  readonly #credentials = new Map<string, Map<string, Resource>>()

  /** `onTrouble`: authentication data cannot be used, so that nobody is this consumer by it. */
  constructor(
    facts: (plugin: string) => AuthPluginFacts | undefined,
    secrets: SecretValues,
    onTrouble: (owner: string, plugin: string, error: Error) => void,
  ) {
    this.#facts = facts
    this.#secrets = secrets
    this.#onTrouble = onTrouble
  }

  /** The consumer whose authentication data for `plugin` has this identifying value. */
  find(plugin: string, value: string): Identity | undefined {
    return this.#identities.get(plugin)?.get(value)
  }

  /** A consumer by name, for `anonymous_consumer`. */
  get(username: string): Consumer | undefined {
    return this.#consumers.get(username)
  }

  /** Takes over a consumer as it is now; `value` undefined: it is gone. */
  setConsumer(username: string, value: Resource | undefined, modifiedIndex: number): void {
    const key = `consumers/${username}`
    this.#withdraw(key)
    if (value) {
      const plugins = pluginsIn(value)
      const ordinary = Object.entries(plugins).filter(([name]) => this.#facts(name)?.type !== 'auth')
      const consumer: Consumer = {
        username,
        groupId: value.group_id === undefined ? undefined : String(value.group_id),
        labels: value.labels as Record<string, string> | undefined,
        plugins: Object.fromEntries(ordinary),
        key,
        modifiedIndex,
      }
      this.#consumers.set(username, consumer)
      this.#place(key, plugins, consumer, undefined)
    } else {
      this.#consumers.delete(username)
    }
    for (const [id, credential] of this.#credentials.get(username) ?? [])
      this.#placeCredential(username, id, credential)
  }

  /** Takes over a credential (`id` without the username). */
  setCredential(username: string, id: string, value: Resource | undefined): void {
    const credentials = this.#credentials.get(username) ?? new Map<string, Resource>()
    if (value) credentials.set(id, value)
    else credentials.delete(id)
    if (credentials.size) this.#credentials.set(username, credentials)
    else this.#credentials.delete(username)
    this.#placeCredential(username, id, value)
  }

  #placeCredential(username: string, id: string, value: Resource | undefined): void {
    const key = `consumers/${username}/credentials/${id}`
    this.#withdraw(key)
    const consumer = this.#consumers.get(username)
    if (value && consumer) this.#place(key, pluginsIn(value), consumer, id)
  }

  #place(key: string, plugins: Record<string, Resource>, consumer: Consumer, credentialId: string | undefined): void {
    const placed: [string, string][] = []
    for (const [name, written] of Object.entries(plugins)) {
      const field = this.#facts(name)?.consumerKey
      if (!field) continue
      const auth = this.#resolve(key, name, written)
      const value = String(auth?.[field] ?? '')
      if (!auth || value === '') continue
      const byValue = this.#identities.get(name) ?? new Map<string, Identity>()
      this.#identities.set(name, byValue)
      byValue.set(value, { consumer, auth, credentialId })
      placed.push([name, value])
    }
    this.#placed.set(key, placed)
  }

  #resolve(key: string, plugin: string, written: Resource): Resource | undefined {
    try {
      return resolveReferences(written, this.#secrets)
    } catch (error) {
      this.#onTrouble(key, plugin, error as Error)
      return undefined
    }
  }

  #withdraw(key: string): void {
    for (const [plugin, value] of this.#placed.get(key) ?? []) this.#identities.get(plugin)?.delete(value)
    this.#placed.delete(key)
  }
}

/** Makes the request that consumer's: for later plugins, for the log, and for the upstream by header. */
export function attachConsumer(ctx: Exchange, consumer: Consumer, credentialId?: string): void {
  ctx.consumer = consumer
  const { headers } = ctx.request
  headers.set('X-Consumer-Username', consumer.username)
  if (credentialId === undefined) headers.remove('X-Credential-Identifier')
  else headers.set('X-Credential-Identifier', credentialId)
  const customId = consumer.labels?.custom_id
  if (customId === undefined) headers.remove('X-Consumer-Custom-Id')
  else headers.set('X-Consumer-Custom-Id', customId)
}
