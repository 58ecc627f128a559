// The admin key changes while a gateway runs: the old one is refused, and the gateway's own surfaces go on.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../until.ts'
import { type Running, run } from './running.ts'

let running: Running
before(async () => {
  running = await run()
})
after(() => running.close())

async function statusWith(key: string): Promise<number> {
  const response = await fetch(`http://${running.gateward.admin}/apisix/admin/routes`, {
    headers: { 'X-API-KEY': key },
  })
  await response.arrayBuffer()
  return response.status
}

test('another key in admin.key is in force soon, for clients and for the surfaces', { timeout: 20_000 }, async () => {
  const file = join(running.directory, 'admin.key')
  const look = () => running.owner('POST', '/v1/operations/look', { kind: 'routes' })
  assert.equal((await look()).status, 200)
  writeFileSync(file, 'the-first-new-key\n')
  await until(async () => (await statusWith('the-first-new-key')) === 200)
  assert.equal((await look()).status, 200)
  writeFileSync(file, 'the-second-new-key\n')
  process.emit('SIGHUP')
  assert.equal(await statusWith('the-second-new-key'), 200, 'a signal reads it at once')
  assert.equal(await statusWith('the-first-new-key'), 401)
  assert.equal((await look()).status, 200)
})
