// Shows that a limit of rate or concurrency refuses, by many calls at once: as a caller of the proof's own, or nobody's calls would be safe from
// it. How many of them meet depends on the API and on both machines, so that what is judged is what was seen: some passed, some were refused.

import type { ProofLine } from './prove.ts'
import { type LimitProof, type LimitToProve, MAX_CALLS, tell, withCaller } from './prove-limit.ts'

/** A limit that refuses what comes too fast. */
export interface BurstToProve extends Pick<LimitToProve, 'own' | 'code' | 'not'> {
  /** Calls at once that are more than pass, where they meet. */
  calls: number
  /** Calls that pass in this many seconds, of a limit of rate. */
  passing?(seconds: number): number
}

type Found = Pick<ProofLine, 'title' | 'expected' | 'found' | 'ok'>

export function callsToExceed(passing: number): number | undefined {
  const calls = Math.ceil(passing) + 20
  return calls > MAX_CALLS ? undefined : calls
}

export async function proveBurst(proof: Omit<LimitProof, 'limit'> & { limit: BurstToProve }): Promise<Found> {
  const { limit, send } = proof
  const passes = async (reason: string): Promise<Found> => {
    const { status } = await send({})
    const found = `${status}; not driven to its limit: ${reason}`
    return { title: 'calls below the limit pass', expected: 'an answer', found, ok: status < 500 }
  }
  return withCaller(proof, passes, async (own) => {
    const started = performance.now()
    const answers = await Promise.all(Array.from({ length: limit.calls }, () => send(own)))
    const ms = performance.now() - started
    const counts = new Map<number, number>()
    for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1)
    const refused = counts.get(limit.code) ?? 0
    const found = `${limit.calls} calls in ${Math.round(ms)} ms: ${tell(counts)}`
    if (!refused && (!limit.passing || limit.calls <= limit.passing(ms / 1000)))
      return {
        title: 'calls below the limit pass',
        expected: 'an answer',
        found: `${found}; they were answered too quickly, or sent too slowly, to exceed it`,
        ok: answers.every(({ status }) => status < 500),
      }
    const ok = refused > 0 && refused < limit.calls
    return { title: 'calls beyond the limit are refused', expected: `some with ${limit.code}`, found, ok }
  })
}
