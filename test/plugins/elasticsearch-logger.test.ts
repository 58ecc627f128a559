import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'
import { arrived, startReceiver } from './logging/receiver.ts'

const bench = await startBench()
const receiver = await startReceiver()

test('a bulk request: an action and an entry in two lines, user and headers', async () => {
  const conf = { endpoint_addrs: [receiver.url], field: { index: 'gateway' }, headers: { 'X-Own': '1' } }
  const auth = { username: 'elastic', password: 'a:b' }
  bench.route({ 'elasticsearch-logger': { ...conf, auth, batch_max_size: 2, log_format: { u: '$uri' } } })
  for (const target of ['/1', '/2']) await bench.send(target)
  const [post] = await arrived(receiver.received)
  assert.equal(post?.url, '/_bulk')
  assert.equal(post?.headers.authorization, `Basic ${Buffer.from('elastic:a:b').toString('base64')}`)
  assert.equal(post?.headers['content-type'], 'application/x-ndjson')
  assert.equal(post?.headers['x-own'], '1')
  const action = '{"create":{"_index":"gateway"}}\n'
  assert.equal(post?.body, `${action}{"u":"/1","route_id":"a"}\n${action}{"u":"/2","route_id":"a"}\n`)
})

test('an API key instead of a user', async () => {
  receiver.received.length = 0
  const conf = { endpoint_addrs: [receiver.url], field: { index: 'x' }, headers: { Authorization: 'ApiKey k' } }
  bench.route({ 'elasticsearch-logger': { ...conf, batch_max_size: 1 } })
  await bench.send('/a')
  const [post] = await arrived(receiver.received)
  assert.equal(post?.headers.authorization, 'ApiKey k')
  assert.equal(JSON.parse(post?.body.split('\n')[1] ?? '').request.uri, '/a')
})

test('configurations that are refused', () => {
  const conf = { endpoint_addrs: ['http://127.0.0.1:9200'], field: { index: 'x' } }
  assert.match(refusal('elasticsearch-logger', { field: { index: 'x' } }) ?? '', /"endpoint_addrs" is required/)
  assert.match(refusal('elasticsearch-logger', { ...conf, field: { index: 'x', type: 'y' } }) ?? '', /leave it out/)
  assert.match(refusal('elasticsearch-logger', { ...conf, field: {} }) ?? '', /"index" is required/)
  assert.match(refusal('elasticsearch-logger', { ...conf, auth: { username: 'a' } }) ?? '', /"password" is required/)
  assert.equal(refusal('elasticsearch-logger', conf), undefined)
})
