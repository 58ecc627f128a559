// Keys with a time to live: one timer for the key that expires next. The store deletes the keys in a commit of its own when it is called.
import { timerMs } from '../lib/timer.ts'

/** Calls `onExpired` with the keys whose time has come. The timer does not keep the process alive. */
export class Expiry {
  readonly #expiresAtMs = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Infinity
  readonly #onExpired: (keys: string[]) => void

  constructor(onExpired: (keys: string[]) => void) {
    this.#onExpired = onExpired
  }

  /** Sets (epoch milliseconds) or clears (undefined) the end of a key's life. */
  set(key: string, expiresAtMs: number | undefined): void {
    if (expiresAtMs === undefined) {
      this.#expiresAtMs.delete(key)
      return
    }
    this.#expiresAtMs.set(key, expiresAtMs)
    if (expiresAtMs < this.#timerAtMs) this.#arm(expiresAtMs)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#expiresAtMs.clear()
  }

  #arm(atMs: number): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    const delayMs = timerMs(Math.max(0, atMs - Date.now()))
    this.#timer = setTimeout(() => this.#fire(), delayMs).unref()
  }

  #fire(): void {
    const nowMs = Date.now()
    const expired: string[] = []
    let nextMs = Infinity
    for (const [key, atMs] of this.#expiresAtMs) {
      if (atMs <= nowMs) expired.push(key)
      else nextMs = Math.min(nextMs, atMs)
    }
    this.#timerAtMs = Infinity
    for (const key of expired) this.#expiresAtMs.delete(key)
    if (nextMs !== Infinity) this.#arm(nextMs)
    if (expired.length > 0) this.#onExpired(expired)
  }
}
