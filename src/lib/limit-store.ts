// Where limits keep their numbers: the contract of the local store (memory that all threads share) and the one in Redis (all nodes). A local
// answer comes at once, so that a request that is limited locally never waits for a turn of the event loop.

import { enter, fill, leave } from './limit-local.ts'
import { RedisLimits } from './limit-redis.ts'
import { DelayedLimits } from './limit-sync.ts'
import { type Counted, countFixed, countSliding } from './limit-window.ts'
import { acquireRedis } from './redis-connection.ts'
import { redisSettings } from './redis-settings.ts'
import type { SharedTable } from './shared-table.ts'

type Now<T> = T | Promise<T>

export interface Window {
  limit: number
  lengthMs: number
  sliding: boolean
}

export interface Bucket {
  ratePerSecond: number
  burst: number
}

export interface LimitStore {
  /** Counts one request in the key's window. A refused one is not counted. */
  count(key: string, window: Window): Now<Counted>
  /** Puts one request into the key's leaky bucket: milliseconds to wait for, undefined when it is full. */
  fill(key: string, bucket: Bucket): Now<number | undefined>
  /** Takes a place among those who are in now: how many there are, 0 when there is no room. `token` names the place. */
  enter(key: string, token: string, room: number): Now<number>
  /** Gives the place back. */
  leave(key: string, token: string): Now<void>
  /** Resolves when what was still to be counted elsewhere has been. */
  close(): Promise<void>
}

interface StoreOptions {
  shared: SharedTable
  now(): number
  /** Seconds after which a place in Redis that was never given back is free again. */
  placeSeconds?: number
  /** Seconds between two settlements of counts with Redis; -1 or absent: each request asks it. */
  syncSeconds?: number
}

const PLACE_SECONDS = 3600

/** The store that a configuration's `policy` and its fields ask for. */
export function limitStore(
  conf: { policy: string },
  { shared, now, placeSeconds = PLACE_SECONDS, syncSeconds = -1 }: StoreOptions,
): LimitStore {
  const settings = redisSettings(conf)
  if (settings) {
    const redis = new RedisLimits(acquireRedis(settings), placeSeconds * 1000)
    return syncSeconds > 0 ? new DelayedLimits(redis, syncSeconds * 1000, now) : redis
  }
  return {
    count: (key, { limit, lengthMs, sliding }) =>
      (sliding ? countSliding : countFixed)(shared, key, limit, lengthMs, now()),
    fill: (key, bucket) => fill(shared, key, bucket, now()),
    enter: (key, _token, room) => enter(shared, key, room, now()),
    leave: (key) => leave(shared, key, now()),
    close: () => Promise.resolve(),
  }
}
