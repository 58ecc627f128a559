import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

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
  const settled = { ...good, policy: 'redis', redis_host: '127.0.0.1' }
  assert.match(refusal('limit-count', { ...settled, sync_interval: 60 }) ?? '', /smaller than time_window/)
  assert.equal(refusal('limit-count', { ...settled, sync_interval: 59 }), undefined)
  const sentinels = { redis_sentinels: [{ host: '10.0.0.1', port: 26379 }], redis_master_name: 'limits' }
  assert.equal(refusal('limit-count', { ...good, policy: 'redis-sentinel', ...sentinels }), undefined)
  assert.match(
    refusal('limit-count', { ...good, policy: 'redis-sentinel', ...sentinels, redis_role: 'slave' }) ?? '',
    /else clause/,
    'a replica cannot count',
  )
})

test('long keys are told apart to their end', async () => {
  bench.route({ 'limit-count': { count: 1, time_window: 60, rejected_code: 429, key: 'http_x_user' } })
  const status = async (end: string): Promise<number> =>
    (await bench.send('/a', { headers: { 'X-User': `${'x'.repeat(5000)}${end}` } })).status
  assert.deepEqual([await status('1'), await status('2'), await status('1')], [200, 200, 429])
})

test('a combination of no variables is counted by the client’s address, one with defaults by them', async () => {
  const conf = { count: 1, time_window: 60, rejected_code: 429, key_type: 'var_combination' }
  bench.route({ 'limit-count': { ...conf, key: 'remote_addr' } })
  const from = async (remoteAddr: string, headers = {}): Promise<number> =>
    (await bench.send('/a', { remoteAddr, headers })).status
  assert.deepEqual([await from('10.0.0.1'), await from('10.0.0.2'), await from('10.0.0.1')], [200, 200, 429])
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the gateway's own notation
  bench.route({ 'limit-count': { ...conf, key: '${http_x_user ?? nobody}' } })
  assert.deepEqual([await from('10.0.0.1'), await from('10.0.0.2', { 'X-User': 'ann' })], [200, 200])
  assert.equal(await from('10.0.0.2'), 429)
})

test('a count or a window that is no number of a request decides nothing', async () => {
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await bench.send('/a', { headers })).status
  bench.route({ 'limit-count': { count: 1, time_window: '$http_w', rejected_code: 429 } })
  assert.deepEqual([await status({ W: '60' }), await status({ W: '60' })], [200, 429])
  assert.deepEqual([await status({}), await status({ W: 'x' }), await status({ W: '0' })], [500, 500, 500])
  bench.route({ 'limit-count': { count: '$http_c', time_window: 60, rejected_code: 429 } })
  assert.deepEqual([await status({ C: '1' }), await status({ C: '1' }), await status({})], [200, 429, 500])
})

test('X-RateLimit-Reset has hundredths of a second, as in APISIX', async (t) => {
  let now = Date.now()
  t.mock.method(Date, 'now', () => now)
  bench.route({ 'limit-count': { count: 2, time_window: 60, rejected_code: 429 } })
  const reset = async (): Promise<unknown> => (await bench.send('/a')).headers['x-ratelimit-reset']
  assert.equal(await reset(), '60')
  now += 30
  assert.equal(await reset(), '59.97')
  now += 1234
  assert.equal(await reset(), '58.74')
})

test('a prefix stands in the header as it is written', async () => {
  bench.route({ 'limit-count': { rules: [{ count: 2, time_window: 60, key: '$remote_addr', header_prefix: "$'$&" }] } })
  assert.equal((await bench.send('/a')).headers["x-$'$&-ratelimit-limit"], '2')
})

test('rules count apart, also where their keys have one value, and each tells what is left of it', async () => {
  const rule = { time_window: 60, header_prefix: 'a' }
  const rules = [
    { ...rule, count: 3, key: '$http_x_a' },
    { ...rule, count: 2, key: '$http_x_b', header_prefix: 'b' },
  ]
  bench.route({ 'limit-count': { rules, rejected_code: 429 } })
  const headers = { 'X-A': 'same', 'X-B': 'same' }
  const left = async (): Promise<unknown[]> => {
    const answer = await bench.send('/a', { headers })
    return [answer.status, ...['a', 'b'].map((name) => answer.headers[`x-${name}-ratelimit-remaining`])]
  }
  assert.deepEqual(
    [await left(), await left()],
    [
      [200, '2', '1'],
      [200, '1', '0'],
    ],
  )
  assert.deepEqual(await left(), [429, '0', '0'])
})

test('a log can tell what was counted', async () => {
  const set = { 'X-Info': '$rate_limiting_info' }
  bench.route({ 'limit-count': { count: 2, time_window: 60, group: 'shop' }, 'response-rewrite': { headers: { set } } })
  const info = JSON.parse(String((await bench.send('/a')).headers['x-info']))
  assert.match(info.rate_limiting_key, /shop.*127\.0\.0\.1$/)
  assert.deepEqual(
    { ...info, rate_limiting_key: '' },
    {
      rate_limiting_key: '',
      rate_limiting_limit: 2,
      rate_limiting_remaining: 1,
      rate_limiting_reset: 60,
    },
  )
})
