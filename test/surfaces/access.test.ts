import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Running, run } from './running.ts'

process.env.ACCESS_READER = 'reader-token-0123456789'

let running: Running
before(async () => {
  running = await run(`  listen: '127.0.0.1:0'
  tokens: [{ name: reader, key_env: ACCESS_READER, scopes: [read] }]`)
})
after(() => running?.close())

const post = (name: string, headers: Record<string, string>, body = '{}'): Promise<Response> =>
  fetch(`${running.surface}/v1/operations/${name}`, { method: 'POST', headers, body })

test('access: an address that others can reach needs a token', async () => {
  await assert.rejects(run("  listen: '0.0.0.0:0'"), /surface\.tokens is empty/)
})

test('access: a token without its key, or with a short one, stops the start', async () => {
  const token = (name: string): string => `  listen: '127.0.0.1:0'\n  tokens: [{ name: a, key_env: ${name} }]`
  process.env.ACCESS_SHORT = 'short'
  await assert.rejects(run(token('ACCESS_MISSING')), /reading surface token a: found no key in ACCESS_MISSING/)
  await assert.rejects(run(token('ACCESS_SHORT')), /found 5 characters/)
})

test('access: operations over REST need a token of the right scope', async () => {
  const reader = { Authorization: 'Bearer reader-token-0123456789' }
  assert.equal((await post('look', {})).status, 403)
  assert.equal((await post('look', { Authorization: 'Bearer reader-token-012345678' })).status, 401)
  assert.equal((await post('look', reader)).status, 200)
  const plan = await post('plan', reader)
  assert.equal(plan.status, 403)
  assert.match(await plan.text(), /scope plan/)
})

test('access: what is no input of an operation is told, member by member', async () => {
  const owner = { Authorization: `Bearer ${running.ownerKey}` }
  const apply = await post('apply', owner)
  assert.equal(apply.status, 400)
  assert.match(await apply.text(), /plan_id/)
  const look = await post('look', owner, '{"kind":"roads","serch":"x"}')
  assert.equal(look.status, 400)
  assert.match(await look.text(), /serch is no member of it; did you mean search\?.*\/kind/)
})

test('access: a body over the limit is refused before it is read', async () => {
  const owner = { Authorization: `Bearer ${running.ownerKey}` }
  assert.equal((await post('look', owner, `{"a":"${'x'.repeat(4 * 1024 * 1024)}"}`)).status, 413)
})
