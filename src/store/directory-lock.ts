// One process to a data directory. The SQLite store owns its file anyway; with every other store the directory still holds keys, the ledger
// and caches, which two processes would write over each other.
//
// The lock is SQLite's exclusive lock on an empty file: the system gives it back when the process ends in any way, so that there are no stale
// locks. The holder's process id stands beside it, only to be named.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from './contract.ts'

const SQLITE_BUSY = 5
/** Kept from the collector, which would give a lock back that nobody refers to. */
const held = new Set<DatabaseSync>()

/** Takes the directory for this process; the answer gives it back. Throws a StoreError (`locked`) that names the process which has it. */
export function lockDirectory(directory: string): () => void {
  const holder = join(directory, 'lock.pid')
  const lock = new DatabaseSync(join(directory, 'lock.db'), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new StoreError(
      'locked',
      `opening the data directory ${directory}: process ${readHolder(holder)} uses it; stop that one, or set another data_dir`,
    )
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 })
  held.add(lock)
  return () => {
    held.delete(lock)
    lock.close()
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
