// The normalised path that routes match on, as nginx makes it: percent-decoded, repeated slashes merged, dot segments resolved.
import { percentDecode, percentEncode } from '../lib/percent.ts'

/** Undefined: the path cannot be normalised (malformed escape, a NUL, or it climbs above the root) and the request is refused with 400. */
export function normalisePath(raw: string): string | undefined {
  if (isPlain(raw)) return raw
  let decoded = raw
  if (raw.includes('%')) {
    if (/%(?![0-9a-fA-F]{2})/.test(raw) || raw.includes('%00')) return undefined
    decoded = percentDecode(raw)
  }
  if (!decoded.startsWith('/')) return undefined
  const kept: string[] = []
  const segments = decoded.split('/')
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] as string
    const last = i === segments.length - 1
    if (segment === '..') {
      if (kept.pop() === undefined) return undefined
      if (last) kept.push('')
    } else if (segment === '.' || segment === '') {
      if (last) kept.push('')
    } else {
      kept.push(segment)
    }
  }
  return `/${kept.join('/')}`
}

/** True for a path that is its own normal form: no escape, no empty or dot segment. */
function isPlain(raw: string): boolean {
  if (raw.charCodeAt(0) !== 47) return false
  for (let i = 1; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    if (code === 37) return false
    if ((code === 47 || code === 46) && raw.charCodeAt(i - 1) === 47) return false
  }
  return true
}

const PLAIN_PATH = /^[!$&-;=@-[\]_a-z~]*$/

/** A decoded path as a request-target writes it: what nginx escapes. */
export function escapePath(path: string): string {
  return PLAIN_PATH.test(path) ? path : percentEncode(path, /[^!$&-;=@-[\]_a-z~]/gu)
}

/** A query without what would end a request-target; what is escaped in it stays so. */
export function escapeQuery(query: string): string {
  return percentEncode(query, /[^!-"$-~]/gu)
}
