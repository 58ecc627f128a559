// An error of the program's own, in the terminal's conversation: the person sees an id, a file in the data directory has the rest.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { terminalContext } from '../../src/cli/operator.ts'
import { openTerminal } from '../../src/cli/terminal.ts'
import type { OperationContext } from '../../src/operations/contract.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { Conversation } from '../../src/surfaces/chat/agent.ts'
import { ModelChoice } from '../../src/surfaces/chat/model-choice.ts'

function brokenContext(directory: string): OperationContext {
  const { settings } = loadSettings({ argv: ['--data-dir', directory], env: {}, cwd: directory })
  const terminal = openTerminal({ input: new PassThrough(), output: new PassThrough() })
  const ctx = terminalContext(settings, 'key', terminal, 'chat')
  ctx.targets.get = () => {
    throw new TypeError('reading "inside" from https://user:pass@host')
  }
  return ctx
}

async function say(ctx: OperationContext, directory: string): Promise<string> {
  const { settings } = loadSettings({ argv: ['--data-dir', directory], env: {}, cwd: directory })
  const conversation = new Conversation(await new ModelChoice(settings.model, {}, directory).open())
  const events: unknown[] = []
  for await (const event of conversation.say('Show all routes', ctx)) events.push(event)
  return JSON.stringify(events)
}

test('a fault is told by its id; the file holds it, without secrets, for its owner only', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-faults-'))
  const file = join(directory, 'faults.log')
  const ctx = brokenContext(directory)
  try {
    const shown = await say(ctx, directory)
    const [, id] = /internal error ([0-9a-f]{8}) in [^;]*faults\.log;/.exec(shown) ?? []
    assert.ok(id, shown)
    assert.doesNotMatch(shown, /inside|TypeError/)
    const kept = JSON.parse(readFileSync(file, 'utf8').trim()) as Record<string, string>
    assert.equal(kept.error_id, id)
    assert.match(String(kept.error), /TypeError: reading "inside" from https:\/\/user:\*\*\*@host\n +at /)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    writeFileSync(file, 'x'.repeat(1024 * 1024))
    await say(ctx, directory)
    assert.ok(statSync(file).size < 100_000 && statSync(`${file}.1`).size === 1024 * 1024)
  } finally {
    ctx.ledger.close()
    rmSync(directory, { recursive: true })
  }
})

test('a trial that could not be taken back is told beside the output of a pipe; a closed conversation tells nothing more', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-faults-'))
  t.after(() => rmSync(directory, { recursive: true }))
  t.mock.timers.enable({ apis: ['setInterval'] })
  const errors: string[] = []
  const { settings } = loadSettings({ argv: ['--data-dir', directory], env: {}, cwd: directory })
  const output = new PassThrough()
  const open = () => terminalContext(settings, 'key', openTerminal({ input: new PassThrough(), output }), 'chat')
  const [closed, broken] = [open(), open()]
  t.mock.method(process.stderr, 'write', (text: string) => errors.push(text) > 0)
  closed.close()
  t.mock.timers.tick(1000)
  await turn()
  assert.deepEqual(errors, [])
  broken.ledger.close()
  t.mock.timers.tick(1000)
  await turn()
  t.mock.restoreAll()
  assert.deepEqual([errors.length, output.read()], [1, null])
  assert.match(String(errors[0]), /^a change on trial could not be taken back: .*\n$/)
})
