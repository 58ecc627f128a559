import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBench } from './harness.ts'

const bench = await startBench()

test('an interface is only there through this plugin, by the request’s path or a configured one', async () => {
  bench.route({})
  assert.equal((await bench.send('/apisix/status?status=418')).status, 418)
  bench.route({ 'public-api': {} })
  assert.equal((await bench.send('/apisix/status')).status, 200)
  assert.equal((await bench.send('/apisix/other')).status, 404)
  assert.equal((await bench.send('/apisix/status', { method: 'DELETE' })).status, 404)
  bench.route({ 'public-api': { uri: '/apisix/status' } })
  assert.equal((await bench.send('/mine')).status, 200)
})

test('other plugins stand before it', async () => {
  bench.route({ 'public-api': { uri: '/apisix/status' }, 'key-auth': {} })
  assert.equal((await bench.send('/mine')).status, 401)
})
