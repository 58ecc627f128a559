import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal } from './harness.ts'

test('bad configuration is refused', () => {
  const good = { count: 1, time_window: 60 }
  assert.equal(refusal('limit-count', good), undefined)
  assert.match(refusal('limit-count', { ...good, rules: [] }) ?? '', /cannot be specified at the same time/)
  assert.match(refusal('limit-count', { ...good, policy: 'redis' }) ?? '', /then clause/)
  assert.equal(refusal('limit-count', { ...good, sync_interval: 0 }), undefined, 'it counts only with Redis')
  assert.match(
    refusal('limit-count', { ...good, policy: 'redis', redis_host: '127.0.0.1', sync_interval: 0 }) ?? '',
    /sync_interval should not be smaller than 0.1/,
  )
  const sentinels = { redis_sentinels: [{ host: '10.0.0.1', port: 26379 }], redis_master_name: 'limits' }
  assert.equal(refusal('limit-count', { ...good, policy: 'redis-sentinel', ...sentinels }), undefined)
  assert.match(
    refusal('limit-count', { ...good, policy: 'redis-sentinel', ...sentinels, redis_role: 'slave' }) ?? '',
    /else clause/,
    'a replica cannot count',
  )
})
