// Shows that a limit refuses, by using it up: as a caller of the proof's own, so that nobody's quota is spent. Where the proof cannot be a caller
// of its own it shows the quota that is announced, and says why no more.
import { randomBytes } from 'node:crypto'
import { plainText } from '../lib/text.ts'
import type { AdminClient } from './admin-client.ts'
import type { ProbeAnswer } from './probe.ts'
import { asOwnConsumer } from './proof-consumer.ts'
import type { ProofLine } from './prove.ts'

/** A limit that a proof is to use up. */
export interface LimitToProve {
  count: number
  seconds: number
  /** Status of a refusal. */
  code: number
  /** What tells callers apart, of which the proof can have one of its own; undefined: nothing of that kind. */
  own: 'address' | 'consumer' | `header:${string}` | undefined
  /** Of a limit that several routes share: it is proved once. */
  group?: string
  /** Why it is not to be used up. */
  not?: string
  /** Between `X-` and `RateLimit-Limit` in the headers of the quota; undefined: none are sent. */
  prefix: string | undefined
}

/** What a limit is proved with. */
export interface LimitProof {
  limit: LimitToProve
  /** Sends the request, with these headers beside its own. */
  send(headers: Record<string, string>): Promise<ProbeAnswer>
  /** Where the target tells how it calls the headers of a quota. */
  admin: AdminClient
  /** The header of the key with which the request is sent, if it is. */
  keyHeader: string | undefined
  /** Where the proof may make a consumer for itself; undefined: it may not. */
  consumers: AdminClient | undefined
}

type Found = Pick<ProofLine, 'title' | 'expected' | 'found' | 'ok'>

/** The title of what is shown where a limit is not used up. */
export const ANNOUNCED = 'the quota is announced'

/** Calls with which a proof uses a limit up, at most. */
export const MAX_CALLS = 200
const AT_ONCE = 10
const MAX_MS = 20_000

export async function proveLimit(proof: LimitProof): Promise<Found> {
  return withCaller(
    proof,
    (reason) => announced(proof, reason),
    (own) => useUp(proof, own),
  )
}

type Calling = Pick<LimitProof, 'keyHeader' | 'consumers'> & { limit: Pick<LimitToProve, 'own' | 'not'> }

/** Runs with the headers of a caller of the proof's own, or `not` with the reason why there is none. */
export async function withCaller<T>(
  { limit, keyHeader, consumers }: Calling,
  not: (reason: string) => Promise<T>,
  run: (own: Record<string, string>) => Promise<T>,
): Promise<T> {
  if (limit.not !== undefined) return not(limit.not)
  // Without a consumer its name is empty, and the address counts instead.
  if (limit.own !== 'consumer' || keyHeader === undefined) return run(ownHeaders(limit.own))
  if (!consumers) return not('no person has approved that the proof makes a consumer for itself')
  return asOwnConsumer(consumers, (key) => run({ [keyHeader]: key }))
}

/** As who a proof calls. An address is one of those that are kept for documents (RFC 3849): no client has it. */
export function ownHeaders(own: LimitToProve['own']): Record<string, string> {
  const random = randomBytes(12).toString('hex')
  return own?.startsWith('header:')
    ? { [own.slice('header:'.length)]: `gateward-proof-${random}` }
    : { 'X-Real-IP': `2001:db8:${random.match(/.{4}/g)?.join(':')}` }
}

async function useUp(proof: LimitProof, own: Record<string, string>): Promise<Found> {
  const { limit, send } = proof
  const started = performance.now()
  const first = await send(own)
  if (first.status === 401 || first.status === 403)
    return announced(proof, `a caller of the proof's own is answered with ${first.status}`)
  if (first.status === limit.code) return announced(proof, `already the first call was answered with ${limit.code}`)
  if ('X-Real-IP' in own && !(await isBelieved(proof, first)))
    return announced(proof, 'others may call from the same address')
  const counts = new Map([[first.status, 1]])
  const late = (): boolean => performance.now() - started > Math.min(limit.seconds * 1000, MAX_MS)
  let sent = 1
  while (sent < limit.count && !late()) {
    const some = Math.min(AT_ONCE, limit.count - sent)
    for (const { status } of await Promise.all(Array.from({ length: some }, () => send(own))))
      counts.set(status, (counts.get(status) ?? 0) + 1)
    sent += some
  }
  const last = await send(own)
  if (late()) return announced(proof, `${sent + 1} calls took ${Math.round(performance.now() - started)} ms`)
  return {
    title: `call ${limit.count + 1} is refused`,
    expected: String(limit.code),
    found: `${sent === 1 ? 'call 1' : `calls 1 to ${sent}`}: ${tell(counts)}; call ${sent + 1}: ${last.status}`,
    ok: !counts.has(limit.code) && last.status === limit.code,
  }
}

/** Whether the gateway believes the address in the header: only then has another one a count of its own. */
async function isBelieved({ limit, send, admin }: LimitProof, first: ProbeAnswer): Promise<boolean> {
  const { remaining } = await quotaNames(limit, admin)
  const other = await send(ownHeaders('address'))
  const left = [first, other].map((one) => one.headers[remaining.toLowerCase()])
  return other.status !== limit.code && left.every((one) => one === String(limit.count - 1))
}

async function announced({ limit, send, admin }: LimitProof, reason: string): Promise<Found> {
  const answer = await send({})
  const why = `not used up: ${reason}`
  if (limit.prefix === undefined)
    return { title: 'the limit', expected: 'an answer', found: `${answer.status}; ${why}`, ok: answer.status < 500 }
  const names = await quotaNames(limit, admin)
  const value = String(answer.headers[names.limit.toLowerCase()] ?? 'absent')
  return {
    title: ANNOUNCED,
    expected: `${names.limit}: ${limit.count}`,
    found: `${names.limit}: ${plainText(value, 100)}; ${why}`,
    ok: value === String(limit.count),
  }
}

/** The headers of the quota: plugin metadata may name them. */
async function quotaNames({ prefix }: LimitToProve, admin: AdminClient): Promise<{ limit: string; remaining: string }> {
  const metadata = await admin.get('plugin_metadata', 'limit-count')
  const named = (name: unknown, usual: string): string => {
    const text = typeof name === 'string' ? name : usual
    return prefix ? text.replace('RateLimit-', `${prefix}-RateLimit-`) : text
  }
  return {
    limit: named(metadata?.value.limit_header, 'X-RateLimit-Limit'),
    remaining: named(metadata?.value.remaining_header, 'X-RateLimit-Remaining'),
  }
}

/** `200`, or `98 x 200, 2 x 502`. */
export function tell(counts: ReadonlyMap<number, number>): string {
  const [only] = counts.keys()
  return counts.size === 1 ? String(only) : [...counts].map(([status, count]) => `${count} x ${status}`).join(', ')
}
