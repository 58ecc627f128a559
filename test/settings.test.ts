import assert from 'node:assert'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseAddress } from '../src/lib/address.ts'
import { openSealer } from '../src/lib/sealer.ts'
import { LiveAdminKeys, loadAdminKeys } from '../src/settings/keys.ts'
import { loadSettings, SettingsError } from '../src/settings/load.ts'
import { Owner } from '../src/surfaces/owner.ts'
import { until } from './until.ts'

function directory(context: TestContext, yaml?: string): string {
  const path = mkdtempSync(join(tmpdir(), 'gateward-settings-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  if (yaml !== undefined) writeFileSync(join(path, 'gateward.yaml'), yaml)
  return path
}

function problemsOf(cwd: string, argv: string[] = [], env: { [name: string]: string } = {}): string[] {
  try {
    loadSettings({ argv, env, cwd })
  } catch (error) {
    assert(error instanceof SettingsError)
    return error.problems
  }
  return []
}

test('settings: without any source all are defaults', (context) => {
  const cwd = directory(context)
  const { settings, sources } = loadSettings({ argv: [], env: { PATH: '/bin' }, cwd })
  assert.equal(settings.data_dir, join(cwd, '.gateward'))
  assert.deepEqual(settings.gateway.http, ['127.0.0.1:9080'])
  assert.equal(settings.gateway.keepalive_timeout_ms, 60_000)
  assert.equal(settings.admin.listen, '127.0.0.1:9180')
  assert.equal(settings.admin.key, undefined)
  assert.equal(settings.store, 'sqlite')
  assert(settings.threads >= 1)
  assert.equal(sources.size, 0)
})

test('settings: flags win over the environment, that over the file', (context) => {
  const yaml = 'gateway:\n  http: 127.0.0.1:1\n  drain_seconds: 1\nadmin:\nlog: {level: warn}\nthreads: 1\n'
  const cwd = directory(context, yaml)
  const env = { GATEWARD_GATEWAY_HTTP: '127.0.0.1:2, [::1]:2', GATEWARD_LOG_LEVEL: 'error', GATEWARD_ADMIN_KEY: '' }
  const argv = ['--gateway-http=127.0.0.1:3', '--data-encryption-enable', 'false']
  const { settings, sources } = loadSettings({ argv, env, cwd })
  assert.deepEqual(settings.gateway.http, ['127.0.0.1:3'])
  assert.equal(settings.gateway.drain_seconds, 1)
  assert.equal(settings.log.level, 'error')
  assert.equal(settings.data_encryption.enable, false)
  assert.equal(settings.admin.key, undefined)
  assert.deepEqual(Object.fromEntries(sources), {
    'gateway.http': '--gateway-http',
    'gateway.drain_seconds': 'gateward.yaml',
    'log.level': 'GATEWARD_LOG_LEVEL',
    threads: 'gateward.yaml',
    'data_encryption.enable': '--data-encryption-enable',
  })
  assert.deepEqual(loadSettings({ argv: [], env: { GATEWARD_GATEWAY_HTTPS: '' }, cwd }).settings.gateway.https, [])
})

test('settings: unknown names are refused with the nearest one', (context) => {
  const cwd = directory(
    context,
    'gatway: {}\nadmin:\n  listn: 127.0.0.1:1\ntargets:\n  - {name: a, admin_ulr: http://a}\n',
  )
  assert.deepEqual(problemsOf(cwd, ['--thread', '4', '--zzzzzzzzzzz=1'], { GATEWARD_STOER: 'memory' }), [
    'command line: --thread is no flag: did you mean --threads?',
    'command line: --zzzzzzzzzzz is no flag: see docs/settings.md',
    'environment: GATEWARD_STOER is not a setting: did you mean GATEWARD_STORE?',
    'gateward.yaml: gatway is not a setting: did you mean gateway?',
    'gateward.yaml: admin.listn is not a setting: did you mean admin.listen?',
    'gateward.yaml: targets.0.admin_url: found nothing, expected a value',
    'gateward.yaml: targets.0.admin_ulr is not a setting: did you mean targets.0.admin_url?',
  ])
})

test('settings: on the command line a flag of the command may be meant, and a word is none', (context) => {
  const cwd = directory(context)
  const read = (...argv: string[]): void => void loadSettings({ argv, env: {}, cwd, flags: ['json', 'fail-on'] })
  assert.throws(() => read('--jsn'), /^SettingsError: command line: --jsn is no flag: did you mean --json\?$/)
  assert.throws(() => read('extra'), /^SettingsError: command line: found extra, expected a flag such as --data-dir$/)
})

test('settings: wrong values are told with source, path, what was found and what is expected', (context) => {
  const cwd = directory(context, 'threads: many\nadmin: 5\ndata_encryption: {keyring: [tiny]}\n')
  const argv = ['--gateway-http', '127.0.0.1:99999', '--gateway-router=tree']
  assert.deepEqual(problemsOf(cwd, argv, { GATEWARD_STORE: 'mysql' }).sort(), [
    '--gateway-http: gateway.http.0: found "127.0.0.1:99999", expected host:port',
    '--gateway-router: gateway.router: found "tree", expected one of radixtree_host_uri, radixtree_uri, radixtree_uri_with_parameter',
    'GATEWARD_STORE: store: found "mysql", expected sqlite, memory, etcd://host:port[,host:port][/prefix], etcds://... or yaml:path',
    'gateward.yaml: admin: found 5, expected an object',
    'gateward.yaml: data_encryption.keyring.0: found a value that is not shown, expected 16 or 32 characters of ASCII',
    'gateward.yaml: threads: found "many", expected an integer from 1 to 256',
  ])
})

test('settings: ciphers are those that OpenSSL knows, each of them', (context) => {
  const cwd = directory(context)
  const problems = (ciphers: string): string[] => problemsOf(cwd, [`--gateway-ssl-ciphers=${ciphers}`])
  for (const good of ['HIGH:!aNULL:!MD5', 'ECDHE+AESGCM:-RC4:+3DES:@STRENGTH', 'TLS_AES_128_GCM_SHA256:DEFAULT'])
    assert.deepEqual(problems(good), [], good)
  for (const bad of ['ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA265', 'HIGH:', 'HIGH:!ALL', 'TLS_NONE'])
    assert.deepEqual(problems(bad), [
      `--gateway-ssl-ciphers: gateway.ssl_ciphers: found "${bad}", expected ciphers that OpenSSL knows, separated by :`,
    ])
})

test('settings: a file that is named must be there and must be YAML', (context) => {
  const cwd = directory(context, 'a: [')
  assert.match(problemsOf(cwd)[0] ?? '', /^gateward.yaml: reading it: /)
  assert.equal(problemsOf(cwd, ['--threads'])[0], '--threads: found nothing after it, expected a value')
  assert.deepEqual(problemsOf(cwd, ['--config', 'none.yaml']), ['none.yaml: there is no such file or directory'])
  assert.deepEqual(problemsOf(cwd, ['--config', '.']), ['.: a file is needed and this is a directory'])
  writeFileSync(join(cwd, 'list.yaml'), '- a\n')
  assert.match(problemsOf(cwd, [], { GATEWARD_CONFIG: 'list.yaml' })[0] ?? '', /found no map at its top/)
  writeFileSync(join(cwd, 'circle.yaml'), 'targets: &all\n  - name: *all\n')
  assert.deepEqual(problemsOf(cwd, ['--config', 'circle.yaml']), [
    'circle.yaml: reading it: an alias (*name) stands within what it names',
  ])
})

test('settings: a variable that the file names for a key may be called anything', (context) => {
  const cwd = directory(
    context,
    'targets:\n  - {name: prod, admin_url: "http://127.0.0.1:1", key_env: GATEWARD_PROD_KEY}\n',
  )
  const { settings } = loadSettings({ argv: [], env: { GATEWARD_PROD_KEY: 'x' }, cwd })
  assert.equal(settings.targets[0]?.policy, 'always')
})

test('settings: admin keys are made once, readable by the owner only', (context) => {
  const cwd = directory(context)
  const { settings } = loadSettings({ argv: [], env: {}, cwd })
  const keys = loadAdminKeys(settings)
  assert.match(keys.admin, /^[\w-]{32}$/)
  assert.equal(keys.viewer, undefined)
  assert.deepEqual(loadAdminKeys(settings), keys)
  assert.equal(statSync(join(settings.data_dir, 'admin.key')).mode & 0o777, 0o600)
  const given = loadSettings({ argv: [], env: { GATEWARD_ADMIN_KEY: 'k', GATEWARD_ADMIN_VIEWER_KEY: 'generate' }, cwd })
  const { admin, viewer } = loadAdminKeys(given.settings)
  assert.equal(admin, 'k')
  assert.match(viewer ?? '', /^[\w-]{32}$/)
})

test('settings: an empty key file, as a full disk leaves it, lets nobody in: it is refused', (context) => {
  const cwd = directory(context)
  const { settings } = loadSettings({ argv: [], env: {}, cwd })
  loadAdminKeys(settings)
  for (const name of ['admin.key', 'owner.key', 'ledger.key']) writeFileSync(join(settings.data_dir, name), '')
  assert.throws(() => loadAdminKeys(settings), /admin\.key: found nothing in it: remove the file/)
  assert.throws(() => new Owner(settings.data_dir), /owner\.key: found nothing in it: remove the file/)
  assert.throws(() => openSealer(settings.data_dir), /ledger\.key: found nothing in it: remove the file/)
})

test('settings: another key in its file is in force without a restart; an empty file changes nothing', async (context) => {
  const { settings } = loadSettings({ argv: [], env: {}, cwd: directory(context) })
  const heard: (string | undefined)[] = []
  const keys = new LiveAdminKeys(settings, (trouble) => heard.push(trouble))
  context.after(() => keys.close())
  const file = join(settings.data_dir, 'admin.key')
  const first = keys.current.admin
  writeFileSync(file, '')
  keys.look()
  keys.look()
  rmSync(file)
  keys.look()
  assert.equal(keys.current.admin, first)
  assert.equal(existsSync(file), false, 'none is made while somebody replaces the file')
  assert.deepEqual(
    heard.map((trouble) => trouble?.replaceAll(file, 'F')),
    ['reading F: found nothing in it', "ENOENT: no such file or directory, open 'F'"],
  )
  writeFileSync(file, 'a-new-key\n')
  await until(() => keys.current.admin !== first)
  assert.equal(keys.current.admin, 'a-new-key')
  assert.deepEqual(heard.slice(2), [undefined])
})

test('settings: addresses', () => {
  assert.deepEqual(parseAddress('[::1]:9080'), { host: '::1', port: 9080 })
  assert.deepEqual(parseAddress('localhost:0'), { host: 'localhost', port: 0 })
  for (const text of ['', '9080', 'a:b', '::1:80', 'a:65536', 'http://a:1', 'a b:1'])
    assert.equal(parseAddress(text), undefined)
})

test('settings: half of a TLS configuration is refused, it would be none', (context) => {
  const cwd = directory(context)
  assert.deepEqual(problemsOf(cwd, ['--admin-tls-ca-file', 'ca.pem']), [
    '--admin-tls-ca-file: admin.tls.ca_file: found no admin.tls.cert_file beside it, expected both or none',
  ])
  assert.deepEqual(problemsOf(cwd, [], { GATEWARD_ADMIN_TLS_CERT_FILE: 'cert.pem', GATEWARD_ETCD_TLS_KEY_FILE: 'k' }), [
    'GATEWARD_ADMIN_TLS_CERT_FILE: admin.tls.cert_file: found no admin.tls.key_file beside it, expected both or none',
    'GATEWARD_ETCD_TLS_KEY_FILE: etcd.tls.key_file: found no etcd.tls.cert_file beside it, expected both or none',
  ])
  const { settings } = loadSettings({ argv: ['--etcd-tls-ca-file', 'ca.pem'], env: {}, cwd })
  assert.equal(settings.etcd.tls.ca_file, 'ca.pem')
})

test('settings: those that contradict each other are refused', (context) => {
  const cwd = directory(context)
  const told = (yaml: string, ...argv: string[]): string[] => {
    writeFileSync(join(cwd, 'gateward.yaml'), yaml)
    return problemsOf(cwd, argv)
  }
  const only13 = 'TLS_AES_128_GCM_SHA256'
  const ciphers = `--gateway-ssl-ciphers: gateway.ssl_ciphers: found only ciphers of TLS 1.3, expected one of TLS 1.2 too, which gateway.ssl_protocols has`
  assert.deepEqual(told('gateway: {ssl_protocols: [TLSv1.2]}', `--gateway-ssl-ciphers=${only13}`), [ciphers])
  assert.deepEqual(told('', `--gateway-ssl-ciphers=${only13}`), [ciphers])
  assert.deepEqual(told('gateway: {ssl_protocols: [TLSv1.3]}', `--gateway-ssl-ciphers=${only13}`), [])

  const keys = 'admin.viewer_key: found the key of the role admin, expected another one: a viewer could write'
  assert.deepEqual(told('admin: {key: k, viewer_key: k}'), [`gateward.yaml: ${keys}`])
  assert.deepEqual(told('', '--admin-key=generate'), [
    '--admin-key: admin.key: found "generate", which everybody can guess: leave it out, and a key is made',
  ])
  assert.deepEqual(told('etcd: {password: p}'), [
    'gateward.yaml: etcd.password: found no etcd.user beside it, expected both or none',
  ])
  assert.deepEqual(told('etcd: {tls: {ca_file: a.pem}}', '--store=etcd://a:1'), [
    'gateward.yaml: etcd.tls.ca_file: found a file that TLS needs and the store etcd://a:1, expected etcds://',
  ])
  assert.deepEqual(told('gateway: {access_log: {format: "$uri"}}'), [
    'gateward.yaml: gateway.access_log.format: found no gateway.access_log.file beside it, expected both or none',
  ])
  assert.deepEqual(told('model: {name: llama}'), [
    'gateward.yaml: model.name: found no model.provider beside it, expected one of openai, anthropic, google, openai-compatible',
  ])
  assert.deepEqual(told('model: {name: llama}', '--model-provider=builtin'), [], 'the flag says so')
  assert.deepEqual(told('', '--model-provider=openai-compatible', '--model-name=llama'), [
    '--model-provider: model.provider: found "openai-compatible" and no model.base_url beside it, expected the address of the server',
  ])
  assert.deepEqual(told('', '--model-provider=openai', '--model-key-env=A', '--model-key-file=b'), [
    '--model-key-file: model.key_file: found model.key_env beside it, expected one of them',
  ])
  const target = 'admin_url: "http://127.0.0.1:1"'
  assert.deepEqual(told(`targets: [{name: a, ${target}, key_env: B, key_file: b}, {name: a, ${target}}]`), [
    'gateward.yaml: targets.0.key_file: found targets.0.key_env beside it, expected one of them',
    'gateward.yaml: targets.1.name: found "a", which another one has too, expected a name of its own',
  ])
  assert.deepEqual(told(`targets: [{name: embedded, ${target}}]`), [
    'gateward.yaml: targets.0.name: found "embedded", which is this gateway itself, expected a name of its own',
  ])
  assert.deepEqual(told('surface: {tokens: [{name: a, key_env: A}, {name: a, key_env: B}]}'), [
    'gateward.yaml: surface.tokens.1.name: found "a", which another one has too, expected a name of its own',
  ])
  assert.deepEqual(told('gateway: {target_bytes: 40000}'), [
    'gateward.yaml: gateway.target_bytes: found 40000, expected at most the bytes of the whole head: gateway.head_bytes is 32768',
  ])
  assert.deepEqual(told('gateway: {head_bytes: 4096}'), [])
})

test('settings: two ports with one address are refused', (context) => {
  const told = (yaml: string): string[] => problemsOf(directory(context, yaml))
  assert.deepEqual(told('gateway: {https: [127.0.0.1:9080]}'), [
    'gateward.yaml: gateway.https: found 127.0.0.1:9080, which gateway.http has too, expected another port',
  ])
  assert.deepEqual(told('gateway: {http: [0.0.0.0:9080, "127.0.0.1:9080"]}\nmetrics: {listen: "[::]:9080"}'), [
    'gateward.yaml: gateway.http: found 127.0.0.1:9080 beside 0.0.0.0:9080, expected another port',
    'gateward.yaml: metrics.listen: found [::]:9080, which gateway.http has too, expected another port',
  ])
  assert.deepEqual(
    told('gateway: {http: [127.0.0.1:0, "127.0.0.1:0", 127.0.0.2:9180]}\nstream: {udp: [127.0.0.1:9080]}'),
    [],
  )
})

test('settings: a header and a name server are what could be one', (context) => {
  const cwd = directory(context)
  const header = 'the name of a header; what the PROXY protocol tells needs none'
  assert.deepEqual(problemsOf(cwd, ['--gateway-real-ip-header=X Real IP', '--gateway-dns-servers=10.0.0.300:53']), [
    `--gateway-real-ip-header: gateway.real_ip_header: found "X Real IP", expected ${header}`,
    '--gateway-dns-servers: gateway.dns_servers.0: found "10.0.0.300:53", expected address:port of a name server',
  ])
  assert.deepEqual(problemsOf(cwd, ['--gateway-real-ip-header=proxy_protocol']), [
    `--gateway-real-ip-header: gateway.real_ip_header: found "proxy_protocol", expected ${header}`,
  ])
})
