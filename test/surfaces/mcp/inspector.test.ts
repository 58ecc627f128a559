// The official inspector's command line as a client of its own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Running, run } from '../running.ts'

const INSPECTOR = fileURLToPath(new URL('../../../node_modules/.bin/mcp-inspector', import.meta.url))

let running: Running
before(async () => {
  running = await run()
})
after(() => running?.close())

async function inspect(...args: string[]): Promise<Record<string, unknown>> {
  const all = [INSPECTOR, '--cli', `${running.surface}/mcp`, '--transport', 'http', '--format', 'json', ...args]
  const env = { ...process.env, HOME: running.directory }
  const options = { cwd: running.directory, timeout: 60_000, env }
  const { stdout } = await promisify(execFile)(process.execPath, all, options)
  return JSON.parse(stdout)
}

test('mcp inspector: lists the tools and calls one', async () => {
  const listed = JSON.stringify(await inspect('--method', 'tools/list'))
  assert.match(listed, /"name":"plan"/)
  const called = JSON.stringify(
    await inspect('--method', 'tools/call', '--tool-name', 'look', '--tool-arg', 'kind=routes'),
  )
  assert.match(called, /"total":0/)
})
