import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench()

test('a body that is too large is refused', async () => {
  bench.route({ 'client-control': { max_body_size: 5 } })
  const post = (body: string) => bench.send('/a', { method: 'POST', body })
  assert.equal((await post('12345')).json<Echo>().body, '12345')
  assert.equal((await post('123456')).status, 413)
  assert.equal((await bench.send('/a')).status, 200)
})

test('0 is no bound', async () => {
  bench.route({ 'client-control': { max_body_size: 0 } })
  assert.equal((await bench.send('/a', { method: 'POST', body: 'x'.repeat(1000) })).status, 200)
})

test('bad configuration is refused', () => {
  assert.match(refusal('client-control', { max_body_size: -1 }) ?? '', /at least 0/)
})
