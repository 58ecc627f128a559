// How many connections and requests there are and have been. Each data-plane thread writes its own numbers in shared memory, without a lock;
// whoever wants to know adds them up.

const FIELDS = ['accepted', 'active', 'requests', 'writing'] as const
type Field = (typeof FIELDS)[number]

/** `accepted`, `requests`: since the start; `active`: open connections; `writing`: requests under way. */
export type TrafficSnapshot = Record<Field, number>

const BYTES = 8

/** Memory for so many threads. */
export function allocateTraffic(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * FIELDS.length * BYTES)
}

/** The sum over all threads. */
export function readTraffic(memory: SharedArrayBuffer): TrafficSnapshot {
  const numbers = new Float64Array(memory)
  const sum: TrafficSnapshot = { accepted: 0, active: 0, requests: 0, writing: 0 }
  for (const [i, number] of numbers.entries()) sum[FIELDS[i % FIELDS.length] as Field] += number
  return sum
}

/** One thread's numbers. What is open is forgotten when a thread is started again: it ended with the thread before. */
export class Traffic {
  readonly #own: Float64Array

  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#own = new Float64Array(memory, thread * FIELDS.length * BYTES, FIELDS.length)
    this.#own[1] = 0
    this.#own[3] = 0
  }

  connectionOpened(): void {
    ;(this.#own[0] as number)++
    ;(this.#own[1] as number)++
  }

  connectionClosed(): void {
    ;(this.#own[1] as number)--
  }

  requestBegan(): void {
    ;(this.#own[2] as number)++
    ;(this.#own[3] as number)++
  }

  requestEnded(): void {
    ;(this.#own[3] as number)--
  }
}

/** Open connections that are counted. */
export class CountedConnections<T> extends Set<T> {
  readonly #traffic: Traffic

  constructor(traffic: Traffic) {
    super()
    this.#traffic = traffic
  }

  override add(connection: T): this {
    if (!this.has(connection)) this.#traffic.connectionOpened()
    return super.add(connection)
  }

  override delete(connection: T): boolean {
    const known = super.delete(connection)
    if (known) this.#traffic.connectionClosed()
    return known
  }
}
