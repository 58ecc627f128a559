// What is known of the health of upstream nodes, in memory that all threads share: whoever counts a failure, everybody sees the node down with
// the next look. A slot holds one node of one checker.
//
// Only the main thread gives slots out and takes them back (health-monitor.ts); the others look theirs up by name, and look again when
// `generation` has moved. All counters of a slot and its status are one word, changed by compare-and-exchange: nothing is ever locked, so a
// thread that dies in the middle harms nobody. Slots that were taken back keep their place in the chain of look-ups until they are used again.
import { hash } from '../../lib/shared-table.ts'

/** As the Control API names them. The `mostly` ones are on their way: up with failures, down with successes. */
const STATUSES = ['healthy', 'mostly_healthy', 'unhealthy', 'mostly_unhealthy'] as const
const [HEALTHY, MOSTLY_HEALTHY, UNHEALTHY, MOSTLY_UNHEALTHY] = [0, 1, 2, 3]

/** What a check or a request has found out. */
export type HealthEvent = 'success' | 'tcp_failure' | 'http_failure' | 'timeout_failure'

/** A node as the Control API shows it. */
export interface NodeHealth {
  status: (typeof STATUSES)[number]
  counter: Record<HealthEvent, number>
}

// A state word: status in bits 0-1, bit 2 set when bits 8-15 count successes, else they count tcp, 16-23 http failures, 24-31 timeouts.
// Successes and failures are never counted at once: one begins when the other ends.
const STATUS_BITS = 0b11
const COUNTS_SUCCESSES = 0b100
const SHIFT: Record<HealthEvent, number> = { success: 8, tcp_failure: 8, http_failure: 16, timeout_failure: 24 }
const MAX_COUNT = 255

/** Words before the first slot: the generation. Words of a slot: use, two of the name's hash, state. */
const HEADER = 1
const SLOT = 4
const [USE, HIGH, LOW, STATE] = [0, 1, 2, 3]
const [NEVER_USED, USED, GIVEN_BACK] = [0, 1, 2]

export class HealthTable {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #slots: number

  /** `source`: nodes to have room for, or the buffer of a table made by another thread. */
  constructor(source: number | SharedArrayBuffer) {
    this.buffer = typeof source === 'number' ? new SharedArrayBuffer((HEADER + source * SLOT) * 4) : source
    this.#words = new Int32Array(this.buffer)
    this.#slots = (this.#words.length - HEADER) / SLOT
  }

  /** Moves when a slot found before may be another's, or one that was missing may be there. */
  get generation(): number {
    return Atomics.load(this.#words, 0)
  }

  /** The slot of this name; -1 when it has none. */
  find(name: string): number {
    return this.#walk(name).found
  }

  /** The slot of this name, a fresh and healthy one when it had none; -1 when all are taken. For the main thread alone. */
  claim(name: string): number {
    const { found, free, high, low } = this.#walk(name)
    if (found >= 0 || free < 0) return found
    const words = this.#words
    words[free + HIGH] = high
    words[free + LOW] = low
    Atomics.store(words, free + STATE, HEALTHY)
    Atomics.store(words, free + USE, USED)
    Atomics.add(words, 0, 1)
    return free
  }

  /** Takes a slot back. For the main thread alone. */
  release(slot: number): void {
    Atomics.store(this.#words, slot + USE, GIVEN_BACK)
    Atomics.add(this.#words, 0, 1)
  }

  isUp(slot: number): boolean {
    return (Atomics.load(this.#words, slot + STATE) & STATUS_BITS) < UNHEALTHY
  }

  /** Counts what was seen; at `limit` in a row the node changes sides. */
  count(slot: number, event: HealthEvent, limit: number): void {
    for (;;) {
      const before = Atomics.load(this.#words, slot + STATE)
      const after = counted(before, event, limit)
      if (after === before || Atomics.compareExchange(this.#words, slot + STATE, before, after) === before) return
    }
  }

  read(slot: number): NodeHealth {
    const word = Atomics.load(this.#words, slot + STATE)
    const of = (event: HealthEvent): number =>
      (event === 'success') === ((word & COUNTS_SUCCESSES) !== 0) ? (word >>> SHIFT[event]) & MAX_COUNT : 0
    return {
      status: STATUSES[word & STATUS_BITS] as NodeHealth['status'],
      counter: {
        success: of('success'),
        tcp_failure: of('tcp_failure'),
        http_failure: of('http_failure'),
        timeout_failure: of('timeout_failure'),
      },
    }
  }

  #walk(name: string): { found: number; free: number; high: number; low: number } {
    const high = hash(name, 0x811c9dc5)
    const low = hash(name, 0x9747b28c)
    const words = this.#words
    let free = -1
    for (let i = 0; i < this.#slots; i++) {
      const at = HEADER + (((high >>> 0) + i) % this.#slots) * SLOT
      const use = Atomics.load(words, at + USE)
      if (use === USED) {
        if (words[at + HIGH] === high && words[at + LOW] === low) return { found: at, free, high, low }
        continue
      }
      if (free < 0) free = at
      if (use === NEVER_USED) break
    }
    return { found: -1, free, high, low }
  }
}

/** A state after one more event. A healthy node's successes and a down node's failures change nothing. */
function counted(word: number, event: HealthEvent, limit: number): number {
  const good = event === 'success'
  const status = word & STATUS_BITS
  if (status === (good ? HEALTHY : UNHEALTHY)) return word
  const before = ((word & COUNTS_SUCCESSES) !== 0) === good ? word & ~0xff : 0
  const count = Math.min(MAX_COUNT, ((before >>> SHIFT[event]) & MAX_COUNT) + 1)
  const counters = (before & ~(MAX_COUNT << SHIFT[event])) | (count << SHIFT[event])
  const side = good ? COUNTS_SUCCESSES : 0
  return counters | side | nextStatus(status, good, count >= limit)
}

function nextStatus(status: number, good: boolean, enough: boolean): number {
  if (enough) return good ? HEALTHY : UNHEALTHY
  return status < UNHEALTHY ? MOSTLY_HEALTHY : MOSTLY_UNHEALTHY
}
