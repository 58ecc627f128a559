import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics, MetricsReader } from '../../src/gateway/metrics.ts'

test('series beyond the first memory count on, the old ones and the new ones', () => {
  const reader = new MetricsReader()
  const metrics = new Metrics((series) => reader.describe(0, series))
  reader.attach(0, metrics.buffer)
  const counter = metrics.counter('requests', 'Requests.', ['path'])
  const first = counter.slot(['/0'])
  metrics.add(first, 1)
  for (let i = 1; i < 10_000; i++) counter.inc([`/${i}`])
  metrics.add(first, 1)
  const samples = reader.collect()[0]?.samples ?? []
  assert.equal(samples.length, 10_000)
  assert.deepEqual(
    ['/0', '/9999'].map((path) => samples.find(({ values }) => values[0] === path)?.numbers[0]),
    [2, 1],
  )
})
