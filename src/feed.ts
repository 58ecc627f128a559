// From the store to the data plane: the configuration as it is now, in clear, and every commit after it. The main thread keeps the texts, so
// that a data-plane thread can be started again at any moment, also while the store is away.
//
// A resource that cannot be served (others may write to etcd and to apisix.yaml) does not reach the data plane: its last good form stays, as
// in APISIX, or it is left out; `trouble` and the log say so until it is right.
import { parseResource } from './admin/resource-index.ts'
import type { Secrecy } from './admin/secrecy.ts'
import type { FaultFinder } from './foreign.ts'
import type { ConfigChange } from './gateway/config.ts'
import { parseKey } from './resources/kinds.ts'
import type { Commit, Entry, Store, Watcher } from './store/contract.ts'

const PAGE_ENTRIES = 1000
const MAX_FAULT_CHARACTERS = 300
/** Between two tries to read everything again. */
const RETRY_MS = 1000

export interface FeedOptions {
  store: Store
  secrecy: Secrecy
  /** Looks at each resource that comes; undefined: only the Admin API writes to this store, which has looked already. */
  fault: FaultFinder | undefined
  /** The store cannot be read again. */
  onTrouble(error: unknown): void
  /** These resources have just been found not to be served as they stand in the store, by key with what is wrong. */
  onFaults(faults: ReadonlyMap<string, string>): void
}

/** Gets the commits. */
type Receiver = (revision: number, changes: ConfigChange[]) => void

interface Delivery {
  changes: ConfigChange[]
  faults: Map<string, string>
}

export class ConfigFeed {
  readonly #options: FeedOptions
  readonly #current = new Map<string, ConfigChange>()
  readonly #faults = new Map<string, string>()
  #revision = 0
  #watcher: Watcher | undefined
  #receiver: Receiver | undefined

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Reads everything, then follows: the receiver gets each commit after what `snapshot` had. */
  async start(): Promise<void> {
    await this.#load()
    this.#follow()
  }

  onCommit(receiver: Receiver): void {
    this.#receiver = receiver
  }

  snapshot(): { revision: number; changes: ConfigChange[] } {
    return { revision: this.#revision, changes: [...this.#current.values()] }
  }

  /** modifiedIndex of a resource, 0 when there is none. */
  version(key: string): number {
    return this.#current.get(key)?.modifiedIndex ?? 0
  }

  /** What of the store cannot be served as it stands there; undefined: nothing. */
  trouble(): string | undefined {
    const [first] = [...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1))
    if (!first) return undefined
    const count = this.#faults.size
    const what =
      count === 1
        ? '1 resource of the store cannot be served as it stands there'
        : `${count} resources of the store cannot be served as they stand there, among them`
    return `${what}: ${first.join(': ')}`
  }

  close(): void {
    this.#watcher?.close()
  }

  #follow(): void {
    this.#watcher = this.#options.store.watch(this.#revision, {
      onCommit: (commit) => this.#take(commit),
      onReset: () => this.#restart(),
    })
  }

  #take(commit: Commit): void {
    const { changes, faults } = this.#read(commit)
    for (const { key } of commit.changes) this.#faults.delete(key)
    this.#keep(changes)
    this.#revision = commit.revision
    this.#tell(faults)
    this.#receiver?.(commit.revision, changes)
  }

  #read(commit: Commit): Delivery {
    const faults = new Map<string, string>()
    const changes: ConfigChange[] = []
    for (const { key, entry } of commit.changes) {
      const change = entry ? this.#toChange(entry, faults) : removed(key)
      if (change) changes.push(change)
    }
    return { changes, faults }
  }

  /** Commits were lost: everything is read again, and what differs is delivered as one change. */
  #restart(): void {
    const before = new Map(this.#current)
    this.#load().then(
      () => {
        const changes = [...this.#current.values()].filter(
          (one) => before.get(one.key)?.modifiedIndex !== one.modifiedIndex,
        )
        const gone = [...before.keys()].filter((key) => !this.#current.has(key))
        this.#receiver?.(this.#revision, [...changes, ...gone.map(removed)])
        this.#follow()
      },
      (error) => {
        this.#options.onTrouble(error)
        setTimeout(() => this.#restart(), RETRY_MS).unref()
      },
    )
  }

  async #load(): Promise<void> {
    const loaded = new Map<string, ConfigChange>()
    const faults = new Map<string, string>()
    let after: string | undefined
    let revision = 0
    for (;;) {
      const page = await this.#options.store.list('', { after, limit: PAGE_ENTRIES })
      revision = revision === 0 ? page.revision : Math.min(revision, page.revision)
      for (const entry of page.entries) {
        const change = this.#toChange(entry, faults) ?? this.#current.get(entry.key)
        if (change) loaded.set(entry.key, change)
      }
      after = page.entries.at(-1)?.key
      if (page.entries.length < PAGE_ENTRIES) break
    }
    this.#current.clear()
    for (const [key, change] of loaded) this.#current.set(key, change)
    this.#revision = revision
    this.#faults.clear()
    this.#tell(faults)
  }

  #tell(faults: ReadonlyMap<string, string>): void {
    for (const [key, fault] of faults) this.#faults.set(key, fault)
    if (faults.size > 0) this.#options.onFaults(faults)
  }

  #keep(changes: ConfigChange[]): void {
    for (const change of changes) {
      if (change.text === undefined) this.#current.delete(change.key)
      else this.#current.set(change.key, change)
    }
  }

  /** The entry with its secrets in clear, as the data plane needs it. Undefined: it is none of ours, or cannot be served; then `faults` has it. */
  #toChange({ key, text, createdIndex, modifiedIndex }: Entry, faults: Map<string, string>): ConfigChange | undefined {
    const address = parseKey(key)
    if (!address) return undefined
    const value = parseResource(text)
    const clear = value && this.#options.secrecy.open(address.kind, value)
    const fault = clear ? this.#options.fault?.(address.kind, address.id, clear) : 'it is no JSON object'
    if (clear && fault === undefined)
      return { key, text: clear === value ? text : JSON.stringify(clear), createdIndex, modifiedIndex }
    faults.set(key, (fault ?? '').slice(0, MAX_FAULT_CHARACTERS))
    return undefined
  }
}

function removed(key: string): ConfigChange {
  return { key, text: undefined, createdIndex: 0, modifiedIndex: 0 }
}
