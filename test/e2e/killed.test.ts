// A process that is killed between the write to the gateway and its note of it: the change is known, and can be taken back.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Ledger } from '../../src/operations/ledger.ts'
import { type PlainTarget, plainTarget } from '../operations/plain-target.ts'
import { until } from '../until.ts'
import { admin, BIN, type Running, run, start } from './process.ts'

const directory = mkdtempSync(join(tmpdir(), 'gateward-killed-'))
let running: Running
/** The Admin API of the embedded gateway, over a connection that keeps the answer of a write to itself. */
let silent: PlainTarget
let written = Promise.withResolvers<void>()
before(async () => {
  running = await start({ directory })
  silent = await plainTarget(new URL(running.admin).origin, 'Gateward', [])
  silent.after = async (method, path) => {
    if (method !== 'POST' || !path.endsWith('/transaction') || !(await isThere('/routes/killed'))) return false
    written.resolve()
    return new Promise(() => {})
  }
})
after(async () => {
  silent.close()
  await running.stop()
  rmSync(directory, { recursive: true })
})

const isThere = async (path: string): Promise<boolean> => (await admin(running, 'GET', path)).status === 200

/** Says the sentence in a terminal chat whose process is killed as soon as its change is written. */
async function killedWhile(sentence: string): Promise<void> {
  written = Promise.withResolvers<void>()
  const env = { ...process.env, ...running.env, GATEWARD_ADMIN_LISTEN: silent.url.replace('http://', '') }
  const child = spawn(process.execPath, [BIN, 'chat'], { env, stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin.write(`${sentence}\ny\n`)
  await written.promise
  child.kill('SIGKILL')
  const [, signal] = await once(child, 'close')
  assert.equal(signal, 'SIGKILL')
}

async function undo(): Promise<void> {
  const { code, stdout, stderr } = await run(['chat'], running.env, 'Undo\ny\n')
  assert.equal(code, 0, stdout + stderr)
  assert.ok(!(await isThere('/routes/killed')))
}

function isSettled(): boolean {
  const ledger = new Ledger(directory)
  try {
    return ledger.auditEntries(1)[0]?.action === 'settled'
  } finally {
    ledger.close()
  }
}

test('killed after the write: another process finds the change in its history, and takes it back', async () => {
  await killedWhile('Create a route for /killed/* to http://127.0.0.1:9')
  assert.ok(await isThere('/routes/killed'))
  const history = await run(['history', '--json'], running.env)
  const [last] = JSON.parse(history.stdout).changes as { summary: string; state?: string; by: string }[]
  assert.match(String(last?.summary), /killed/)
  assert.equal(last?.state, undefined, 'it was found to be applied')
  await undo()
  assert.equal((await run(['audit', 'verify'], running.env)).code, 0)
})

test('the gateway itself killed as well: after the restart the change is known, and taken back', async () => {
  await killedWhile('Create a route for /killed/* to http://127.0.0.1:9')
  await running.stop('SIGKILL')
  running = await start({ directory })
  await until(isSettled, 'the start finds out what became of the change')
  assert.ok(await isThere('/routes/killed'))
  await undo()
})
