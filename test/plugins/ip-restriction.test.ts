import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()
const from = async (remoteAddr: string) => await bench.send('/a', { remoteAddr })

test('a whitelist lets its addresses and networks pass alone', async () => {
  bench.route({ 'ip-restriction': { whitelist: ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'] } })
  for (const address of ['127.0.0.1', '10.9.9.9', '::1', 'fd12::5', '::ffff:10.1.1.1'])
    assert.equal((await from(address)).status, 200, address)
  const refused = await from('11.0.0.1')
  assert.equal(refused.status, 403)
  assert.deepEqual(refused.json(), { message: 'Your IP address is not allowed' })
  assert.equal((await from('fe80::1')).status, 403)
})

test('a blacklist refuses, with a message and a status', async () => {
  bench.route({ 'ip-restriction': { blacklist: ['10.0.0.0/8'], message: 'no', response_code: 404 } })
  const refused = await from('10.1.1.1')
  assert.equal(refused.status, 404)
  assert.deepEqual(refused.json(), { message: 'no' })
  assert.equal((await from('127.0.0.1')).status, 200)
})

test('in a global rule it guards unknown paths too', async () => {
  bench.route({})
  bench.put('global_rules/1', { plugins: { 'ip-restriction': { blacklist: ['10.0.0.0/8'] } } })
  assert.equal((await from('10.1.1.1')).status, 403)
  bench.put('global_rules/1', undefined)
  assert.equal((await from('10.1.1.1')).status, 200)
})

test('refuses what is no address', () => {
  for (const bad of ['300.1.1.1', '1.1.1.1/33', 'a', '::g'])
    assert.equal(
      refusal('ip-restriction', { whitelist: [bad] }),
      'property "whitelist" validation failed: failed to validate item 1: object matches none of the required',
    )
  assert.match(refusal('ip-restriction', { whitelist: [':::1'] }) ?? '', /is not an IP address or network/)
  assert.equal(
    refusal('ip-restriction', { whitelist: ['1.1.1.1'], blacklist: ['2.2.2.2'] }),
    'value should match only one schema, but matches both schemas 1 and 2',
  )
})
