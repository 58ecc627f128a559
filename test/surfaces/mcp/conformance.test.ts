// The official conformance suite's scenarios that need no fixtures, against the real server.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Running, run } from '../running.ts'

const SUITE = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)
const SCENARIOS = [
  'server-initialize',
  'ping',
  'tools-list',
  'resources-list',
  'prompts-list',
  'dns-rebinding-protection',
]

let running: Running
before(async () => {
  running = await run()
})
after(() => running?.close())

for (const scenario of SCENARIOS) {
  test(`mcp conformance: ${scenario}`, async () => {
    const url = `${running.surface.replace('127.0.0.1', 'localhost')}/mcp`
    const args = [SUITE, 'server', '--url', url, '--scenario', scenario]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: running.directory, timeout: 60_000 })
    assert.match(stdout, /\b0 failed/i, stdout)
  })
}
