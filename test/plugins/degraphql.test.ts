import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench()
const query = 'query($name: String!) { user(name: $name) { id } }'

test('a GET gives variables in its arguments', async () => {
  bench.route({ degraphql: { query, variables: ['name'] } })
  const { method, url } = (await bench.send('/a?name=jo%26ann&other=1')).json<Echo>()
  const asked = new URL(url, 'http://upstream').searchParams
  assert.deepEqual([method, asked.get('query'), asked.get('other')], ['GET', query, null])
  assert.deepEqual(JSON.parse(asked.get('variables') ?? ''), { name: 'jo&ann' })
})

test('a repeated argument is a list, one without a value is true', async () => {
  bench.route({ degraphql: { query, variables: ['name', 'flag', 'none'] } })
  const { url } = (await bench.send('/a?name=a&name=b&flag')).json<Echo>()
  const variables = new URL(url, 'http://upstream').searchParams.get('variables')
  assert.deepEqual(JSON.parse(variables ?? ''), { name: ['a', 'b'], flag: true })
})

test('a POST gives them in its body', async () => {
  bench.route({ degraphql: { query, variables: ['name'], max_req_body_size: 40 } })
  const send = (body: string) => bench.send('/a', { method: 'POST', body })
  const echo = (await send('{"name":"jo","other":1}')).json<Echo>()
  assert.deepEqual(JSON.parse(echo.body), { variables: { name: 'jo' }, query })
  assert.equal(echo.headers['content-type'], 'application/json')
  for (const body of ['', '{', '[]', 'null']) assert.equal((await send(body)).status, 400)
  assert.equal((await send(JSON.stringify({ name: 'x'.repeat(50) }))).status, 413)
})

test('an operation is named; other methods are refused', async () => {
  bench.route({ degraphql: { query: 'query A { x } query B { y }', operation_name: 'B' } })
  const echo = (await bench.send('/a', { method: 'POST' })).json<Echo>()
  assert.equal(JSON.parse(echo.body).operationName, 'B')
  assert.equal((await bench.send('/a', { method: 'PUT' })).status, 405)
})

test('bad configurations are refused', () => {
  const fault = (conf: object) => refusal('degraphql', conf)
  assert.equal(fault({ query: 'not { graphql' }), 'failed to parse query: Syntax error near line 1')
  assert.match(fault({ query: 'query A { x } query B { y }' }) ?? '', /^operation_name is required/)
  assert.match(fault({ query: 'query A { x }', operation_name: 'C' }) ?? '', /no operation of the query/)
  assert.equal(fault({ query }), undefined)
})
