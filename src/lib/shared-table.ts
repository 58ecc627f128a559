// A table of counters in shared memory, so that all data-plane threads enforce one limit exactly.
//
// Fixed size: BUCKETS of 8 slots. A key is hashed to 64 bits; the low part picks the bucket, the whole is stored in the slot. Each bucket has
// a spin lock, held for a handful of instructions and never across a callback that can wait. A full bucket gives up the slot that was not
// touched for longest: memory is bounded, and what is counted now stays whatever else is counted and for how long. The hash begins
// with random numbers of the table, so that nobody can choose keys that push out, or are taken for, somebody else's. Values are doubles:
// two for each slot, meaning is the caller's.
import { randomInt } from 'node:crypto'

const SLOTS = 8
/** In front of the buckets: two seeds, and how many threads have ended by themselves. */
const HEAD_INTS = 4
const HEAD_BYTES = HEAD_INTS * 4
const ENDED = 2
const WORDS_PER_BUCKET = 2 + SLOTS * 2
/** Of a slot: when it expires, its two numbers, when it was touched last. */
const DOUBLES_PER_SLOT = 4
const BUCKET_BYTES = WORDS_PER_BUCKET * 4 + SLOTS * DOUBLES_PER_SLOT * 8
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
  readonly #head: Int32Array
  readonly #seeds: readonly [number, number]
  readonly #slot: Slot = { a: 0, b: 0, fresh: true, expiresAt: 0 }

  /** `source` is a capacity in keys (rounded up to a power of two times 8), or the buffer of a table made by another thread. */
  constructor(source: number | SharedArrayBuffer) {
    if (typeof source === 'number') {
      const buckets = 2 ** Math.max(4, Math.ceil(Math.log2(source / SLOTS)))
      this.buffer = new SharedArrayBuffer(HEAD_BYTES + buckets * BUCKET_BYTES)
      new Int32Array(this.buffer, 0, HEAD_INTS).set([randomInt(2 ** 32), randomInt(2 ** 32)])
    } else {
      this.buffer = source
    }
    const buckets = (this.buffer.byteLength - HEAD_BYTES) / BUCKET_BYTES
    this.#head = new Int32Array(this.buffer, 0, HEAD_INTS)
    const [first = 0, second = 0] = this.#head
    this.#seeds = [first, second]
    this.#mask = buckets - 1
    this.#words = new Int32Array(this.buffer, HEAD_BYTES, buckets * WORDS_PER_BUCKET)
    this.#doubles = new Float64Array(
      this.buffer,
      HEAD_BYTES + buckets * WORDS_PER_BUCKET * 4,
      buckets * SLOTS * DOUBLES_PER_SLOT,
    )
  }

  /** How many threads have ended by themselves: what they had counted up they can no longer count down. */
  get threadsEnded(): number {
    return Atomics.load(this.#head, ENDED)
  }

  threadEnded(): void {
    Atomics.add(this.#head, ENDED, 1)
  }

  /**
   * Runs `change` on the key's slot while no other thread can. `change` must set `expiresAt` and must not keep the slot. Returns what
   * `change` returns. `now` is in milliseconds since the epoch.
   */
  update<T>(key: string, now: number, change: (slot: Slot) => T): T {
    const high = hash(key, this.#seeds[0])
    const low = hash(key, this.#seeds[1]) | 1
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
      this.#doubles[at + 3] = now
      return result
    } finally {
      Atomics.store(this.#words, lock, 0)
    }
  }

  /** The key's numbers; undefined when it is absent or has expired. Changes nothing but that the slot was touched. */
  read(key: string, now: number): { a: number; b: number } | undefined {
    const high = hash(key, this.#seeds[0])
    const low = hash(key, this.#seeds[1]) | 1
    const bucket = (high & this.#mask) >>> 0
    const lock = bucket * WORDS_PER_BUCKET
    this.#acquire(lock)
    try {
      for (let i = 0; i < SLOTS; i++) {
        const words = lock + 2 + i * 2
        const at = (bucket * SLOTS + i) * DOUBLES_PER_SLOT
        if (this.#words[words] !== high || this.#words[words + 1] !== low) continue
        if ((this.#doubles[at] as number) <= now) return undefined
        this.#doubles[at + 3] = now
        return { a: this.#doubles[at + 1] as number, b: this.#doubles[at + 2] as number }
      }
      return undefined
    } finally {
      Atomics.store(this.#words, lock, 0)
    }
  }

  /** The slot that holds the key, else a free or expired one, else the one that was not touched for longest. */
  #locate(bucket: number, high: number, low: number, now: number): number {
    const words = bucket * WORDS_PER_BUCKET + 2
    let spare = 0
    let spareTouched = Number.POSITIVE_INFINITY
    for (let i = 0; i < SLOTS; i++) {
      if (this.#words[words + i * 2] === high && this.#words[words + i * 2 + 1] === low) return i
      const at = (bucket * SLOTS + i) * DOUBLES_PER_SLOT
      const touched = (this.#doubles[at] as number) <= now ? 0 : (this.#doubles[at + 3] as number)
      if (touched < spareTouched) {
        spare = i
        spareTouched = touched
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
