// What was planned, approved, applied and undone, in a SQLite file of its own: the memory that undo needs and the audit log.
//
// Before- and after-images hold secrets, so they are encrypted with a key that lies beside the file (mode 0600). The audit log is a chain:
// each line carries the hash of the one before, so that an edited, removed or inserted line is found by `verify`.
import { createHash } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSealer, type Sealer } from '../lib/sealer.ts'
import type { Caller, Secret } from './contract.ts'
import type { PlannedChange } from './plan.ts'

/** An applied plan. */
export interface AppliedChange {
  id: string
  at: number
  target: string
  summary: string
  changes: PlannedChange[]
  /** Who approved it, and where it was asked for; undefined for changes from before this was noted. */
  approvedBy: string | undefined
  surface: string | undefined
  /** Id of the change that took this one back. */
  undoneBy: string | undefined
}

/** A change that is taken back unless it is confirmed. */
export interface Trial {
  id: string
  until: number
}

export interface AuditEntry {
  sequence: number
  at: number
  surface: string
  subject: string
  action: string
  /** JSON without secrets. */
  detail: string
  hash: string
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS changes (id TEXT PRIMARY KEY, at INTEGER NOT NULL, target TEXT NOT NULL, summary TEXT NOT NULL, images BLOB NOT NULL, undone_by TEXT);
  CREATE TABLE IF NOT EXISTS touched (resource TEXT NOT NULL, change_id TEXT NOT NULL, PRIMARY KEY (resource, change_id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS secrets (label TEXT PRIMARY KEY, at INTEGER NOT NULL, value BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS trials (id TEXT PRIMARY KEY, until INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS audit (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, surface TEXT NOT NULL, subject TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL);
`

const GENESIS = '0'.repeat(64)

export class Ledger {
  readonly #db: DatabaseSync
  readonly #sealer: Sealer

  /** Opens or creates `ledger.db` and `ledger.key` in the directory; `:memory:` keeps everything in memory. */
  constructor(directory: string) {
    this.#sealer = openSealer(directory === ':memory:' ? undefined : directory)
    if (directory === ':memory:') {
      this.#db = new DatabaseSync(':memory:')
    } else {
      const file = join(directory, 'ledger.db')
      this.#db = new DatabaseSync(file)
      chmodSync(file, 0o600)
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000')
    }
    this.#db.exec(SCHEMA)
    this.#addColumns()
    this.#noteOlder()
  }

  /** Keeps an applied plan with its images. */
  addChange(change: Omit<AppliedChange, 'undoneBy'>): void {
    this.#atomically(() => {
      this.#db
        .prepare(
          'INSERT INTO changes (id, at, target, summary, images, approved_by, surface) VALUES (?, ?, ?, ?, ?, ?, ?)',
        )
        .run(
          change.id,
          change.at,
          change.target,
          change.summary,
          this.#sealer.seal(JSON.stringify(change.changes)),
          change.approvedBy ?? null,
          change.surface ?? null,
        )
      this.#noteTouched(change)
    })
  }

  markUndone(id: string, by: string): void {
    this.#db.prepare('UPDATE changes SET undone_by = ? WHERE id = ?').run(by, id)
  }

  /** Applied changes, newest first. `about`: only those of one resource, such as `routes/1`. */
  changes(limit: number, target?: string, about?: string): AppliedChange[] {
    const rows = this.#db
      .prepare(
        `SELECT * FROM changes WHERE (?1 IS NULL OR target = ?1)
          AND (?3 IS NULL OR id IN (SELECT change_id FROM touched WHERE resource = ?3)) ORDER BY at DESC, rowid DESC LIMIT ?2`,
      )
      .all(target ?? null, limit, about ?? null)
    return rows.map((row) => this.#toChange(row))
  }

  change(id: string): AppliedChange | undefined {
    const row = this.#db.prepare('SELECT * FROM changes WHERE id = ?').get(id)
    return row && this.#toChange(row)
  }

  addTrial(id: string, until: number): void {
    this.#db.prepare('INSERT INTO trials (id, until) VALUES (?, ?)').run(id, until)
  }

  trials(): Trial[] {
    const rows = this.#db.prepare('SELECT id, until FROM trials ORDER BY until').all()
    return rows.map((row) => ({ id: String(row.id), until: Number(row.until) }))
  }

  /** Takes a trial on for a while: it is due again at `next` unless it is ended before. False when somebody else has taken it on. */
  claimTrial({ id, until }: Trial, next: number): boolean {
    return this.#db.prepare('UPDATE trials SET until = ? WHERE id = ? AND until = ?').run(next, id, until).changes > 0
  }

  /** Ends a trial; false when somebody else has ended it. */
  takeTrial(id: string): boolean {
    return this.#db.prepare('DELETE FROM trials WHERE id = ?').run(id).changes > 0
  }

  /** Keeps secrets for `reveal`, until they are shown. */
  keepSecrets(secrets: Secret[], at: number): void {
    const insert = this.#db.prepare('INSERT OR REPLACE INTO secrets (label, at, value) VALUES (?, ?, ?)')
    for (const { label, value } of secrets) insert.run(label, at, this.#sealer.seal(value))
  }

  /** Secrets that nobody has seen yet; they are forgotten with this call. */
  takeSecrets(): Secret[] {
    const rows = this.#db.prepare('SELECT label, value FROM secrets ORDER BY at').all()
    this.#db.exec('DELETE FROM secrets')
    return rows.map((row) => ({ label: String(row.label), value: this.#sealer.open(row.value as Uint8Array) }))
  }

  /** Appends to the audit log. `detail` must not hold secrets. */
  audit(caller: Caller, action: string, detail: object, at: number): void {
    const last = this.#db.prepare('SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1').get()
    const sequence = Number(last?.sequence ?? 0) + 1
    const text = JSON.stringify({ ...detail, ...(caller.words === undefined ? {} : { words: caller.words }) })
    const hash = link(String(last?.hash ?? GENESIS), sequence, at, caller.surface, caller.subject, action, text)
    this.#db
      .prepare('INSERT INTO audit (sequence, at, surface, subject, action, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(sequence, at, caller.surface, caller.subject, action, text, hash)
  }

  /** Audit entries, newest first. */
  auditEntries(limit: number): AuditEntry[] {
    const rows = this.#db.prepare('SELECT * FROM audit ORDER BY sequence DESC LIMIT ?').all(limit)
    return rows.map((row) => ({ ...(row as unknown as AuditEntry) }))
  }

  /** Checks the chain; the sequence number of the first entry that does not fit, undefined when all do. `count`: entries checked. */
  verify(): { count: number; brokenAt: number | undefined } {
    let hash = GENESIS
    let count = 0
    for (const row of this.#db.prepare('SELECT * FROM audit ORDER BY sequence').iterate()) {
      const entry = row as unknown as AuditEntry
      count++
      const expected = link(hash, count, entry.at, entry.surface, entry.subject, entry.action, entry.detail)
      if (entry.sequence !== count || entry.hash !== expected) return { count, brokenAt: entry.sequence }
      hash = entry.hash
    }
    return { count, brokenAt: undefined }
  }

  close(): void {
    this.#db.close()
  }

  /** What a change touched stands in clear beside its sealed images, to be found by. */
  #noteTouched({ id, changes }: Pick<AppliedChange, 'id' | 'changes'>): void {
    const insert = this.#db.prepare('INSERT OR IGNORE INTO touched (resource, change_id) VALUES (?, ?)')
    for (const one of changes) insert.run(`${one.kind}/${one.id}`, id)
  }

  /** For a ledger from before they were kept. */
  #addColumns(): void {
    const known = this.#db
      .prepare('PRAGMA table_info(changes)')
      .all()
      .map(({ name }) => name)
    for (const name of ['approved_by', 'surface'])
      if (!known.includes(name)) this.#db.exec(`ALTER TABLE changes ADD COLUMN ${name} TEXT`)
  }

  /** True for a change that took another one back. */
  isUndo(id: string): boolean {
    return this.#db.prepare('SELECT 1 FROM changes WHERE undone_by = ? LIMIT 1').get(id) !== undefined
  }

  /** Changes of a ledger from before there were such notes. */
  #noteOlder(): void {
    const rows = this.#db.prepare('SELECT * FROM changes WHERE id NOT IN (SELECT change_id FROM touched)').all()
    if (!rows.length) return
    this.#atomically(() => {
      for (const row of rows) this.#noteTouched(this.#toChange(row))
    })
  }

  /** All that `write` writes is kept together, or nothing of it; it reaches the disk once. */
  #atomically(write: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      write()
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #toChange(row: Record<string, unknown>): AppliedChange {
    return {
      id: String(row.id),
      at: Number(row.at),
      target: String(row.target),
      summary: String(row.summary),
      changes: JSON.parse(this.#sealer.open(row.images as Uint8Array)) as PlannedChange[],
      approvedBy: row.approved_by === null ? undefined : String(row.approved_by),
      surface: row.surface === null ? undefined : String(row.surface),
      undoneBy: row.undone_by === null ? undefined : String(row.undone_by),
    }
  }
}

function link(before: string, ...fields: (string | number)[]): string {
  return createHash('sha256')
    .update(JSON.stringify([before, ...fields]))
    .digest('hex')
}
