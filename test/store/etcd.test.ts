import assert from 'node:assert'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import type { Store } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open.ts'
import { needs } from '../needs.ts'
import { until } from '../until.ts'
import { EtcdServer } from './etcd-server.ts'
import { storeSuite } from './suite.ts'

const options = { ...needs('etcd', 'etcd-server'), timeout: 120_000 }
const server = new EtcdServer()

before(async () => {
  if (!options.skip) await server.start()
})
after(() => server.remove())

const encode = (text: string) => Buffer.from(text).toString('base64')

function settingsFor(prefix: string, access: { user?: string; password?: string } = {}, address = server.address) {
  return { store: `etcd://${address}${prefix}`, etcd: { timeout_ms: 2000, tls: {}, ...access } }
}

/** Opens the store on a prefix of its own, or on a given one. */
async function open(context: TestContext, prefix = `/${randomUUID()}`): Promise<Store> {
  const store = await openStore(settingsFor(prefix), join(server.directory, prefix))
  context.after(() => store.close())
  return store
}

storeSuite('etcd', (context) => open(context), options)

test('etcd: keys and values are as APISIX has them, its directory marks are not entries', options, async (context) => {
  const prefix = `/${randomUUID()}`
  await server.call('/v3/kv/put', { key: encode(`${prefix}/routes/`), value: encode('init_dir') })
  await server.call('/v3/kv/put', { key: encode(`${prefix}/routes/1`), value: encode('{"uri":"/a"}') })
  await server.call('/v3/kv/put', { key: encode(`${prefix}x/routes/2`), value: encode('{}') })
  const store = await open(context, prefix)
  const page = await store.list('')
  assert.deepEqual(
    page.entries.map(({ key, text }) => [key, text]),
    [['routes/1', '{"uri":"/a"}']],
  )
  await store.commit([{ type: 'put', key: 'consumers/jack', text: '{"username":"jack"}' }])
  const answer = await server.call<{ kvs: { value: string }[] }>('/v3/kv/range', {
    key: encode(`${prefix}/consumers/jack`),
  })
  assert.equal(Buffer.from(answer.kvs[0]?.value ?? '', 'base64').toString(), '{"username":"jack"}')
  await server.call('/v3/kv/put', { key: encode(`${prefix}/routes/3`), value: encode('{"uri":"/c"}') })
  await until(async () => (await store.get('routes/3'))?.text === '{"uri":"/c"}')
})

test(
  'etcd: what one node writes, another one serves; more entries than a page are loaded',
  options,
  async (context) => {
    const prefix = `/${randomUUID()}`
    const first = await open(context, prefix)
    for (let part = 0; part < 21; part += 1) {
      const operations = Array.from({ length: 100 }, (_, index) => ({
        type: 'put' as const,
        key: `routes/${part * 100 + index}`,
        text: '{}',
      }))
      await first.commit(operations)
    }
    const second = await open(context, prefix)
    assert.equal((await second.list('routes/', { limit: 1 })).total, 2100)
    const result = await second.commit([{ type: 'delete', key: 'routes/7' }])
    assert(result.ok)
    await until(() => first.revision() >= result.revision)
    assert.equal(await first.get('routes/7'), undefined)
  },
)

test('etcd: of several endpoints one that answers is enough', options, async (context) => {
  const prefix = `/${randomUUID()}`
  const settings = settingsFor(prefix, {}, `127.0.0.1:1,${server.address}`)
  const store = await openStore(settings, join(server.directory, prefix))
  context.after(() => store.close())
  const result = await store.commit([{ type: 'put', key: 'routes/1', text: '{}' }])
  assert(result.ok)
})

test('etcd: without etcd and without a snapshot the store does not open', options, async () => {
  const settings = settingsFor('/none', {}, '127.0.0.1:1')
  await assert.rejects(openStore(settings, join(server.directory, 'none')), {
    reason: 'unavailable',
    message: /^calling etcd \/v3\/kv\/range at 127.0.0.1:1: .*ECONNREFUSED.*: is etcd running\?$/,
  })
})

