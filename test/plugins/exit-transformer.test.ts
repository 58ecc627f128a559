import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

test('Lua functions are refused with what to use instead; none do nothing', async () => {
  assert.match(refusal('exit-transformer', { functions: ['return 1'] }) ?? '', /use error-page .* response-rewrite/)
  assert.equal(refusal('exit-transformer', {}), 'property "functions" is required')
  assert.equal(refusal('exit-transformer', { functions: [] }), undefined)
  bench.route({ 'exit-transformer': { functions: [] } })
  assert.equal((await bench.send('/a')).status, 200)
})

test('functions that came past the Admin API refuse the request', async () => {
  bench.route({ 'exit-transformer': { functions: ['return 1'] } })
  assert.equal((await bench.send('/a')).status, 501)
})
