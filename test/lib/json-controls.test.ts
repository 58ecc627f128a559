import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeControls } from '../../src/lib/json-controls.ts'

const taken: [text: string, value: unknown][] = [
  ['{"a":"one\ntwo"}', { a: 'one\ntwo' }],
  ['{\n\t"a\tb" : "\r\n"\n}\n', { 'a\tb': '\r\n' }],
  ['["say \\"\n\\"", "\\\\", "\u0001"]', ['say "\n"', '\\', '\u0001']],
]
for (const [text, value] of taken)
  test(JSON.stringify(text), () => assert.deepEqual(JSON.parse(escapeControls(text)), value))

test('what needs nothing is the same text', () => {
  for (const text of ['{\n  "a": "\\n"\n}', '', '"', '{"a":"\\']) assert.equal(escapeControls(text), text)
})

test('NUL, and a line end behind a backslash, stay illegal', () => {
  for (const text of ['{"a":"\0"}', '{"a":"x\\\ny"}', '{"a":"\n']) assert.throws(() => JSON.parse(escapeControls(text)))
})
