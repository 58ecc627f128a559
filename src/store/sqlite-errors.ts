// What SQLite's result codes mean to an operator: one StoreError each, naming the file and what to do.

import { StoreError } from './contract.ts'

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_READONLY = 8
const SQLITE_CORRUPT = 11
const SQLITE_IOERR_WRITE = 778
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

/** Turns what node:sqlite threw into a StoreError; anything else than an SQLite error is given back unchanged. */
export function toStoreError(error: unknown, file: string, directory: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error
  const cause = { cause: error }
  // The low byte is the primary code, the rest says more.
  switch (error.errcode & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return new StoreError(
        'locked',
        `the data directory ${directory} is in use by another gateward: stop that one or set another GATEWARD_DATA_DIR`,
        cause,
      )
    case SQLITE_READONLY:
      return readOnly(file, directory, cause)
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(file, error.message, cause)
    case SQLITE_FULL:
      return new StoreError('unavailable', `writing ${file}: the disk is full: make room, then try again`, cause)
    case SQLITE_CANTOPEN:
      return new StoreError(
        'unavailable',
        `opening ${file}: ${error.message}: check that ${directory} is a directory that this user may write`,
        cause,
      )
    default:
      return new StoreError('unavailable', `using ${file}: ${error.message}`, cause)
  }
}

/** Whether there was no room to write: the disk is full, or a quota or a limit of this process is reached. */
export function isNoRoom(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false
  return error.errcode === SQLITE_FULL || error.errcode === SQLITE_IOERR_WRITE
}

/** The file is damaged or is not ours. */
export function corrupt(file: string, found: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    'corrupt',
    `reading ${file}: ${found}: restore it from a backup, or move it away to start empty (nothing was changed)`,
    options,
  )
}

/** The file or its directory may not be written. */
export function readOnly(file: string, directory: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    'read-only',
    `writing ${file}: the file or its directory is read-only: give this user write permission on ${directory}`,
    options,
  )
}
