import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson, readJson } from '../../src/lib/parse-json.ts'

const named = (count: number, chars: number): string =>
  `{${Array.from({ length: count }, (_, i) => `"${String(i).padStart(chars, 'k')}" : 1`).join()}}`

test('names that would be compared one with another are refused, a few long ones and many short ones are not', () => {
  assert.throws(() => readJson(named(200, 17_000)), /more than 100 members have names of over 16000 characters/)
  assert.equal(Object.keys(parseJson(named(100, 17_000)) as object).length, 100)
  assert.equal(Object.keys(parseJson(named(20_000, 100)) as object).length, 20_000)
  assert.equal((parseJson(JSON.stringify(Array(200).fill('v'.repeat(17_000)))) as string[]).length, 200)
})

test('what is no JSON is told as before, however long', () => {
  for (const text of [`{"${'k'.repeat(2_000_000)}`, `${'"'.repeat(2_000_001)}`, `{"a\\${'"'.repeat(2_000_000)}`])
    assert.throws(() => readJson(text), SyntaxError)
})
