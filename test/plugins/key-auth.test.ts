import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerRefusal, type Echo, refusal, startBench } from './harness.ts'

process.env.KEY_AUTH_TEST = 'from-the-environment'
const bench = await startBench({
  'consumers/jack': { username: 'jack', plugins: { 'key-auth': { key: 'jacks' } } },
  'consumers/jill': { username: 'jill', plugins: {}, labels: { custom_id: 'c-7' } },
  'consumers/jill/credentials/web': { plugins: { 'key-auth': { key: 'jills' } } },
  'consumers/env': { username: 'env', plugins: { 'key-auth': { key: '$env://KEY_AUTH_TEST' } } },
  'consumers/guest': { username: 'guest' },
})
const with_ = (headers: Record<string, string>) => bench.send('/a', { headers })

test('a key in the header or in the query makes the request that consumer’s', async () => {
  bench.route({ 'key-auth': {} })
  assert.equal((await with_({ apikey: 'jacks' })).json<Echo>().headers['x-consumer-username'], 'jack')
  const query = (await bench.send('/a?b=1&apikey=jacks')).json<Echo>()
  assert.equal(query.headers['x-consumer-username'], 'jack')
  assert.equal(query.url, '/a?b=1&apikey=jacks')
  const { headers } = (await with_({ apikey: 'jills' })).json<Echo>()
  assert.equal(headers['x-consumer-username'], 'jill')
  assert.equal(headers['x-credential-identifier'], 'web')
  assert.equal(headers['x-consumer-custom-id'], 'c-7')
})

test('no key, a wrong key, a key of another name: 401 with a challenge', async () => {
  bench.route({ 'key-auth': { realm: 'orders' } })
  const missing = await bench.send('/a')
  assert.deepEqual([missing.status, missing.json()], [401, { message: 'Missing API key in request' }])
  assert.equal(missing.headers['www-authenticate'], 'apikey realm="orders"')
  for (const key of ['wrong', '', 'jack', 'JACKS', 'jacks '.repeat(2), '__proto__', 'constructor']) {
    const answer = await with_({ apikey: key })
    assert.deepEqual([answer.status, answer.json()], [401, { message: 'Invalid API key in request' }], key)
    assert.equal(answer.headers['www-authenticate'], 'apikey realm="orders"')
  }
  assert.equal((await with_({ 'X-Key': 'jacks' })).status, 401)
})

test('the header goes before the query, right or wrong', async () => {
  bench.route({ 'key-auth': {} })
  assert.equal((await bench.send('/a?apikey=jacks', { headers: { apikey: 'wrong' } })).status, 401)
  const { headers } = (await bench.send('/a?apikey=wrong', { headers: { apikey: 'jacks' } })).json<Echo>()
  assert.equal(headers['x-consumer-username'], 'jack')
})

test('names of header and argument, and credentials that the upstream does not see', async () => {
  bench.route({ 'key-auth': { header: 'X-Token', query: 'token', hide_credentials: true } })
  const inHeader = (await with_({ 'x-token': 'jacks', apikey: 'mine' })).json<Echo>()
  assert.deepEqual([inHeader.headers['x-token'], inHeader.headers.apikey], [undefined, 'mine'])
  const inQuery = (await bench.send('/a?x=1&token=jacks&y=2')).json<Echo>()
  assert.equal(inQuery.url, '/a?x=1&y=2')
  assert.equal((await bench.send('/a?token=jacks')).json<Echo>().url, '/a')
  assert.equal((await with_({ apikey: 'jacks' })).status, 401)
})

test('a caller cannot name itself', async () => {
  bench.route({ 'key-auth': {} })
  const spoofed = { 'X-Consumer-Username': 'jill', 'X-Credential-Identifier': 'web', 'X-Consumer-Custom-Id': 'c-7' }
  const { headers } = (await with_({ apikey: 'jacks', ...spoofed })).json<Echo>()
  assert.equal(headers['x-consumer-username'], 'jack')
  assert.equal(headers['x-credential-identifier'], undefined)
  assert.equal(headers['x-consumer-custom-id'], undefined)
})

test('strangers are the anonymous consumer, when there is one', async () => {
  bench.route({ 'key-auth': { anonymous_consumer: 'guest' } })
  assert.equal((await bench.send('/a')).json<Echo>().headers['x-consumer-username'], 'guest')
  assert.equal((await with_({ apikey: 'wrong' })).json<Echo>().headers['x-consumer-username'], 'guest')
  bench.route({ 'key-auth': { anonymous_consumer: 'guest', hide_credentials: true } })
  assert.equal((await with_({ apikey: 'wrong' })).json<Echo>().headers.apikey, undefined)
  assert.equal((await bench.send('/a?apikey=wrong&x=1')).json<Echo>().url, '/a?x=1')
  bench.route({ 'key-auth': { anonymous_consumer: 'nobody' } })
  const answer = await bench.send('/a')
  assert.deepEqual([answer.status, answer.json()], [401, { message: 'Invalid user authorization' }])
})

test('a reference is the value that it names, and never its own text', async () => {
  bench.route({ 'key-auth': {} })
  assert.equal((await with_({ apikey: 'from-the-environment' })).json<Echo>().headers['x-consumer-username'], 'env')
  assert.equal((await with_({ apikey: '$env://KEY_AUTH_TEST' })).status, 401)
})

test('a key that has changed or gone lets nobody in', async () => {
  bench.route({ 'key-auth': {} })
  bench.put('consumers/temp', { username: 'temp', plugins: { 'key-auth': { key: 'old' } } })
  assert.equal((await with_({ apikey: 'old' })).status, 200)
  bench.put('consumers/temp', { username: 'temp', plugins: { 'key-auth': { key: 'new' } } })
  assert.deepEqual([(await with_({ apikey: 'old' })).status, (await with_({ apikey: 'new' })).status], [401, 200])
  bench.put('consumers/temp', undefined)
  assert.equal((await with_({ apikey: 'new' })).status, 401)
})

test('what cannot be is refused when it is written', () => {
  assert.equal(refusal('key-auth', {}), undefined)
  assert.match(refusal('key-auth', { header: 1 }) ?? '', /property "header" validation failed: wrong type/)
  assert.match(refusal('key-auth', { anonymous_consumer: '' }) ?? '', /anonymous_consumer/)
  assert.match(refusal('key-auth', { realm: 'a"b' }) ?? '', /realm/)
  assert.equal(consumerRefusal('key-auth', {}), 'property "key" is required')
  assert.match(consumerRefusal('key-auth', { key: 5 }) ?? '', /wrong type: expected string/)
})
