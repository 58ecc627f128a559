// Uris with parameters, by segment: `/users/:id/books`, `/files/*path`. A fixed segment beats a parameter, a parameter beats the rest of the path.
import { insert, type Visitor, withdraw } from './path-table.ts'
import type { RouteEntry } from './router.ts'

interface TrieNode {
  fixed: Map<string, TrieNode>
  parameter: TrieNode | undefined
  /** Routes that end here, and routes that take everything from here on, by their uri. */
  ends: Map<string, RouteEntry[]>
  rests: Map<string, RouteEntry[]>
}

/** Segments of a path that are looked at; longer paths only match by prefix. */
const MAX_SEGMENTS = 64

export class SegmentTrie {
  readonly #root = makeNode()
  #size = 0

  get empty(): boolean {
    return this.#size === 0
  }

  add(entry: RouteEntry): void {
    if (insert(this.#place(entry.uri), entry.uri, entry)) this.#size++
  }

  remove(entry: RouteEntry): void {
    if (withdraw(this.#place(entry.uri), entry.uri, entry)) this.#size--
  }

  visit(path: string, visitor: Visitor): boolean {
    if (this.#size === 0) return false
    const segments = path.slice(1).split('/')
    return segments.length <= MAX_SEGMENTS && walk(this.#root, segments, 0, visitor)
  }

  #place(uri: string): Map<string, RouteEntry[]> {
    let node = this.#root
    for (const segment of uri.slice(1).split('/')) {
      if (segment.startsWith('*')) return node.rests
      if (segment.startsWith(':')) {
        node.parameter ??= makeNode()
        node = node.parameter
      } else {
        const next = node.fixed.get(segment) ?? makeNode()
        node.fixed.set(segment, next)
        node = next
      }
    }
    return node.ends
  }
}

function makeNode(): TrieNode {
  return { fixed: new Map(), parameter: undefined, ends: new Map(), rests: new Map() }
}

function walk(node: TrieNode, segments: string[], at: number, visitor: Visitor): boolean {
  if (at === segments.length) {
    if (show(node.ends, segments, visitor)) return true
  } else {
    const fixed = node.fixed.get(segments[at] as string)
    if (fixed && walk(fixed, segments, at + 1, visitor)) return true
    if (node.parameter && segments[at] !== '' && walk(node.parameter, segments, at + 1, visitor)) return true
  }
  return show(node.rests, segments, visitor)
}

function show(entries: Map<string, RouteEntry[]>, segments: string[], visitor: Visitor): boolean {
  for (const list of entries.values())
    for (const entry of list) if (visitor(entry, parameters(entry.uri, segments))) return true
  return false
}

function parameters(uri: string, segments: string[]): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const [i, segment] of uri.slice(1).split('/').entries()) {
    if (segment.startsWith(':')) values[segment.slice(1)] = segments[i] as string
    if (segment.startsWith('*') && segment.length > 1) values[segment.slice(1)] = segments.slice(i).join('/')
  }
  return values
}
