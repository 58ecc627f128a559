// Limits in Redis: each question is one script on one key, so that it is exact however many gateways ask. The clock is Redis's own.
import type { Bucket, LimitStore, Window } from './limit-store.ts'
import type { Counted } from './limit-window.ts'
import { type RedisConnection, redisScript } from './redis-connection.ts'

/** Keys begin with this, so that an operator can tell whose they are. */
const PREFIX = 'gateward:'

const CLOCK = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

// Arguments of both windows: limit, length in ms, cost, 1 to count even beyond the limit. Answer: counted, remaining, ms to the end.
const FIXED = redisScript(`
local limit, length, cost, force = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local left = redis.call('PTTL', KEYS[1])
local used = 0
if left > 0 then used = tonumber(redis.call('GET', KEYS[1])) or 0 else left = length end
if not force and used + cost > limit then return {0, math.max(limit - used, 0), left} end
if used == 0 then redis.call('SET', KEYS[1], cost, 'PX', left) else redis.call('INCRBY', KEYS[1], cost) end
return {1, math.max(limit - used - cost, 0), left}`)

const SLIDING = redisScript(`${CLOCK}
local limit, length, cost, force = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local start = now - now % length
local kept = redis.call('HMGET', KEYS[1], 'start', 'count', 'before')
local from, count, before = tonumber(kept[1] or 0), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
if from ~= start then
  before = from == start - length and count or 0
  count = 0
end
before = math.min(before, limit)
local left = start + length - now
local used = count + before * left / length
if not force and used >= limit - 1e-9 then
  if count < limit then left = math.ceil(left - (limit - count) * length / before) end
  return {0, 0, left}
end
redis.call('HSET', KEYS[1], 'start', start, 'count', count + cost, 'before', before)
redis.call('PEXPIRE', KEYS[1], 2 * length)
return {1, math.max(math.floor(limit - used - cost), 0), left}`)

const FILL = redisScript(`${CLOCK}
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'inside', 'at')
local inside = 0
if kept[1] then
  inside = math.max(kept[1] - rate * math.max(now - kept[2], 0) / 1000 + 1, 0)
  if inside > burst then return -1 end
end
redis.call('HSET', KEYS[1], 'inside', tostring(inside), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil((inside + 1) / rate * 1000))
return math.ceil(inside / rate * 1000)`)

const ENTER = redisScript(`${CLOCK}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local inside = redis.call('ZCARD', KEYS[1])
if inside >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return inside + 1`)

const LEAVE = redisScript(`return redis.call('ZREM', KEYS[1], ARGV[1])`)

export class RedisLimits implements LimitStore {
  readonly #redis: RedisConnection
  readonly #placeMs: number

  /** `placeMs`: after this a place that was never given back (its gateway died) is free again. */
  constructor(redis: RedisConnection, placeMs: number) {
    this.#redis = redis
    this.#placeMs = placeMs
  }

  count(key: string, window: Window): Promise<Counted> {
    return this.#count(key, window, 1, false)
  }

  /** Counts requests that have passed already, even beyond the limit. */
  settle(key: string, window: Window, cost: number): Promise<Counted> {
    return this.#count(key, window, cost, true)
  }

  async #count(key: string, { limit, lengthMs, sliding }: Window, cost: number, force: boolean): Promise<Counted> {
    const args = [Math.floor(limit), Math.ceil(lengthMs), cost, force ? 1 : 0]
    const answer = await this.#redis.run(sliding ? SLIDING : FIXED, PREFIX + key, args)
    const [counted, remaining, resetMs] = answer as [number, number, number]
    return { allowed: counted === 1, remaining, resetMs }
  }

  async fill(key: string, { ratePerSecond, burst }: Bucket): Promise<number | undefined> {
    const waitMs = (await this.#redis.run(FILL, PREFIX + key, [ratePerSecond, burst])) as number
    return waitMs < 0 ? undefined : waitMs
  }

  async enter(key: string, token: string, room: number): Promise<number> {
    return (await this.#redis.run(ENTER, PREFIX + key, [room, this.#placeMs, token])) as number
  }

  async leave(key: string, token: string): Promise<void> {
    await this.#redis.run(LEAVE, PREFIX + key, [token])
  }

  async close(): Promise<void> {
    this.#redis.release()
  }
}
