// The embedded store: one SQLite file in the data directory, owned by one process.
//
// Group commit: commits that arrive in one turn of the event loop are applied, each with its own revision, in one SQLite transaction
// with one fsync (WAL, synchronous=FULL), and answered only after it. Watchers are told between the fsync and the answers. When a transaction
// fails, its commits are tried one by one, so that one of them cannot take the others down.

import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { CommitLog } from './commit-log.ts'
import {
  type Change,
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
import { Expiry } from './expiry.ts'
import { assertOperations, expiresAtMs } from './operations.ts'
import { toStoreError } from './sqlite-errors.ts'
import { openSqliteFile, prepareStatements, type Row, type Statements } from './sqlite-file.ts'

const MAX_COMMITS_WAITING = 10_000
/** Sorts after every key: no key contains it. */
const LAST_CHARACTER = '\u{10ffff}'

interface Waiting {
  operations: Operation[]
  conditions: Condition[]
  resolve(result: CommitResult): void
  reject(error: unknown): void
}

interface Applied {
  result: CommitResult
  commit: Commit | undefined
}

/** A store in one SQLite file. */
export class SqliteStore implements Store {
  readonly name = 'sqlite'
  readonly #file: string
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #log: CommitLog
  readonly #expiry: Expiry
  #revision: number
  #waiting: Waiting[] = []
  #flushScheduled = false
  #closed = false
  #trouble: string | undefined
  #lastCount = { prefix: '', revision: -1, total: 0 }

  /** Opens or creates the file; throws a StoreError when that cannot be. */
  constructor(file: string) {
    this.#file = file
    this.#database = openSqliteFile(file)
    this.#statements = prepareStatements(this.#database)
    this.#revision = (this.#statements.revision.get() as { revision: number }).revision
    this.#log = new CommitLog(this.#revision)
    this.#expiry = new Expiry((keys) => this.#expire(keys))
    for (const row of this.#statements.expiring.all() as { key: string; expiresAtMs: number }[]) {
      this.#expiry.set(row.key, row.expiresAtMs)
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    const row = this.#read(() => this.#statements.get.get(key)) as Row | undefined
    return row && { ...row }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const end = prefix + LAST_CHARACTER
    const { after = '', skip = 0, limit = -1 } = options
    const { firstPage, nextPage } = this.#statements
    const rows = this.#read(() =>
      after < prefix ? firstPage.all(prefix, end, limit, skip) : nextPage.all(after, end, limit, skip),
    )
    return { entries: rows as unknown as Row[], revision: this.#revision, total: this.#count(prefix, end) }
  }

  commit(operations: Operation[], conditions: Condition[] = []): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      assertOperations(operations)
      this.#assertOpen()
      if (this.#waiting.length >= MAX_COMMITS_WAITING) {
        throw new StoreError(
          'unavailable',
          `writing ${this.#file}: ${MAX_COMMITS_WAITING} commits wait already: try again`,
        )
      }
      this.#waiting.push({ operations, conditions, resolve, reject })
      if (this.#flushScheduled) return
      this.#flushScheduled = true
      setImmediate(() => this.#flush())
    })
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
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    this.#expiry.close()
    this.#log.close()
    this.#database.close()
  }

  #flush(): void {
    this.#flushScheduled = false
    const batch = this.#waiting
    this.#waiting = []
    if (batch.length > 0) this.#settle(batch)
  }

  #settle(batch: Waiting[]): void {
    let applied: Applied[]
    try {
      applied = this.#write(batch)
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error)
      else for (const waiting of batch) this.#settle([waiting])
      return
    }
    // Outside of the catch: what is written must not be tried again because a watcher throws.
    for (const [index, waiting] of batch.entries()) {
      const { result, commit } = applied[index] as Applied
      this.#setExpiries(waiting.operations, result)
      if (commit) this.#log.publish(commit)
      waiting.resolve(result)
    }
  }

  #write(batch: Waiting[]): Applied[] {
    const before = this.#revision
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const applied = batch.map((waiting) => this.#apply(waiting))
      // Else the newest entry tells the revision.
      if (applied.some(deletes)) this.#statements.setRevision.run(this.#revision)
      this.#database.exec('COMMIT')
      this.#trouble = undefined
      return applied
    } catch (error) {
      this.#revision = before
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw this.#failed(error)
    }
  }

  #apply({ operations, conditions }: Waiting): Applied {
    for (const conflict of conditions) {
      const row = this.#statements.modifiedIndex.get(conflict.key) as { modifiedIndex: number } | undefined
      const found = row?.modifiedIndex ?? 0
      if (found !== conflict.modifiedIndex) return { result: { ok: false, conflict, found }, commit: undefined }
    }
    const revision = this.#revision + 1
    const changes: Change[] = []
    for (const operation of operations) {
      const change = this.#change(operation, revision)
      if (change) changes.push(change)
    }
    // Deleting what is not there changes nothing, so it is no commit.
    if (changes.length === 0) return { result: { ok: true, revision: this.#revision }, commit: undefined }
    this.#revision = revision
    return { result: { ok: true, revision }, commit: { revision, changes } }
  }

  #change(operation: Operation, revision: number): Change | undefined {
    const { key } = operation
    if (operation.type === 'delete') {
      const { changes } = this.#statements.remove.run(key)
      return Number(changes) === 0 ? undefined : { key, entry: undefined }
    }
    const { text } = operation
    const row = this.#statements.put.get(key, text, revision, revision, expiresAtMs(operation) ?? null)
    const { createdIndex } = row as { createdIndex: number }
    return { key, entry: { key, text, createdIndex, modifiedIndex: revision } }
  }

  #setExpiries(operations: Operation[], result: CommitResult): void {
    if (!result.ok) return
    for (const operation of operations) {
      this.#expiry.set(operation.key, operation.type === 'put' ? expiresAtMs(operation) : undefined)
    }
  }

  /** A deletion that fails here is tried again: the rows keep their time. */
  #expire(keys: string[]): void {
    const operations: Operation[] = keys.map((key) => ({ type: 'delete', key }))
    this.commit(operations).catch((error: Error) => {
      this.#trouble = `deleting expired entries: ${error.message}`
      for (const key of keys) this.#expiry.set(key, Date.now() + 1000)
    })
  }

  #count(prefix: string, end: string): number {
    if (this.#lastCount.prefix !== prefix || this.#lastCount.revision !== this.#revision) {
      const { total } = this.#read(() => this.#statements.count.get(prefix, end)) as { total: number }
      this.#lastCount = { prefix, revision: this.#revision, total }
    }
    return this.#lastCount.total
  }

  #read<T>(run: () => T): T {
    this.#assertOpen()
    try {
      return run()
    } catch (error) {
      throw this.#failed(error)
    }
  }

  #failed(error: unknown): unknown {
    const failure = toStoreError(error, this.#file, dirname(this.#file))
    if (failure instanceof Error) this.#trouble = failure.message
    return failure
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('unavailable', `using ${this.#file}: the store is closed`)
  }
}

function deletes({ commit }: Applied): boolean {
  return commit?.changes.some(({ entry }) => entry === undefined) ?? false
}
