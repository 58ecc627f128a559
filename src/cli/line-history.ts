// What was typed in the chat, kept between runs for the arrow keys: one line a sentence in a file that only its owner reads. A line that holds a
// secret is never kept.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { isSecret } from '../lib/redact.ts'
import { secretsInUrls } from '../lib/url-secrets.ts'

/** Lines that are kept. */
export const MAX_HISTORY_LINES = 500
const MAX_LINE_LENGTH = 2000

/** Newest first, as node:readline wants it; empty when there is no file yet. */
export function readHistory(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(-MAX_HISTORY_LINES).reverse()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Writes the history, newest first as it is given. Throws the system's error, with the file's name. */
export function writeHistory(file: string, lines: readonly string[]): void {
  const kept = lines.slice(0, MAX_HISTORY_LINES).toReversed()
  try {
    writeFileSync(file, kept.map((line) => `${line}\n`).join(''), { mode: 0o600 })
    chmodSync(file, 0o600)
  } catch (error) {
    // A full disk is told by `write`, which knows no name.
    throw Object.assign(error as NodeJS.ErrnoException, { path: file })
  }
}

/** True for a line that may be kept: of bounded length, without a value beside a secret's name, a password in an address or a token. */
export function mayKeep(line: string): boolean {
  if (line.length > MAX_LINE_LENGTH) return false
  if (secretsInUrls(line).length || /\bbearer\s+\S|\bgw_\w+|\beyJ[\w-]+\.|-----BEGIN/i.test(line)) return false
  for (const [, name] of line.matchAll(/["']?([\w-]+)["']?\s*(?::|=|\bis\b|\bto\b)\s*\S/gi))
    if (isSecret('', [(name as string).toLowerCase()])) return false
  return true
}
