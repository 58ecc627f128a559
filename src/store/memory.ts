// The store in memory: the readable reference of the contract, for tests and for a gateway that may forget. Nothing outlives the process.

import { CommitLog } from './commit-log.ts'
import type {
  Change,
  CommitResult,
  Condition,
  Entry,
  ListOptions,
  Operation,
  Page,
  Store,
  Watcher,
  WatchHandlers,
} from './contract.ts'
import { Expiry } from './expiry.ts'
import { assertOperations, expiresAtMs } from './operations.ts'
import { SortedEntries } from './sorted-entries.ts'

/** A store that lives as long as the process. */
export class MemoryStore implements Store {
  readonly name = 'memory'
  readonly #entries = new SortedEntries()
  readonly #log = new CommitLog(0)
  #revision = 0
  readonly #expiry = new Expiry((keys) => this.#apply(keys.map((key) => ({ type: 'delete', key }))))

  async get(key: string): Promise<Entry | undefined> {
    return this.#entries.get(key)
  }

  async list(prefix: string, options?: ListOptions): Promise<Page> {
    return this.#entries.page(prefix, this.#revision, options)
  }

  async commit(operations: Operation[], conditions: Condition[] = []): Promise<CommitResult> {
    assertOperations(operations)
    for (const conflict of conditions) {
      const found = this.#entries.get(conflict.key)?.modifiedIndex ?? 0
      if (found !== conflict.modifiedIndex) return { ok: false, conflict, found }
    }
    return { ok: true, revision: this.#apply(operations) }
  }

  watch(fromRevision: number, handlers: WatchHandlers): Watcher {
    return this.#log.watch(fromRevision, handlers)
  }

  revision(): number {
    return this.#revision
  }

  trouble(): undefined {
    return undefined
  }

  async close(): Promise<void> {
    this.#expiry.close()
    this.#log.close()
  }

  #apply(operations: Operation[]): number {
    const revision = this.#revision + 1
    const changes: Change[] = []
    for (const operation of operations) {
      const { key } = operation
      if (operation.type === 'put') {
        const createdIndex = this.#entries.get(key)?.createdIndex ?? revision
        const entry = { key, text: operation.text, createdIndex, modifiedIndex: revision }
        this.#entries.set(entry)
        this.#expiry.set(key, expiresAtMs(operation))
        changes.push({ key, entry })
      } else if (this.#entries.delete(key)) {
        this.#expiry.set(key, undefined)
        changes.push({ key, entry: undefined })
      }
    }
    // Deleting what is not there changes nothing, so it is no commit.
    if (changes.length === 0) return this.#revision
    this.#revision = revision
    this.#log.publish({ revision, changes })
    return revision
  }
}
