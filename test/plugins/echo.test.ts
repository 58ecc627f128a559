import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

test('text before, in place of and after the body', async () => {
  bench.route({ echo: { before_body: 'B-', after_body: '-A' } })
  const around = await bench.send('/a?body=text&type=text/plain')
  assert.equal(around.text, 'B-text-A')
  assert.equal(around.headers['content-type'], 'text/plain; charset=utf-8')
  bench.route({ echo: { before_body: 'B', body: 'M', after_body: 'A' } })
  const missing = await bench.send('/a?status=404')
  assert.equal(missing.status, 404)
  assert.equal(missing.text, 'BMA')
})

test('headers, and the gateway’s own answers', async () => {
  const echo = { body: 'only', headers: { 'X-E': '1', 'X-N': 2 } }
  bench.route({ echo, 'ip-restriction': { blacklist: ['127.0.0.1'] } })
  const answer = await bench.send('/a')
  assert.equal(answer.status, 403)
  assert.equal(answer.text, 'only')
  assert.deepEqual([answer.headers['x-e'], answer.headers['x-n']], ['1', '2'])
})

test('a body in the place of an encoded one says nothing of an encoding', async () => {
  const plugins = { echo: { body: 'only' }, 'response-rewrite': { headers: { set: { 'Content-Encoding': 'gzip' } } } }
  bench.route(plugins)
  const answer = await bench.send('/a')
  assert.deepEqual([answer.text, answer.headers['content-encoding']], ['only', undefined])
})

test('needs one of the texts', () => {
  assert.equal(refusal('echo', {}), 'expect object to have at least 1 properties')
  assert.match(refusal('echo', { headers: { a: 'b' } }) ?? '', /matches none of the required: \["before_body"\]/)
})
