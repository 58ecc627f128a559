// Conversations in a SQLite file beside the ledger, readable by the owner only: titles, entries in order, and what the model is to remember.
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { ModelMessage } from 'ai'
import type { ChatInfo, Entry } from './entries.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, messages TEXT NOT NULL DEFAULT '[]');
  CREATE TABLE IF NOT EXISTS entries (chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE, number INTEGER NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (chat, number)) WITHOUT ROWID;
`

/** The oldest conversation gives way to a new one. */
const MAX_CHATS = 500
/** Rows of one list. */
const MAX_LISTED = 100
const CUT_SHORT = 'the server stopped before this was done; History shows whether something was applied'

export class ChatStore {
  readonly #db: DatabaseSync

  /** Opens or creates `chats.db` in the directory. A turn that a stopped server left open is closed with an error that says so. */
  constructor(directory: string) {
    const file = join(directory, 'chats.db')
    this.#db = new DatabaseSync(file)
    chmodSync(file, 0o600)
    this.#db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON',
    )
    this.#db.exec(SCHEMA)
    this.#closeOpenTurns()
  }

  /** Newest first; `search`: only those that hold this text in their title or in what was said. */
  list(search = ''): ChatInfo[] {
    const rows = this.#db
      .prepare(
        `SELECT id, title, created, updated FROM chats WHERE ?1 = '' OR instr(lower(title), ?1) > 0
         OR EXISTS (SELECT 1 FROM entries WHERE chat = id AND instr(lower(entry), ?1) > 0) ORDER BY updated DESC, rowid DESC LIMIT ?2`,
      )
      .all(search.toLowerCase(), MAX_LISTED)
    return rows as unknown as ChatInfo[]
  }

  has(id: string): boolean {
    return this.#db.prepare('SELECT 1 FROM chats WHERE id = ?').get(id) !== undefined
  }

  create(id: string, title: string, now: number): void {
    this.#db.prepare('INSERT INTO chats (id, title, created, updated) VALUES (?, ?, ?, ?)').run(id, title, now, now)
    this.#db
      .prepare('DELETE FROM chats WHERE id NOT IN (SELECT id FROM chats ORDER BY updated DESC, rowid DESC LIMIT ?)')
      .run(MAX_CHATS)
  }

  /** False when there is no such conversation. */
  rename(id: string, title: string): boolean {
    return this.#db.prepare('UPDATE chats SET title = ? WHERE id = ?').run(title, id).changes > 0
  }

  remove(id: string): boolean {
    return this.#db.prepare('DELETE FROM chats WHERE id = ?').run(id).changes > 0
  }

  entries(id: string): Entry[] {
    const rows = this.#db.prepare('SELECT entry FROM entries WHERE chat = ? ORDER BY number').all(id)
    return rows.map((row) => JSON.parse(String(row.entry)) as Entry)
  }

  add(id: string, entry: Entry): void {
    this.#db
      .prepare(
        'INSERT INTO entries (chat, number, entry) SELECT ?1, coalesce(max(number), 0) + 1, ?2 FROM entries WHERE chat = ?1',
      )
      .run(id, JSON.stringify(entry))
  }

  messages(id: string): ModelMessage[] {
    const row = this.#db.prepare('SELECT messages FROM chats WHERE id = ?').get(id)
    return row ? (JSON.parse(String(row.messages)) as ModelMessage[]) : []
  }

  /** What the model is to remember after a turn. */
  remember(id: string, messages: readonly ModelMessage[], now: number): void {
    this.#db.prepare('UPDATE chats SET messages = ?, updated = ? WHERE id = ?').run(JSON.stringify(messages), now, id)
  }

  close(): void {
    this.#db.close()
  }

  #closeOpenTurns(): void {
    const open = this.#db
      .prepare(
        `SELECT chat FROM entries AS one WHERE number = (SELECT max(number) FROM entries WHERE chat = one.chat) AND entry <> '{"type":"end"}'`,
      )
      .all()
    for (const { chat } of open) {
      this.add(String(chat), { type: 'error', message: CUT_SHORT })
      this.add(String(chat), { type: 'end' })
    }
  }
}
