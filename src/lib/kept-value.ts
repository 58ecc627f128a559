// A value that is dear to get: got when it is first needed, again when it is too old, by one caller for all. While a new one cannot be had the
// old one serves, and nobody asks again at once.

export interface KeptOptions {
  /** Milliseconds that a value is good for. */
  ttlMs: number
  /** Milliseconds after a failure before the next try. */
  retryMs: number
  now(): number
  /** Told of each failure. */
  onFailure(error: unknown): void
}

export class KeptValue<T> {
  readonly #options: KeptOptions
  #held: { value: T; until: number } | undefined
  #loading: Promise<T> | undefined
  #failed: { error: unknown; until: number } | undefined

  constructor(options: KeptOptions) {
    this.#options = options
  }

  /** Rejects when there is no value, not even an old one. */
  async get(load: () => Promise<T>): Promise<T> {
    const now = this.#options.now()
    if (this.#held && now < this.#held.until) return this.#held.value
    if (this.#failed && now < this.#failed.until) return this.#old(this.#failed.error)
    this.#loading ??= this.#load(load).finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #load(load: () => Promise<T>): Promise<T> {
    const { ttlMs, retryMs, now, onFailure } = this.#options
    try {
      const value = await load()
      this.#held = { value, until: now() + ttlMs }
      return value
    } catch (error) {
      onFailure(error)
      this.#failed = { error, until: now() + retryMs }
      return this.#old(error)
    }
  }

  #old(error: unknown): T {
    if (this.#held) return this.#held.value
    throw error
  }
}
