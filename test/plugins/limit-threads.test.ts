// One limit for all threads: several real threads count on one table, and exactly the allowed number passes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { enter, leave } from '../../src/lib/limit-local.ts'
import { countFixed, countSliding } from '../../src/lib/limit-window.ts'
import { SharedTable } from '../../src/lib/shared-table.ts'

const THREADS = 4
const EACH = 5000
const LIMIT = 7777

test('four threads let exactly the limit pass', async () => {
  const { buffer } = new SharedTable(1024)
  const code = `
    import { parentPort, workerData } from 'node:worker_threads'
    import { SharedTable } from ${JSON.stringify(new URL('../../src/lib/shared-table.ts', import.meta.url).href)}
    import { countFixed } from ${JSON.stringify(new URL('../../src/lib/limit-window.ts', import.meta.url).href)}
    const table = new SharedTable(workerData)
    let passed = 0
    for (let i = 0; i < ${EACH}; i++) if (countFixed(table, 'one key', ${LIMIT}, 60000, 1000).allowed) passed++
    parentPort.postMessage(passed)`
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
  const counts = await Promise.all(
    Array.from(
      { length: THREADS },
      () =>
        new Promise<number>((resolve, reject) =>
          new Worker(url, { workerData: buffer }).once('message', resolve).once('error', reject),
        ),
    ),
  )
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    LIMIT,
  )
})

test('a fixed window ends when it should', () => {
  const table = new SharedTable(64)
  assert.deepEqual(
    [1, 2, 3].map(() => countFixed(table, 'k', 2, 1000, 500).allowed),
    [true, true, false],
  )
  assert.equal(countFixed(table, 'k', 2, 1000, 1499).resetMs, 1)
  assert.equal(countFixed(table, 'k', 2, 1000, 1501).allowed, true)
})

test('a sliding window weighs the window before', () => {
  const table = new SharedTable(64)
  for (let i = 0; i < 10; i++) assert.equal(countSliding(table, 'k', 10, 1000, 900).allowed, true)
  assert.equal(countSliding(table, 'k', 10, 1000, 1100).allowed, true, 'nine of ten still count')
  assert.equal(countSliding(table, 'k', 10, 1000, 1100).allowed, false)
  assert.equal(countSliding(table, 'k', 10, 1000, 1500).allowed, true)
})

test('a sliding window takes requests until it is full, as in APISIX, and tells when a refused one has room', () => {
  const table = new SharedTable(64)
  const count = (now: number) => countSliding(table, 'k', 2, 1000, now)
  const [first, second, third] = [count(100), count(100), count(100)]
  assert.deepEqual(first, { allowed: true, remaining: 1, resetMs: 900 })
  assert.deepEqual(second, { allowed: true, remaining: 0, resetMs: 900 })
  assert.deepEqual(third, { allowed: false, remaining: 0, resetMs: 900 }, 'this window is full')
  assert.deepEqual(
    count(1250),
    { allowed: true, remaining: 0, resetMs: 750 },
    'one and a half of the window before are less than two',
  )
  const refused = count(1250)
  assert.deepEqual(
    refused,
    { allowed: false, remaining: 0, resetMs: 250 },
    'with one in this window, one of the window before may count',
  )
  assert.equal(count(1249 + refused.resetMs).allowed, false)
  assert.equal(count(1251 + refused.resetMs).allowed, true)
  for (let i = 0; i < 6; i++) countSliding(table, 'many', 6, 1000, 2900)
  assert.equal(countSliding(table, 'many', 2, 1000, 3100).allowed, true, 'a window before counts as one that was full')
})

test('a full bucket forgets the key that was not asked for longest, and only memory is lost', () => {
  const table = new SharedTable(8)
  for (let i = 0; i < 10_000; i++) assert.equal(countFixed(table, `k${i}`, 1, 60_000, 1000).allowed, true)
})

test('a key that is counted now is not pushed out by keys that are kept longer', () => {
  const table = new SharedTable(8)
  assert.equal(countFixed(table, 'mine', 1, 1000, 1000).allowed, true)
  for (let i = 0; i < 400; i++) {
    const now = 1001 + i
    countFixed(table, `other ${i}`, 1, 24 * 3600 * 1000, now)
    assert.equal(countFixed(table, 'mine', 1, 1000, now).allowed, false, `pushed out by ${i} others`)
  }
})

test('nobody can tell which keys share a bucket: each table hashes otherwise', () => {
  const forgotten = (): string => {
    const table = new SharedTable(8)
    for (let i = 0; i < 200; i++) countFixed(table, `k${i}`, 1, 60_000, 1000 + i)
    return Array.from({ length: 200 }, (_, i) => (table.read(`k${i}`, 1300) ? '1' : '0')).join('')
  }
  assert.notEqual(forgotten(), forgotten())
})

test('a place that was given back leaves nothing', () => {
  const table = new SharedTable(64)
  assert.equal(enter(table, 'k', 2, 1000), 1)
  assert.equal(enter(table, 'k', 2, 1000), 2)
  leave(table, 'k', 1001)
  assert.equal(table.read('k', 1001)?.a, 1)
  leave(table, 'k', 1002)
  assert.equal(table.read('k', 1002), undefined)
})
