// Uris with parameters, by segment: `/users/:id/books`, `/users/:id/*rest`.
import { insert, withdraw } from './entries.ts'
import type { RouteEntry } from './router.ts'

interface TrieNode {
  fixed: Map<string, TrieNode>
  parameter: TrieNode | undefined
  /** Routes that end here, and routes that take everything from here on, by their uri. */
  ends: Map<string, RouteEntry[]>
  rests: Map<string, RouteEntry[]>
}

/** An entry whose uri fits, and what its parameters stand for. */
export interface Fitting {
  entry: RouteEntry
  params: Record<string, string> | undefined
}

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

  /** The entries that fit a path, in no order. No node is looked at twice, however long the path. */
  fitting(path: string): Fitting[] {
    const found: Fitting[] = []
    if (this.#size > 0) walk(this.#root, path.slice(1).split('/'), 0, found)
    return found
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

function walk(node: TrieNode, segments: string[], at: number, found: Fitting[]): void {
  if (at === segments.length) {
    take(node.ends, segments, found)
    return
  }
  take(node.rests, segments, found)
  const fixed = node.fixed.get(segments[at] as string)
  if (fixed) walk(fixed, segments, at + 1, found)
  if (node.parameter && segments[at] !== '') walk(node.parameter, segments, at + 1, found)
}

function take(entries: Map<string, RouteEntry[]>, segments: string[], found: Fitting[]): void {
  for (const list of entries.values())
    for (const entry of list) found.push({ entry, params: parameters(entry.uri, segments) })
}

function parameters(uri: string, segments: string[]): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const [i, segment] of uri.slice(1).split('/').entries()) {
    if (segment.startsWith(':')) values[segment.slice(1)] = segments[i] as string
    if (segment.startsWith('*') && segment.length > 1) values[segment.slice(1)] = segments.slice(i).join('/')
  }
  return values
}
