import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queryArgument, queryFields, valuesByName, withoutArgument } from '../../src/lib/query.ts'

test('fields are decoded, empty ones are none, and not counted', () => {
  assert.deepEqual(
    [...queryFields('a=1+2&&b&c=%3D=&=x')],
    [
      { name: 'a', value: '1 2', written: 'a=1+2' },
      { name: 'b', value: undefined, written: 'b' },
      { name: 'c', value: '==', written: 'c=%3D=' },
      { name: '', value: 'x', written: '=x' },
    ],
  )
  assert.deepEqual([...queryFields('')], [])
  assert.deepEqual(
    [...queryFields('&&a&&b&c', 2)].map(({ name }) => name),
    ['a', 'b'],
  )
})

test('values by name: lists where a name repeats, names of any kind', () => {
  const values = valuesByName(queryFields('a=1&b&a=2&a&__proto__=x&constructor=y'), true)
  assert.deepEqual({ ...values }, { a: ['1', '2', true], b: true, ['__proto__']: 'x', constructor: 'y' })
})

test('an argument that is found under a name is the one that is taken out under it', () => {
  for (const [query, name] of [
    ['k%65y=1&a=2', 'key'],
    ['k%FFey=1&a=2', 'k\u00ffey'],
    ['k%zz=1&a=2', 'k%zz'],
    ['k+y=1&a=2', 'k y'],
    ['k%20y=1&a=2', 'k%20y'],
  ] as const) {
    assert.equal(queryArgument(query, name), '1', query)
    assert.equal(withoutArgument(query, name), 'a=2', query)
  }
  assert.equal(queryArgument('a&b=1', 'a'), '')
  assert.equal(queryArgument('', 'a'), undefined)
})
