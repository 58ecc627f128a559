// References to secret managers, from their servers to requests: fetched once, renewed, kept while a manager is away, never guessed.
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SecretKeeper } from '../../../src/gateway/secret-managers/keeper.ts'
import { until } from '../../until.ts'
import { threadForTest } from '../thread-for-test.ts'
import { serveAws, serveGcp, serveVault } from './servers.ts'

const mocking = { response_status: 200, response_example: '{"ok":true}' }
const route = { uri: '/a', plugins: { 'key-auth': {}, mocking } }
const consumer = (key: string): object => ({ username: 'jack', plugins: { 'key-auth': { key } } })

/** A thread and a keeper beside it, wired as the process wires them; the clock is the test's. */
function gateway() {
  const logged: string[] = []
  const note = (fields: object, message: string): void => void logged.push(`${message} ${JSON.stringify(fields)}`)
  const thread = threadForTest({ 'routes/a': route })
  const clock = { now: Date.now() }
  const keeper = new SecretKeeper({
    log: { debug: note, info: note, warn: note, error: note },
    ttlMs: 1000,
    retryMs: 1000,
    staleMs: 60_000,
    onChange: (values, keys) => thread.takeSecrets(values, keys),
    now: () => clock.now,
  })
  after(() => {
    keeper.close()
    thread.close()
  })
  let index = 0
  const put = async (key: string, value: object | undefined): Promise<void> => {
    thread.put(key, value)
    const text = value && JSON.stringify(value)
    keeper.changed([{ key, text, createdIndex: ++index, modifiedIndex: index }])
    await keeper.settled(5000)
  }
  /** Time goes by, and what is due is asked for. */
  const later = async (ms: number): Promise<void> => {
    clock.now += ms
    keeper.changed([])
    await until(() => !keeper.busy)
    await keeper.settled(5000)
  }
  const call = async (apikey: string): Promise<number> =>
    (await thread.inject({ target: '/a', headers: { apikey } })).status
  return { put, later, call, logged }
}

test('vault: a key is fetched once, renewed after its time, and only its value lets in', async () => {
  const secrets: Record<string, object> = { 'kv/team/jack': { 'auth-key': 'first', other: 'x', number: 1 } }
  const vault = await serveVault('root', 'ns', secrets)
  const { put, later, call, logged } = gateway()
  const reference = '$secret://vault/1/team/jack/auth-key'
  await put('secrets/vault/1', { uri: vault.url, prefix: 'kv', token: 'root', namespace: 'ns' })
  await put('consumers/jack', consumer(reference))
  assert.deepEqual([await call('first'), await call('other'), await call(reference)], [200, 401, 401])
  assert.equal(vault.asked.length, 1)
  assert.equal(vault.asked[0]?.path, '/v1/kv/team/jack')

  secrets['kv/team/jack'] = { 'auth-key': 'second' }
  await later(500)
  assert.equal(vault.asked.length, 1, 'asked before its time')
  await later(600)
  assert.deepEqual([await call('first'), await call('second')], [401, 200])

  for (const member of ['missing', 'number', 'toString']) {
    await put('consumers/jack', consumer(`$secret://vault/1/team/jack/${member}`))
    assert.deepEqual([await call('second'), await call('1')], [401, 401], member)
  }
  assert.ok(!logged.join().match(/first|second|root/), 'a value or the token is in the log')
})

test('vault away: the last value is kept for a time, then nobody gets in; it comes back by itself', async () => {
  const vault = await serveVault('root', undefined, { 'kv/jack': { key: 'k' } })
  const { put, later, call, logged } = gateway()
  await put('secrets/vault/1', { uri: vault.url, prefix: 'kv', token: 'root' })
  await put('consumers/jack', consumer('$secret://vault/1/jack/key'))
  for (const instead of [
    { status: 503 },
    { status: 403 },
    { status: 302, headers: { location: `${vault.url}/v1/kv/jack` } },
    { status: 200, body: 'not json' },
    { status: 200, body: { data: 'text' } },
    { status: 200, body: `{"data":{"key":"${'x'.repeat(300_000)}"}}` },
  ]) {
    vault.instead = instead
    const before = vault.asked.length
    await later(2000)
    assert.equal(vault.asked.length, before + 1, 'redirects are not followed')
    assert.equal(await call('k'), 200, JSON.stringify(instead).slice(0, 60))
  }
  assert.match(logged.at(-1) ?? '', /cannot be asked; the last value is kept .*"secret":"jack".*larger than/)
  await later(60_000)
  assert.equal(await call('k'), 401)
  vault.instead = undefined
  await later(2000)
  assert.equal(await call('k'), 200)
})

