import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerRefusal, type Echo, startBench } from './harness.ts'

const bench = await startBench({
  'consumers/bare': { username: 'bare', plugins: { 'basic-auth': { username: 'bare', password: '' } } },
  'consumers/foo': { username: 'foo', plugins: { 'basic-auth': { username: 'foo', password: 'bar:baz' } } },
  'consumers/anon': { username: 'anon' },
})
const as = async (credentials: string, scheme = 'Basic ') =>
  await bench.send('/a', { headers: { Authorization: scheme + Buffer.from(credentials).toString('base64') } })

test('the right password makes the request that consumer’s', async () => {
  bench.route({ 'basic-auth': {} })
  const answer = await as('foo:bar:baz')
  assert.equal(answer.status, 200)
  assert.equal(answer.json<Echo>().headers['x-consumer-username'], 'foo')
  assert.equal((await as('foo:bar:baz', 'basic ')).status, 200)
  assert.equal((await as('foo:bar:baz\n')).status, 200)
})

test('refuses without, with malformed and with wrong credentials', async () => {
  bench.route({ 'basic-auth': { realm: 'shop' } })
  const missing = await bench.send('/a')
  assert.equal(missing.status, 401)
  assert.equal(missing.headers['www-authenticate'], 'Basic realm="shop"')
  assert.deepEqual(missing.json(), { message: 'Missing authorization in request' })
  for (const header of ['Basic Zm9v', 'Basic ', 'Basic !!!', 'Basic', 'Bearer x', 'Basic  Zm9vOmJhcg==']) {
    const malformed = await bench.send('/a', { headers: { Authorization: header } })
    assert.deepEqual(malformed.json(), { message: 'Invalid authorization in request' }, header)
  }
  for (const wrong of ['foo:bar', 'foo:wrong', 'who:bar', ':bar', 'bare:'])
    assert.deepEqual((await as(wrong)).json(), { message: 'Invalid user authorization' }, wrong)
})

test('hides credentials, and lets strangers be the anonymous consumer', async () => {
  bench.route({ 'basic-auth': { hide_credentials: true, anonymous_consumer: 'anon' } })
  const known = (await as('foo:bar:baz')).json<Echo>()
  assert.equal(known.headers.authorization, undefined)
  const stranger = (await as('x:y')).json<Echo>()
  assert.equal(stranger.headers['x-consumer-username'], 'anon')
  assert.equal(stranger.headers.authorization, undefined)
  assert.equal((await bench.send('/a')).json<Echo>().headers['x-consumer-username'], 'anon')
  bench.route({ 'basic-auth': { anonymous_consumer: 'nobody' } })
  assert.deepEqual((await bench.send('/a')).json(), { message: 'Invalid user authorization' })
})

test('a consumer needs user name and password', () => {
  const empty = 'property "password" validation failed: string too short, expected at least 1, got 0'
  assert.equal(consumerRefusal('basic-auth', { username: 'a', password: '' }), empty)
  assert.equal(consumerRefusal('basic-auth', { username: 'a' }), 'property "password" is required')
})
