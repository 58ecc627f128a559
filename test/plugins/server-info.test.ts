import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

test('has no configuration and does nothing for requests', async () => {
  assert.equal(refusal('server-info', {}), undefined)
  bench.route({ 'server-info': {} })
  assert.equal((await bench.send('/a')).status, 200)
})
