// A cache in shared memory: all data-plane threads read and write one, so that what one thread has fetched is a hit in all of them, and a
// purge holds everywhere.
//
// The values lie in a ring: a new one is written behind the last, over the oldest. An index of buckets of 8 slots finds them by a hash of the
// key; the whole key stands beside the value and is compared, since a hash that somebody can choose must not lead to another's
// response. A position counts all bytes ever written: a slot whose position the ring has passed is empty. One lock guards a zone; under
// it bytes are copied and nothing else is done.
import type { CacheStore } from './cache-store.ts'
import { hash } from './shared-table.ts'

const SLOTS = 8
/** Bytes of values for which the index has a slot. */
const BYTES_PER_SLOT = 4096
const INTS_PER_SLOT = 4
const SLOT_BYTES = INTS_PER_SLOT * 4 + 8
const HEADER_BYTES = 16

const FREE = 0
const HELD = 1
const CONTENDED = 2
/** A thread that was terminated while it held the lock never gives it back; nobody else holds it for this long. */
const LOCK_WAIT_MS = 1000

export class MemoryCache implements CacheStore {
  readonly #lock: Int32Array
  readonly #head: Float64Array
  readonly #positions: Float64Array
  /** Of each slot: two halves of the hash, bytes of the key, bytes of the value. */
  readonly #ints: Int32Array
  readonly #data: Buffer
  readonly #buckets: number

  /** The least that a cache can be made of. */
  static readonly MIN_BYTES = 64 * 1024

  constructor(memory: SharedArrayBuffer) {
    this.#buckets = Math.max(8, Math.floor(memory.byteLength / BYTES_PER_SLOT / SLOTS))
    const slots = this.#buckets * SLOTS
    this.#lock = new Int32Array(memory, 0, 1)
    this.#head = new Float64Array(memory, 8, 1)
    this.#positions = new Float64Array(memory, HEADER_BYTES, slots)
    this.#ints = new Int32Array(memory, HEADER_BYTES + slots * 8, slots * INTS_PER_SLOT)
    this.#data = Buffer.from(memory, HEADER_BYTES + slots * SLOT_BYTES)
  }

  get(key: string): Buffer | undefined {
    return this.#locked(() => {
      const slot = this.#find(key)
      if (slot < 0) return undefined
      const start = (this.#position(slot) % this.#data.length) + this.#keyBytes(slot)
      return Buffer.from(this.#data.subarray(start, start + this.#valueBytes(slot)))
    })
  }

  /** A value of more than half of the memory is not kept. */
  put(key: string, value: Buffer): void {
    const name = Buffer.from(key)
    const bytes = name.length + value.length
    if (bytes > this.#data.length / 2) return
    this.#locked(() => {
      const known = this.#find(key)
      const position = this.#reserve(bytes)
      const start = position % this.#data.length
      name.copy(this.#data, start)
      value.copy(this.#data, start + name.length)
      const slot = known >= 0 ? known : this.#spare(key)
      const [high, low] = hashes(key)
      this.#ints.set([high, low, name.length, value.length], slot * INTS_PER_SLOT)
      this.#positions[slot] = position
    })
  }

  delete(key: string): boolean {
    return this.#locked(() => {
      const slot = this.#find(key)
      if (slot < 0) return false
      this.#positions[slot] = 0
      return true
    })
  }

  /** The next place for so many bytes in one piece. The position 0 stands for an empty slot: the first value begins a ring later. */
  #reserve(bytes: number): number {
    const { length } = this.#data
    let position = this.#head[0] || length
    const left = length - (position % length)
    if (left < bytes) position += left
    this.#head[0] = position + bytes
    return position
  }

  #find(key: string): number {
    const [high, low] = hashes(key)
    const first = this.#bucket(high)
    for (let slot = first; slot < first + SLOTS; slot++) {
      const at = slot * INTS_PER_SLOT
      if (this.#ints[at] === high && this.#ints[at + 1] === low && this.#alive(slot) && this.#holds(slot, key))
        return slot
    }
    return -1
  }

  #holds(slot: number, key: string): boolean {
    const start = this.#position(slot) % this.#data.length
    return this.#data.toString('utf8', start, start + this.#keyBytes(slot)) === key
  }

  /** The slot of the key's bucket whose value is the oldest. */
  #spare(key: string): number {
    const first = this.#bucket(hashes(key)[0])
    let spare = first
    for (let slot = first; slot < first + SLOTS; slot++) if (this.#position(slot) < this.#position(spare)) spare = slot
    return spare
  }

  #alive(slot: number): boolean {
    const position = this.#position(slot)
    return position > 0 && (this.#head[0] as number) - position <= this.#data.length
  }

  #bucket(high: number): number {
    return ((high >>> 0) % this.#buckets) * SLOTS
  }

  #position(slot: number): number {
    return this.#positions[slot] as number
  }

  #keyBytes(slot: number): number {
    return this.#ints[slot * INTS_PER_SLOT + 2] as number
  }

  #valueBytes(slot: number): number {
    return this.#ints[slot * INTS_PER_SLOT + 3] as number
  }

  #locked<T>(run: () => T): T {
    if (Atomics.compareExchange(this.#lock, 0, FREE, HELD) !== FREE) {
      while (Atomics.exchange(this.#lock, 0, CONTENDED) !== FREE)
        if (Atomics.wait(this.#lock, 0, CONTENDED, LOCK_WAIT_MS) === 'timed-out') break
    }
    try {
      return run()
    } finally {
      if (Atomics.exchange(this.#lock, 0, FREE) === CONTENDED) Atomics.notify(this.#lock, 0, 1)
    }
  }
}

function hashes(key: string): [number, number] {
  return [hash(key, 0x811c9dc5), hash(key, 0x9747b28c)]
}