test('etcd: away for a while, also over a restart: reads go on, writes are refused', options, async (context) => {
  const own = new EtcdServer()
  context.after(() => own.remove())
  await own.start()
  const directory = join(own.directory, 'node')
  const first = await openStore(settingsFor('/a', {}, own.address), directory)
  await first.commit([{ type: 'put', key: 'routes/1', text: '{"v":1}' }])
  await own.stop()
  const write = first.commit([{ type: 'put', key: 'routes/lost', text: '{}' }])
  await assert.rejects(write, { name: 'StoreError', reason: 'unavailable' })
  await until(() => first.trouble() !== undefined)
  assert.equal((await first.get('routes/1'))?.text, '{"v":1}')
  await first.close()
  assert.match(readFileSync(join(directory, 'etcd-snapshot.json'), 'utf8'), /routes\/1/)

  const second = await openStore(settingsFor('/a', {}, own.address), directory)
  context.after(() => second.close())
  assert.equal((await second.get('routes/1'))?.text, '{"v":1}')
  await assert.rejects(second.commit([{ type: 'delete', key: 'routes/1' }]), { reason: 'unavailable' })
  await own.start()
  await until(() => second.trouble() === undefined)
  assert.equal(await second.get('routes/lost'), undefined)
  const result = await second.commit([{ type: 'put', key: 'routes/1', text: '{"v":2}' }])
  assert(result.ok)
  assert.equal((await second.get('routes/1'))?.modifiedIndex, result.revision)
})

test('etcd: commits that were compacted while this node was away reset its watchers', options, async (context) => {
  const own = new EtcdServer()
  context.after(() => own.remove())
  await own.start()
  const directory = join(own.directory, 'node')
  const settings = settingsFor('/a', {}, own.address)
  const first = await openStore(settings, directory)
  await first.commit([{ type: 'put', key: 'routes/1', text: '{"v":1}' }])
  await first.close()
  for (let index = 0; index < 5; index += 1) {
    await own.call('/v3/kv/put', { key: encode('/a/routes/1'), value: encode(`{"v":${index + 2}}`) })
  }
  const { header } = await own.call<{ header: { revision: string } }>('/v3/kv/range', { key: encode('/a') })
  await own.call('/v3/kv/compaction', { revision: header.revision })
  await own.stop()
  const second = await openStore(settings, directory)
  context.after(() => second.close())
  assert.equal((await second.get('routes/1'))?.text, '{"v":1}')
  const reset = new Promise<void>((resolve) => {
    second.watch(second.revision(), {
      onCommit: () => assert.fail('a commit that etcd has forgotten'),
      onReset: resolve,
    })
  })
  await own.start()
  await reset
  assert.equal((await second.get('routes/1'))?.text, '{"v":6}')
  await until(() => second.trouble() === undefined)
})

test('etcd: user and password', options, async (context) => {
  const own = new EtcdServer()
  context.after(() => own.remove())
  await own.start()
  await own.call('/v3/auth/user/add', { name: 'root', password: 'secret' })
  await own.call('/v3/auth/user/grant', { user: 'root', role: 'root' })
  await own.call('/v3/auth/enable', {})
  const directory = join(own.directory, 'node')
  await assert.rejects(openStore(settingsFor('/a', {}, own.address), directory), { reason: 'unavailable' })
  const wrong = settingsFor('/a', { user: 'root', password: 'wrong' }, own.address)
  await assert.rejects(openStore(wrong, directory), { reason: 'unavailable' })
  const store = await openStore(settingsFor('/a', { user: 'root', password: 'secret' }, own.address), directory)
  context.after(() => store.close())
  await store.commit([{ type: 'put', key: 'routes/1', text: '{}' }])
  assert(await store.get('routes/1'))
})

test('etcd: TLS both ways', options, async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-tls-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  const tls = {
    ca_file: join(directory, 'cert.pem'),
    cert_file: join(directory, 'cert.pem'),
    key_file: join(directory, 'key.pem'),
  }
  const subject = ['-subj', '/CN=gateward', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', tls.key_file]
  execFileSync('openssl', ['req', '-x509', ...subject, ...key, '-out', tls.cert_file], { stdio: 'ignore' })
  const own = new EtcdServer(tls)
  context.after(() => own.remove())
  await own.start()
  const settings = { store: `etcds://${own.address}/a`, etcd: { timeout_ms: 5000, tls } }
  const store = await openStore(settings, join(own.directory, 'node'))
  context.after(() => store.close())
  assert((await store.commit([{ type: 'put', key: 'routes/1', text: '{}' }])).ok)
  const untrusted = { store: settings.store, etcd: { timeout_ms: 5000, tls: {} } }
  await assert.rejects(openStore(untrusted, join(own.directory, 'other')), {
    reason: 'unavailable',
    message: /self-signed certificate/,
  })
})
