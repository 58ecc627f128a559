// The store in a file: APISIX's standalone `apisix.yaml`, for reading only. The file counts when its last line is `#END`, as in APISIX, so
// that one that is still being written is not taken. It is read again when it changes; what changed becomes one commit. A bad
// file keeps the last good one and is told by `trouble`.
//
// Each resource needs an id (consumers: a username, plugin_metadata: its plugin's name as id); one without is named by its place, as in
// APISIX. Credentials of a consumer are listed under `credentials` with an id such as `jack/credentials/web`.

import { readFile, stat } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { parseKey } from '../resources/kinds.ts'
import { CommitLog, type WatchHandlers } from './commit-log.ts'
import {
  type Change,
  type CommitResult,
  type Entry,
  type Page,
  type Store,
  StoreError,
  type Watcher,
} from './contract.ts'
import { SortedEntries } from './sorted-entries.ts'

const MAX_FILE_BYTES = 256 * 1024 * 1024
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

  async list(prefix: string, options?: { after?: string; limit?: number }): Promise<Page> {
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
    this.#apply(parseStandalone(await readFile(this.#file, 'utf8')))
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
  const [reason] = (error instanceof Error ? error.message : String(error)).split('\n')
  return `reading ${file}: ${reason}`
}

/** The resources of an `apisix.yaml` as JSON texts by key. Throws with the place when something is not as it should be. */
function parseStandalone(text: string): Map<string, string> {
  if (text.length > MAX_FILE_BYTES) throw new Error(`found more than ${MAX_FILE_BYTES} bytes, expected fewer`)
  if (!/(^|\n)#END\s*$/.test(text))
    throw new Error('found no #END as its last line, expected one when the file is complete')
  const document = parseDocument(text)
  if (document.errors[0]) throw document.errors[0]
  const tree = (document.toJS({ maxAliasCount: 1000 }) ?? {}) as unknown
  if (!isMap(tree)) throw new Error('found no map at its top, expected routes:, upstreams:, ...')
  const texts = new Map<string, string>()
  if (tree.plugins) throw new Error('plugins: found a list of plugins: set plugins.enable in gateward.yaml instead')
  for (const [kind, list] of Object.entries(tree)) {
    if (list !== null) addKind(texts, kind, list)
  }
  return texts
}

function addKind(texts: Map<string, string>, kind: string, list: unknown): void {
  if (!Array.isArray(list)) throw new Error(`${kind}: found no list, expected one of resources`)
  for (const [index, resource] of list.entries()) {
    const place = `${kind}.${index}`
    if (!isMap(resource)) throw new Error(`${place}: found no map, expected a resource`)
    const key = keyOf(kind, resource, index)
    if (!parseKey(key))
      throw new Error(`${place}: found the key ${key}, expected a known kind and an id without slashes`)
    if (texts.has(key)) throw new Error(`${place}: found ${key} twice, expected each id once`)
    texts.set(key, JSON.stringify(resource))
  }
}

function keyOf(kind: string, resource: { [field: string]: unknown }, index: number): string {
  const id = kind === 'consumers' ? (resource.username ?? resource.id) : resource.id
  if (kind === 'credentials') return `consumers/${id}`
  return `${kind}/${id ?? index + 1}`
}

function isMap(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
