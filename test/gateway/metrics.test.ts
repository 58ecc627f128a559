import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Metrics, MetricsReader } from '../../src/gateway/metrics.ts'

/** A thread that has counted 2, has 5 of something, and has seen 3 ms. */
function thread(reader: MetricsReader, id: number): void {
  const waiting: Parameters<MetricsReader['describe']>[1][] = []
  const metrics = new Metrics((series) => waiting.push(series))
  reader.attach(id, metrics.buffer)
  metrics.counter('requests', '', ['code']).inc(['200'], 2)
  metrics.gauge('queue', '', []).set([], 5)
  metrics.histogram('latency', '', [], [1, 10]).observe([], 3)
  for (const series of waiting) reader.describe(id, series)
}

function numbers(reader: MetricsReader): Record<string, number[] | undefined> {
  return Object.fromEntries(reader.collect().map(({ definition, samples }) => [definition.name, samples[0]?.numbers]))
}

test('what a thread has counted outlives it, what it had does not', () => {
  const reader = new MetricsReader()
  thread(reader, 0)
  thread(reader, 1)
  assert.deepEqual(numbers(reader), { requests: [4], queue: [10], latency: [0, 2, 0, 6] })
  reader.detach(0)
  const left = { requests: [4], queue: [5], latency: [0, 2, 0, 6] }
  assert.deepEqual(numbers(reader), left)
  assert.deepEqual(numbers(reader), left, 'reading changes nothing')
  thread(reader, 2)
  assert.deepEqual(numbers(reader), { requests: [6], queue: [10], latency: [0, 3, 0, 9] })
  reader.detach(1)
  reader.detach(2)
  assert.deepEqual(numbers(reader), { requests: [6], latency: [0, 3, 0, 9] })
})

/** What the heap holds without garbage: when that is collected is nobody's to know. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

test('series beyond the bounds take no memory, however many a stranger makes and however long their labels are', () => {
  const reader = new MetricsReader()
  let described = 0
  const metrics = new Metrics(() => described++)
  reader.attach(0, metrics.buffer)
  const counter = metrics.counter('requests', 'Requests.', ['agent'])
  for (let i = 0; i < 100; i++) counter.inc(['x'.repeat(20_000) + i])
  assert.deepEqual([described, reader.dropped], [0, 100])
  for (let i = 0; i < 6000; i++) counter.inc(['x'.repeat(8000) + i])
  assert.ok(described > 4000 && described < 4200, `${described} series`)
  assert.equal(reader.dropped, 6100 - described)
  const before = heldBytes()
  for (let i = 0; i < 100_000; i++) counter.inc([`${'y'.repeat(500)}${i}`])
  assert.ok(heldBytes() - before < 4 * 1024 * 1024)
})

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
