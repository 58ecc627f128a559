// The store for many machines: etcd v3 with APISIX's key layout, so that APISIX nodes can share the prefix.
//
// Reads are answered from a mirror in memory that a watch keeps up to date; writes are etcd transactions, answered when the mirror has
// them too. Revisions are etcd's own (mod_revision), so they have gaps where others write outside of the prefix. When etcd goes away the
// mirror stays, also over a restart (a snapshot on disk), and writes are refused. When it is back the watch goes on where it
// stopped; if etcd has compacted that, or is another cluster, everything is read again and watchers are reset.

import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../lib/message-of.ts'
import { CommitLog } from './commit-log.ts'
import {
  type Commit,
  type CommitResult,
  type Condition,
  type Entry,
  type ListOptions,
  type Operation,
  type Page,
  type Store,
  StoreError,
  type Watcher,
  type WatchHandlers,
} from './contract.ts'
import { EtcdCache } from './etcd-cache.ts'
import { EtcdClient, EtcdError, type EtcdOptions } from './etcd-client.ts'
import { EtcdKeyspace, HistoryLost, type Snapshot } from './etcd-keyspace.ts'
import { assertOperations } from './operations.ts'
import { SortedEntries } from './sorted-entries.ts'

const MIN_RETRY_DELAY_MS = 50
const MAX_RETRY_DELAY_MS = 2000

/** Where the store is and what it keeps on disk. */
export interface EtcdStoreOptions extends EtcdOptions {
  /** Without a slash at its end. */
  prefix: string
  cacheFile: string
}

/** A store in etcd; made by `openEtcdStore`. */
class EtcdStore implements Store {
  readonly name = 'etcd'
  readonly #client: EtcdClient
  readonly #keyspace: EtcdKeyspace
  readonly #cache: EtcdCache
  readonly #timeoutMs: number
  readonly #stop = new AbortController()
  readonly #waiting = new Set<() => void>()
  readonly #log: CommitLog
  #entries = new SortedEntries()
  #revision = 0
  #clusterId = ''
  #trouble: string | undefined
  #cacheTrouble: string | undefined
  readonly #following: Promise<void>

  constructor(client: EtcdClient, keyspace: EtcdKeyspace, cache: EtcdCache, snapshot: Snapshot, timeoutMs: number) {
    this.#client = client
    this.#keyspace = keyspace
    this.#cache = cache
    this.#timeoutMs = timeoutMs
    this.#take(snapshot)
    this.#log = new CommitLog(snapshot.revision)
    this.#following = this.#followForever()
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#entries.get(key)
  }

  async list(prefix: string, options?: ListOptions): Promise<Page> {
    return this.#entries.page(prefix, this.#revision, options)
  }

  async commit(operations: Operation[], conditions: Condition[] = []): Promise<CommitResult> {
    assertOperations(operations)
    if (this.#stop.signal.aborted) throw new StoreError('unavailable', 'writing to etcd: the store is closed')
    try {
      const result = await this.#keyspace.commit(operations, conditions)
      if (!result.ok) return result
      if (result.revision === 0) return { ok: true, revision: this.#revision }
      await this.#seen(result.revision)
      return result
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error
      throw new StoreError('unavailable', `writing to etcd: ${error.message}`, { cause: error })
    }
  }

  watch(fromRevision: number, handlers: WatchHandlers): Watcher {
    return this.#log.watch(fromRevision, handlers)
  }

  revision(): number {
    return this.#revision
  }

  trouble(): string | undefined {
    return this.#trouble ?? this.#cacheTrouble
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#following
    this.#log.close()
    this.#client.close()
    this.#cache.flush()
  }

  /** Resolves when the mirror has a revision. It is durable already, so after the time limit it resolves all the same. */
  async #seen(revision: number): Promise<void> {
    if (this.#revision >= revision) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(check)
        resolve()
      }
      const check = () => {
        if (this.#revision >= revision) done()
      }
      const timer = setTimeout(done, this.#timeoutMs)
      this.#waiting.add(check)
    })
  }

  async #followForever(): Promise<void> {
    const { signal } = this.#stop
    let retryDelayMs = MIN_RETRY_DELAY_MS
    const onReady = () => {
      retryDelayMs = MIN_RETRY_DELAY_MS
      this.#trouble = undefined
    }
    const onCommit = (commit: Commit) => this.#apply(commit)
    while (!signal.aborted) {
      try {
        const from = { clusterId: this.#clusterId, revision: this.#revision }
        await this.#keyspace.follow(from, { onReady, onCommit }, signal)
        this.#trouble = 'following etcd: the connection ended'
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof HistoryLost && (await this.#reload())) continue
        this.#trouble ??= `following etcd: ${messageOf(error)}`
      }
      await delay(retryDelayMs, undefined, { signal, ref: false }).catch(ignoreAbort)
      retryDelayMs = Math.min(MAX_RETRY_DELAY_MS, retryDelayMs * 2)
    }
  }

  /** Answers whether everything could be read. */
  async #reload(): Promise<boolean> {
    try {
      const snapshot = await this.#keyspace.load()
      this.#take(snapshot)
      this.#log.reset(snapshot.revision)
      return true
    } catch (error) {
      this.#trouble = `reading etcd again: ${messageOf(error)}`
      return false
    }
  }

  #take(snapshot: Snapshot): void {
    this.#entries = new SortedEntries()
    for (const entry of snapshot.entries) this.#entries.set(entry)
    this.#clusterId = snapshot.clusterId
    this.#moveTo(snapshot.revision)
  }

  #apply(commit: Commit): void {
    // After a reconnection etcd may tell a commit again.
    if (commit.revision <= this.#revision) return
    for (const { key, entry } of commit.changes) {
      if (entry) this.#entries.set(entry)
      else this.#entries.delete(key)
    }
    this.#revision = commit.revision
    if (commit.changes.length > 0) this.#log.publish(commit)
    this.#moveTo(commit.revision)
  }

  #moveTo(revision: number): void {
    this.#revision = revision
    for (const check of [...this.#waiting]) check()
    const read = () => ({
      clusterId: this.#clusterId,
      revision: this.#revision,
      entries: [...this.#entries.values()],
    })
    this.#cacheTrouble = undefined
    this.#cache.schedule(read, (error) => {
      this.#cacheTrouble = `keeping a snapshot of etcd on disk: ${messageOf(error)}`
    })
  }
}

/** Connects and reads everything. Without etcd it starts from the snapshot on disk; without that too it rejects with a StoreError. */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const client = new EtcdClient(options)
  const keyspace = new EtcdKeyspace(client, options.prefix)
  const cache = new EtcdCache(options.cacheFile, options.prefix)
  const open = (snapshot: Snapshot) => new EtcdStore(client, keyspace, cache, snapshot, options.timeoutMs)
  try {
    return open(await keyspace.load())
  } catch (error) {
    const failure = error instanceof EtcdError ? new StoreError('unavailable', `reading etcd: ${error.message}`) : error
    const kept = failure instanceof StoreError ? cache.load() : undefined
    if (kept) return open(kept)
    client.close()
    throw failure
  }
}

function ignoreAbort(error: Error): void {
  if (error.name !== 'AbortError') throw error
}
