// Whether a kept response may answer a request (RFC 9111 4.2, 5.2.1).
import { type Directives, parseDirectives, secondsOf } from './cache-control.ts'
import type { CacheEntry } from './cache-entry.ts'

/** `asked` are the client's directives; empty when they are not followed. EXPIRED: too old; STALE: too old for this client. */
export function freshnessOf(entry: CacheEntry, asked: Directives, now: number): 'HIT' | 'EXPIRED' | 'STALE' {
  const left = (entry.expiresAt - now) / 1000
  if (left <= 0) return mayBeStale(entry, asked, -left) ? 'HIT' : 'EXPIRED'
  const age = entry.ageSeconds + (now - entry.storedAt) / 1000
  if (age > (secondsOf(asked, 'max-age') ?? Number.POSITIVE_INFINITY)) return 'STALE'
  return left < (secondsOf(asked, 'min-fresh') ?? 0) ? 'STALE' : 'HIT'
}

function mayBeStale(entry: CacheEntry, asked: Directives, overdue: number): boolean {
  if (!asked.has('max-stale')) return false
  const at = entry.headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'cache-control')
  const origin = parseDirectives(at < 0 ? undefined : entry.headers[at + 1])
  if (origin.has('must-revalidate') || origin.has('proxy-revalidate')) return false
  return asked.get('max-stale') === true || overdue <= (secondsOf(asked, 'max-stale') ?? -1)
}
