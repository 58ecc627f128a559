import assert from 'node:assert'
import { test } from 'node:test'
import { parseJson } from '../../src/lib/json.ts'

const LIMITS = { bytes: 1000, depth: 5 }
const parse = (text: string) => parseJson(Buffer.from(text), LIMITS)

test('json: documents within the limits are parsed as JSON.parse does', () => {
  for (const text of [
    '{"a":[1,{"b":"]}[{"}],"a":2}',
    '"\\u00e4\\""',
    'null',
    '[[[[[]]]]]',
    '1e400',
    '{"constructor":1}',
  ]) {
    assert.deepEqual(parse(text), JSON.parse(text))
  }
})

test('json: what is refused, and why', () => {
  const refused: [string | Uint8Array, string][] = [
    ['', 'invalid'],
    ['{"a":1', 'invalid'],
    ['\ufeff{}', 'invalid'],
    [new Uint8Array([0x22, 0xff, 0x22]), 'invalid'],
    ['{"__proto__":{"admin":true}}', 'invalid'],
    ['{"a":[{"\\u005f_proto__":1}]}', 'invalid'],
    ['[[[[[[]]]]]]', 'too-deep'],
    [`"${'a'.repeat(1000)}"`, 'too-large'],
  ]
  for (const [body, reason] of refused) {
    assert.throws(() => parseJson(Buffer.from(body), LIMITS), { name: 'JsonError', reason }, String(body))
  }
})

test('json: a million brackets do not reach the parser', () => {
  const bomb = Buffer.from('['.repeat(1_000_000))
  assert.throws(() => parseJson(bomb, { bytes: 2_000_000, depth: 64 }), { reason: 'too-deep' })
})

test('json: __proto__ as a value is only text', () => {
  assert.deepEqual(parse('{"a":"__proto__"}'), { a: '__proto__' })
})
