import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

/** An upstream whose answers wait until they are let go. */
const waiting: ServerResponse[] = []
let arrived = (): void => undefined
const slow = createServer((_request, response) => {
  waiting.push(response)
  arrived()
})
await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
after(() => {
  slow.closeAllConnections()
  slow.close()
})
const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${(slow.address() as AddressInfo).port}`]: 1 } }

async function untilWaiting(count: number): Promise<void> {
  while (waiting.length < count)
    await new Promise<void>((resolve) => {
      arrived = resolve
    })
}

function letGo(): void {
  for (const response of waiting.splice(0)) response.end('done')
}

const limit = {
  conn: 1,
  burst: 0,
  default_conn_delay: 0.1,
  key: 'remote_addr',
  rejected_code: 429,
  rejected_msg: 'busy',
}

test('more than conn and burst at a time are refused, and a place is free when a request has ended', async () => {
  bench.route({ 'limit-conn': limit }, { upstream })
  for (let round = 0; round < 2; round++) {
    const first = bench.send('/a')
    await untilWaiting(1)
    const second = await bench.send('/a')
    assert.equal(second.status, 429)
    assert.deepEqual(second.json(), { error_msg: 'busy' })
    letGo()
    assert.equal((await first).status, 200)
  }
})

test('a refused request takes no place', async () => {
  bench.route({ 'limit-conn': limit, 'limit-count': { count: 1, time_window: 60, rejected_code: 430 } })
  assert.deepEqual(
    [(await bench.send('/a')).status, (await bench.send('/a')).status, (await bench.send('/a')).status],
    [200, 430, 430],
  )
})

test('requests within the burst wait, each longer than the one before', async () => {
  bench.route({ 'limit-conn': { ...limit, burst: 2 } }, { upstream })
  const startedAt = performance.now()
  const sent = [bench.send('/a'), bench.send('/a'), bench.send('/a')]
  assert.equal((await bench.send('/a')).status, 429)
  await untilWaiting(2)
  assert.ok(performance.now() - startedAt >= 95)
  await untilWaiting(3)
  assert.ok(performance.now() - startedAt >= 190)
  letGo()
  assert.deepEqual(
    (await Promise.all(sent)).map(({ status }) => status),
    [200, 200, 200],
  )
})

test('or all equally long', async () => {
  bench.route(
    { 'limit-conn': { ...limit, burst: 2, only_use_default_delay: true, default_conn_delay: 1 } },
    { upstream },
  )
  const startedAt = performance.now()
  const sent = [bench.send('/a'), bench.send('/a'), bench.send('/a')]
  await untilWaiting(2)
  const secondAt = performance.now()
  await untilWaiting(3)
  const apartMs = performance.now() - secondAt
  assert.ok(secondAt - startedAt >= 990 && apartMs < 900, `${secondAt - startedAt} ms, then ${apartMs} ms`)
  letGo()
  await Promise.all(sent)
})

test('several rules; one whose variables are absent does not apply', async () => {
  const rules = [
    { conn: 1, burst: 0, key: '$http_user' },
    { conn: '$http_places', burst: 0, key: '$remote_addr' },
  ]
  bench.route({ 'limit-conn': { default_conn_delay: 0.1, rejected_code: 429, rules } }, { upstream })
  const sent = [bench.send('/a', { headers: { user: 'x', places: '2' } })]
  await untilWaiting(1)
  assert.equal((await bench.send('/a', { headers: { user: 'x', places: '2' } })).status, 429)
  sent.push(bench.send('/a', { headers: { places: '2' } }))
  await untilWaiting(2)
  assert.equal((await bench.send('/a', { headers: { places: '2' } })).status, 429)
  assert.equal((await bench.send('/a')).status, 500, 'a number that cannot be had')
  letGo()
  await Promise.all(sent)
  const again = bench.send('/a', { headers: { user: 'x', places: '2' } })
  await untilWaiting(1)
  letGo()
  assert.equal((await again).status, 200, 'what the refused request had taken was given back')
})

test('bad configuration is refused', () => {
  assert.equal(refusal('limit-conn', limit), undefined)
  assert.match(refusal('limit-conn', { conn: 1, burst: 0 }) ?? '', /"default_conn_delay" is required/)
  assert.match(refusal('limit-conn', { ...limit, conn: 0 }) ?? '', /"conn" validation failed/)
  assert.match(refusal('limit-conn', { ...limit, rules: [] }) ?? '', /conn\/burst and rules cannot/)
  assert.match(refusal('limit-conn', { default_conn_delay: 1 }) ?? '', /matches none/)
  assert.match(
    refusal('limit-conn', { ...limit, policy: 'redis-cluster', redis_cluster_nodes: ['a:1'] }) ?? '',
    /else clause/,
  )
})
