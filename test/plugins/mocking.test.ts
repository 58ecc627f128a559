import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

test('answers with an example', async () => {
  bench.route({ mocking: { response_example: '{"a":1}' } })
  const answer = await bench.send('/a', { method: 'POST', body: 'x' })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json;charset=utf8')
  assert.ok(answer.headers['x-mock-by'])
  assert.deepEqual(answer.json(), { a: 1 })
})

test('variables, status, headers, no mark', async () => {
  bench.route({
    mocking: {
      response_example: 'hi $remote_addr $arg_x',
      content_type: 'text/plain',
      response_status: 201,
      response_headers: { 'X-V': '$arg_x' },
      with_mock_header: false,
    },
  })
  const answer = await bench.send('/a?x=5')
  assert.equal(answer.status, 201)
  assert.equal(answer.text, 'hi 127.0.0.1 5')
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(answer.headers['x-v'], '5')
  assert.equal(answer.headers['x-mock-by'], undefined)
})

test('makes JSON from a schema: examples, else random values', async () => {
  const properties = {
    s: { type: 'string', example: 'fixed' },
    i: { type: 'integer' },
    n: { type: 'number' },
    b: { type: 'boolean' },
    o: { type: 'object', properties: { k: { type: 'string' } } },
    l: { type: 'array', items: { type: 'string', example: 'e' } },
    cut: { type: 'integer', example: 155.55 },
    wrong: { type: 'string', example: 5 },
  }
  bench.route({ mocking: { response_schema: { properties } } })
  const made = (await bench.send('/a')).json<Record<string, unknown>>()
  assert.equal(made.s, 'fixed')
  assert.ok(Number.isInteger(made.i))
  assert.equal(typeof made.n, 'number')
  assert.equal(typeof made.b, 'boolean')
  assert.match((made.o as { k: string }).k, /^[a-z]+$/)
  const list = made.l as string[]
  assert.ok(list.length >= 1 && list.length <= 3 && list.every((one) => one === 'e'), JSON.stringify(list))
  assert.equal(made.cut, 155, 'an integer has no fraction')
  assert.match(String(made.wrong), /^[a-z]+$/, 'an example of another type is none')
})

test('makes XML from a schema', async () => {
  const properties = {
    name: { type: 'string', example: 'a<b' },
    inner: { type: 'object', properties: { n: { type: 'integer', example: 5 } } },
    list: { type: 'array', items: { type: 'string', example: 'e' } },
  }
  bench.route({ mocking: { response_schema: { type: 'object', properties }, content_type: 'text/xml' } })
  const answer = await bench.send('/a')
  assert.equal(answer.headers['content-type'], 'text/xml; charset=utf-8')
  const inner = '<inner>\\n    <n>5</n>\\n  </inner>'
  assert.match(
    answer.text,
    new RegExp(`^<data>\\n  <name>a&lt;b</name>\\n  ${inner}\\n(  <list>e</list>\\n){1,3}</data>\\n$`),
  )
  bench.route({ mocking: { response_schema: { properties: { a: { type: 'boolean' } } }, content_type: 'text/plain' } })
  assert.equal(typeof (await bench.send('/a')).json<{ a: unknown }>().a, 'boolean')
})

test('lists in lists do not grow without end', async () => {
  let node: object = { type: 'integer' }
  for (let i = 0; i < 30; i++) node = { type: 'array', items: node }
  bench.route({ mocking: { response_schema: node } })
  assert.ok((await bench.send('/a')).text.length < 10_000)
})

test('refuses what cannot work', () => {
  assert.match(refusal('mocking', {}) ?? '', /matches none of the required: \["response_example"\]/)
  assert.match(refusal('mocking', { response_example: 'a', response_status: 101 }) ?? '', /must be 200 or more/)
  assert.match(refusal('mocking', { response_schema: { type: 'date' } }) ?? '', /has the type "date"/)
  assert.match(refusal('mocking', { response_schema: {}, content_type: 'text/html' }) ?? '', /makes JSON or XML/)
  assert.equal(refusal('mocking', { response_example: 'a', content_type: 'image/png' }), 'unsupported content type!')
  assert.equal(refusal('mocking', { response_example: 'a', content_type: 'text/html; charset=utf-8' }), undefined)
})
