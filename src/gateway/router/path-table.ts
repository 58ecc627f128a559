// The uris of one host: exact ones, prefixes (`/a/*`), and patterns, which have a wildcard or a parameter before their end. Shows the entries that fit
// a path, best first, in APISIX's order: exact uris, then those with the longest text before their first wildcard or parameter; among these the
// priority decides, then the longer uri, then the age.
import { compare, insert, withdraw } from './entries.ts'
import { Lengths } from './lengths.ts'
import { fit, type Pattern, parsePattern } from './pattern.ts'
import type { RouteEntry } from './router.ts'
import { type Fitting, SegmentTrie } from './segments.ts'

/** Sees one entry whose uri fits; true: enough. */
export type Visitor = (entry: RouteEntry, params: Record<string, string> | undefined) => boolean

export class PathTable {
  readonly #exact = new Map<string, RouteEntry[]>()
  readonly #prefixes = new Map<string, RouteEntry[]>()
  readonly #lengths = new Lengths()
  readonly #trie: SegmentTrie | undefined

  constructor(parameters: boolean) {
    this.#trie = parameters ? new SegmentTrie() : undefined
  }

  get empty(): boolean {
    return this.#exact.size === 0 && this.#prefixes.size === 0 && (this.#trie?.empty ?? true)
  }

  add(entry: RouteEntry): void {
    const pattern = this.#parse(entry)
    if (!pattern) insert(this.#exact, entry.uri, entry)
    else if (pattern.plainParameters) this.#trie?.add(entry)
    else {
      entry.segments = pattern.segments
      if (insert(this.#prefixes, pattern.prefix, entry)) this.#lengths.add(pattern.prefix.length)
    }
  }

  remove(entry: RouteEntry): void {
    const pattern = this.#parse(entry)
    if (!pattern) withdraw(this.#exact, entry.uri, entry)
    else if (pattern.plainParameters) this.#trie?.remove(entry)
    else if (withdraw(this.#prefixes, pattern.prefix, entry)) this.#lengths.remove(pattern.prefix.length)
  }

  /** Shows the entries that fit a path, best first, until the visitor says true. */
  visit(path: string, visitor: Visitor): boolean {
    const exact = this.#exact.get(path)
    if (exact) for (const entry of exact) if (visitor(entry, undefined)) return true
    const found = this.#trie?.fitting(path)
    return found?.length ? this.#visitMixed(path, found, visitor) : this.#visitPrefixes(path, visitor)
  }

  #visitPrefixes(path: string, visitor: Visitor): boolean {
    for (const length of this.#lengths.longestFirst) {
      if (length > path.length) continue
      const entries = this.#prefixes.get(length === path.length ? path : path.slice(0, length))
      if (!entries) continue
      for (const entry of entries) {
        const { segments } = entry
        const params = segments && fit(segments, path, this.#trie !== undefined)
        if ((!segments || params) && visitor(entry, params)) return true
      }
    }
    return false
  }

  /** Prefixes and parameters in one order. */
  #visitMixed(path: string, found: Fitting[], visitor: Visitor): boolean {
    this.#visitPrefixes(path, (entry, params) => {
      found.push({ entry, params })
      return false
    })
    const lengthOf = ({ entry }: Fitting): number => this.#parse(entry)?.prefix.length ?? 0
    return found
      .sort((a, b) => lengthOf(b) - lengthOf(a) || compare(a.entry, b.entry))
      .some(({ entry, params }) => visitor(entry, params))
  }

  #parse(entry: RouteEntry): Pattern | undefined {
    return parsePattern(entry.uri, this.#trie !== undefined)
  }
}
