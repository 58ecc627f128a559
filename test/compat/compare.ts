// Whether an answer equals the recorded one. The product's own name is not part of the contract, and an error may say more than APISIX's.
import type { MatchMode, Recorded } from './recording.ts'

export interface Answer {
  status: number
  headers: Record<string, string | string[]>
  body: unknown
  counts?: Record<string, number>
  slow?: boolean
  continued?: boolean
}

const BRAND = /^(APISIX\/|openresty)/

/** What differs, one line each; empty when the answers are equal. */
export function compare(recorded: Recorded, got: Answer): string[] {
  const want = recorded.response
  if (want.counts) return compareCounts(want.counts, got.counts ?? {}, recorded.tolerance ?? 0)
  const found: string[] = []
  if (want.status !== got.status) found.push(`status: expected ${want.status}, got ${got.status}`)
  found.push(...compareHeaders(recorded, got))
  if ((want.slow ?? null) !== (got.slow ?? null)) found.push(`slow: expected ${want.slow}, got ${got.slow}`)
  if (want.continued && !got.continued) found.push('no 100 Continue')
  const mode = recorded.match?.body ?? 'exact'
  if (want.body === undefined || mode === 'ignore' || (isBrandedPage(want.body) && got.body)) return found
  return found.concat(diff(want.body, got.body, mode === 'exact' && want.status >= 400 ? 'subset' : mode, 'body'))
}

function compareCounts(want: Record<string, number>, got: Record<string, number>, tolerance: number): string[] {
  return [...new Set([...Object.keys(want), ...Object.keys(got)])]
    .filter((name) => Math.abs((want[name] ?? 0) - (got[name] ?? 0)) > tolerance)
    .map((name) => `counts.${name}: expected ${want[name] ?? 0} (+-${tolerance}), got ${got[name] ?? 0}`)
}

function compareHeaders({ response }: Recorded, got: Answer): string[] {
  const found: string[] = []
  for (const [name, value] of Object.entries(response.headers ?? {})) {
    const anyValue = value === '<any>' || BRAND.test(String(value))
    const equal = anyValue ? name in got.headers : JSON.stringify(value) === JSON.stringify(got.headers[name])
    if (!equal)
      found.push(`header ${name}: expected ${JSON.stringify(value)}, got ${JSON.stringify(got.headers[name])}`)
  }
  for (const name of response.absent_headers ?? [])
    if (name in got.headers) found.push(`header ${name}: must be absent, got ${JSON.stringify(got.headers[name])}`)
  return found
}

function isBrandedPage(body: unknown): boolean {
  return typeof body === 'string' && /<html/i.test(body) && /APISIX|openresty/.test(body)
}

function diff(want: unknown, got: unknown, mode: MatchMode, where: string): string[] {
  if (want === '<any>' || (typeof want === 'string' && typeof got === 'string' && BRAND.test(want))) return []
  if (Array.isArray(want)) return diffLists(want, got, mode, where)
  if (want !== null && typeof want === 'object') return diffObjects(want as Record<string, unknown>, got, mode, where)
  if (typeof want === 'string' && typeof got === 'string' && sameText(want, got, mode)) return []
  return Object.is(want, got) ? [] : [`${where}: expected ${brief(want)}, got ${brief(got)}`]
}

function diffLists(want: unknown[], got: unknown, mode: MatchMode, where: string): string[] {
  if (!Array.isArray(got)) return [`${where}: expected a list, got ${brief(got)}`]
  if (mode === 'unordered')
    return JSON.stringify(inOrder(want)) === JSON.stringify(inOrder(got))
      ? []
      : [`${where}: lists differ (in any order)`]
  if (want.length !== got.length) return [`${where}: expected ${want.length} items, got ${got.length}`]
  return want.flatMap((item, index) => diff(item, got[index], mode, `${where}[${index}]`))
}

function diffObjects(want: Record<string, unknown>, got: unknown, mode: MatchMode, where: string): string[] {
  if (got === null || typeof got !== 'object' || Array.isArray(got))
    return [`${where}: expected an object, got ${brief(got)}`]
  const members = got as Record<string, unknown>
  const found = Object.entries(want).flatMap(([name, value]) =>
    name in members || value === '<any>'
      ? diff(value, members[name], mode, `${where}.${name}`)
      : [`${where}.${name}: missing, expected ${brief(value)}`],
  )
  if (mode === 'subset') return found
  const unexpected = Object.keys(members).filter((name) => !(name in want))
  return found.concat(unexpected.map((name) => `${where}.${name}: unexpected ${brief(members[name])}`))
}

function sameText(want: string, got: string, mode: MatchMode): boolean {
  if (want === got) return true
  if (mode === 'query-unordered') return inQueryOrder(want) === inQueryOrder(got)
  if (!/^\s*[[{]/.test(want)) return false
  try {
    // JSON inside a string: the order of members does not matter.
    return diff(JSON.parse(want), JSON.parse(got), mode, '').length === 0
  } catch {
    return false
  }
}

function inQueryOrder(text: string): string {
  const start = text.indexOf('?') + 1
  return text.slice(0, start) + text.slice(start).split('&').sort().join('&')
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]))
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 300)
}
