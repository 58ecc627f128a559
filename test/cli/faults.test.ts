// An error of the program's own, in the terminal's conversation: the person sees an id, a file in the data directory has the rest.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
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
