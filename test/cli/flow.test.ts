// Text in pieces, wrapped at words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WordFlow } from '../../src/cli/flow.ts'
import { widthOf, wrap } from '../../src/cli/width.ts'

test('flow: the same lines however the text is cut into pieces', () => {
  const text = 'One sentence that is longer than a line.\n\n  indented words go on indented\nend'
  const whole = new WordFlow(() => 20)
  const expected = whole.take(text) + whole.end()
  assert.equal(expected, 'One sentence that is\nlonger than a line.\n\n  indented words go\n    on indented\nend')
  for (let size = 1; size < 9; size++) {
    const flow = new WordFlow(() => 20)
    let out = ''
    for (let at = 0; at < text.length; at += size) out += flow.take(text.slice(at, at + size))
    assert.equal(out + flow.end(), expected, `pieces of ${size}`)
  }
})

test('flow: without a width nothing is changed; a long word stays whole', () => {
  const text = '  a   b\nlast word '
  const pipe = new WordFlow(() => Number.POSITIVE_INFINITY)
  assert.equal(pipe.take(text) + pipe.end(), '  a   b\nlast word')
  const narrow = new WordFlow(() => 10)
  assert.equal(narrow.take('see http://127.0.0.1:8080/x now') + narrow.end(), 'see\nhttp://127.0.0.1:8080/x\nnow')
})

test('wrap: JSON breaks behind commas', () => {
  const lines = wrap(
    '      + /plugins: {"key-auth":{},"limit-count":{"count":5,"time_window":60,"rejected_code":429}}',
    60,
  )
  assert.deepEqual(lines, [
    '      + /plugins:',
    '        {"key-auth":{},"limit-count":{"count":5,',
    '        "time_window":60,"rejected_code":429}}',
  ])
  assert.ok(lines.every((line) => widthOf(line) <= 60))
})
