// What the Admin API must know about all resources without reading them: who names whom, which consumer keys are taken, which plugins
// stand in global rules. Filled from the store at start, then kept by its watch and, before each commit, by the writer itself: a name that
// is about to be taken is taken.
import { hash } from 'node:crypto'
import { parseJsonObject } from '../lib/parse-json.ts'
import type { PluginCatalog } from '../resources/catalog.ts'
import { type Kind, parseKey, pluginsIn, type Resource } from '../resources/kinds.ts'
import { pluginReferencesOf, referencesOf } from '../resources/references.ts'
import type { Store, Watcher } from '../store/contract.ts'
import type { Secrecy } from './secrecy.ts'

const PAGE_ENTRIES = 1000
const RETRY_MS = 1000

/** What one resource claims: the keys that it names, and the names that nobody else may have. */
export interface Claims {
  references: readonly string[]
  unique: readonly string[]
}

const NOTHING: Claims = { references: [], unique: [] }

/** The claims of a resource in its clear form. */
export function claimsOf(kind: Kind, resource: Resource, catalog: PluginCatalog): Claims {
  const references = [...referencesOf(kind, resource).map(({ key }) => key), ...pluginReferencesOf(resource)]
  const unique: string[] = []
  for (const [name, conf] of Object.entries(pluginsIn(resource))) {
    // What others have written to the store may be anything.
    if (conf === null || typeof conf !== 'object') continue
    const group = groupOf(name, conf, catalog)
    if (group) references.push(group.all, group.equal)
    if (kind === 'global_rules') unique.push(globalRuleName(name))
    if (kind !== 'consumers' && kind !== 'credentials') continue
    const field = catalog.get(name)?.consumerKey
    const value = field === undefined ? undefined : conf[field]
    if (field !== undefined && typeof value === 'string') unique.push(consumerKeyName(name, field, value))
  }
  return references.length === 0 && unique.length === 0 ? NOTHING : { references, unique }
}

/** Names that the members of a plugin's group claim as if they were resources: one for all members, one for those of an equal configuration. */
export function groupOf(
  plugin: string,
  conf: Resource,
  catalog: PluginCatalog,
): { all: string; equal: string } | undefined {
  const field = catalog.get(plugin)?.agreeBy
  const value = field === undefined ? undefined : conf[field]
  if (typeof value !== 'string' || value === '') return undefined
  const all = `group\n${plugin}\n${value}`
  const text = JSON.stringify({ ...conf, _meta: undefined }, (_, member: unknown) => inOrder(member))
  return { all, equal: `${all}\n${hash('sha256', text)}` }
}

/** An object with its members by name, so that equal ones have equal texts. */
function inOrder(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function globalRuleName(plugin: string): string {
  return `global\n${plugin}`
}

export function consumerKeyName(plugin: string, field: string, value: string): string {
  return `consumer\n${plugin}\n${field}\n${value}`
}

export class ResourceIndex {
  readonly #catalog: PluginCatalog
  readonly #secrecy: Secrecy
  readonly #claims = new Map<string, Claims>()
  readonly #namedBy = new Map<string, Set<string>>()
  readonly #owners = new Map<string, string>()
  #watcher: Watcher | undefined

  constructor(catalog: PluginCatalog, secrecy: Secrecy) {
    this.#catalog = catalog
    this.#secrecy = secrecy
  }

  /** Reads the store and follows it. */
  async follow(store: Store): Promise<void> {
    let revision = 0
    for (let after: string | undefined; ; ) {
      const page = await store.list('', { limit: PAGE_ENTRIES, ...(after === undefined ? {} : { after }) })
      if (after === undefined) revision = page.revision
      for (const entry of page.entries) this.#take(entry.key, entry.text)
      after = page.entries.at(-1)?.key
      if (page.entries.length < PAGE_ENTRIES) break
    }
    this.#watcher = store.watch(revision, {
      onCommit: (commit) => {
        for (const { key, entry } of commit.changes) this.#take(key, entry?.text)
      },
      onReset: () => void this.#restart(store),
    })
  }

  close(): void {
    this.#watcher?.close()
  }

  /** Keys of the resources that name `key`. */
  namedBy(key: string): ReadonlySet<string> {
    return this.#namedBy.get(key) ?? NOBODY
  }

  /** Key of the resource that has this unique name. */
  owner(unique: string): string | undefined {
    return this.#owners.get(unique)
  }

  claims(key: string): Claims {
    return this.#claims.get(key) ?? NOTHING
  }

  /** Replaces the claims of `key`. */
  set(key: string, claims: Claims): void {
    const old = this.claims(key)
    if (old === claims) return
    for (const target of old.references) this.#forget(target, key)
    for (const name of old.unique) if (this.#owners.get(name) === key) this.#owners.delete(name)
    if (claims === NOTHING) this.#claims.delete(key)
    else this.#claims.set(key, claims)
    for (const target of claims.references) {
      const names = this.#namedBy.get(target)
      if (names) names.add(key)
      else this.#namedBy.set(target, new Set([key]))
    }
    for (const name of claims.unique) this.#owners.set(name, key)
  }

  async #restart(store: Store): Promise<void> {
    this.close()
    for (const key of [...this.#claims.keys()]) this.set(key, NOTHING)
    try {
      await this.follow(store)
    } catch {
      // The store is away, and says so itself to every write; the index is read again when it is back.
      setTimeout(() => void this.#restart(store), RETRY_MS).unref()
    }
  }

  #take(key: string, text: string | undefined): void {
    const address = parseKey(key)
    if (!address) return
    const resource = text === undefined ? undefined : parseResource(text)
    const claims = resource
      ? claimsOf(address.kind, this.#secrecy.open(address.kind, resource), this.#catalog)
      : NOTHING
    this.set(key, claims)
  }

  #forget(target: string, key: string): void {
    const names = this.#namedBy.get(target)
    names?.delete(key)
    if (names?.size === 0) this.#namedBy.delete(target)
  }
}

const NOBODY: ReadonlySet<string> = new Set()

/** A stored text as a resource; undefined when another program has put something else there. */
export function parseResource(text: string): Resource | undefined {
  return parseJsonObject(text) // what is none is reported by the gateway when it compiles it
}