test('vault: a secret that is gone, a manager that is gone, a path that walks', async () => {
  const secrets: Record<string, object> = { 'kv/jack': { key: 'k' }, 'sys/seal': { key: 'k' } }
  const vault = await serveVault('root', undefined, secrets)
  const { put, later, call } = gateway()
  await put('secrets/vault/1', { uri: vault.url, prefix: 'kv', token: 'root' })
  await put('consumers/jack', consumer('$secret://vault/1/../sys/seal/key'))
  assert.equal(await call('k'), 401)
  assert.equal(vault.asked.length, 0)
  await put('consumers/jack', consumer('$secret://vault/1/jack/key'))
  assert.equal(await call('k'), 200)
  await put('secrets/vault/1', undefined)
  assert.equal(await call('k'), 401)
  await put('secrets/vault/1', { uri: vault.url, prefix: 'kv', token: 'root' })
  assert.equal(await call('k'), 200)
  delete secrets['kv/jack']
  await later(2000)
  assert.equal(await call('k'), 401)
})

test('vault: version 2 of the key-value engine, a token from the environment, a plugin of a route', async () => {
  process.env.GATEWARD_TEST_VAULT = JSON.stringify({ token: 'from-env' })
  after(() => delete process.env.GATEWARD_TEST_VAULT)
  const stored = { data: { key: 'csrf-key' }, metadata: { version: 3 } }
  const vault = await serveVault('from-env', undefined, { 'kv/data/csrf': stored })
  const { put, later, call } = gateway()
  const plugins = { csrf: { key: '$secret://vault/2/csrf/key' }, mocking }
  await put('routes/a', { uri: '/a', plugins })
  assert.equal(await call(''), 500, 'no manager, no value: it refuses')
  await put('secrets/vault/2', { uri: vault.url, prefix: 'kv/data', token: '$ENV://GATEWARD_TEST_VAULT/token' })
  assert.equal(await call(''), 200)
  stored.data.key = 'changed'
  await later(2000)
  assert.equal(await call(''), 200)
})

test('vault: the key of a certificate and a field of plugin metadata; a text that only mentions a reference asks for nothing', async () => {
  const vault = await serveVault('root', undefined, { 'kv/tls': { key: 'k' }, 'kv/log': { token: 't' } })
  const { put } = gateway()
  await put('secrets/vault/1', { uri: vault.url, prefix: 'kv', token: 'root' })
  await put('routes/a', { ...route, desc: '$secret://vault/1/other/key' })
  assert.equal(vault.asked.length, 0)
  await put('ssls/1', { sni: 'a.test', cert: '$env://CERT', key: '$secret://vault/1/tls/key' })
  await put('plugin_metadata/http-logger', { log_format: { token: '$SECRET://vault/1/log/token' } })
  assert.deepEqual(
    vault.asked.map((one) => /kv\/\w+/.exec(JSON.stringify(one))?.[0]),
    ['kv/tls', 'kv/log'],
  )
})

test('aws: signed as it wants it; a wrong signature and an unknown secret give nothing', async () => {
  const account = { id: 'AKID', secret: 'sign-with-me', session: 'session', region: 'eu-west-1' }
  const aws = await serveAws(account, { 'prod/jack': '{"key":"k"}', text: 'plain' })
  const { put, call, logged } = gateway()
  const access = { access_key_id: 'AKID', session_token: 'session', region: 'eu-west-1', endpoint_url: aws.url }
  await put('secrets/aws/1', { ...access, secret_access_key: 'sign-with-me' })
  await put('consumers/jack', consumer('$secret://aws/1/prod/jack/key'))
  assert.equal(await call('k'), 200)
  await put('consumers/jack', consumer('$secret://aws/1/text/key'))
  assert.match(logged.at(-1) ?? '', /the secret text is not JSON/)
  await put('consumers/jack', consumer('$secret://aws/1/nothing/key'))
  assert.match(logged.at(-1) ?? '', /ResourceNotFoundException/)
  await put('secrets/aws/1', { ...access, secret_access_key: 'another' })
  assert.match(logged.at(-1) ?? '', /400 InvalidSignatureException/)
  assert.equal(await call('k'), 401)
  assert.ok(!logged.join().includes('plain'), 'a value is in the log')
})

test('gcp: a service account in the resource or in a file; its token is used again', async () => {
  const gcp = await serveGcp({ jack: '{"key":"k"}', jane: '{"key":"j"}' })
  const { put, call, logged } = gateway()
  await put('secrets/gcp/1', { auth_config: gcp.account })
  await put('consumers/jack', consumer('$secret://gcp/1/jack/key'))
  assert.equal(await call('k'), 200)
  await put('consumers/jack', consumer('$secret://gcp/1/jane/key'))
  assert.deepEqual([await call('k'), await call('j')], [401, 200])
  assert.equal(gcp.asked.filter((one) => one.path === '/token').length, 1)
  const file = join(mkdtempSync(join(tmpdir(), 'gateward-gcp-')), 'account.json')
  writeFileSync(file, JSON.stringify(gcp.account))
  await put('secrets/gcp/1', { auth_file: file })
  assert.equal(await call('j'), 200)
  await put('secrets/gcp/1', { auth_config: { ...gcp.account, client_email: 'other@project.example' } })
  assert.match(logged.at(-1) ?? '', /token address answered 400/)
  assert.ok(!logged.join().includes('PRIVATE KEY'), 'the key is in the log')
})
