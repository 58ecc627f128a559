// What was planned, approved, applied and undone, in a SQLite file of its own: the memory that undo needs and the audit log.
//
// Before- and after-images hold secrets, so they are encrypted with a key that lies beside the file (mode 0600). The audit log is a chain:
// each line carries the hash of the one before, so that an edited, removed or inserted line is found by `verify`.
import { hash } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSealer, type Sealer } from '../lib/sealer.ts'
import { hideInUrls } from '../lib/url-secrets.ts'
import type { Caller, Secret } from './contract.ts'
import type { PlannedChange } from './plan.ts'

/** What became of a change: `unsettled` until that is known, `partly` also when somebody has changed what it wrote before it was known. */
export type Outcome = 'applied' | 'partly' | 'none' | 'unsettled'

/** A plan that was, or was to be, written. */
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
  outcome: Outcome
}

/** What is to be done once it is known that a change was written: it is kept as long as that is not known. */
export interface Pending {
  /** The change that this one takes back. */
  undoes?: string | undefined
  /** New ones, which the person is to see. */
  secrets?: Secret[]
  /** When it takes itself back. */
  trialUntil?: number | undefined
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

/** What stands in a ledger from before this was noted was applied. */
const OUTCOME_COLUMN = "outcome TEXT NOT NULL DEFAULT 'applied'"

/** The changes that this process is writing. */
const WRITING = new Set<string>()
/** Longer than any write takes: the process of that number is another one by then. */
const MAX_WRITING_MS = 10 * 60 * 1000

function isWriting({ id, at, pid }: Record<string, unknown>, now: number): boolean {
  if (Number(pid) === process.pid) return WRITING.has(String(id))
  return now - Number(at) < MAX_WRITING_MS && isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // somebody else's
  }
}

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

  /**
   * Keeps a plan with its images before it is written, so that it can be taken back whatever happens then. `settle` says how it went; this process
   * is taken to be writing it until then, or until `leave`.
   */
  addChange(change: Omit<AppliedChange, 'undoneBy' | 'outcome'>, pending: Pending = {}): void {
    this.#atomically(() => {
      this.#db
        .prepare(
          `INSERT INTO changes (id, at, target, summary, images, approved_by, surface, pending, pid, outcome)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'unsettled')`,
        )
        .run(
          change.id,
          change.at,
          change.target,
          change.summary,
          this.#sealer.seal(JSON.stringify(change.changes)),
          change.approvedBy ?? null,
          change.surface ?? null,
          this.#sealer.seal(JSON.stringify(pending)),
          process.pid,
        )
      this.#noteTouched(change)
      if (pending.trialUntil !== undefined) this.addTrial(change.id, pending.trialUntil)
    })
    WRITING.add(change.id)
  }

  /**
   * Says what became of a change, with its images as the target keeps them. Returns what is to be done then; undefined when it was known already.
   */
  settle(id: string, outcome: Exclude<Outcome, 'unsettled'>, changes: readonly PlannedChange[]): Pending | undefined {
    WRITING.delete(id)
    let pending: Pending | undefined
    this.#atomically(() => {
      const row = this.#db.prepare("SELECT pending FROM changes WHERE id = ? AND outcome = 'unsettled'").get(id)
      if (!row) return
      pending = JSON.parse(this.#sealer.open(row.pending as Uint8Array)) as Pending
      this.#db
        .prepare('UPDATE changes SET outcome = ?, images = ?, pending = NULL WHERE id = ?')
        .run(outcome, this.#sealer.seal(JSON.stringify(changes)), id)
      if (outcome === 'none') this.takeTrial(id)
      if (outcome === 'applied' && pending.undoes !== undefined)
        this.#db.prepare('UPDATE changes SET undone_by = ? WHERE id = ?').run(id, pending.undoes)
    })
    return pending
  }

  /** This process no longer writes a change, of which it does not know what became of it. */
  leave(id: string): void {
    WRITING.delete(id)
  }

  /** Whether somebody is writing a change now. */
  isWriting(id: string, now: number): boolean {
    const row = this.#db.prepare("SELECT id, at, pid FROM changes WHERE outcome = 'unsettled' AND id = ?").get(id)
    return row !== undefined && isWriting(row, now)
  }

  /** Changes of which nobody knows what became of them, and that nobody is writing now. */
  unsettled(now: number): AppliedChange[] {
    const rows = this.#db.prepare("SELECT * FROM changes WHERE outcome = 'unsettled' ORDER BY at").all()
    return rows.filter((row) => !isWriting(row, now)).map((row) => this.#toChange(row))
  }

  /** Changes that were applied, or may have been, newest first. `about`: only those of one resource, such as `routes/1`. */
  changes(limit: number, target?: string, about?: string): AppliedChange[] {
    const rows = this.#db
      .prepare(
        `SELECT * FROM changes WHERE outcome <> 'none' AND (?1 IS NULL OR target = ?1)
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

  /** Appends to the audit log. `detail` must not hold secrets; those inside addresses, as a person may have typed them, are hidden. */
  audit(caller: Caller, action: string, detail: object, at: number): void {
    const last = this.#db.prepare('SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1').get()
    const sequence = Number(last?.sequence ?? 0) + 1
    const words = caller.words === undefined ? {} : { words: caller.words }
    const text = hideInUrls(JSON.stringify({ ...detail, ...words }))
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
    const columns = ['approved_by TEXT', 'surface TEXT', 'pending BLOB', 'pid INTEGER', OUTCOME_COLUMN]
    for (const column of columns)
      if (!known.includes(column.split(' ')[0])) this.#db.exec(`ALTER TABLE changes ADD COLUMN ${column}`)
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
      outcome: row.outcome as Outcome,
    }
  }
}

function link(before: string, ...fields: (string | number)[]): string {
  return hash('sha256', JSON.stringify([before, ...fields]))
}
