import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocateTraffic, CountedConnections, readTraffic, Traffic } from '../../src/gateway/traffic.ts'
import { startBench } from './harness.ts'

const bench = await startBench()

test('counts requests', async () => {
  bench.route({ 'public-api': { uri: '/apisix/status' } })
  type Status = { id: string; status: Record<string, string> }
  const first = (await bench.send('/s')).json<Status>()
  const second = (await bench.send('/s')).json<Status>()
  assert.equal(first.id, 'node-for-test')
  assert.equal(Number(second.status.total), Number(first.status.total) + 1)
  assert.equal(second.status.writing, '1')
})

test('the numbers of all threads are added up; a thread that starts again has nothing open', () => {
  const memory = allocateTraffic(2)
  const one = new CountedConnections<string>(new Traffic(memory, 0))
  const two = new CountedConnections<string>(new Traffic(memory, 1))
  one.add('a')
  one.add('a')
  two.add('b')
  two.add('c')
  two.delete('b')
  two.delete('b')
  assert.deepEqual(readTraffic(memory), { accepted: 3, active: 2, requests: 0, writing: 0 })
  new Traffic(memory, 1).requestBegan()
  assert.deepEqual(readTraffic(memory), { accepted: 3, active: 1, requests: 1, writing: 1 })
})
