// Uris with a wildcard that is not their end, or with parameters: `/a/*/b`, `/users/:id/*rest`. As in APISIX a segment that begins with `*` takes
// any text, slashes included; one that begins with `:` takes one segment, where the router knows parameters. A `*` later in a segment makes a
// prefix of what stands before it.

export interface Pattern {
  /** What a path must begin with, up to the first wildcard or parameter. */
  prefix: string
  /** Undefined: the prefix says it all. */
  segments: string[] | undefined
  /** A parameter, and no `*` before its last segment: what a trie of segments finds. */
  plainParameters: boolean
}

/** Undefined: the uri stands for itself. */
export function parsePattern(uri: string, parameters: boolean): Pattern | undefined {
  const star = uri.indexOf('*')
  const parameter = parameters ? uri.indexOf('/:') + 1 : 0
  if (star < 0 && parameter === 0) return undefined
  const at = star >= 0 && (parameter === 0 || star < parameter) ? star : parameter
  const prefix = uri.slice(0, at)
  const segments = uri.slice(1).split('/')
  const first = segments.findIndex((segment) => isWildcard(segment, parameters))
  if (first < 0 || (parameter === 0 && first === segments.length - 1 && segments[first] === '*'))
    return { prefix, segments: undefined, plainParameters: false }
  const inner = segments.slice(0, -1).some((segment) => segment.startsWith('*'))
  return { prefix, segments, plainParameters: parameter > 0 && !inner }
}

function isWildcard(segment: string, parameters: boolean): boolean {
  return segment.startsWith('*') || (parameters && segment.startsWith(':'))
}

/**
 * What a pattern's names stand for in a path; undefined: it does not fit. Compares from the end and only ever goes back to the last `*` it has passed,
 * so that no path takes it longer than its segments times the pattern's; of several `*` the first takes as much as it can.
 */
export function fit(
  segments: readonly string[],
  path: string,
  parameters: boolean,
): Record<string, string> | undefined {
  const parts = path.slice(1).split('/')
  const taken = new Array<[from: number, to: number]>(segments.length)
  let s = segments.length - 1
  let p = parts.length - 1
  let star = -1
  let starTo = 0
  while (p >= 0 || s >= 0) {
    const segment = segments[s]
    if (segment?.startsWith('*')) {
      if (p < 0) return undefined
      star = s
      starTo = p
      taken[s] = [p, p]
    } else if (segment !== undefined && p >= 0 && takes(segment, parts[p] as string, parameters)) {
      taken[s] = [p, p]
    } else {
      // The last `*` takes one segment more.
      const range = star < 0 ? undefined : taken[star]
      if (!range || range[0] === 0) return undefined
      taken[star] = [range[0] - 1, starTo]
      s = star - 1
      p = range[0] - 2
      continue
    }
    s--
    p--
  }
  return named(segments, parts, taken, parameters)
}

function takes(segment: string, part: string, parameters: boolean): boolean {
  return parameters && segment.startsWith(':') ? part !== '' : segment === part
}

function named(
  segments: readonly string[],
  parts: readonly string[],
  taken: readonly [from: number, to: number][],
  parameters: boolean,
): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const [i, segment] of segments.entries()) {
    if (segment === '*' || !isWildcard(segment, parameters)) continue
    const [from, to] = taken[i] as [number, number]
    values[segment.slice(1)] = parts.slice(from, to + 1).join('/')
  }
  return values
}
