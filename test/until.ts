// Waits for what happens at a time of its own, instead of for a time.
import { setTimeout as sleep } from 'node:timers/promises'

const LIMIT_MS = 20_000
const LOOK_EVERY_MS = 10

/** Resolves with what `read` gives once that is neither false nor undefined; rejects after 20 s with `missing`: what did not happen. */
export async function until<T>(
  read: () => T | Promise<T>,
  missing: string | (() => string) = String(read),
): Promise<Exclude<T, false | undefined>> {
  const giveUpAt = performance.now() + LIMIT_MS
  for (;;) {
    const value = await read()
    if (value !== undefined && value !== false) return value as Exclude<T, false | undefined>
    if (performance.now() > giveUpAt)
      throw new Error(`not after ${LIMIT_MS} ms: ${typeof missing === 'string' ? missing : missing()}`)
    await sleep(LOOK_EVERY_MS)
  }
}
