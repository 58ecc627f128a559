// Uris with parameters, by segment: `/users/:id/books`, `/files/*path`. A fixed segment beats a parameter, a parameter beats the rest of the path.
import { insert, withdraw } from './path-table.ts'
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

  *candidates(path: string): Generator<{ entry: RouteEntry; params: Record<string, string> }> {
    if (this.#size === 0) return
    const segments = path.slice(1).split('/')
    if (segments.length <= MAX_SEGMENTS) yield* walk(this.#root, segments, 0)
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

function* walk(
  node: TrieNode,
  segments: string[],
  at: number,
): Generator<{ entry: RouteEntry; params: Record<string, string> }> {
  if (at === segments.length) {
    for (const entries of node.ends.values())
      for (const entry of entries) yield { entry, params: parameters(entry.uri, segments) }
  } else {
    const fixed = node.fixed.get(segments[at] as string)
    if (fixed) yield* walk(fixed, segments, at + 1)
    if (node.parameter && segments[at] !== '') yield* walk(node.parameter, segments, at + 1)
  }
  for (const entries of node.rests.values())
    for (const entry of entries) yield { entry, params: parameters(entry.uri, segments) }
}

function parameters(uri: string, segments: string[]): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const [i, segment] of uri.slice(1).split('/').entries()) {
    if (segment.startsWith(':')) values[segment.slice(1)] = segments[i] as string
    if (segment.startsWith('*') && segment.length > 1) values[segment.slice(1)] = segments.slice(i).join('/')
  }
  return values
}
