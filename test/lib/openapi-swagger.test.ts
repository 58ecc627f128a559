import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOpenApi } from '../../src/lib/openapi-document.ts'
import { OpenApiToolset } from '../../src/lib/openapi-toolset.ts'

const read = (operation: object, more: object = {}): OpenApiToolset => {
  const paths = { '/shops/{id}': { post: { operationId: 'op', ...operation } } }
  return new OpenApiToolset(readOpenApi(JSON.stringify({ swagger: '2.0', info: {}, paths, ...more })), false)
}
const id = { name: 'id', in: 'path', required: true, type: 'integer', minimum: 1 }
const inputs = (tools: OpenApiToolset): Record<string, object> =>
  tools.tools[0]?.inputSchema.properties as Record<string, object>
const pathParameters = { id: 7 }

test('a parameter says itself what it takes', () => {
  const sort = {
    name: 'sort',
    in: 'query',
    type: 'string',
    enum: ['up', 'down'],
    description: 'the order',
    default: 'up',
  }
  const tools = read({ parameters: [id, sort] })
  assert.partialDeepStrictEqual(inputs(tools), {
    pathParameters: { properties: { id: { type: 'integer', minimum: 1 } }, required: ['id'] },
    queryParameters: {
      properties: { sort: { description: 'the order', type: 'string', enum: ['up', 'down'], default: 'up' } },
      required: [],
    },
  })
  assert.throws(() => tools.request('op', { pathParameters: { id: 'x' } }, true), /must be integer/)
  assert.throws(
    () => tools.request('op', { pathParameters, queryParameters: { sort: 'side' } }, true),
    /allowed values/,
  )
  assert.equal(
    tools.request('op', { pathParameters, queryParameters: { sort: 'down' } }, true).target,
    '/shops/7?sort=down',
  )
})

test('lists are written as their collectionFormat says', () => {
  const list = (name: string, collectionFormat?: string): object => ({
    name,
    in: 'query',
    type: 'array',
    items: { type: 'string' },
    collectionFormat,
  })
  const tools = read({
    parameters: [id, list('a'), list('b', 'csv'), list('c', 'ssv'), list('d', 'pipes'), list('e', 'multi')],
  })
  const x = ['1', '2']
  assert.equal(
    tools.request('op', { pathParameters, queryParameters: { a: x, b: x, c: x, d: x, e: x } }, true).target,
    '/shops/7?a=1,2&b=1,2&c=1%202&d=1%7C2&e=1&e=2',
  )
})

test('a body is what its parameter says, in JSON unless others are taken', () => {
  const definitions = { Shop: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } }
  const body = { name: 'shop', in: 'body', required: true, schema: { $ref: '#/definitions/Shop' } }
  const tools = read({ parameters: [id, body] }, { definitions })
  assert.throws(() => tools.request('op', { pathParameters }, true), /requestBody/)
  assert.throws(() => tools.request('op', { pathParameters, requestBody: {} }, true), /name/)
  const { headers, body: sent } = tools.request('op', { pathParameters, requestBody: { name: 'a' } }, true)
  assert.deepEqual([headers, sent?.toString()], [[['Content-Type', 'application/json']], '{"name":"a"}'])
  const merge = read({ parameters: [id, body], consumes: ['application/merge-patch+json'] }, { definitions })
  assert.equal(merge.tools[0]?.bodyType, 'application/merge-patch+json')
})

test('fields of a form are one body; a form with files is left out', () => {
  const field = (name: string, type = 'string', required = false): object => ({ name, in: 'formData', type, required })
  const tools = read({ parameters: [id, field('a', 'string', true), field('b', 'integer')] })
  assert.throws(() => tools.request('op', { pathParameters, requestBody: { b: 1 } }, true), /'a'/)
  const { headers, body } = tools.request('op', { pathParameters, requestBody: { a: 'x y', b: 1 } }, true)
  assert.deepEqual([headers, body?.toString()], [[['Content-Type', 'application/x-www-form-urlencoded']], 'a=x+y&b=1'])
  for (const operation of [
    { parameters: [id, field('f', 'file')] },
    { parameters: [id, field('a')], consumes: ['multipart/form-data'] },
  ])
    assert.equal(inputs(read(operation)).requestBody, undefined)
})
