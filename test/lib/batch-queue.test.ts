import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BatchOptions, BatchQueue } from '../../src/lib/batch-queue.ts'
import { until } from '../until.ts'

interface Log {
  batches: string[][]
  dropped: [number, string][]
  retries: number
  pending: number
}

function queueOf(options: Partial<BatchOptions> = {}): { queue: BatchQueue; log: Log } {
  const log: Log = { batches: [], dropped: [], retries: 0, pending: 0 }
  const queue = new BatchQueue({
    batchSize: 2,
    batchCharacters: 100,
    inactiveMs: 60_000,
    maxAgeMs: 60_000,
    maxRetries: 0,
    retryDelayMs: 1,
    concurrency: 1,
    maxPendingEntries: () => 100,
    maxPendingCharacters: 1000,
    deliver: async (batch) => void log.batches.push(batch),
    onDropped: (entries, reason) => log.dropped.push([entries, reason instanceof Error ? reason.message : reason]),
    onRetry: () => log.retries++,
    onPending: (change) => {
      log.pending += change
    },
    ...options,
  })
  return { queue, log }
}

test('a full batch goes at once, the rest when the queue is closed', async () => {
  const { queue, log } = queueOf()
  for (const entry of ['a', 'b', 'c']) queue.add(entry)
  assert.equal(log.pending, 3)
  await until(() => log.batches.length === 1)
  assert.deepEqual(log.batches, [['a', 'b']])
  await queue.close()
  assert.deepEqual(log.batches, [['a', 'b'], ['c']])
  assert.equal(log.pending, 0)
  queue.add('d')
  await queue.close()
  assert.deepEqual(log.batches.at(-1), ['d'])
})

test('a batch that is not full goes when nothing comes any more, or when it is old', async () => {
  const inactive = queueOf({ inactiveMs: 20 })
  inactive.queue.add('a')
  await until(() => inactive.log.batches.length === 1)
  const old = queueOf({ batchSize: 1000, inactiveMs: 60_000, maxAgeMs: 60 })
  const adding = setInterval(() => old.queue.add('x'), 5)
  await until(() => old.log.batches.length >= 1)
  clearInterval(adding)
  await old.queue.close()
})

test('enough characters go at once, whatever their number', async () => {
  const { queue, log } = queueOf({ batchSize: 10, batchCharacters: 5 })
  for (const entry of ['aa', 'bbb', 'cc']) queue.add(entry)
  await until(() => log.batches.length === 1)
  assert.deepEqual(log.batches, [['aa', 'bbb']])
  await queue.close()
})

test('what does not fit is dropped and counted', async () => {
  let entries = 3
  const { queue, log } = queueOf({ batchSize: 100, maxPendingEntries: () => entries })
  for (let i = 0; i < 5; i++) queue.add('a')
  assert.equal(log.dropped.length, 2)
  entries = 100
  queue.add('b'.repeat(998))
  assert.equal(log.dropped.length, 3)
  await queue.close()
  assert.deepEqual(log.batches, [['a', 'a', 'a']])
  queue.add('b'.repeat(998))
  await queue.close()
  assert.equal(log.batches.length, 2)
})

test('a failed batch is tried again, then dropped; closing cuts the wait short', async () => {
  let failures = 2
  const deliver = async (): Promise<void> => {
    if (failures-- > 0) throw new Error('away')
  }
  const again = queueOf({ deliver, maxRetries: 2 })
  again.queue.add('a')
  await again.queue.close()
  assert.deepEqual([again.log.retries, again.log.dropped], [2, []])
  failures = Number.POSITIVE_INFINITY
  const never = queueOf({ deliver, maxRetries: 1, retryDelayMs: 3_600_000, batchSize: 1 })
  never.queue.add('a')
  await until(() => never.log.retries === 1)
  await never.queue.close()
  assert.deepEqual(never.log.dropped, [[1, 'away']])
})

test('a queue that closes tries a few times more, however many are allowed, and a wait of months is no wait of none', async () => {
  const deliver = () => Promise.reject(new Error('away'))
  const endless = queueOf({ deliver, maxRetries: Number.MAX_SAFE_INTEGER, retryDelayMs: 2 ** 33, batchSize: 1 })
  endless.queue.add('a')
  await sleep(60)
  assert.equal(endless.log.retries, 1)
  await endless.queue.close()
  assert.deepEqual(endless.log.dropped, [[1, 'away']])
  endless.queue.add('b')
  await endless.queue.close()
  assert.deepEqual(endless.log.dropped[1], [1, 'away'])
})

test('several deliveries may be under way, no more than allowed', async () => {
  let underWay = 0
  let most = 0
  const deliver = async (): Promise<void> => {
    most = Math.max(most, ++underWay)
    await sleep(5)
    underWay--
  }
  const { queue } = queueOf({ deliver, batchSize: 1, concurrency: 3 })
  for (let i = 0; i < 10; i++) queue.add('a')
  await queue.close()
  assert.equal(most, 3)
  assert.equal(underWay, 0)
})
