// Cache-Control, Expires and Age (RFC 9111), as far as a shared cache must know them. Pure: fields in, decisions out.

/** Directives by lower-case name; `true` for one without an argument. */
export type Directives = ReadonlyMap<string, string | true>

/** Reads one field by its lower-case name. */
export type ReadField = (name: string) => string | undefined

const DIRECTIVE = /([^\s,=]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g

export function parseDirectives(field: string | undefined): Directives {
  const directives = new Map<string, string | true>()
  for (const [, name = '', quoted, plain] of (field ?? '').matchAll(DIRECTIVE))
    directives.set(name.toLowerCase(), quoted ?? plain ?? true)
  return directives
}

/** A directive's seconds; undefined when it is absent or no number. */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const value = directives.get(name)
  return typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : undefined
}

/** True when the origin forbids a shared cache to keep the response. */
export function forbidsStorage(directives: Directives): boolean {
  return directives.has('no-store') || directives.has('private') || directives.has('no-cache')
}

/**
 * Seconds that the origin allows: s-maxage, else max-age, else Expires minus Date (or `now`). Undefined when it says nothing. An Expires
 * that is no date means now (RFC 9111 5.3).
 */
export function allowedSeconds(directives: Directives, read: ReadField, now: number): number | undefined {
  const explicit = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age')
  if (explicit !== undefined) return explicit
  const expires = read('expires')
  if (expires === undefined) return undefined
  const until = Date.parse(expires)
  const from = Date.parse(read('date') ?? '') || now
  return Number.isNaN(until) ? 0 : Math.max(0, (until - from) / 1000)
}

/** Seconds that a response was old when it came. */
export function ageSeconds(read: ReadField): number {
  const age = read('age')
  return age !== undefined && /^\d{1,10}$/.test(age) ? Number(age) : 0
}

/** True when the client already has this response (If-None-Match, else If-Modified-Since; RFC 9110 13.2.2). */
export function clientHas(request: ReadField, response: ReadField): boolean {
  const wanted = request('if-none-match')
  if (wanted !== undefined) {
    const etag = response('etag')?.replace(/^W\//, '')
    return wanted.trim() === '*' || (etag !== undefined && wanted.split(',').some((one) => weak(one) === etag))
  }
  const since = Date.parse(request('if-modified-since') ?? '')
  const modified = Date.parse(response('last-modified') ?? '')
  return modified <= since
}

function weak(etag: string): string {
  return etag.trim().replace(/^W\//, '')
}
