// The uris of one host: exact ones, prefixes (`/a/*`), and in parameter mode patterns with `:name`. Shows the entries that fit a path, best
// first: exact, then patterns, then prefixes from the longest to the shortest; within one uri by priority, then by age.
import type { RouteEntry } from './router.ts'
import { SegmentTrie } from './segments.ts'

/** Sees one entry whose uri fits; true: enough. */
export type Visitor = (entry: RouteEntry, params: Record<string, string> | undefined) => boolean

export class PathTable {
  readonly #exact = new Map<string, RouteEntry[]>()
  readonly #prefixes = new Map<string, RouteEntry[]>()
  /** Prefix lengths in use, longest first, with the number of uris of each. */
  #lengths: number[] = []
  readonly #lengthCounts = new Map<number, number>()
  readonly #patterns: SegmentTrie | undefined

  constructor(parameters: boolean) {
    this.#patterns = parameters ? new SegmentTrie() : undefined
  }

  get empty(): boolean {
    return this.#exact.size === 0 && this.#prefixes.size === 0 && (this.#patterns?.empty ?? true)
  }

  add(entry: RouteEntry): void {
    if (this.#isPattern(entry.uri)) this.#patterns?.add(entry)
    else if (entry.uri.endsWith('*')) this.#addPrefix(entry)
    else insert(this.#exact, entry.uri, entry)
  }

  remove(entry: RouteEntry): void {
    if (this.#isPattern(entry.uri)) this.#patterns?.remove(entry)
    else if (entry.uri.endsWith('*')) this.#removePrefix(entry)
    else withdraw(this.#exact, entry.uri, entry)
  }

  /** Shows the entries that fit a path, best first, until the visitor says true. */
  visit(path: string, visitor: Visitor): boolean {
    const exact = this.#exact.get(path)
    if (exact) for (const entry of exact) if (visitor(entry, undefined)) return true
    if (this.#patterns?.visit(path, visitor)) return true
    for (const length of this.#lengths) {
      if (length > path.length) continue
      const entries = this.#prefixes.get(length === path.length ? path : path.slice(0, length))
      if (entries) for (const entry of entries) if (visitor(entry, undefined)) return true
    }
    return false
  }

  #isPattern(uri: string): boolean {
    return this.#patterns !== undefined && /\/:|\*./.test(uri)
  }

  #addPrefix(entry: RouteEntry): void {
    const prefix = entry.uri.slice(0, -1)
    const { length } = prefix
    if (insert(this.#prefixes, prefix, entry)) {
      const count = this.#lengthCounts.get(length) ?? 0
      this.#lengthCounts.set(length, count + 1)
      if (count === 0) this.#lengths = [...this.#lengths, length].sort((a, b) => b - a)
    }
  }

  #removePrefix(entry: RouteEntry): void {
    const prefix = entry.uri.slice(0, -1)
    const { length } = prefix
    if (withdraw(this.#prefixes, prefix, entry)) {
      const count = (this.#lengthCounts.get(length) ?? 1) - 1
      this.#lengthCounts.set(length, count)
      if (count === 0) this.#lengths = this.#lengths.filter((one) => one !== length)
    }
  }
}

/** Adds in order; true when the key is new. */
export function insert(map: Map<string, RouteEntry[]>, key: string, entry: RouteEntry): boolean {
  const entries = map.get(key)
  if (!entries) {
    map.set(key, [entry])
    return true
  }
  // From the end: routes mostly come in their order, and thousands may stand at one place.
  let at = entries.length
  while (at > 0 && compare(entries[at - 1] as RouteEntry, entry) > 0) at--
  entries.splice(at, 0, entry)
  return false
}

/** Removes the route's entry; true when the key is gone with it. */
export function withdraw(map: Map<string, RouteEntry[]>, key: string, entry: RouteEntry): boolean {
  const entries = map.get(key)
  if (!entries) return false
  const at = entries.findIndex((one) => one.keys.id === entry.keys.id)
  if (at >= 0) entries.splice(at, 1)
  if (entries.length > 0) return false
  map.delete(key)
  return true
}

/** Higher priority first, then the older route. */
function compare(a: RouteEntry, b: RouteEntry): number {
  return b.keys.priority - a.keys.priority || (a.keys.order ?? 0) - (b.keys.order ?? 0)
}
