// What proofs that were cut off by the end of their process have left on the targets is taken away when a Gateward starts: nobody may ever prove
// anything there again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { createLogger } from '../lib/log.ts'
import { LEFT_OVER_SECONDS, removeLeftOvers } from '../operations/proof-consumer.ts'
import type { Target, Targets } from '../operations/targets.ts'

type Log = Pick<ReturnType<typeof createLogger>, 'info' | 'warn'>

/** Looks at all targets that may be written to; what a proof may still use is looked at again. Ends with the returned function. */
export function clearLeftOvers(
  targets: Targets,
  log: Log,
  clock: Clock = { now: Date.now, againMs: (LEFT_OVER_SECONDS + 1) * 1000 },
): () => void {
  const stop = new AbortController()
  for (const name of targets.names()) {
    const target = targets.get(name, stop.signal)
    if (target.policy !== 'read-only') void clear(target, log, clock, stop.signal)
  }
  return () => stop.abort()
}

interface Clock {
  now(): number
  againMs: number
}

async function clear(target: Target, log: Log, { now, againMs }: Clock, signal: AbortSignal): Promise<void> {
  try {
    const young = await clearOnce(target, log, now())
    if (!young) return
    await sleep(againMs, undefined, { signal, ref: false })
    await clearOnce(target, log, now())
  } catch (error) {
    if (signal.aborted) return
    log.warn(
      { target: target.name, error: (error as Error).message },
      'what proofs have left on a target could not be taken away; the next proof tries again',
    )
  }
}

async function clearOnce({ name, admin }: Target, log: Log, now: number): Promise<number> {
  const { removed, young } = await removeLeftOvers(admin, now)
  if (removed.length) log.info({ target: name, consumers: removed }, 'took away consumers that proofs had left')
  return young
}
