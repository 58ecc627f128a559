// What a cache is to its users: bytes by key, in memory that all threads share (cache-memory.ts) or in files (cache-disk.ts). Either forgets
// old values when it is full; what a value means, and when it is too old, is its user's affair.

export type Later<T> = T | Promise<T>

export interface CacheStore {
  /** The value, in memory of the caller's own. */
  get(key: string): Later<Buffer | undefined>
  /** Keeps a value, or does not: a cache that has no room for it says nothing. */
  put(key: string, value: Buffer): void
  /** True when there was a value. */
  delete(key: string): Later<boolean>
}

/** Goes on at once where a value is there, so that a cache in memory costs no turn of the event loop. */
export function after<T, R>(value: Later<T>, next: (value: T) => Later<R>): Later<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
