// GET of one resource and of lists, with paging and filters. A list is read in chunks, so that a page of many thousand resources costs
// the memory of one page. A list has an ETag, the revision that it was read at: who asks again with If-None-Match gets 304 while nothing was
// written, whatever the length of the list.
import { parseKey, type Resource, toKey } from '../resources/kinds.ts'
import type { Entry, Store } from '../store/contract.ts'
import { type AdminAnswer, type AdminRequest, json, keyNotFound, shownKey } from './message.ts'
import { parseResource } from './resource-index.ts'
import { type Secrecy, withoutPrivateKeys } from './secrecy.ts'
import type { Target } from './target.ts'

export interface ReadParts {
  store: Store
  secrecy: Secrecy
  /** Of this run alone: a store in memory counts its revisions anew after a restart. */
  run: string
  /** Secret fields are shown decrypted (the admin role). */
  clear: boolean
}

const CHUNK_ENTRIES = 500
const MIN_PAGE_SIZE = 10
const MAX_PAGE_SIZE = 500
const MAX_PATTERN_LENGTH = 100
const FIELD_FILTERS = ['service_id', 'upstream_id']
/** Lists up to this length are paged in order of creation, as in APISIX; longer ones by key, so that a page costs what it holds. */
const MAX_IN_ORDER = 2000

/** Answers GET. */
export async function read(target: Target, request: AdminRequest, parts: ReadParts): Promise<AdminAnswer> {
  if (target.id === undefined) return list(target, request, parts)
  const entry = await parts.store.get(toKey(target.kind, target.id))
  return entry ? json(200, present(entry, target, parts)) : keyNotFound()
}

async function list(target: Target, request: AdminRequest, parts: ReadParts): Promise<AdminAnswer> {
  const { query } = request
  const window = toWindow(query)
  if (!window) return json(400, `page_size must be between ${MIN_PAGE_SIZE} and ${MAX_PAGE_SIZE}`)
  // Before the first entry is read: what is written while the list is read makes the tag an old one.
  const { revision, total: below } = await parts.store.list(prefixOf(target), { limit: 1 })
  const etag = `"${parts.run}-${parts.clear ? 'clear' : 'hidden'}-${revision}"`
  if (request.header('if-none-match') === etag) return json(304, '', { etag })
  const { page, total } = await readPage(target, window, toFilter(target, query), below, parts.store)
  const shown = page.map((entry) => present(entry, target, parts))
  return json(200, { list: window.paged && shown.length === 0 ? {} : shown, total }, { etag })
}

/** `below`: how many entries the store has below the kind's prefix. */
async function readPage(
  target: Target,
  { from, to, paged }: Window,
  matches: Filter | undefined,
  below: number,
  store: Store,
): Promise<{ page: Entry[]; total: number }> {
  const inOrder = paged && below <= MAX_IN_ORDER
  // The store counts for itself what is before and behind the page, where all below the prefix is of this kind.
  const whole = Number.isSafeInteger(from) && Number.isSafeInteger(to)
  const counts = paged && whole && !matches && target.kind !== 'consumers' && !inOrder
  const isOnPage = (position: number): boolean => position >= from && position < to
  const found: Entry[] = []
  let total = counts ? from : 0
  for await (const entry of entriesBelow(store, prefixOf(target), total)) {
    if (parseKey(entry.key)?.kind !== target.kind) continue
    if (matches && !matches(parseResource(entry.text) ?? {})) continue
    if (inOrder || isOnPage(total)) found.push(entry)
    total++
    if (counts && total === to) break
  }
  const page = inOrder ? found.sort(byCreation).filter((_, position) => isOnPage(position)) : found
  return { page, total: counts ? below : total }
}

function byCreation(a: Entry, b: Entry): number {
  return a.createdIndex - b.createdIndex || (a.key < b.key ? -1 : 1)
}

function present(entry: Entry, { kind }: Target, { secrecy, clear }: ReadParts): object {
  const stored = parseResource(entry.text) ?? {}
  const value = withoutPrivateKeys(kind, clear ? secrecy.open(kind, stored) : secrecy.show(kind, stored))
  return {
    key: shownKey(entry.key),
    value,
    createdIndex: entry.createdIndex,
    modifiedIndex: entry.modifiedIndex,
  }
}

function prefixOf({ kind, within }: Target): string {
  if (kind === 'credentials') return `consumers/${within}/credentials/`
  return within === undefined ? `${kind}/` : `${kind}/${within}/`
}

async function* entriesBelow(store: Store, prefix: string, skip: number): AsyncGenerator<Entry> {
  for (let after: string | undefined; ; ) {
    const page = await store.list(prefix, { after, limit: CHUNK_ENTRIES, skip: after === undefined ? skip : 0 })
    yield* page.entries
    if (page.entries.length < CHUNK_ENTRIES) return
    after = page.entries.at(-1)?.key
  }
}

/** Positions of a page, `to` not included. */
interface Window {
  from: number
  to: number
  paged: boolean
}

/** Undefined: the page size is not allowed. */
function toWindow(query: URLSearchParams): Window | undefined {
  const page = query.get('page')
  const pageSize = query.get('page_size')
  if (!page || !pageSize) return { from: 0, to: Number.POSITIVE_INFINITY, paged: false }
  const size = Number(pageSize)
  if (size < MIN_PAGE_SIZE || size > MAX_PAGE_SIZE) return undefined
  const number = Number(page)
  // What is not a number does not page, as in APISIX.
  if (Number.isNaN(size) || Number.isNaN(number)) return { from: 0, to: Number.POSITIVE_INFINITY, paged: false }
  const from = (Math.max(number, 1) - 1) * size
  return { from, to: from + size, paged: true }
}

type Filter = (resource: Resource) => boolean

function toFilter(target: Target, query: URLSearchParams): Filter | undefined {
  const filters: Filter[] = []
  const name = query.get('name')
  if (name) filters.push(matchText((resource) => [resource.name], name))
  const uri = query.get('uri')
  if (uri)
    filters.push(matchText((resource) => [resource.uri, ...(Array.isArray(resource.uris) ? resource.uris : [])], uri))
  const label = query.get('label')
  if (label !== null)
    filters.push(({ labels }) => typeof labels === 'object' && labels !== null && Object.hasOwn(labels, label))
  if (target.kind === 'routes' || target.kind === 'stream_routes')
    filters.push(...byFields(new URLSearchParams(query.get('filter') ?? '')))
  return filters.length === 0 ? undefined : (resource) => filters.every((filter) => filter(resource))
}

function byFields(wanted: URLSearchParams): Filter[] {
  return FIELD_FILTERS.filter((field) => wanted.has(field)).map(
    (field) => (resource) => resource[field] !== undefined && String(resource[field]) === wanted.get(field),
  )
}

function matchText(texts: (resource: Resource) => unknown[], pattern: string): Filter {
  const expression = toExpression(pattern.slice(0, MAX_PATTERN_LENGTH))
  return (resource) => texts(resource).some((text) => typeof text === 'string' && expression.test(text))
}

/** The harmless part of a pattern: `.` is any character, `^` and `$` the ends. The rest is text, so that no pattern can take long. */
function toExpression(pattern: string): RegExp {
  const start = pattern.startsWith('^') ? '^' : ''
  const end = pattern.endsWith('$') ? '$' : ''
  const inner = pattern.slice(start.length, pattern.length - end.length)
  return new RegExp(start + inner.replace(/[\\^$*+?()[\]{}|/-]/g, '\\$&') + end)
}
