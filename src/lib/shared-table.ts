// A table of counters in shared memory, so that all data-plane threads enforce one limit exactly.
//
// Fixed size: BUCKETS of 8 slots. A key is hashed to 64 bits; the low part picks the bucket, the whole is stored in the slot. Each bucket has
// a spin lock, held for a handful of instructions and never across a callback that can wait. A full bucket gives up its slot that
// expires first: memory is bounded, the oldest limit is forgotten. Values are doubles: two for each slot, meaning is the caller's.

const SLOTS = 8
const WORDS_PER_BUCKET = 2 + SLOTS * 2
const DOUBLES_PER_SLOT = 3
const SPIN_LIMIT = 5_000_000

/** The two numbers of a slot, changed in place inside `update`. `fresh` is true when the key was absent or had expired. */
export interface Slot {
  a: number
  b: number
  fresh: boolean
  /** Milliseconds since the epoch at which the slot is forgotten. */
  expiresAt: number
}

export class SharedTable {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #mask: number
  readonly #slot: Slot = { a: 0, b: 0, fresh: true, expiresAt: 0 }

  /** `source` is a capacity in keys (rounded up to a power of two times 8), or the buffer of a table made by another thread. */
  constructor(source: number | SharedArrayBuffer) {
    if (typeof source === 'number') {
      const buckets = 2 ** Math.max(4, Math.ceil(Math.log2(source / SLOTS)))
      this.buffer = new SharedArrayBuffer(buckets * (WORDS_PER_BUCKET * 4 + SLOTS * DOUBLES_PER_SLOT * 8))
    } else {
      this.buffer = source
    }
    const buckets = this.buffer.byteLength / (WORDS_PER_BUCKET * 4 + SLOTS * DOUBLES_PER_SLOT * 8)
    this.#mask = buckets - 1
    this.#words = new Int32Array(this.buffer, 0, buckets * WORDS_PER_BUCKET)
    this.#doubles = new Float64Array(this.buffer, buckets * WORDS_PER_BUCKET * 4, buckets * SLOTS * DOUBLES_PER_SLOT)
  }

  /**
   * Runs `change` on the key's slot while no other thread can. `change` must set `expiresAt` and must not keep the slot. Returns what
   * `change` returns. `now` is in milliseconds since the epoch.
   */
  update<T>(key: string, now: number, change: (slot: Slot) => T): T {
    const high = hash(key, 0x811c9dc5)
    const low = hash(key, 0x9747b28c) | 1
    const bucket = (high & this.#mask) >>> 0
    const lock = bucket * WORDS_PER_BUCKET
    this.#acquire(lock)
    try {
      const index = this.#locate(bucket, high, low, now)
      const at = (bucket * SLOTS + index) * DOUBLES_PER_SLOT
      const slot = this.#slot
      slot.fresh = this.#words[lock + 2 + index * 2 + 1] !== low || (this.#doubles[at] as number) <= now
      slot.expiresAt = slot.fresh ? 0 : (this.#doubles[at] as number)
      slot.a = slot.fresh ? 0 : (this.#doubles[at + 1] as number)
      slot.b = slot.fresh ? 0 : (this.#doubles[at + 2] as number)
      const result = change(slot)
      this.#words[lock + 2 + index * 2] = high
      this.#words[lock + 2 + index * 2 + 1] = low
      this.#doubles[at] = slot.expiresAt
      this.#doubles[at + 1] = slot.a
      this.#doubles[at + 2] = slot.b
      return result
    } finally {
      Atomics.store(this.#words, lock, 0)
    }
  }

  /** The key's numbers; undefined when it is absent or has expired. Changes nothing. */
  read(key: string, now: number): { a: number; b: number } | undefined {
    const high = hash(key, 0x811c9dc5)
    const low = hash(key, 0x9747b28c) | 1
    const bucket = (high & this.#mask) >>> 0
    const lock = bucket * WORDS_PER_BUCKET
    this.#acquire(lock)
    try {
      for (let i = 0; i < SLOTS; i++) {
        const words = lock + 2 + i * 2
        const at = (bucket * SLOTS + i) * DOUBLES_PER_SLOT
        if (this.#words[words] !== high || this.#words[words + 1] !== low) continue
        if ((this.#doubles[at] as number) <= now) return undefined
        return { a: this.#doubles[at + 1] as number, b: this.#doubles[at + 2] as number }
      }
      return undefined
    } finally {
      Atomics.store(this.#words, lock, 0)
    }
  }

  /** The slot that holds the key, else a free or expired one, else the one that expires first. */
  #locate(bucket: number, high: number, low: number, now: number): number {
    const words = bucket * WORDS_PER_BUCKET + 2
    let spare = 0
    let spareExpiry = Number.POSITIVE_INFINITY
    for (let i = 0; i < SLOTS; i++) {
      if (this.#words[words + i * 2] === high && this.#words[words + i * 2 + 1] === low) return i
      const expiry = this.#doubles[(bucket * SLOTS + i) * DOUBLES_PER_SLOT] as number
      const rank = expiry <= now ? 0 : expiry
      if (rank < spareExpiry) {
        spare = i
        spareExpiry = rank
      }
    }
    // Whoever was here is forgotten: its low word must not match, or `update` would take its values for ours.
    this.#words[words + spare * 2 + 1] = 0
    return spare
  }

  #acquire(lock: number): void {
    for (let spins = 0; Atomics.compareExchange(this.#words, lock, 0, 1) !== 0; spins++) {
      // A thread that was terminated inside `update` never unlocks. Nobody holds a lock for this long otherwise.
      if (spins > SPIN_LIMIT) return
    }
  }
}

/** FNV-1a over UTF-16 units with a final mix; two seeds give 64 bits. */
export function hash(key: string, seed: number): number {
  let h = seed
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  h ^= h >>> 12
  return h | 0
}
