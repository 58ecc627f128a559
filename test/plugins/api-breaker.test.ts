import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

test('after enough failures it answers itself, with body and headers', async () => {
  bench.route({
    'api-breaker': {
      break_response_code: 502,
      break_response_body: '{"error":"later"}',
      break_response_headers: [
        { key: 'Content-Type', value: 'application/json' },
        { key: 'X-Uri', value: '$uri' },
      ],
      unhealthy: { http_statuses: [500, 503], failures: 2 },
    },
  })
  const path = `/${randomUUID()}`
  assert.equal((await bench.send(`${path}?status=500`)).status, 500)
  assert.equal((await bench.send(`${path}?status=404`)).status, 404)
  assert.equal((await bench.send(`${path}?status=503`)).status, 503)
  const broken = await bench.send(path)
  assert.equal(broken.status, 502)
  assert.deepEqual(broken.json(), { error: 'later' })
  assert.equal(broken.headers['content-type'], 'application/json')
  assert.equal(broken.headers['x-uri'], path)
  assert.equal((await bench.send(`/${randomUUID()}`)).status, 200, 'another uri is whole')
})

test('it tries again after two seconds, and successes make it whole', async (t) => {
  let now = Date.now()
  t.mock.method(Date, 'now', () => now)
  bench.route({
    'api-breaker': { break_response_code: 599, unhealthy: { failures: 1 }, healthy: { successes: 2 } },
  })
  const path = `/${randomUUID()}`
  assert.equal((await bench.send(`${path}?status=500`)).status, 500)
  now += 2000
  assert.equal((await bench.send(path)).status, 599)
  now += 1
  assert.equal((await bench.send(path)).status, 200)
  assert.equal((await bench.send(path)).status, 200)
  assert.equal((await bench.send(`${path}?status=500`)).status, 500)
  assert.equal((await bench.send(path)).status, 599)
  now += 2001
  assert.equal((await bench.send(path)).status, 200, 'the break was two seconds again, not four')
})

test('each break is twice as long as the one before, up to the longest; a failure between successes begins them anew', async (t) => {
  let now = Date.now()
  t.mock.method(Date, 'now', () => now)
  const healthy = { successes: 2 }
  bench.route({
    'api-breaker': { break_response_code: 599, max_breaker_sec: 5, unhealthy: { failures: 1 }, healthy },
  })
  const path = `/${randomUUID()}`
  const broken = async (): Promise<boolean> => (await bench.send(path)).status === 599
  const breaks = async (seconds: number): Promise<void> => {
    assert.equal((await bench.send(`${path}?status=500`)).status, 500)
    now += seconds * 1000
    assert.equal(await broken(), true, `${seconds} s`)
    now += 1
    assert.equal(await broken(), false, `${seconds} s`)
  }
  for (const seconds of [2, 4, 5, 5]) await breaks(seconds)
  assert.equal(await broken(), false, 'the second success on end')
  await breaks(2)
})

test('a failure that is not the last of so many makes the break longer, from where it began', async (t) => {
  let now = Date.now()
  t.mock.method(Date, 'now', () => now)
  bench.route({ 'api-breaker': { break_response_code: 599, unhealthy: { failures: 2 } } })
  const path = `/${randomUUID()}`
  const status = async (query = ''): Promise<number> => (await bench.send(path + query)).status
  assert.deepEqual([await status('?status=500'), await status('?status=500'), await status()], [500, 500, 599])
  now += 2001
  assert.deepEqual([await status('?status=500'), await status()], [500, 599])
  now += 1999
  assert.equal(await status(), 599)
  now += 1
  assert.equal(await status(), 200)
})

test('bad configuration is refused', () => {
  assert.match(refusal('api-breaker', {}) ?? '', /"break_response_code" is required/)
  assert.match(
    refusal('api-breaker', { break_response_code: 502, unhealthy: { http_statuses: [404] } }) ?? '',
    /at least 500/,
  )
  assert.equal(refusal('api-breaker', { break_response_code: 502 }), undefined)
})
