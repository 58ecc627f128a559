import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

const on = (path: string): unknown[] => [['uri', '==', path]]

test('the first rule whose case holds answers', async () => {
  bench.route({
    workflow: {
      rules: [
        { case: on('/a'), actions: [['return', { code: 403 }]] },
        { case: ['OR', ['uri', '==', '/a'], ['uri', '==', '/b']], actions: [['return', { code: 404 }]] },
      ],
    },
  })
  const refused = await bench.send('/a')
  assert.deepEqual([refused.status, refused.json()], [403, { error_msg: 'rejected by workflow' }])
  assert.equal((await bench.send('/b')).status, 404)
  assert.equal((await bench.send('/c')).status, 200)
})

test('a case is not got around by what stands before', async () => {
  bench.route({
    workflow: { rules: [{ case: [['request_uri', '~~', 'union']], actions: [['return', { code: 403 }]] }] },
  })
  assert.equal((await bench.send(`/a?q=${'x'.repeat(5000)}union`)).status, 403)
})

test('each limit has counters of its own, also beside the route’s', async () => {
  const limit = { count: 1, time_window: 60, rejected_code: 429 }
  bench.route({
    'limit-count': { count: 3, time_window: 60 },
    workflow: {
      rules: [
        { case: on('/a'), actions: [['limit-count', limit]] },
        { case: on('/b'), actions: [['limit-count', limit]] },
      ],
    },
  })
  assert.equal((await bench.send('/a')).status, 200)
  assert.equal((await bench.send('/b')).status, 200)
  const refused = await bench.send('/a')
  assert.deepEqual([refused.status, refused.headers['x-ratelimit-limit']], [429, '1'])
  assert.equal((await bench.send('/c')).status, 200)
  assert.equal((await bench.send('/c')).status, 503)
})

test('limit-conn gives its place back', async () => {
  const limit = { conn: 1, burst: 0, default_conn_delay: 0.1, rejected_code: 429 }
  bench.route({ workflow: { rules: [{ actions: [['limit-conn', limit]] }] } })
  for (let i = 0; i < 3; i++) assert.equal((await bench.send('/a')).status, 200)
})

test('bad configuration is refused', () => {
  const fault = (...actions: unknown[]): string => refusal('workflow', { rules: [{ actions }] }) ?? ''
  assert.equal(fault(), '')
  assert.match(fault(['nope', {}]), /^unsupported action: nope$/)
  assert.match(fault(['return', {}]), /^failed to validate the 'return' action: property "code" is required$/)
  assert.match(fault(['limit-conn', { conn: 1 }]), /'limit-conn' action: .*"default_conn_delay" is required/)
  assert.match(fault(['limit-count', { count: 1, time_window: 1, group: 'a' }]), /group is not supported/)
  assert.match(fault(['return', { code: 403 }], ['return', { code: 404 }]), /takes one action/)
})
