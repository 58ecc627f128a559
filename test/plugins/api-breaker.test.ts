import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
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

test('it tries again after two seconds, and successes make it whole', async () => {
  bench.route({
    'api-breaker': { break_response_code: 599, unhealthy: { failures: 1 }, healthy: { successes: 2 } },
  })
  const path = `/${randomUUID()}`
  assert.equal((await bench.send(`${path}?status=500`)).status, 500)
  assert.equal((await bench.send(path)).status, 599)
  await sleep(2100)
  assert.equal((await bench.send(path)).status, 200)
  assert.equal((await bench.send(path)).status, 200)
  assert.equal((await bench.send(`${path}?status=500`)).status, 500)
  assert.equal((await bench.send(path)).status, 599)
  await sleep(2100)
  assert.equal((await bench.send(path)).status, 200, 'the break was two seconds again, not four')
})

test('bad configuration is refused', () => {
  assert.match(refusal('api-breaker', {}) ?? '', /"break_response_code" is required/)
  assert.match(
    refusal('api-breaker', { break_response_code: 502, unhealthy: { http_statuses: [404] } }) ?? '',
    /at least 500/,
  )
  assert.equal(refusal('api-breaker', { break_response_code: 502 }), undefined)
})
