import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench({
  'consumers/ann': { username: 'ann', plugins: { 'basic-auth': { username: 'ann', password: 'secret' } } },
  'consumers/bob': { username: 'bob', plugins: { 'key-auth': { key: 'bob-key' } } },
  'consumers/guest': { username: 'guest', plugins: {} },
})
const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })
const both = { auth_plugins: [{ 'basic-auth': {} }, { 'key-auth': { hide_credentials: true } }] }

test('each plugin lets its consumers pass', async () => {
  bench.route({ 'multi-auth': both })
  const ann = (await bench.send('/a', { headers: basic('ann:secret') })).json<Echo>()
  assert.equal(ann.headers['x-consumer-username'], 'ann')
  const bob = (await bench.send('/a', { headers: { ...basic('ann:wrong'), apikey: 'bob-key' } })).json<Echo>()
  assert.equal(bob.headers['x-consumer-username'], 'bob')
  assert.equal(bob.headers.apikey, undefined)
})

test('a success carries no challenge', async () => {
  bench.route({ 'multi-auth': both })
  const { status, headers } = await bench.send('/a', { headers: { apikey: 'bob-key' } })
  assert.deepEqual([status, headers['www-authenticate']], [200, undefined])
})

test('refused when no plugin knows the request', async () => {
  bench.route({ 'multi-auth': both })
  const requests: Record<string, string>[] = [{}, basic('ann:wrong'), { apikey: 'nobody' }]
  for (const headers of requests) {
    const refused = await bench.send('/a', { headers })
    assert.deepEqual([refused.status, refused.json()], [401, { message: 'Authorization Failed' }])
    assert.equal(refused.headers['www-authenticate'], 'apikey realm="key"')
  }
})

test('an anonymous consumer of a plugin is one for all', async () => {
  bench.route({
    'multi-auth': { auth_plugins: [{ 'basic-auth': {} }, { 'key-auth': { anonymous_consumer: 'guest' } }] },
  })
  const echo = (await bench.send('/a')).json<Echo>()
  assert.equal(echo.headers['x-consumer-username'], 'guest')
})

test('bad configurations are refused', () => {
  const fault = (...members: object[]) => refusal('multi-auth', { auth_plugins: members })
  assert.match(fault({ 'key-auth': {} }) ?? '', /at least 2 items/)
  assert.equal(fault({ 'key-auth': {} }, { cors: {} }), 'cors plugin is not supported')
  assert.equal(fault({ 'key-auth': {} }, { nope: {} }), 'nope plugin did not found')
  assert.match(fault({ 'key-auth': { header: 5 } }, { 'basic-auth': {} }) ?? '', /^plugin key-auth check schema failed/)
  assert.match(fault({ 'key-auth': { _meta: { disable: true } } }, { 'basic-auth': {} }) ?? '', /write it beside/)
  assert.equal(fault({ 'key-auth': {} }, { 'basic-auth': {} }), undefined)
})
