// Leaky buckets and places in counters that all threads share.
import type { Bucket } from './limit-store.ts'
import type { SharedTable } from './shared-table.ts'

/**
 * A bucket holds requests and leaks `ratePerSecond` of them; one that finds more than `burst` before it is refused and leaves no trace.
 * In the slot: `a` the requests in the bucket, `b` when that was so.
 */
export function fill(
  table: SharedTable,
  key: string,
  { ratePerSecond, burst }: Bucket,
  now: number,
): number | undefined {
  return table.update(key, now, (slot) => {
    const leaked = (ratePerSecond * Math.max(0, now - slot.b)) / 1000
    const before = slot.fresh ? 0 : Math.max(0, slot.a - leaked + 1)
    if (before > burst) return undefined
    slot.a = before
    slot.b = now
    slot.expiresAt = now + ((before + 1) / ratePerSecond) * 1000
    return (before / ratePerSecond) * 1000
  })
}

/** In the slot: `a` the places that are taken. A table that forgot the key while places were taken counts anew. */
export function enter(table: SharedTable, key: string, room: number, now: number): number {
  return table.update(key, now, (slot) => {
    slot.expiresAt = Number.POSITIVE_INFINITY // a WebSocket may stay for days
    return slot.a >= room ? 0 : ++slot.a
  })
}

export function leave(table: SharedTable, key: string, now: number): void {
  if (!table.read(key, now)) return
  table.update(key, now, (slot) => {
    slot.a = Math.max(0, slot.a - 1)
    if (slot.a === 0) slot.expiresAt = now // nobody is in: the slot is free for another key
  })
}
