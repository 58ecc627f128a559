// `gateward export` and `gateward import` between two gateways: what comes out is the golden text, goes in, and comes out the same.
import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { KINDS, type Kind } from '../../src/resources/kinds.ts'
import { parseStandalone, readConfiguration, writeConfiguration } from '../../src/resources/standalone.ts'
import { admin, type Running, run, start } from '../e2e/process.ts'

const GOLDEN = readFileSync(new URL('transfer.golden.yaml', import.meta.url), 'utf8')

let from: Running
let to: Running
before(async () => {
  ;[from, to] = await Promise.all([start(), start()])
})
after(() => Promise.all([from?.stop(), to?.stop()]))

const gateward = (on: Running, args: string[], input?: string): ReturnType<typeof run> => run(args, on.env, input)

test('transfer: an import can be looked at, approved and taken back; ADC is a form of it', async () => {
  const golden = new URL('adc.golden.yaml', import.meta.url).pathname
  const looked = await gateward(to, ['import', golden, '--format', 'adc', '--dry-run'])
  assert.equal(looked.code, 0, looked.stderr)
  assert.match(looked.stdout, /\+ create services\/s1\n {4}\+ \S+: [\s\S]*11 to write on embedded/)
  assert.doesNotMatch(looked.stdout, /a-secret-key/)
  assert.equal((await admin(to, 'GET', '/services/s1')).status, 404)

  const imported = await gateward(to, ['import', golden, '--format', 'adc', '--yes'])
  assert.equal(imported.code, 0, imported.stderr)
  const exported = await gateward(to, ['export', '--format', 'adc', '--with-secrets'])
  assert.equal(exported.stdout, readFileSync(golden, 'utf8'))
  assert.equal(exported.stderr, '')

  const change = /gateward undo (change-\w+)/.exec(imported.stdout)?.[1] as string
  assert.match((await gateward(to, ['history'])).stdout, /import 11 resources/)
  const undone = await gateward(to, ['undo', change], 'y\n')
  assert.equal(undone.code, 0, undone.stderr)
  assert.equal((await gateward(to, ['export', '--format', 'adc'])).stdout, '{}\n')
})

test('transfer: exported, imported elsewhere, exported again: the same bytes', async () => {
  const golden = join(from.directory, 'golden.yaml')
  writeFileSync(golden, GOLDEN)
  const first = await gateward(from, ['import', golden], 'y\n')
  assert.equal(first.code, 0, first.stderr)
  assert.match(
    first.stdout,
    /\+ create upstreams\/u1\n[\s\S]*\+ create routes\/1\n[\s\S]*imported: import 13 resources/,
  )

  const file = join(from.directory, 'out.yaml')
  const exported = await gateward(from, ['export', file, '--with-secrets'])
  assert.equal(exported.code, 0, exported.stderr)
  assert.equal(exported.stdout, `wrote ${file}\n`)
  assert.equal(readFileSync(file, 'utf8'), GOLDEN)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.match(
    (await gateward(from, ['export', file, '--with-secrets'])).stderr,
    /out\.yaml: there is such a file already/,
  )

  const json = join(from.directory, 'out.json')
  await gateward(from, ['export', json, '--with-secrets'])
  const imported = await gateward(to, ['import', json, '--yes'])
  assert.equal(imported.code, 0, imported.stderr)
  assert.equal((await gateward(to, ['export', '--with-secrets'])).stdout, GOLDEN)
  assert.match((await gateward(to, ['import', file])).stdout, /0 to write on embedded, 13 already there/)
})

test('transfer: secrets only when asked for, and nothing is written without a yes', async () => {
  await admin(to, 'PUT', '/routes/secret', { uri: '/s', plugins: { csrf: { key: 'a-secret' } }, upstream_id: 'u1' })
  const refused = await gateward(to, ['export'])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /found secrets in .*routes\/secret.*--with-secrets/)
  assert.equal(refused.stdout, '')

  const file = join(to.directory, 'more.json')
  writeFileSync(file, JSON.stringify({ routes: [{ id: 'more', uri: '/more', upstream_id: 'u1' }] }))
  assert.equal((await gateward(to, ['import', file], 'n\n')).code, 3)
  assert.equal((await admin(to, 'GET', '/routes/more')).status, 404)
  // All or nothing: the second route names what is not there.
  const bad = {
    routes: [
      { id: 'more', uri: '/more', upstream_id: 'u1' },
      { id: 'worse', uri: '/', upstream_id: 'none' },
    ],
  }
  writeFileSync(file, JSON.stringify(bad))
  const failed = await gateward(to, ['import', file, '--yes'])
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /applying the plan: .*none/)
  assert.equal((await admin(to, 'GET', '/routes/more')).status, 404)
})

test('transfer: what was asked wrongly is 2', async () => {
  const file = join(from.directory, 'cut.yaml')
  writeFileSync(file, GOLDEN.replace('#END\n', ''))
  for (const [args, message] of [
    [['import', file], /reading .*cut.yaml: found no #END/],
    [['import'], /name one file/],
    [['import', '-'], /add --yes or --dry-run/],
    [['import', file, '--format', 'xml'], /--format is adc or left out/],
    [['export', 'a', 'b'], /name one file/],
    [['export', '--format', 'xml'], /yaml, json or adc/],
  ] as [string[], RegExp][]) {
    const { code, stderr } = await gateward(from, args)
    assert.match(stderr, message)
    assert.equal(code, 2, String(args))
  }
})

test('transfer: every kind has its place in a file, certificates with their keys too', () => {
  const ids: Partial<Record<Kind, string>> = { credentials: 'jack/web', secrets: 'vault/1', plugin_metadata: 'cors' }
  const all = KINDS.map((kind) => {
    const value = kind === 'ssls' ? { cert: 'CERT\nLINE\n', key: 'KEY\nLINE\n', sni: 'a.example' } : { a: 1, b: ['on'] }
    return { kind, id: ids[kind] ?? 'x', value: kind === 'consumers' ? { username: 'x', ...value } : value }
  })
  for (const form of ['yaml', 'json'] as const) {
    const text = writeConfiguration(all, form)
    assert.deepEqual(readConfiguration(text), all)
    assert.equal(writeConfiguration(readConfiguration(text), form), text)
  }
})

test('transfer: words that YAML 1.1 takes for something else stay words, credentials are under their consumer', () => {
  const value = { desc: 'on', labels: { a: 'yes', b: '0x1f', c: '1_000', d: '2020-01-01' } }
  const text = writeConfiguration([{ kind: 'credentials', id: 'jack/web', value }], 'yaml')
  assert.match(text, /^consumers:\n {2}- id: jack\/credentials\/web\n {4}desc: "on"\n/)
  assert.deepEqual(readConfiguration(text), [{ kind: 'credentials', id: 'jack/web', value }])
  assert.deepEqual([...parseStandalone(text).keys()], ['consumers/jack/credentials/web'])
})
