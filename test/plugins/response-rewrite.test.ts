import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'
import { arrived, startReceiver } from './logging/receiver.ts'

const bench = await startBench()

test('replaces status, headers and body', async () => {
  bench.route({
    'response-rewrite': {
      status_code: 202,
      body: '{"new":1}',
      headers: { set: { 'X-Path': '$uri' }, remove: ['X-Gone'] },
    },
  })
  const answer = await bench.send('/a?status=500')
  assert.equal(answer.status, 202)
  assert.equal(answer.headers['x-path'], '/a')
  assert.equal(answer.headers['x-apisix-upstream-status'], '500')
  assert.deepEqual(answer.json(), { new: 1 })
})

test('a base64 body is sent decoded; an empty one empties', async () => {
  bench.route({ 'response-rewrite': { body: 'SGVsbG8=', body_base64: true } })
  assert.equal((await bench.send('/a')).text, 'Hello')
  bench.route({ 'response-rewrite': { body: '' } })
  assert.equal((await bench.send('/a')).text, '')
})

test('filters replace once or everywhere, with groups', async () => {
  bench.route({
    'response-rewrite': {
      filters: [
        { regex: 'o', replace: '0' },
        { regex: 'l', replace: 'L', scope: 'global' },
      ],
    },
  })
  assert.equal((await bench.send('/a?body=hello%20world')).text, 'heLL0 worLd')
  bench.route({ 'response-rewrite': { filters: [{ regex: '(\\w+) (\\w+)', replace: '$2 $1' }] } })
  assert.equal((await bench.send('/a?body=hello%20world')).text, 'world hello')
  bench.route({ 'response-rewrite': { filters: [{ regex: 'HELLO', replace: 'x', options: 'i' }] } })
  assert.equal((await bench.send('/a?body=hello')).text, 'x')
})

test('what filters have made of a body is what a logger sees', async () => {
  const receiver = await startReceiver()
  const logger = { uri: receiver.url, batch_max_size: 1, include_resp_body: true, log_format: { body: '$resp_body' } }
  bench.route({ 'response-rewrite': { filters: [{ regex: 'o', replace: '0' }] }, 'http-logger': logger })
  assert.equal((await bench.send('/a?body=foo')).text, 'f0o')
  assert.equal(JSON.parse((await arrived(receiver.received))[0]?.body ?? '').body, 'f0o')
})

test('a body larger than max_resp_body_size stays as it is', async () => {
  bench.route({ 'response-rewrite': { filters: [{ regex: 'o', replace: '0' }], max_resp_body_size: 4 } })
  assert.equal((await bench.send('/a?body=hello')).text, 'hello')
  assert.equal((await bench.send('/a?body=foo')).text, 'f0o')
})

test('vars decide whether anything is changed', async () => {
  bench.route({ 'response-rewrite': { body: 'sorry', vars: [['status', '==', 500]] } })
  assert.equal((await bench.send('/a?status=500&body=x')).text, 'sorry')
  assert.equal((await bench.send('/a?body=x')).text, 'x')
})

test('changes refusals of other plugins too', async () => {
  bench.route({
    'ip-restriction': { blacklist: ['127.0.0.1'] },
    'response-rewrite': { status_code: 200, body: 'rewritten' },
  })
  const answer = await bench.send('/a')
  assert.equal(answer.status, 200)
  assert.equal(answer.text, 'rewritten')
})

test('header forms: add keeps, set replaces, an empty value removes', async () => {
  bench.route({ 'response-rewrite': { headers: { add: ['X-A: 1', 'X-A: 2'], set: { 'Content-Type': '' } } } })
  const added = await bench.send('/a')
  assert.deepEqual(added.headers['x-a'], ['1', '2'])
  assert.equal(added.headers['content-type'], undefined)
  bench.route({ 'response-rewrite': { headers: { 'X-B': 5 } } })
  assert.equal((await bench.send('/a')).headers['x-b'], '5')
})

test('refuses what cannot work', () => {
  assert.equal(refusal('response-rewrite', { body: '!!', body_base64: true }), 'invalid base64 content')
  assert.match(
    refusal('response-rewrite', { filters: [{ regex: '(', replace: 'b' }] }) ?? '',
    /missing closing parenthesis/,
  )
  assert.equal(
    refusal('response-rewrite', { status_code: 599 }),
    'property "status_code" validation failed: expected 599 to be at most 598',
  )
  assert.match(
    refusal('response-rewrite', { body: 'x', filters: [{ regex: 'a', replace: 'b' }] }) ?? '',
    /dependent schema/,
  )
})
