// Lines that cannot be kept end nothing.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { openTerminal } from '../../src/cli/terminal.ts'

test('a history that cannot be written is said once, and the conversation goes on', async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
  let shown = ''
  output.on('data', (chunk) => {
    shown += chunk
  })
  const terminal = openTerminal({ input, output, historyFile: '/nowhere/chat-history' })
  for (const line of ['Show all routes', 'History']) {
    const read = terminal.read('> ')
    input.write(`${line}\r`)
    assert.equal(await read, line)
  }
  terminal.close()
  assert.equal(shown.split('not kept for the arrow keys').length, 2, shown)
  assert.match(shown, /\/nowhere\/chat-history: there is no such file or directory/)
})
