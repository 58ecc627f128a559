// Counts that are settled with Redis from time to time instead of for each request: what remained at the last settlement is dealt out here, and
// what was dealt out is counted in Redis at the next. Cheaper, and inexact by what other gateways let pass in between.
import type { RedisLimits } from './limit-redis.ts'
import type { Bucket, LimitStore, Window } from './limit-store.ts'
import type { Counted } from './limit-window.ts'
import { timerMs } from './timer.ts'

interface Kept {
  window: Window
  /** What Redis said last, and when its window ends. */
  remaining: number
  endsAt: number
  /** Requests that have passed since then. */
  passed: number
}

/** Keys beyond this ask Redis for each request. */
const MAX_KEYS = 100_000

export class DelayedLimits implements LimitStore {
  readonly #redis: RedisLimits
  readonly #intervalMs: number
  readonly #now: () => number
  readonly #kept = new Map<string, Kept>()
  readonly #timer: NodeJS.Timeout

  constructor(redis: RedisLimits, intervalMs: number, now: () => number) {
    this.#redis = redis
    this.#intervalMs = timerMs(intervalMs)
    this.#now = now
    this.#timer = setInterval(() => void this.#settleAll(), this.#intervalMs).unref()
  }

  count(key: string, window: Window): Counted | Promise<Counted> {
    // A window that a variable has made shorter than the interval would end before it is settled.
    if (window.lengthMs <= this.#intervalMs) return this.#redis.count(key, window)
    const kept = this.#kept.get(key)
    const now = this.#now()
    if (!kept || kept.endsAt <= now || kept.window.limit !== window.limit) return this.#ask(key, window)
    const allowed = kept.remaining >= 1
    if (allowed) {
      kept.remaining--
      kept.passed++
    }
    return { allowed, remaining: Math.max(0, kept.remaining), resetMs: kept.endsAt - now }
  }

  fill(key: string, bucket: Bucket): Promise<number | undefined> {
    return this.#redis.fill(key, bucket)
  }

  enter(key: string, token: string, room: number): Promise<number> {
    return this.#redis.enter(key, token, room)
  }

  leave(key: string, token: string): Promise<void> {
    return this.#redis.leave(key, token)
  }

  /** Settles what has passed, then lets go of Redis. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#settleAll()
    await this.#redis.close()
  }

  async #ask(key: string, window: Window): Promise<Counted> {
    const counted = await this.#redis.count(key, window)
    if (this.#kept.size < MAX_KEYS || this.#kept.has(key)) this.#keep(key, window, counted)
    return counted
  }

  #keep(key: string, window: Window, { remaining, resetMs }: Counted): void {
    // What has passed while Redis was asked is not in its answer.
    const passed = this.#kept.get(key)?.passed ?? 0
    this.#kept.set(key, { window, remaining: remaining - passed, endsAt: this.#now() + resetMs, passed })
  }

  async #settleAll(): Promise<void> {
    await Promise.all([...this.#kept].map(([key, kept]) => this.#settle(key, kept)))
  }

  async #settle(key: string, kept: Kept): Promise<void> {
    const { window, passed } = kept
    if (passed === 0) {
      this.#kept.delete(key) // others may have used up what remained: the next request asks
      return
    }
    kept.passed = 0
    try {
      this.#keep(key, window, await this.#redis.settle(key, window, passed))
    } catch {
      const current = this.#kept.get(key)
      if (current) current.passed += passed // Redis is out of reach: counted at the next settlement, and told by the next request that must ask
    }
  }
}
