// Counting in windows of time, on counters that all threads share.
import type { SharedTable } from './shared-table.ts'

export interface Counted {
  allowed: boolean
  remaining: number
  /** Milliseconds until the window ends, or until a refused request would have room before that. */
  resetMs: number
}

/** A window begins with the first request of a key and ends `windowMs` later. A refused request is not counted. */
export function countFixed(table: SharedTable, key: string, limit: number, windowMs: number, now: number): Counted {
  return table.update(key, now, (slot) => {
    if (slot.fresh) slot.expiresAt = now + windowMs
    const allowed = slot.a < limit
    if (allowed) slot.a++
    return { allowed, remaining: Math.max(0, limit - slot.a), resetMs: slot.expiresAt - now }
  })
}

/** Sums of parts of windows are not exact. */
const EPSILON = 1e-9

/**
 * Windows at multiples of `windowMs`; the one before counts by the part of it that still lies within the last `windowMs`. As in APISIX there is room
 * while both together are less than the limit.
 * In the slot: `a` this window's count, `b` the one before; the slot's expiry tells which window it is.
 */
export function countSliding(table: SharedTable, key: string, limit: number, windowMs: number, now: number): Counted {
  const start = now - (now % windowMs)
  return table.update(key, now, (slot) => {
    const slotStart = slot.expiresAt - 2 * windowMs
    if (!slot.fresh && slotStart < start) {
      slot.b = slotStart === start - windowMs ? slot.a : 0
      slot.a = 0
    }
    slot.expiresAt = start + 2 * windowMs
    const leftMs = start + windowMs - now
    const before = Math.min(slot.b, limit)
    const used = (before * leftMs) / windowMs + slot.a
    const allowed = used < limit - EPSILON
    if (!allowed) {
      const waitMs = slot.a >= limit ? leftMs : leftMs - ((limit - slot.a) * windowMs) / before
      return { allowed, remaining: 0, resetMs: waitMs }
    }
    slot.a++
    return { allowed, remaining: Math.max(0, Math.floor(limit - used - 1)), resetMs: leftMs }
  })
}
