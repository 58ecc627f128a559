// Responses in a cache: finds, keeps and removes them, also those that vary by fields of the request (RFC 9111 4.1).
import { randomUUID } from 'node:crypto'
import { type CacheEntry, decodeCached, encodeEntry, encodeMark, type VaryMark } from './cache-entry.ts'
import { after, type CacheStore, type Later } from './cache-store.ts'

/** A field of the request by its lower-case name; several joined, absent ones empty. */
export type RequestField = (name: string) => string

export interface CacheBook {
  find(key: string, field: RequestField): Later<CacheEntry | undefined>
  keep(key: string, entry: CacheEntry, field: RequestField): void
  /** True when there was a response; one that varies goes with all its variants. */
  remove(key: string): Later<boolean>
}

export function openBook(store: CacheStore): CacheBook {
  const read = (key: string): Later<CacheEntry | VaryMark | undefined> =>
    after(store.get(key), (bytes) => bytes && decodeCached(bytes))
  return {
    find: (key, field) =>
      after(read(key), (found) => {
        if (!found || !('vary' in found)) return found
        return read(variantKey(key, found, field)) as Later<CacheEntry | undefined>
      }),
    keep(key, entry, field) {
      const vary = variesBy(entry)
      if (!vary.length) {
        store.put(key, encodeEntry(entry))
        return
      }
      void after(read(key), (found) => {
        const known = found && 'vary' in found && found.vary.join() === vary.join() ? found : undefined
        const mark = known ?? { vary, id: randomUUID() }
        store.put(variantKey(key, mark, field), encodeEntry(entry))
        if (!known) store.put(key, encodeMark(mark))
      })
    },
    remove: (key) => store.delete(key),
  }
}

function variantKey(key: string, mark: VaryMark, field: RequestField): string {
  return `${key} ${mark.id} ${JSON.stringify(mark.vary.map(field))}`
}

function variesBy({ headers }: CacheEntry): string[] {
  const values = headers.filter((_, i) => i % 2 === 1 && (headers[i - 1] as string).toLowerCase() === 'vary')
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim().toLowerCase())
  return [...new Set(names.filter(Boolean))].sort()
}
