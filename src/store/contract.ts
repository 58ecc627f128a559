// What a store promises. One shared suite (test/store/suite.ts) runs every promise on every implementation; `memory.ts` is the
// readable reference.
//
// A store is an ordered map from key to JSON text with one revision counter, like etcd: each commit gets the next revision, all its
// operations carry it, and watchers see commits whole and in order. The Admin API writes here; the data plane follows `watch`.

/** One stored resource. */
export interface Entry {
  /** The path below the prefix, such as `routes/1`. */
  key: string
  /** The resource as JSON text, exactly as it was put. */
  text: string
  /** Revision of the commit that created the key. */
  createdIndex: number
  /** Revision of the commit that last changed it. */
  modifiedIndex: number
}

export type Operation =
  | { type: 'put'; key: string; text: string; ttlSeconds?: number }
  | { type: 'delete'; key: string }

/** Holds when the key's modifiedIndex is this one; 0: the key must not exist. */
export interface Condition {
  key: string
  modifiedIndex: number
}

export interface Change {
  key: string
  /** Undefined: the key was deleted or has expired. */
  entry: Entry | undefined
}

/** One commit as a watcher sees it. */
export interface Commit {
  revision: number
  changes: Change[]
}

export type CommitResult = { ok: true; revision: number } | { ok: false; conflict: Condition; found: number }

export interface Page {
  entries: Entry[]
  /** The revision at which the page was read. */
  revision: number
  /** Number of keys below the prefix. */
  total: number
}

export interface Watcher {
  close(): void
}

/** What a watcher is told; see `Store.watch`. */
export interface WatchHandlers {
  onCommit(commit: Commit): void
  onReset(): void
}

export interface ListOptions {
  after?: string | undefined
  skip?: number
  limit?: number
}

/** All methods reject with a `StoreError` when the store cannot be reached or is read-only; nothing is then written in part. */
export interface Store {
  readonly name: 'memory' | 'sqlite' | 'etcd' | 'yaml'
  get(key: string): Promise<Entry | undefined>
  /**
   * Entries whose key begins with `prefix`, by key; `after` is the last key of the page before; `skip` entries are passed over without being
   * read, `limit` are given.
   */
  list(prefix: string, options?: ListOptions): Promise<Page>
  /**
   * Applies all operations or none; a key may occur once. When it resolves it is durable, and the watchers of this process have been told.
   * A failed condition is an answer, not an error. Deleting only what is not there changes nothing and makes no commit.
   */
  commit(operations: Operation[], conditions?: Condition[]): Promise<CommitResult>
  /**
   * Calls `onCommit` for each commit after `fromRevision`, whole and in order, also for those of other nodes. `onReset` says that commits
   * were lost (compaction, a long disconnection); it ends the watcher: the caller lists everything and watches anew from the page's revision.
   */
  watch(fromRevision: number, handlers: WatchHandlers): Watcher
  /** Revision of the last commit that this process has seen. */
  revision(): number
  /** Undefined when the store answers, else what is wrong, for status pages and 503 answers. */
  trouble(): string | undefined
  close(): Promise<void>
}

/** The store cannot be reached, is read-only or is damaged. */
export class StoreError extends Error {
  readonly reason: 'unavailable' | 'read-only' | 'corrupt' | 'locked'
  constructor(reason: StoreError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.reason = reason
  }
}
