import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { HealthTable } from '../../../src/gateway/upstream/health-table.ts'

test('a node goes down and comes back after so many in a row, with the statuses that APISIX names', () => {
  const table = new HealthTable(8)
  const slot = table.claim('a')
  const steps: [event: Parameters<HealthTable['count']>[1], limit: number, status: string, up: boolean][] = [
    ['success', 2, 'healthy', true],
    ['http_failure', 2, 'mostly_healthy', true],
    ['success', 2, 'mostly_healthy', true],
    ['http_failure', 2, 'mostly_healthy', true],
    ['tcp_failure', 2, 'mostly_healthy', true],
    ['http_failure', 2, 'unhealthy', false],
    ['http_failure', 2, 'unhealthy', false],
    ['success', 2, 'mostly_unhealthy', false],
    ['timeout_failure', 3, 'mostly_unhealthy', false],
    ['success', 2, 'mostly_unhealthy', false],
    ['success', 2, 'healthy', true],
  ]
  for (const [i, [event, limit, status, up]] of steps.entries()) {
    table.count(slot, event, limit)
    assert.equal(table.read(slot).status, status, `step ${i}`)
    assert.equal(table.isUp(slot), up, `step ${i}`)
  }
})

test('counters of one side begin anew when the other is counted', () => {
  const table = new HealthTable(8)
  const slot = table.claim('a')
  table.count(slot, 'tcp_failure', 5)
  table.count(slot, 'http_failure', 5)
  table.count(slot, 'timeout_failure', 5)
  table.count(slot, 'timeout_failure', 5)
  const failed = { success: 0, tcp_failure: 1, http_failure: 1, timeout_failure: 2 }
  assert.deepEqual(table.read(slot), { status: 'mostly_healthy', counter: failed })
  table.count(slot, 'success', 5)
  const better = { success: 1, tcp_failure: 0, http_failure: 0, timeout_failure: 0 }
  assert.deepEqual(table.read(slot), { status: 'mostly_healthy', counter: better })
  for (let i = 0; i < 300; i++) table.count(slot, 'http_failure', 1000)
  assert.equal(table.read(slot).counter.http_failure, 255)
})

test('slots are found by name, given back, and bounded', () => {
  const table = new HealthTable(3)
  const names = ['a', 'b', 'c']
  const slots = names.map((name) => table.claim(name))
  assert.equal(new Set(slots).size, 3)
  assert.deepEqual(
    names.map((name) => new HealthTable(table.buffer).find(name)),
    slots,
  )
  assert.equal(table.claim('d'), -1)
  const { generation } = table
  table.count(slots[1] as number, 'tcp_failure', 1)
  table.release(slots[1] as number)
  assert.notEqual(table.generation, generation)
  assert.equal(table.find('b'), -1)
  assert.deepEqual([table.find('a'), table.find('c')], [slots[0], slots[2]])
  const again = table.claim('d')
  assert.equal(again, slots[1])
  assert.equal(table.read(again).status, 'healthy')
})

test('no failure is lost when two threads count at once', async () => {
  const table = new HealthTable(8)
  const slot = table.claim('a')
  const file = new URL('../../../src/gateway/upstream/health-table.ts', import.meta.url).href
  const code = `import(${JSON.stringify(file)}).then(({ HealthTable }) => {
    const { workerData } = require('node:worker_threads')
    const table = new HealthTable(workerData.buffer)
    for (let i = 0; i < 100; i++) table.count(workerData.slot, 'tcp_failure', 255)
  })`
  const workers = [0, 1].map(() => new Worker(code, { eval: true, workerData: { buffer: table.buffer, slot } }))
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))))
  assert.equal(table.read(slot).counter.tcp_failure, 200)
})
