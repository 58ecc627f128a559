import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileJsonPath } from '../../src/lib/json-path.ts'

const document = {
  user: { name: 'a', 'pass word': 'p' },
  cards: [{ no: 1 }, { no: 2, more: { no: 3 } }],
  '0': 'zero',
}

function valuesAt(path: string): unknown[] {
  return compileJsonPath(path)(document).map(({ holder, name }) => holder[name])
}

test('members, items, all of them, any depth', () => {
  assert.deepEqual(valuesAt('$.user.name'), ['a'])
  assert.deepEqual(valuesAt("$.user['pass word']"), ['p'])
  assert.deepEqual(valuesAt('$["user"].name'), ['a'])
  assert.deepEqual(valuesAt('$.cards[1].no'), [2])
  assert.deepEqual(valuesAt('$.cards[*].no'), [1, 2])
  assert.deepEqual(valuesAt('$.cards.*.no'), [1, 2])
  assert.deepEqual(valuesAt('$..no'), [1, 2, 3])
  assert.deepEqual(valuesAt('$.user.*'), ['a', 'p'])
})

test('what is not there names no place; an index is for lists, a name for objects', () => {
  for (const path of ['$.nobody.name', '$.user.name.first', '$.cards[7]', '$[0]', '$.cards.length', '$.constructor'])
    assert.deepEqual(valuesAt(path), [], path)
  assert.deepEqual(compileJsonPath('$.a')(null), [])
})

test('other forms are refused', () => {
  for (const path of ['', '$', 'user', '$.', '$user', '$[?(@.a)]', '$.a[1:2]', '$.a[-1]', "$['a'", '$.a b]'])
    assert.throws(() => compileJsonPath(path), /is not a path such as/, path)
})

test('each place is named once, and however large the document is, all are', () => {
  assert.deepEqual(compileJsonPath('$..a..a')({ a: { a: { a: 1 } } }).length, 2)
  const wide = Array.from({ length: 200_000 }, (_, at) => ({ at }))
  assert.equal(compileJsonPath('$..at')(wide).length, 200_000)
  let deep: unknown = 1
  for (let level = 0; level < 100_000; level++) deep = { a: deep }
  assert.equal(compileJsonPath('$..a..a..a..a')(deep).length, 99_997)
})
