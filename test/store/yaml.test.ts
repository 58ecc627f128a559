import assert from 'node:assert'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Commit } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open.ts'
import { until } from '../until.ts'

const GOOD = `
routes:
  - id: 1
    uri: /a
    upstream_id: u1
  - uri: /b
upstreams:
  - id: u1
    nodes: {"127.0.0.1:1980": 1}
consumers:
  - username: jack
credentials:
  - id: jack/credentials/web
    plugins: {key-auth: {key: k}}
global_rules:
#END
`

function write(context: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-yaml-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'apisix.yaml')
  writeFileSync(file, text)
  return file
}

async function open(context: TestContext, text: string) {
  const file = write(context, text)
  const store = await openStore({ store: `yaml:${file}`, etcd: { timeout_ms: 1000, tls: {} } }, 'unused')
  context.after(() => store.close())
  return { file, store }
}

test('yaml: the resources of an apisix.yaml', async (context) => {
  const { store } = await open(context, GOOD)
  const page = await store.list('')
  assert.deepEqual(
    page.entries.map((entry) => entry.key),
    ['consumers/jack', 'consumers/jack/credentials/web', 'routes/1', 'routes/2', 'upstreams/u1'],
  )
  assert.deepEqual(JSON.parse((await store.get('routes/1'))?.text ?? ''), { id: '1', uri: '/a', upstream_id: 'u1' })
  await assert.rejects(store.commit([{ type: 'delete', key: 'routes/1' }]), {
    reason: 'read-only',
    message: /^writing the configuration: it is the file \S+apisix.yaml: change the file instead$/,
  })
})

test('yaml: a changed file becomes one commit of what changed', { timeout: 60_000 }, async (context) => {
  const { file, store } = await open(context, GOOD)
  const before = await store.get('routes/2')
  const commits: Commit[] = []
  store.watch(store.revision(), { onCommit: (commit) => commits.push(commit), onReset: () => assert.fail('reset') })
  writeFileSync(file, GOOD.replace('uri: /a', 'uri: /changed').replace('  - username: jack\n', ''))
  await until(() => commits.length > 0)
  assert.deepEqual(commits[0]?.changes.map((change) => change.key).sort(), ['consumers/jack', 'routes/1'])
  assert.equal((await store.get('routes/1'))?.modifiedIndex, commits[0]?.revision)
  assert.deepEqual(await store.get('routes/2'), before)
})

