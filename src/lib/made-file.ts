// What is made once and kept in the data directory, one line a file, readable by the owner only: keys, ids.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The line in the file `name`, made when there is none. Throws when it cannot be made or is empty, as a full disk leaves it: nobody may be let in
 * by an empty key.
 */
export function lineIn(directory: string, name: string, make: () => string): string {
  const file = join(directory, name)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  try {
    // `wx` makes the file or fails, so that two starts at once agree on one line.
    writeFileSync(file, `${make()}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const line = readFileSync(file, 'utf8').trim()
  if (line === '') throw new Error(`reading ${file}: found nothing in it: remove the file, and a new one is made`)
  return line
}

export function keyIn(directory: string, name: string): string {
  return lineIn(directory, name, () => randomBytes(24).toString('base64url'))
}
