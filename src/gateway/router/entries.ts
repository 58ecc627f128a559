// Entries of routes that stand at one place of a table, in the order in which they are tried.
import type { RouteEntry } from './router.ts'

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

/** Higher priority first, then the longer uri, then the older route. */
export function compare(a: RouteEntry, b: RouteEntry): number {
  return b.keys.priority - a.keys.priority || b.uri.length - a.uri.length || (a.keys.order ?? 0) - (b.keys.order ?? 0)
}
