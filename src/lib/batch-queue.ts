// Gathers texts (or bytes) and hands them over in batches: when there are enough of them, when nothing came for a while, or when the oldest has waited
// long enough. A batch that cannot be delivered is tried again some times and then dropped. The queue is bounded in entries and in characters;
// what does not fit is dropped and counted, so that a receiver that is away costs neither memory nor a request its time.
import { setTimeout as sleep } from 'node:timers/promises'
import { timerMs } from './timer.ts'

/** `E`: an entry. */
export interface BatchOptions<E extends string | Buffer = string> {
  /** Entries of a full batch. */
  batchSize: number
  /** Characters of waiting entries that make them due, whatever their number. */
  batchCharacters: number
  /** A batch goes when nothing was added for this long ... */
  inactiveMs: number
  /** ... or when its oldest entry has waited for this long. */
  maxAgeMs: number
  /** Further tries after a failed delivery. */
  maxRetries: number
  retryDelayMs: number
  /** Deliveries under way at a time; with 1 they keep their order. */
  concurrency: number
  /** Asked at each entry: entries that wait or are under way. */
  maxPendingEntries(): number
  maxPendingCharacters: number
  /** Rejects when the batch did not arrive. */
  deliver(batch: E[]): Promise<unknown>
  onDropped(entries: number, reason: string | Error): void
  onRetry(error: Error): void
  /** How many entries came to those that wait or are under way, or left them. */
  onPending(change: number): void
}

/** Tries of a batch, without a pause, once the queue is closing. */
const MAX_LAST_TRIES = 3
/** A receiver that refuses at once would otherwise be asked as fast as the processor can. */
const LEAST_PAUSE_MS = 10

export class BatchQueue<E extends string | Buffer = string> {
  readonly #options: BatchOptions<E>
  readonly #closing = new AbortController()
  readonly #entries: E[] = []
  #oldestAt = 0
  #newestAt = 0
  #pending = 0
  #pendingCharacters = 0
  /** Of the entries that wait, without those under way. */
  #characters = 0
  #underWay = 0
  /** All that waits is to go now, also a batch that is not full. */
  #due = false
  #timer: NodeJS.Timeout | undefined
  #whenEmpty: (() => void) | undefined

  constructor(options: BatchOptions<E>) {
    this.#options = options
  }

  /** Never blocks and never throws. An entry that does not fit is dropped. After `close` entries go at once. */
  add(entry: E): void {
    const { maxPendingEntries, maxPendingCharacters, batchSize, batchCharacters, onDropped, onPending } = this.#options
    if (this.#pending >= maxPendingEntries() || this.#pendingCharacters + entry.length > maxPendingCharacters) {
      onDropped(1, 'too many entries are waiting')
      return
    }
    this.#newestAt = performance.now()
    if (this.#entries.length === 0) this.#oldestAt = this.#newestAt
    this.#entries.push(entry)
    this.#pending++
    onPending(1)
    this.#pendingCharacters += entry.length
    this.#characters += entry.length
    if (this.#closing.signal.aborted || this.#characters >= batchCharacters) this.#due = true
    if (this.#due || this.#entries.length >= batchSize) this.#send()
    else this.#timer ??= this.#wakeAfter(this.#dueInMs())
  }

  /** Delivers what waits; resolves when nothing waits and nothing is under way. Waits between tries are cut short. */
  close(): Promise<void> {
    this.#closing.abort()
    this.#due = true
    this.#send()
    if (this.#pending === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const before = this.#whenEmpty
      this.#whenEmpty = () => {
        before?.()
        resolve()
      }
    })
  }

  #dueInMs(): number {
    const { inactiveMs, maxAgeMs } = this.#options
    return Math.min(this.#newestAt + inactiveMs, this.#oldestAt + maxAgeMs) - performance.now()
  }

  #wakeAfter(waitMs: number): NodeJS.Timeout {
    // An entry moves the time without touching the timer, which looks again when it fires: adding costs no timer.
    const timer = setTimeout(
      () => {
        this.#timer = undefined
        if (this.#entries.length === 0) return
        const leftMs = this.#dueInMs()
        if (leftMs > 0) this.#timer = this.#wakeAfter(leftMs)
        else {
          this.#due = true
          this.#send()
        }
      },
      Math.max(1, Math.ceil(timerMs(waitMs))),
    )
    timer.unref()
    return timer
  }

  #send(): void {
    const { batchSize, concurrency } = this.#options
    while (this.#underWay < concurrency && this.#entries.length > 0) {
      if (!this.#due && this.#entries.length < batchSize) break
      const batch = this.#entries.splice(0, batchSize)
      for (const entry of batch) this.#characters -= entry.length
      this.#underWay++
      void this.#deliver(batch).finally(() => this.#finished(batch))
    }
    if (this.#entries.length === 0) {
      this.#due = false
      clearTimeout(this.#timer)
      this.#timer = undefined
    } else if (this.#underWay < concurrency) {
      this.#oldestAt = performance.now()
      this.#timer ??= this.#wakeAfter(this.#dueInMs())
    }
  }

  #finished(batch: E[]): void {
    this.#underWay--
    this.#pending -= batch.length
    this.#options.onPending(-batch.length)
    for (const entry of batch) this.#pendingCharacters -= entry.length
    this.#send()
    if (this.#pending > 0) return
    this.#whenEmpty?.()
    this.#whenEmpty = undefined
  }

  async #deliver(batch: E[]): Promise<unknown> {
    const { deliver, maxRetries, retryDelayMs, onDropped, onRetry } = this.#options
    let last = 0
    for (let tried = 0; ; tried++) {
      if (this.#closing.signal.aborted) last++
      try {
        await deliver(batch)
        return
      } catch (error) {
        if (tried >= maxRetries || last >= MAX_LAST_TRIES) {
          onDropped(batch.length, error as Error)
          return
        }
        onRetry(error as Error)
        await this.#pause(retryDelayMs)
      }
    }
  }

  async #pause(waitMs: number): Promise<void> {
    const { signal } = this.#closing
    if (signal.aborted) return
    // Rejects only when closing cuts the wait short.
    await sleep(Math.max(LEAST_PAUSE_MS, timerMs(waitMs)), undefined, { signal }).catch(() => {})
  }
}
