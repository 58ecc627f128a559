// Errors that no operation should throw, of a conversation in a terminal: it has no log of its own that anybody reads, so that they go to a file in
// the data directory, one line of JSON each, which only its owner reads. The person sees the id under which an error stands there.
import { appendFileSync, renameSync, statSync } from 'node:fs'
import { randomHex } from '../lib/random-hex.ts'
import { describeFileError } from '../lib/system-error.ts'
import { hideInUrls } from '../lib/url-secrets.ts'

/** Of the file and of the one before it, each. */
const MAX_BYTES = 1024 * 1024
const MAX_STACK_CHARS = 20_000

/** Keeps an error; the id and the file, in words. */
export function keepFaultIn(file: string, error: unknown): string {
  const id = randomHex(4)
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const line = { time: new Date().toISOString(), error_id: id, error: hideInUrls(detail.slice(0, MAX_STACK_CHARS)) }
  try {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= MAX_BYTES) renameSync(file, `${file}.1`)
    appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 })
    return `${id} in ${file}`
  } catch (problem) {
    const { message } = problem as Error
    return `${id}, which is not kept (${describeFileError(problem as NodeJS.ErrnoException, file) ?? message})`
  }
}
