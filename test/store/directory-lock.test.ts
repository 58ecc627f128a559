import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockDirectory } from '../../src/store/directory-lock.ts'

const module = new URL('../../src/store/directory-lock.ts', import.meta.url).href
const program = `(await import(${JSON.stringify(module)})).lockDirectory(process.argv[1]); gc(); console.log('held'); setInterval(() => {}, 1000)`

test('a data directory has one process, which the other is told; a killed one leaves nothing behind', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-lock-'))
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  assert.throws(() => lockDirectory(directory), {
    reason: 'locked',
    message: `opening the data directory ${directory}: process ${child.pid} uses it; stop that one, or choose another directory (--data-dir, GATEWARD_DATA_DIR)`,
  })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const release = lockDirectory(directory)
  assert.throws(() => lockDirectory(directory), { reason: 'locked' })
  release()
  lockDirectory(directory)()
})
