// Text that fits a terminal: wide characters count as two, tables are cut, what is approved is wrapped.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayKeep } from '../../src/cli/line-history.ts'
import { table } from '../../src/cli/render.ts'
import { cut, widthOf, wrap } from '../../src/cli/width.ts'
import { plainLines } from '../../src/lib/text.ts'

test('width: wide characters take two columns, marks none', () => {
  for (const [text, width] of [
    ['abc', 3],
    ['路由', 4],
    ['e\u0301', 1],
    ['👩‍💻', 2],
    ['a…', 2],
  ] as const)
    assert.equal(widthOf(text), width, text)
  assert.equal(cut('路由表', 5), '路由…')
  assert.equal(cut('路由表', 4), '路…')
  assert.equal(cut('short', 5), 'short')
})

test('wrap: nothing is lost, no line is longer, also without spaces', () => {
  for (const line of [`  + ${'word '.repeat(30)}`, `  "${'x'.repeat(200)}"`, `  ${'路由 '.repeat(40)}`])
    for (const columns of [20, 50, 80]) {
      const lines = wrap(line, columns)
      assert.ok(lines.every((one) => widthOf(one) <= columns))
      assert.equal(lines.join('').replaceAll(' ', ''), line.replaceAll(' ', ''))
    }
})

test('table: fits, the widest column is cut first', () => {
  const shown = table(['id', 'routes'], [['orders', '/orders/* -> '.repeat(20)]], 50).split('\n')
  assert.ok(shown.every((line) => widthOf(line) <= 50))
  assert.match(shown[1] as string, /^ {2}orders {2}.*…$/)
})

test('line history: never a line that holds a secret', () => {
  for (const line of [
    'password: a',
    'the token is b',
    'set secret=c',
    'to http://u:p@h/',
    'to http://h/?sig=a',
    'Bearer abc',
    'key gw_abc',
  ])
    assert.equal(mayKeep(line), false, line)
  for (const line of ['Require an API key on it', 'Show all routes', '/undo']) assert.equal(mayKeep(line), true, line)
})

test('what a model says cannot move the cursor or hide itself', () => {
  assert.equal(plainLines('one\r\ntwo\u001b[2J\u001b]0;x\u0007 \u202ethree\u200b\tfour'), 'one\ntwo[2J]0;x three\tfour')
})
