import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

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

test('what was checked is what the upstream gets', async () => {
  bench.route({ 'request-validation': { body_schema } })
  const seen = async (body: string): Promise<string> => (await post('application/json', body)).json<Echo>().body
  assert.equal(await seen('{ "name": "jo", "n": 1.0 }'), '{ "name": "jo", "n": 1.0 }')
  assert.equal(await seen('{"name":1,"name":"jo"}'), '{"name":"jo"}')
  assert.equal(await seen('{"name":"jo","o":[{"a":1,"\\u0061":2}]}'), '{"name":"jo","o":[{"a":2}]}')
  const upstreams = await bench.send('/a', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from([0x7b, 0x22, 0xc1, 0xa1, 0x22, 0x3a, 0x31, 0x2c, ...Buffer.from('"name":"jo"}')]),
  })
  assert.match(upstreams.text, /not JSON/)
})

test('absent members get their defaults, once the body has been checked', async () => {
  const properties = {
    name: { type: 'string' },
    size: { type: 'integer', default: 3 },
    inner: { type: 'object', properties: { kind: { type: 'string', default: 'plain' } } },
  }
  bench.route({ 'request-validation': { body_schema: { type: 'object', required: ['name'], properties } } })
  const seen = async (body: string): Promise<string> => (await post('application/json', body)).json<Echo>().body
  assert.equal(await seen('{"name": "jo", "inner": {}}'), '{"name":"jo","inner":{"kind":"plain"},"size":3}')
  assert.equal(await seen('{ "name": "jo", "size": 4 }'), '{ "name": "jo", "size": 4 }')
})

test('formats', async () => {
  const formats = ['email', 'ipv4', 'ipv6', 'hostname', 'uri']
  const properties = Object.fromEntries(formats.map((format) => [format, { type: 'string', format }]))
  bench.route({ 'request-validation': { body_schema: { type: 'object', properties } } })
  const answer = async (body: object) => await post('application/json', JSON.stringify(body))
  const good = { email: 'a.b+c@d.example', ipv4: '1.2.3.4', ipv6: '::1', hostname: 'a-b.example', uri: 'not looked at' }
  assert.equal((await answer(good)).status, 200)
  for (const [format, value] of Object.entries({ email: 'a@b', ipv4: '1.2.3.256', ipv6: ':1', hostname: 'a b' }))
    assert.match(
      (await answer({ [format]: value })).text,
      new RegExp(`"${format}" validation failed: expect valid ${format}`),
    )
  assert.match((await answer({ ipv4: 'x' })).text, /expect valid ipv4 address but got: x$/)
})

test('no field of a form is beyond the sight of the schema', async () => {
  const body_schema = { type: 'object', properties: { evil: { const: 'no' } } }
  bench.route({ 'request-validation': { body_schema } })
  const padded = (fields: number): string => `${'a=1&'.repeat(fields)}evil=yes`
  assert.match((await post(FORM, padded(10))).text, /"evil"/)
  assert.match((await post(FORM, padded(1000))).text, /more than 1000 fields/)
  assert.match((await post(FORM, `${'&'.repeat(2000)}evil=yes`)).text, /"evil"/)
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
