import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Shape } from '../../src/lib/unknown-fields.ts'

const leaf = { type: 'string' }
const told = (schema: object, value: unknown): string[] =>
  new Shape(schema).unknownIn(value).map(({ path, meant }) => (meant ? `${path} (${meant})` : path))

test('unknown fields: names that a schema does not have, at any depth, with the nearest that it has', () => {
  const rule = { type: 'object', properties: { count: leaf, time_window: leaf } }
  const schema = { type: 'object', properties: { rules: { type: 'array', items: rule }, policy: leaf } }
  const value = { rules: [{ count: 1 }, { cuont: 1, time_window: 2 }], polcy: 'x', zzz: 1, _vid: 1 }
  assert.deepEqual(told(schema, value), ['rules[1].cuont (count)', 'polcy (policy)', 'zzz'])
})

test('unknown fields: alternatives, conditions and dependencies name fields too', () => {
  const one = (name: string): object => ({ properties: { [name]: leaf } })
  const schema = {
    ...one('a1'),
    oneOf: [one('b1'), { required: ['b1'] }],
    anyOf: [one('c1'), { type: 'string' }],
    allOf: [one('d1')],
    if: one('e1'),
    // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword
    then: one('f1'),
    else: one('g1'),
    dependencies: { a1: one('h1'), b1: ['c1'] },
  }
  const every = Object.fromEntries([...'abcdefgh'].map((letter) => [`${letter}1`, '']))
  assert.deepEqual(told(schema, { ...every, i9: '' }), ['i9'])
})

test('unknown fields: an object whose names are free may have any, and its members are looked into', () => {
  const inner = { type: 'object', properties: { weight: leaf } }
  const free: object[] = [
    { type: 'object' },
    { type: 'object', properties: [] },
    { properties: { a: leaf }, additionalProperties: true },
    { anyOf: [{ properties: { a: leaf } }, { type: 'object' }] },
  ]
  for (const schema of free) assert.deepEqual(told(schema, { other: { x: 1 } }), [], JSON.stringify(schema))
  for (const schema of [{ patternProperties: { '.*': inner } }, { additionalProperties: inner }])
    assert.deepEqual(told(schema, { n1: { wieght: 1 } }), ['n1.wieght (weight)'])
})
