import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()
const body_schema = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } }
const post = async (type: string, body: string) =>
  await bench.send('/a', { method: 'POST', headers: { 'Content-Type': type }, body })
const FORM = 'application/x-www-form-urlencoded'

test('bodies: JSON and forms', async () => {
  bench.route({ 'request-validation': { body_schema } })
  assert.equal((await post('application/json', '{"name":"jo"}')).status, 200)
  assert.equal((await post(FORM, 'name=jo&x=1')).status, 200)
  assert.equal((await post(`${FORM}; charset=utf-8`, 'name=jo')).status, 200)
  const refused = await post(FORM, 'x=1')
  assert.equal(refused.status, 400)
  assert.equal(refused.text, 'property "name" is required')
  assert.match((await post('application/json', '{"name":5}')).text, /expected string, got number/)
  assert.match((await post('application/json', '{')).text, /not JSON/)
  assert.equal((await bench.send('/a')).status, 400)
})

test('headers', async () => {
  const header_schema = {
    type: 'object',
    required: ['x-must'],
    properties: { 'x-must': { type: 'string', pattern: '^a' } },
  }
  bench.route({ 'request-validation': { header_schema } })
  assert.equal((await bench.send('/a')).text, 'property "x-must" is required')
  assert.equal((await bench.send('/a', { headers: { 'X-Must': 'abc' } })).status, 200)
  assert.match((await bench.send('/a', { headers: { 'X-Must': 'b' } })).text, /failed to match pattern "\^a" with "b"/)
})

test('another status and message; too large a body', async () => {
  bench.route({ 'request-validation': { body_schema, rejected_code: 422, rejected_msg: 'no', max_req_body_size: 20 } })
  const refused = await post('application/json', '{}')
  assert.equal(refused.status, 422)
  assert.equal(refused.text, 'no')
  assert.equal((await post('application/json', `{"name":"${'x'.repeat(50)}"}`)).status, 413)
})

test('refuses what is no schema', () => {
  assert.match(
    refusal('request-validation', { body_schema: { type: 'nope' } }) ?? '',
    /"body_schema" is not a JSON Schema/,
  )
  assert.match(refusal('request-validation', {}) ?? '', /matches none of the required: \["header_schema"\]/)
})
