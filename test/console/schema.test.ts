// What forms read from schemas: which control fits, which members there are, which form a value has; for every plugin's own schema too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conditionsOf, isExpression, OPERATORS, toExpression, valueFrom } from '../../console/src/forms/conditions.ts'
import {
  emptyOf,
  type FieldSchema,
  formOf,
  formsOf,
  fromText,
  membersOf,
  pruned,
  shapeOf,
} from '../../console/src/forms/schema.ts'
import { checkVars } from '../../src/gateway/router/vars.ts'
import { plugins } from '../../src/plugins/index.ts'

function schemaOf(name: string): FieldSchema {
  const plugin = plugins.find((one) => one.name === name)
  assert.ok(plugin, name)
  return plugin.schema as FieldSchema
}

/** Follows members, items and forms down. */
function inner(schema: FieldSchema, ...names: string[]): FieldSchema {
  return names.reduce<FieldSchema>((here, name) => {
    const next = name === '[]' ? here.items : here.properties?.[name]
    assert.ok(next, name)
    return next
  }, schema)
}

test('a control for each kind of field', () => {
  assert.equal(shapeOf({ type: 'string' }), 'text')
  assert.equal(shapeOf({ type: 'string', enum: ['a', 'b'] }), 'one of')
  assert.equal(shapeOf({ oneOf: [{ type: 'integer' }, { type: 'string' }] }), 'scalar')
  assert.equal(shapeOf({ type: ['string', 'number'] }), 'scalar')
  assert.equal(shapeOf({ type: 'array', items: { type: 'string', enum: ['a'] } }), 'options')
  assert.equal(shapeOf({ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'string' }] } }), 'lines')
  assert.equal(shapeOf({ type: 'array', items: { type: 'object', properties: { a: {} } } }), 'items')
  assert.equal(shapeOf({ type: 'array' }), 'json')
  assert.equal(shapeOf({ type: 'object', additionalProperties: { type: 'string' } }), 'map')
  assert.equal(shapeOf({ anyOf: [{ type: 'object' }, { type: 'string' }] }), 'choice')
  // Which members go together is no form of its own.
  const together = { type: 'object', properties: { a: {}, b: {} }, oneOf: [{ required: ['a'] }, { required: ['b'] }] }
  assert.equal(shapeOf(together), 'object')
})

test('members that a choice brings', () => {
  const limit = schemaOf('limit-count')
  assert.ok(!('redis_host' in membersOf(limit, {}).properties))
  const { properties, required } = membersOf(limit, { policy: 'redis' })
  assert.ok('redis_host' in properties && 'count' in properties)
  assert.ok(required.has('redis_host'))
  const rule = inner(schemaOf('data-mask'), 'request', '[]')
  assert.ok(!membersOf(rule, { type: 'query', action: 'remove' }).required.has('regex'))
  assert.ok(membersOf(rule, { type: 'query', action: 'regex' }).required.has('regex'))
})

test('which form a value has', () => {
  const forms = formsOf(inner(schemaOf('response-rewrite'), 'headers'))
  assert.equal(formOf(forms, { set: { 'X-A': '1' } }), 0)
  assert.equal(formOf(forms, { 'X-A': '1' }), 1)
  const nodes = formsOf({
    anyOf: [
      { type: 'object', patternProperties: { '.*': { type: 'integer' } } },
      { type: 'array', items: {} },
    ],
  })
  assert.equal(formOf(nodes, { 'a:1': 1 }), 0)
  assert.equal(formOf(nodes, [{ host: 'a' }]), 1)
})

test('texts, and what was begun and left empty', () => {
  const either = { oneOf: [{ type: 'integer' }, { type: 'string' }] }
  assert.equal(fromText('12', either), 12)
  assert.equal(fromText('$http_x', either), '$http_x')
  assert.equal(fromText('12', { type: 'string' }), '12')
  assert.equal(fromText('', either), undefined)
  assert.deepEqual(pruned({ a: undefined, b: [undefined, '', 1], c: { d: undefined } }), { b: [1], c: {} })
})

test('every field of every plugin has a control, and an empty value that the control takes', () => {
  let fields = 0
  const walk = (schema: FieldSchema, depth: number): void => {
    fields++
    const shape = shapeOf(schema)
    const empty = emptyOf(schema)
    if (shape === 'object' || shape === 'map') assert.equal(typeof empty, 'object')
    if (shape === 'items' || shape === 'lines' || shape === 'options') assert.ok(Array.isArray(empty))
    if (depth > 6) return
    for (const one of Object.values(membersOf(schema, {}).properties)) walk(one, depth + 1)
    if (schema.items) walk(schema.items, depth + 1)
    for (const one of formsOf(schema)) walk(one, depth + 1)
  }
  for (const one of plugins) walk(one.schema as FieldSchema, 0)
  assert.ok(fields > 500, `${fields}`)
})

test('expressions as rows: what rows hold comes back as it was, what they cannot hold stays JSON', () => {
  const held = [
    ['arg_version', '==', '2'],
    ['http_x', '!', 'in', ['a', 'b']],
    ['arg_n', '>=', 3],
    ['remote_addr', 'ipmatch', ['10.0.0.0/8']],
  ]
  const rows = conditionsOf(held)
  assert.ok(rows)
  assert.deepEqual(toExpression(rows), held)
  assert.deepEqual(toExpression([...rows, { variable: '', operator: '==', value: '' }]), held, 'a row that was begun')
  for (const beyond of [
    ['OR', ['a', '==', '1'], ['b', '==', '2']],
    [['AND', ['a', '==', '1']]],
    [['a', '==', true]],
    [['a', '==', '1', '2']],
    [['a', 'in', 'x']],
    [['a', '!', '==', '1']],
    [['a', 'IN', ['x']]],
    'a == 1',
  ])
    assert.equal(conditionsOf(beyond), undefined, JSON.stringify(beyond))
  assert.deepEqual(valueFrom('red, blue,', 'in'), ['red', 'blue'])
  assert.equal(valueFrom('3', '>'), 3)
  assert.equal(valueFrom('3', '=='), '3')
  assert.ok(isExpression(['plugins', 'x', '_meta', 'filter']) && isExpression(['rules', '1', 'vars']))
  assert.ok(!isExpression(['plugins', 'x', 'filter']))
  for (const operator of Object.keys(OPERATORS)) {
    const value = valueFrom(operator.includes('ip') ? '10.0.0.1' : '1', operator)
    assert.equal(checkVars(toExpression([{ variable: 'a', operator, value }])), undefined, operator)
  }
})