test('yaml: a bad file keeps the last good one and says so', { timeout: 60_000 }, async (context) => {
  const { file, store } = await open(context, GOOD)
  writeFileSync(file, 'routes:\n  - uri: /half')
  await until(() => store.trouble() !== undefined)
  assert.match(store.trouble() ?? '', /found no #END as its last line.*; the last good content is served$/)
  assert.equal((await store.list('')).total, 5)
  writeFileSync(file, 'routes: [\n#END')
  await until(() => store.trouble()?.includes('found no #END') === false)
  rmSync(file)
  await until(() => store.trouble()?.includes('ENOENT') === true)
  writeFileSync(file, 'routes: []\n#END\n')
  await until(() => store.trouble() === undefined)
  assert.equal((await store.list('')).total, 0)
})

test('yaml: what is not an apisix.yaml is refused with its place', async (context) => {
  const refused: [string, RegExp][] = [
    ['routes: []\n', /found no #END/],
    ['- a\n#END\n', /found no map at its top/],
    ['plugins: {name: cors}\n#END\n', /plugins: found no list/],
    ['plugins: [cors]\n#END\n', /plugins.0: found no name/],
    ['routes_conf_version: new\n#END\n', /routes_conf_version: found "new", expected a number/],
    [
      'plugins: [{name: cors}, {name: limit-conn, stream: true}]\nroutes: [{id: 1, plugins: {limit-conn: {}}}]\n#END\n',
      /routes.0: found the plugin limit-conn, which the list of plugins does not have/,
    ],
    [
      `routes: [{id: 1, uri: "\${{GATEWARD_TEST_NO_SUCH}}"}]\n#END\n`,
      /\$\{\{GATEWARD_TEST_NO_SUCH\}\}: found no such variable/,
    ],
    ['{"routes": [{"id": 1}', /./],
    ['routes: 5\n#END\n', /routes: found no list/],
    ['routes: [5]\n#END\n', /routes.0: found no map/],
    ['rutes: [{id: 1}]\n#END\n', /rutes.0: found the key rutes\/1, expected a known kind/],
    ['routes: [{id: a/b}]\n#END\n', /routes.0: found the key routes\/a\/b/],
    ['routes: [{id: 1}, {id: 1}]\n#END\n', /routes.1: found routes\/1 twice/],
  ]
  for (const [text, message] of refused) await assert.rejects(open(context, text), { reason: 'corrupt', message })
})

test('yaml: a list of plugins and versions of kinds, as APISIX has them', async (context) => {
  const { store } = await open(
    context,
    `plugins:
  - name: cors
  - name: mqtt-proxy
    stream: true
routes_conf_version: 7
routes:
  - {id: 1, uri: /a, plugins: {cors: {}}}
stream_routes:
  - {id: 1, server_port: 9100, plugins: {mqtt-proxy: {}}}
secrets:
  - {id: vault/1, uri: "http://127.0.0.1:8200", prefix: kv, token: t}
consumers:
  - username: jack
  - {id: jack/credentials/c, plugins: {}}
plugin_metadata:
  - {id: http-logger, log_format: {host: $host}}
#END
`,
  )
  const { entries } = await store.list('')
  assert.deepEqual(
    entries.map(({ key, text }) => [key, JSON.parse(text).id]),
    [
      ['consumers/jack', undefined],
      ['consumers/jack/credentials/c', 'c'],
      ['plugin_metadata/http-logger', 'http-logger'],
      ['routes/1', '1'],
      ['secrets/vault/1', 'vault/1'],
      ['stream_routes/1', '1'],
    ],
  )
})

test('yaml: variables of the environment, with defaults, in names and values', async (context) => {
  const env: Record<string, string> = {
    GATEWARD_TEST_NODE: '127.0.0.1:1980',
    GATEWARD_TEST_ZIP: '007',
    GATEWARD_TEST_ON: 'true',
  }
  Object.assign(process.env, env)
  context.after(() => {
    for (const name of Object.keys(env)) delete process.env[name]
  })
  const { store } = await open(
    context,
    `upstreams:
  - id: u
    nodes: {"\${{GATEWARD_TEST_NODE}}": "\${{GATEWARD_TEST_WEIGHT:=1}}"}
routes:
  - id: 1
    uri: "/\${{ GATEWARD_TEST_PLACE := here }}/*"
    enable_websocket: "\${{GATEWARD_TEST_ON}}"
    desc: "\${{GATEWARD_TEST_ZIP}}"
    name: "$host {{x}}"
#END
`,
  )
  const read = async (key: string): Promise<unknown> => JSON.parse((await store.get(key))?.text ?? '')
  assert.deepEqual(await read('upstreams/u'), { id: 'u', nodes: { '127.0.0.1:1980': 1 } })
  const named = { desc: '007', name: '$host {{x}}' }
  assert.deepEqual(await read('routes/1'), { id: '1', uri: '/here/*', enable_websocket: true, ...named })
})

test('yaml: an apisix.json needs no #END', async (context) => {
  const { file, store } = await open(context, '{"routes": [{"id": "1", "uri": "/a"}]}')
  writeFileSync(file, '{"routes": [{"id": "1", "uri": "/a"}, {"id"')
  await until(() => store.trouble() !== undefined)
  assert.equal((await store.list('')).total, 1)
  writeFileSync(file, '{"routes": [{"id": "1", "uri": "/a"}, {"id": "2", "uri": "/b"}]}')
  await until(() => store.trouble() === undefined)
  assert.equal((await store.list('')).total, 2)
})
