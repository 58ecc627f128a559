// The SQLite file behind `SqliteStore`: opening with exclusive ownership, schema, statements. One process owns the file: the lock is the
// operating system's, so that it ends with the process however it ends.

import { accessSync, chmodSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { messageOf } from '../lib/message-of.ts'
import { StoreError } from './contract.ts'
import { corrupt, isNoRoom, readOnly, toStoreError } from './sqlite-errors.ts'

const SCHEMA_VERSION = 1
/** SQLite begins its log anew after 1,000 pages (`wal_autocheckpoint`), of 4 KiB each with a head of 24 bytes. */
const LOG_BYTES = 1000 * (4096 + 24)
/** Of a transaction, what is beyond the cache goes to the log before the end; with this cache, nearly all of it does. */
const CACHE_KIB = 64

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO state VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS entries (
    key TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    created_index INTEGER NOT NULL,
    modified_index INTEGER NOT NULL,
    expires_at_ms INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entries_expiring ON entries (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** An entry as a row. */
export interface Row {
  key: string
  text: string
  createdIndex: number
  modifiedIndex: number
}

/** The statements that the store uses. */
export interface Statements {
  get: StatementSync
  modifiedIndex: StatementSync
  firstPage: StatementSync
  nextPage: StatementSync
  count: StatementSync
  put: StatementSync
  remove: StatementSync
  setRevision: StatementSync
  revision: StatementSync
  expiring: StatementSync
}

/** Opens or creates the file and owns it. Throws a StoreError when it is owned, damaged, foreign, or cannot be written. */
export function openSqliteFile(file: string): DatabaseSync {
  const directory = dirname(file)
  createDirectory(directory)
  // SQLite's own answer to a read-only directory is a bare input/output error.
  for (const path of [directory, file]) assertWritable(path, file, directory)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    // It holds keys and certificates; its log takes its mode from it.
    chmodSync(file, 0o600)
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version > SCHEMA_VERSION) throw corrupt(file, `it was written by a newer gateward (schema ${version})`)
    // The first write takes the exclusive lock, so a second process fails here and not in the middle of its work.
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
    const check = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
    if (check.quick_check !== 'ok') throw corrupt(file, check.quick_check)
    if (hasRoom(directory)) growLog(database)
    return database
  } catch (error) {
    database?.close()
    throw toStoreError(error, file, directory)
  }
}

/**
 * Brings the log to the size that it reaches anyway: a commit whose fsync also has to write down the file's new size takes more than twice as
 * long. What grows it is a transaction that is taken back, so that the log stays SQLite's own affair. Without room it stays small, which
 * costs nothing but time.
 */
function growLog(database: DatabaseSync): void {
  const { cache_size: cacheSize } = database.prepare('PRAGMA cache_size').get() as { cache_size: number }
  database.exec(`PRAGMA cache_size = -${CACHE_KIB}; BEGIN IMMEDIATE`)
  try {
    database.exec(`CREATE TABLE growing (bytes); INSERT INTO growing VALUES (zeroblob(${LOG_BYTES}))`)
  } catch (error) {
    if (!isNoRoom(error)) throw error
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK')
    database.exec(`PRAGMA cache_size = ${cacheSize}`)
  }
}

/** The last of a disk is left to what needs it. */
function hasRoom(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize > 16 * LOG_BYTES
}

/** Prepares what the store runs. */
export function prepareStatements(database: DatabaseSync): Statements {
  const columns = 'key, text, created_index AS createdIndex, modified_index AS modifiedIndex'
  // What is passed over is looked up in the index of keys alone.
  const page = (from: string): StatementSync =>
    database.prepare(`SELECT ${columns} FROM entries WHERE key IN (
      SELECT key FROM entries WHERE key ${from} ? AND key < ? ORDER BY key LIMIT ? OFFSET ?) ORDER BY key`)
  return {
    get: database.prepare(`SELECT ${columns} FROM entries WHERE key = ?`),
    modifiedIndex: database.prepare('SELECT modified_index AS modifiedIndex FROM entries WHERE key = ?'),
    firstPage: page('>='),
    nextPage: page('>'),
    count: database.prepare('SELECT count(*) AS total FROM entries WHERE key >= ? AND key < ?'),
    put: database.prepare(`
      INSERT INTO entries (key, text, created_index, modified_index, expires_at_ms) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET text = excluded.text, modified_index = excluded.modified_index,
        expires_at_ms = excluded.expires_at_ms
      RETURNING created_index AS createdIndex`),
    remove: database.prepare('DELETE FROM entries WHERE key = ?'),
    setRevision: database.prepare('UPDATE state SET revision = ?'),
    // `state` is written when something is deleted: else the newest entry tells the revision, and a commit has one page less to write.
    revision: database.prepare(
      'SELECT max(revision, coalesce((SELECT max(modified_index) FROM entries), 0)) AS revision FROM state',
    ),
    expiring: database.prepare('SELECT key, expires_at_ms AS expiresAtMs FROM entries WHERE expires_at_ms IS NOT NULL'),
  }
}

function createDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    const message = messageOf(error)
    throw new StoreError(
      'unavailable',
      `creating the data directory ${directory}: ${message}: set GATEWARD_DATA_DIR to a directory that this user may write`,
      { cause: error },
    )
  }
}

function assertWritable(path: string, file: string, directory: string): void {
  if (!existsSync(path)) return
  try {
    accessSync(path, constants.W_OK)
  } catch (error) {
    throw readOnly(file, directory, { cause: error })
  }
}
