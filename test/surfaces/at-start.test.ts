// What is looked at when a Gateward starts: what cut-off proofs have left on the targets, and targets without a key.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { type Gateward, startGateward } from '../../src/app.ts'
import { Targets } from '../../src/operations/targets.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { clearLeftOvers } from '../../src/surfaces/left-overs.ts'
import { toTargets } from '../../src/surfaces/targets.ts'
import { BIN } from '../e2e/process.ts'
import { gatewayForTest } from '../operations/gateway-for-test.ts'
import { until } from '../until.ts'
import { run } from './running.ts'

const g = await gatewayForTest(() => true, ['--store', 'memory'])
after(() => g.close())

/** Ports that are free, or none. */
const FREE = [
  ...['--threads', '1', '--gateway-http', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--metrics-listen', 'off'],
  ...['--gateway-https', '127.0.0.1:0', '--control-listen', 'off', '--surface-listen', '127.0.0.1:0'],
]
const HOUR_MS = 3600_000
const HOUR = { now: () => Date.now() + HOUR_MS, againMs: 60_000 }
const desc = 'of a running proof, which takes it away'
const plugins = (key: string): object => ({ 'key-auth': { key } })
const leftOver = (name: string, more: object = {}): object => ({
  username: name,
  desc,
  plugins: plugins(name),
  ...more,
})
const names = async (): Promise<string[]> => (await g.ctx.targets.get().admin.list('consumers')).map(({ id }) => id)
const log = (said: unknown[]) => ({
  info: (...one: unknown[]) => said.push(one),
  warn: (...one: unknown[]) => said.push(one),
})

test('what cut-off proofs have left is taken away, nothing else, and it is said', async () => {
  const own = 'gateward_proof_0123456789ab'
  const kept = [
    leftOver('gateward_proof_somebody'),
    leftOver('gateward_proof_00000000000a', { desc: 'ours now' }),
    leftOver('gateward_proof_00000000000b', {
      plugins: { ...plugins('b'), 'limit-count': { count: 1, time_window: 1, key: 'remote_addr' } },
    }),
    leftOver('jack'),
  ]
  for (const body of [leftOver(own), ...kept]) assert.equal((await g.admin('PUT', '/consumers', body)).status, 201)
  const said: unknown[] = []
  const stop = clearLeftOvers(g.ctx.targets, log(said) as never, HOUR)
  await until(() => said.length > 0)
  stop()
  assert.deepEqual(said, [[{ target: 'embedded', consumers: [own] }, 'took away consumers that proofs had left']])
  assert.deepEqual((await names()).sort(), kept.map((one) => (one as { username: string }).username).sort())
  await g.clear()
})

test('one that a proof may still use is looked at again later; a read-only target is left alone', async () => {
  await g.admin('PUT', '/consumers', leftOver('gateward_proof_00000000000d'))
  const locked = new Targets([{ ...g.ctx.targets.get(), policy: 'read-only' }])
  const said: unknown[] = []
  const stopLocked = clearLeftOvers(locked, log(said) as never, HOUR)
  let rounds = 0
  const now = () => Date.now() + (rounds++ ? HOUR_MS : 0)
  const stop = clearLeftOvers(g.ctx.targets, log(said) as never, { now, againMs: 300 })
  assert.equal((await names()).length, 1)
  await until(() => said.length > 0)
  stop()
  stopLocked()
  assert.deepEqual([await names(), said.length, rounds], [[], 1, 2])
})

test('a target that does not answer is said, and holds up nothing', async () => {
  const away = { ...g.ctx.targets.get(), adminUrl: 'http://127.0.0.1:1', adminFetch: undefined }
  const said: unknown[] = []
  const stop = clearLeftOvers(new Targets([away]), log(said) as never)
  await until(() => said.length > 0)
  stop()
  assert.match(JSON.stringify(said), /what proofs have left on a target could not be taken away/)
})

test('a Gateward that starts clears what is left in its store', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-start-'))
  const argv = [
    ...['--data-dir', directory, '--threads', '1', '--admin-key', 'k'],
    ...['--gateway-http', '127.0.0.1:0', '--gateway-https', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'],
    ...['--metrics-listen', 'off', '--control-listen', 'off', '--log-level', 'silent'],
  ]
  const start = (surface: string): Promise<Gateward> => {
    const all = [...argv, '--surface-listen', surface]
    return startGateward(loadSettings({ argv: all, env: {}, cwd: directory }).settings)
  }
  const total = async ({ admin }: Gateward, method = 'GET', body?: string): Promise<unknown> => {
    const url = `http://${admin}/apisix/admin/consumers`
    const response = await fetch(url, { method, headers: { 'X-API-KEY': 'k' }, body: body ?? null })
    return ((await response.json()) as { total?: number }).total
  }
  const cutOff = await start('off')
  await total(cutOff, 'PUT', JSON.stringify(leftOver('gateward_proof_0123456789ab')))
  assert.equal(await total(cutOff), 1)
  await cutOff.close()
  // As if it had been there for an hour.
  const db = new DatabaseSync(join(directory, 'gateward.db'))
  db.exec(`UPDATE entries SET text = json_set(text, '$.create_time', ${Math.floor((Date.now() - HOUR_MS) / 1000)})`)
  db.close()
  const again = await start('127.0.0.1:0')
  try {
    await until(async () => (await total(again)) === 0)
  } finally {
    await again.close()
    rmSync(directory, { recursive: true })
  }
})

test('a target whose key is not there says so, in every error too', async () => {
  const settings = (one: object) =>
    loadSettings({ argv: [], env: {}, cwd: tmpdir() }).settings && {
      ...loadSettings({ argv: [], env: {}, cwd: tmpdir() }).settings,
      targets: [{ name: 'production', admin_url: g.ctx.targets.get().adminUrl, policy: 'always', ...one }],
    }
  const trouble = (one: object, env: NodeJS.ProcessEnv = {}): string | undefined =>
    toTargets(settings(one) as never, () => '', env).get('production').keyTrouble
  assert.match(
    String(trouble({ key_env: 'NOT_SET' })),
    /^key_env of the target production is NOT_SET, which is not set; set it/,
  )
  assert.equal(trouble({ key_env: 'NOT_SET' }, { NOT_SET: '' }), trouble({ key_env: 'NOT_SET' }))
  assert.equal(trouble({ key_env: 'IS_SET' }, { IS_SET: 'key' }), undefined)
  assert.match(String(trouble({})), /has neither key_env nor key_file/)

  const directory = mkdtempSync(join(tmpdir(), 'gateward-empty-'))
  writeFileSync(join(directory, 'key'), '\n')
  assert.match(String(trouble({ key_file: join(directory, 'key') })), /key, which is empty; put the key there$/)
  rmSync(directory, { recursive: true })

  const { admin } = toTargets(settings({ key_env: 'NOT_SET' }) as never, () => '', {}).get('production')
  await assert.rejects(admin.list('routes'), /wants a key: key_env of the target production is NOT_SET/)
})

test('the start says it in the log', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-keyless-'))
  const config = join(directory, 'gateward.yaml')
  writeFileSync(
    config,
    "targets:\n  - { name: production, admin_url: 'http://127.0.0.1:1', key_env: AT_START_NOT_SET }\n",
  )
  const child = spawn(process.execPath, [BIN, 'start', '--config', config, '--data-dir', directory, ...FREE], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  try {
    const line = await until(
      () => said.split('\n').find((one) => one.includes('there is no key for a target')),
      () => said,
    )
    const { level, target, trouble } = JSON.parse(line) as Record<string, unknown>
    assert.deepEqual([level, target], [40, 'production'])
    assert.match(
      String(trouble),
      /^key_env of the target production is AT_START_NOT_SET, which is not set; set it where/,
    )
  } finally {
    child.kill()
    await once(child, 'close')
    rmSync(directory, { recursive: true })
  }
})

test('the console shows what is wrong with the key of a target', async () => {
  const url = g.ctx.targets.get().adminUrl
  const running = await run(
    `  listen: '127.0.0.1:0'\ntargets:\n  - { name: production, admin_url: '${url}', key_env: AT_START_NOT_SET }`,
  )
  try {
    const { targets } = (await running.owner('GET', '/v1/console/targets')).body as {
      targets: { name: string; trouble?: string }[]
    }
    assert.match(
      String(targets.find(({ name }) => name === 'production')?.trouble),
      /AT_START_NOT_SET, which is not set/,
    )
  } finally {
    await running.close()
  }
})
