// Schemas that an operator, or the author of an API, has written, and values that a stranger sends: none of them takes a thread.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { readOpenApi } from '../../src/lib/openapi-document.ts'
import { OpenApiToolset } from '../../src/lib/openapi-toolset.ts'
import { compileClaimSchema } from '../../src/plugins/openid-connect/check.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'

const LIST = { type: 'array', uniqueItems: true }
const WORD = { type: 'string', pattern: '^(?:[a-z]+)+$' }
const many = Array.from({ length: 20_000 }, (_, i) => ({ i }))
const slow = `${'a'.repeat(40)}!`

async function quickly(run: () => unknown): Promise<unknown> {
  const began = process.cpuUsage()
  const result = await run()
  assert.ok(process.cpuUsage(began).user < 1_000_000)
  return result
}

test('request-validation', async () => {
  const plugins = { mocking: { response_example: 'hi' }, 'request-validation': { body_schema: LIST } }
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins } })
  after(() => thread.close())
  const send = (value: unknown) => thread.inject({ method: 'POST', target: '/', body: JSON.stringify(value) })
  assert.equal(((await quickly(() => send(many))) as { status: number }).status, 200)
  assert.equal((await send([...many, { i: 1 }])).status, 400)
  const long = Array.from({ length: 1000 }, (_, i) => String(i).padStart(17_000, 'x'))
  assert.equal(((await quickly(() => send(long))) as { status: number }).status, 200)
  assert.equal((await send([...long, long[0]])).status, 400)
})

test('the claims of openid-connect', async () => {
  const fits = compileClaimSchema({ claim_schema: { type: 'object', properties: { list: LIST, word: WORD } } })
  assert.equal(await quickly(() => fits?.({ list: many })), true)
  assert.equal(fits?.({ list: [{ i: 1 }, { i: 1 }] }), false)
  await quickly(() => assert.throws(() => fits?.({ word: slow }), /needs more than 100 ms/))
})

test('the tools of openapi-to-mcp', async () => {
  const schema = { type: 'object', properties: { list: LIST, word: WORD } }
  const put = { operationId: 'change', requestBody: { content: { 'application/json': { schema } } } }
  const document = { openapi: '3.1.0', info: { title: 'one', version: '1' }, paths: { '/one': { put } } }
  const tools = new OpenApiToolset(readOpenApi(JSON.stringify(document)), false)
  const call = (body: object) => tools.request('change', { requestBody: body }, true)
  assert.equal(((await quickly(() => call({ list: many }))) as { method: string }).method, 'PUT')
  assert.throws(() => call({ list: [1, 1] }), /duplicate/)
  await quickly(() => assert.throws(() => call({ word: slow }), /needs more than 100 ms/))
})
