import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duplicateName } from '../../src/lib/json-duplicates.ts'

const cases: [text: string, duplicate: string | undefined][] = [
  ['{}', undefined],
  ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}', undefined],
  ['{"a":"a","b":"\\"a\\":","c":["a","a"]}', undefined],
  ['{"a":1,"a":2}', 'a'],
  ['{"x":[{"b":{}, "c":1 , "b" : null}]}', 'b'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['{"":1,"":2}', ''],
  ['[{"a":{"b":1}},{"a":{"b":1,"c":2,"b":3}}]', 'b'],
]
for (const [text, duplicate] of cases) test(text, () => assert.equal(duplicateName(text), duplicate))

test('a megabyte takes no time', () => {
  const text = JSON.stringify({ a: `\\"${'x'.repeat(500_000)}`, b: Array(100_000).fill('y') })
  assert.equal(duplicateName(text), undefined)
})
