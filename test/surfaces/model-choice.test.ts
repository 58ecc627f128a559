// The choice of the chat's model: kept encrypted, never given back, stronger settings, and a test that tells what is wrong.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Ledger } from '../../src/operations/ledger.ts'
import { ModelChoice } from '../../src/surfaces/chat/model-choice.ts'
import { type FakeModel, startFakeModel } from './fake-model.ts'
import { type Running, run } from './running.ts'

const KEY = 'sk-test-0123456789'
let model: FakeModel
let base: string
let running: Running

before(async () => {
  model = await startFakeModel(() => ({ content: 'ready' }), KEY)
  base = model.baseUrl
  running = await run()
})
after(async () => {
  model.close()
  await running.close()
})

function inDirectory(settings: ConstructorParameters<typeof ModelChoice>[0] = { provider: 'builtin' }) {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-model-'))
  after(() => rmSync(directory, { recursive: true }))
  return { choice: new ModelChoice(settings, {}, directory), file: join(directory, 'model.json') }
}

test('a choice is kept for the owner only, with its key encrypted, and outlives a restart', async () => {
  const { choice, file } = inDirectory()
  assert.equal(choice.shown().from, 'default')
  const shown = choice.choose({ provider: 'openai-compatible', name: 'm', base_url: base, key: KEY })
  assert.deepEqual(shown, { provider: 'openai-compatible', name: 'm', base_url: base, key: true, from: 'console' })
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.doesNotMatch(readFileSync(file, 'utf8'), /0123456789/)
  assert.deepEqual(
    await choice.test({ provider: 'openai-compatible', name: 'm', base_url: base }).then(({ ok, said }) => [ok, said]),
    [true, 'ready'],
  )
  assert.equal(choice.choose({ provider: 'builtin' }).from, 'default')
  assert.equal(choice.shown().key, false)
})

test('a key that is kept is not sent to another address, and can be forgotten', async () => {
  const { choice } = inDirectory()
  const wanted = { provider: 'openai-compatible', name: 'm', base_url: base }
  choice.choose({ ...wanted, key: KEY })
  model.authorizations.length = 0
  const elsewhere = await choice.test({ ...wanted, base_url: base.replace('/v1', '/v2') })
  assert.deepEqual([elsewhere.ok, model.authorizations], [false, [undefined]])
  assert.equal(choice.choose({ ...wanted, key: '' }).key, false)
})

test('the test says what is wrong, without the key', async () => {
  const { choice } = inDirectory()
  const wanted = { provider: 'openai-compatible', name: 'm', base_url: base, key: 'sk-wrong-0123456789' }
  const refused = await choice.test(wanted)
  assert.equal(refused.ok, false)
  assert.match(refused.said, /401.*Incorrect API key/)
  assert.doesNotMatch(refused.said, /0123456789/)
  const nobody = await choice.test({ ...wanted, base_url: 'http://127.0.0.1:1/v1' })
  assert.equal(nobody.ok, false)
  assert.match(nobody.said, /ECONNREFUSED|Cannot connect/)
})

test('what cannot be is refused with the way out', () => {
  const { choice } = inDirectory()
  for (const [wanted, message] of [
    [{ provider: 'mine' }, /provider is one of/],
    [{ provider: 'openai' }, /needs a key/],
    [{ provider: 'openai', key: KEY, base_url: base }, /has its own address/],
    [{ provider: 'openai-compatible', name: 'm', base_url: 'file:///etc/passwd' }, /http or https address/],
    [{ provider: 'openai-compatible', base_url: base }, /name of a model/],
    [{ provider: 'openai', key: 'k'.repeat(3000) }, /at most 2000/],
  ] as const)
    assert.throws(() => choice.choose(wanted), message)
  const { choice: fixed } = inDirectory({ provider: 'openai-compatible', name: 'm', base_url: base })
  assert.throws(() => fixed.choose({ provider: 'builtin' }), /set in the settings/)
  assert.equal(fixed.shown().from, 'settings')
})

test('over HTTP: for the owner only, audited without the key, used from the next sentence on', async () => {
  const wanted = { provider: 'openai-compatible', name: 'm', base_url: base, key: KEY }
  const stranger = await fetch(`${running.surface}/v1/console/model`, { method: 'PUT', body: JSON.stringify(wanted) })
  assert.equal(stranger.status, 403)
  assert.equal((await running.owner('PUT', '/v1/console/model', wanted)).status, 200)
  const read = await running.owner('GET', '/v1/console/model')
  assert.deepEqual([read.body.provider, read.body.key], ['openai-compatible', true])
  assert.equal((await running.owner('GET', '/v1/console/state')).body.model, 'openai-compatible')
  assert.equal((await running.owner('POST', '/v1/console/model/test', wanted)).body.ok, true)
  const ledger = new Ledger(running.directory)
  const told = JSON.stringify([read, ledger.auditEntries(10)])
  ledger.close()
  assert.match(told, /choose model/)
  assert.doesNotMatch(told, /0123456789/)
  assert.equal((await running.owner('PUT', '/v1/console/model', { provider: 'builtin' })).body.from, 'default')
})
