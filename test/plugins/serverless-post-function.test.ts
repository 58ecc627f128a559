import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const NAME = 'serverless-post-function'

test('Lua is refused, with what to use instead', () => {
  assert.match(refusal(NAME, { functions: ['return function() end'] }) ?? '', /^Lua functions are not run here: use /)
  assert.equal(refusal(NAME, {}), 'property "functions" is required')
})

test('a configuration that came past the Admin API fails the request', async () => {
  const bench = await startBench()
  bench.route({ [NAME]: { functions: ['return function() end'] } })
  assert.equal((await bench.send('/a')).status, 501)
})
