// One process to a data directory, which holds keys, the ledger and caches beside the store: two processes would write over each other.
//
// The lock is SQLite's exclusive lock on an empty file: the system gives it back when the process ends in any way, so that there are no stale
// locks. The holder's process id stands beside it, only to be named.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from './contract.ts'
import { toStoreError } from './sqlite-errors.ts'

const SQLITE_BUSY = 5
/** Kept from the collector, which would give a lock back that nobody refers to. */
const held = new Set<DatabaseSync>()

/** Takes the directory for this process; the answer gives it back. Throws a StoreError (`locked`) that names the process which has it. */
export function lockDirectory(directory: string): () => void {
  const [file, holder] = [join(directory, 'lock.db'), join(directory, 'lock.pid')]
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(file, { timeout: 0 })
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock?.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw toStoreError(error, file, directory)
    throw new StoreError(
      'locked',
      `opening the data directory ${directory}: process ${readHolder(holder)} uses it; stop that one, or choose another directory (--data-dir, GATEWARD_DATA_DIR)`,
    )
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 })
  const taken = lock
  held.add(taken)
  return () => {
    held.delete(taken)
    taken.close()
  }
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    // It has the lock and is about to write its name.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'that has just started'
    throw error
  }
}
