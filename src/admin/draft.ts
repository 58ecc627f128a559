// A set of changes in the making, read through as if they were made. It collects the operations and what they rest on (the versions that
// were read), and commits all or nothing. One write is a draft of one operation, a transaction one of many.
import type { PluginCatalog } from '../resources/catalog.ts'
import { type Kind, type Resource, toKey } from '../resources/kinds.ts'
import type { CommitResult, Condition, Entry, Operation, Store } from '../store/contract.ts'
import { type Claims, claimsOf, parseResource, type ResourceIndex } from './resource-index.ts'
import type { Secrecy } from './secrecy.ts'

const NO_CLAIMS: Claims = { references: [], unique: [] }

interface Changed {
  operation: Operation
  claims: Claims
  unlessNamed?: boolean
}

export class Draft {
  readonly #store: Store
  readonly #index: ResourceIndex
  readonly #catalog: PluginCatalog
  readonly #secrecy: Secrecy
  readonly #changed = new Map<string, Changed>()
  readonly #read = new Map<string, Entry | undefined>()

  constructor(parts: { store: Store; index: ResourceIndex; catalog: PluginCatalog; secrecy: Secrecy }) {
    this.#store = parts.store
    this.#index = parts.index
    this.#catalog = parts.catalog
    this.#secrecy = parts.secrecy
  }

  /** The stored resource in its clear form, with this draft's own changes. The commit fails if it has changed by then. */
  async get(kind: Kind, id: string): Promise<Resource | undefined> {
    const key = toKey(kind, id)
    const text = this.#changed.has(key) ? this.#textOf(key) : (await this.entry(key))?.text
    const resource = text === undefined ? undefined : parseResource(text)
    return resource && this.#secrecy.open(kind, resource)
  }

  async has(key: string): Promise<boolean> {
    if (this.#changed.has(key)) return this.#textOf(key) !== undefined
    return (await this.entry(key)) !== undefined
  }

  /** The entry as the store has it, whatever this draft has changed. */
  async entry(key: string): Promise<Entry | undefined> {
    if (!this.#read.has(key)) this.#read.set(key, await this.#store.get(key))
    return this.#read.get(key)
  }

  /** The commit fails if what stands at `key` is not this entry any more; undefined: nothing. */
  restsOn(key: string, entry: Entry | undefined): void {
    this.#read.set(key, entry)
  }

  /** Returns the stored form. */
  put(kind: Kind, id: string, clear: Resource, ttlSeconds?: number): Resource {
    const stored = this.#secrecy.seal(kind, clear)
    const key = toKey(kind, id)
    const operation: Operation = { type: 'put', key, text: JSON.stringify(stored) }
    if (ttlSeconds !== undefined) operation.ttlSeconds = ttlSeconds
    this.#changed.set(key, { operation, claims: claimsOf(kind, clear, this.#catalog) })
    return stored
  }

  /** `unlessNamed`: the commit fails when another resource names it by then. */
  delete(key: string, { unlessNamed }: { unlessNamed: boolean }): void {
    this.#changed.set(key, { operation: { type: 'delete', key }, claims: NO_CLAIMS, unlessNamed })
  }

  /** Keys below a prefix as the store has them; the draft's own additions are not among them. */
  async keysBelow(prefix: string): Promise<string[]> {
    return (await this.#store.list(prefix)).entries.map(({ key }) => key)
  }

  namedBy(key: string): string[] {
    const stored = [...this.#index.namedBy(key)].filter((by) => !this.#changed.has(by))
    const own = [...this.#changed].filter(([, { claims }]) => claims.references.includes(key)).map(([by]) => by)
    return [...stored, ...own]
  }

  /** Key of the resource that has this unique name. */
  owner(unique: string): string | undefined {
    for (const [key, { claims }] of this.#changed) if (claims.unique.includes(unique)) return key
    const stored = this.#index.owner(unique)
    return stored !== undefined && this.#changed.has(stored) ? undefined : stored
  }

  /** Checked with `extra` conditions. Claims are taken before the commit and given back when it fails, so that two writers cannot both succeed. */
  async commit(extra: readonly Condition[] = []): Promise<CommitResult> {
    const operations = [...this.#changed.values()].map(({ operation }) => operation)
    if (operations.length === 0) return { ok: true, revision: this.#store.revision() }
    const conditions = [...this.#read].map(([key, entry]) => ({ key, modifiedIndex: entry?.modifiedIndex ?? 0 }))
    const rival = this.#rival()
    if (rival !== undefined) return { ok: false, conflict: { key: rival, modifiedIndex: 0 }, found: 0 }
    const before = [...this.#changed.keys()].map((key) => [key, this.#index.claims(key)] as const)
    for (const [key, { claims }] of this.#changed) this.#index.set(key, claims)
    let committed = false
    try {
      const result = await this.#store.commit(operations, [...extra, ...conditions])
      committed = result.ok
      return result
    } finally {
      if (!committed) for (const [key, claims] of before) this.#index.set(key, claims)
    }
  }

  /** A resource that has taken a name, or named what is to be deleted, since this draft was planned. */
  #rival(): string | undefined {
    for (const [key, { claims, unlessNamed }] of this.#changed) {
      for (const name of claims.unique) {
        const owner = this.#index.owner(name)
        if (owner !== undefined && owner !== key && !this.#changed.has(owner)) return owner
      }
      const [by] = unlessNamed ? this.namedBy(key) : []
      if (by !== undefined) return by
    }
    return undefined
  }

  #textOf(key: string): string | undefined {
    const operation = this.#changed.get(key)?.operation
    return operation?.type === 'put' ? operation.text : undefined
  }
}
