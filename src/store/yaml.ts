// The store in a file: APISIX's standalone `apisix.yaml` (or `apisix.json`), for reading only. A YAML file counts when its last line is `#END`, as in
// APISIX, so that one that is still being written is not taken. It is read again when it changes; what changed becomes one commit. A bad file keeps
// the last good one and is told by `trouble`. What stands in it: `../resources/standalone.ts`.

import { readFile, stat } from 'node:fs/promises'
import { messageOf } from '../lib/message-of.ts'
import { parseStandalone } from '../resources/standalone.ts'
import { CommitLog } from './commit-log.ts'
import {
  type Change,
  type CommitResult,
  type Entry,
  type ListOptions,
  type Page,
  type Store,
  StoreError,
  type Watcher,
  type WatchHandlers,
} from './contract.ts'
import { SortedEntries } from './sorted-entries.ts'

/** Looked at by time and not by inotify, which says nothing about mounted ConfigMaps and files that are replaced. */
const POLL_MS = 500

/** A store that reads one file; made by `openYamlStore`. */
class YamlStore implements Store {
  readonly name = 'yaml'
  readonly #file: string
  readonly #entries = new SortedEntries()
  readonly #log = new CommitLog(0)
  #revision = 0
  /** What the file system said of the file when it was read. */
  #stamp: string | undefined
  #trouble: string | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(file: string) {
    this.#file = file
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#entries.get(key)
  }

  async list(prefix: string, options?: ListOptions): Promise<Page> {
    return this.#entries.page(prefix, this.#revision, options)
  }

  async commit(): Promise<CommitResult> {
    throw new StoreError(
      'read-only',
      `writing the configuration: it is the file ${this.#file}: change the file instead`,
    )
  }

  watch(fromRevision: number, handlers: WatchHandlers): Watcher {
    return this.#log.watch(fromRevision, handlers)
  }

  revision(): number {
    return this.#revision
  }

  trouble(): string | undefined {
    return this.#trouble
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#log.close()
  }

  /** Reads the file if it has been touched since the last time. Rejects when it is bad; then nothing has changed. */
  async reload(): Promise<void> {
    const { mtimeNs, size, ino } = await stat(this.#file, { bigint: true })
    const stamp = `${mtimeNs} ${size} ${ino}`
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    this.#apply(parseStandalone(await readFile(this.#file, 'utf8'), process.env))
    this.#trouble = undefined
  }

  /** Looks at the file again and again until the store is closed. */
  follow(): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.#look(), POLL_MS).unref()
  }

  async #look(): Promise<void> {
    try {
      await this.reload()
    } catch (error) {
      // A file that could not be read may come back untouched.
      if (error instanceof Error && 'syscall' in error) this.#stamp = undefined
      this.#trouble = `${describe(this.#file, error)}; the last good content is served`
    }
    this.follow()
  }

  #apply(texts: Map<string, string>): void {
    const revision = this.#revision + 1
    const changes: Change[] = []
    for (const { key } of this.#entries.values()) if (!texts.has(key)) changes.push({ key, entry: undefined })
    for (const [key, text] of texts) {
      const old = this.#entries.get(key)
      if (old?.text === text) continue
      changes.push({ key, entry: { key, text, createdIndex: old?.createdIndex ?? revision, modifiedIndex: revision } })
    }
    if (changes.length === 0) return
    for (const { key, entry } of changes) {
      if (entry) this.#entries.set(entry)
      else this.#entries.delete(key)
    }
    this.#revision = revision
    this.#log.publish({ revision, changes })
  }
}

/** Reads the file and follows it. Rejects with a StoreError when there is no good file to begin with. */
export async function openYamlStore(file: string): Promise<Store> {
  const store = new YamlStore(file)
  try {
    await store.reload()
  } catch (error) {
    throw new StoreError('corrupt', describe(file, error), { cause: error })
  }
  store.follow()
  return store
}

function describe(file: string, error: unknown): string {
  // A YAML error goes on with an excerpt of the file, which may hold secrets.
  const [reason] = messageOf(error).split('\n')
  return `reading ${file}: ${reason}`
}
