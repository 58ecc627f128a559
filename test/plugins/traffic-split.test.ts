import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench, startEcho } from './harness.ts'

const bench = await startBench()
const two = await startEcho('u2')
const three = await startEcho('u3')
const split = (...rules: object[]): void => bench.route({ 'traffic-split': { rules } })
const server = async (target = '/a', headers = {}): Promise<string> =>
  (await bench.send(target, { headers })).json<Echo>().server

test('deals by weight, exactly', async () => {
  split({ weighted_upstreams: [{ upstream: two.upstream, weight: 3 }, { weight: 1 }] })
  const counts: Record<string, number> = {}
  for (let i = 0; i < 20; i++) {
    const name = await server()
    counts[name] = (counts[name] ?? 0) + 1
  }
  assert.deepEqual(counts, { u1: 5, u2: 15 })
})

test('the first rule whose condition holds', async () => {
  split(
    {
      match: [{ vars: [['arg_v', '==', '2']] }, { vars: [['http_x_v', '==', '2']] }],
      weighted_upstreams: [{ upstream: two.upstream }],
    },
    {
      match: [
        {
          vars: [
            ['arg_v', '==', '3'],
            ['arg_w', '==', '1'],
          ],
        },
      ],
      weighted_upstreams: [{ upstream: three.upstream }],
    },
  )
  assert.equal(await server('/a'), 'u1')
  assert.equal(await server('/a?v=2'), 'u2')
  assert.equal(await server('/a', { 'X-V': '2' }), 'u2')
  assert.equal(await server('/a?v=3'), 'u1')
  assert.equal(await server('/a?v=3&w=1'), 'u3')
})

test('upstreams by id follow their changes; weight 0 gets nothing', async () => {
  bench.put('upstreams/x', two.upstream)
  split({ weighted_upstreams: [{ upstream_id: 'x', weight: 1 }, { weight: 0 }] })
  assert.equal(await server(), 'u2')
  bench.put('upstreams/x', three.upstream)
  assert.equal(await server(), 'u3')
  split({ weighted_upstreams: [{ upstream: two.upstream, weight: 0 }] })
  assert.equal(await server(), 'u1')
})

test('an upstream that does not exist is 502', async () => {
  split({ weighted_upstreams: [{ upstream_id: 'nowhere' }] })
  assert.equal((await bench.send('/a')).status, 502)
})

test('a route without an upstream of its own', async () => {
  const rules = [{ match: [{ vars: [['arg_v', '==', '2']] }], weighted_upstreams: [{ upstream: two.upstream }] }]
  bench.route({ 'traffic-split': { rules } }, { upstream: undefined })
  assert.equal(await server('/a?v=2'), 'u2')
  assert.equal((await bench.send('/a')).status, 503)
})

test('refuses a broken condition and a broken upstream', () => {
  assert.match(refusal('traffic-split', { rules: [{ match: [{ vars: [['a', '??', 1]] }] }] }) ?? '', /invalid operator/)
  assert.ok(
    refusal('traffic-split', { rules: [{ weighted_upstreams: [{ upstream: { type: 'chash', nodes: {}, key: 5 } }] }] }),
  )
})

test('a rule with an empty match always holds', async () => {
  split({ match: [], weighted_upstreams: [{ upstream: two.upstream }] })
  assert.equal(await server(), 'u2')
})
