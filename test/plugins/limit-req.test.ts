import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

async function statuses(count: number, target = '/a', headers: Record<string, string> = {}): Promise<number[]> {
  const answers = []
  for (let i = 0; i < count; i++) answers.push((await bench.send(target, { headers })).status)
  return answers
}

test('what exceeds the rate and the burst is refused', async () => {
  bench.route({
    'limit-req': { rate: 0.1, burst: 0, key: 'remote_addr', rejected_code: 429, rejected_msg: 'slow down' },
  })
  assert.equal((await bench.send('/a')).status, 200)
  const refused = await bench.send('/a')
  assert.equal(refused.status, 429)
  assert.deepEqual(refused.json(), { error_msg: 'slow down' })
})

test('a refusal without a message is the gateway’s page', async () => {
  bench.route({ 'limit-req': { rate: 0.1, burst: 0, key: 'remote_addr' } })
  await bench.send('/a')
  const refused = await bench.send('/a')
  assert.equal(refused.status, 503)
  assert.match(refused.text, /503 Service/)
})

test('requests within the burst wait for their turn', async () => {
  bench.route({ 'limit-req': { rate: 5, burst: 2, key: 'remote_addr' } })
  const startedAt = performance.now()
  assert.deepEqual(await statuses(3), [200, 200, 200])
  assert.ok(performance.now() - startedAt >= 380, 'three requests at five a second take 0.4 s')
})

test('with nodelay they pass at once', async () => {
  bench.route({ 'limit-req': { rate: 0.1, burst: 2, key: 'remote_addr', nodelay: true } })
  const startedAt = performance.now()
  assert.deepEqual(await statuses(4), [200, 200, 200, 503])
  assert.ok(performance.now() - startedAt < 5000)
})

test('each key has a bucket; one whose variables are absent is that of the address', async () => {
  bench.route({ 'limit-req': { rate: 0.1, burst: 0, key: '$http_a $http_b', key_type: 'var_combination' } })
  assert.deepEqual(await statuses(2, '/', { a: '1' }), [200, 503])
  assert.deepEqual(await statuses(2, '/', { a: '1', b: '2' }), [200, 503])
  assert.deepEqual(await statuses(2, '/'), [200, 503])
})

test('the limit of a service is one for its routes', async () => {
  const limit = { 'limit-req': { rate: 0.1, burst: 0, key: 'remote_addr' } }
  bench.put('services/s', { upstream: bench.upstream, plugins: limit })
  bench.put('routes/s1', { uri: '/s1', service_id: 's' })
  bench.put('routes/s2', { uri: '/s2', service_id: 's' })
  assert.deepEqual([...(await statuses(1, '/s1')), ...(await statuses(1, '/s2'))], [200, 503])
})

test('bad configuration is refused', () => {
  const good = { rate: 1, burst: 0, key: 'remote_addr' }
  assert.equal(refusal('limit-req', good), undefined)
  assert.match(refusal('limit-req', { ...good, rate: 0 }) ?? '', /"rate" .* greater than 0/)
  assert.match(refusal('limit-req', { rate: 1, burst: 1 }) ?? '', /"key" is required/)
  assert.match(refusal('limit-req', { ...good, policy: 'redis' }) ?? '', /then clause did not match/)
  assert.match(
    refusal('limit-req', { ...good, policy: 'redis', redis_host: '127.0.0.1', redis_port: 0 }) ?? '',
    /then clause/,
  )
  assert.equal(refusal('limit-req', { ...good, policy: 'redis', redis_host: '127.0.0.1' }), undefined)
})
