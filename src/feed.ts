// From the store to the data plane: the configuration as it is now, in clear, and every commit after it. The main thread keeps the texts, so
// that a data-plane thread can be started again at any moment, also while the store is away.
import type { Secrecy } from './admin/secrecy.ts'
import type { ConfigChange } from './gateway/config.ts'
import { parseKey, type Resource } from './resources/kinds.ts'
import type { Commit, Entry, Store, Watcher } from './store/contract.ts'

const PAGE_ENTRIES = 5000

export class ConfigFeed {
  readonly #store: Store
  readonly #secrecy: Secrecy
  readonly #current = new Map<string, ConfigChange>()
  readonly #onTrouble: (error: unknown) => void
  #revision = 0
  #watcher: Watcher | undefined
  #deliver: (revision: number, changes: ConfigChange[]) => void = () => {}

  constructor(store: Store, secrecy: Secrecy, onTrouble: (error: unknown) => void) {
    this.#store = store
    this.#secrecy = secrecy
    this.#onTrouble = onTrouble
  }

  /** Reads everything, then follows: `deliver` gets each commit after what `snapshot` had. */
  async start(): Promise<void> {
    await this.#load()
    this.#follow()
  }

  onCommit(deliver: (revision: number, changes: ConfigChange[]) => void): void {
    this.#deliver = deliver
  }

  snapshot(): { revision: number; changes: ConfigChange[] } {
    return { revision: this.#revision, changes: [...this.#current.values()] }
  }

  /** modifiedIndex of a resource, 0 when there is none. */
  version(key: string): number {
    return this.#current.get(key)?.modifiedIndex ?? 0
  }

  close(): void {
    this.#watcher?.close()
  }

  #follow(): void {
    this.#watcher = this.#store.watch(this.#revision, {
      onCommit: (commit) => this.#take(commit),
      onReset: () => this.#restart(),
    })
  }

  #take(commit: Commit): void {
    const changes = commit.changes.map(({ key, entry }) =>
      entry ? this.#toChange(entry) : { key, text: undefined, createdIndex: 0, modifiedIndex: 0 },
    )
    this.#keep(changes)
    this.#revision = commit.revision
    this.#deliver(commit.revision, changes)
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
        this.#deliver(this.#revision, [
          ...changes,
          ...gone.map((key) => ({ key, text: undefined, createdIndex: 0, modifiedIndex: 0 })),
        ])
        this.#follow()
      },
      (error) => {
        this.#onTrouble(error)
        setTimeout(() => this.#restart(), 1000).unref()
      },
    )
  }

  async #load(): Promise<void> {
    const loaded = new Map<string, ConfigChange>()
    let after: string | undefined
    let revision = 0
    for (;;) {
      const page = await this.#store.list('', { after, limit: PAGE_ENTRIES })
      revision = revision === 0 ? page.revision : Math.min(revision, page.revision)
      for (const entry of page.entries) loaded.set(entry.key, this.#toChange(entry))
      after = page.entries.at(-1)?.key
      if (page.entries.length < PAGE_ENTRIES) break
    }
    this.#current.clear()
    for (const [key, change] of loaded) this.#current.set(key, change)
    this.#revision = revision
  }

  #keep(changes: ConfigChange[]): void {
    for (const change of changes) {
      if (change.text === undefined) this.#current.delete(change.key)
      else this.#current.set(change.key, change)
    }
  }

  /** The entry with its secrets in clear, as the data plane needs it. */
  #toChange(entry: Entry): ConfigChange {
    const { key, createdIndex, modifiedIndex } = entry
    const address = parseKey(key)
    let { text } = entry
    if (address) {
      const value = JSON.parse(text) as Resource
      const clear = this.#secrecy.open(address.kind, value)
      if (clear !== value) text = JSON.stringify(clear)
    }
    return { key, text, createdIndex, modifiedIndex }
  }
}
