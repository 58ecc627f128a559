// What the data plane is fed when others write to the store: what cannot be served is left out or keeps its last good form, and is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecrecy } from '../src/admin/secrecy.ts'
import { ConfigFeed } from '../src/feed.ts'
import { createFaultFinder } from '../src/foreign.ts'
import { checkVars } from '../src/gateway/router/vars.ts'
import { plugins } from '../src/plugins/index.ts'
import { createCatalog } from '../src/resources/catalog.ts'
import { createValidator } from '../src/resources/validator.ts'
import { MemoryStore } from '../src/store/memory.ts'

const catalog = createCatalog(plugins)
const plain = { encrypt: (text: string) => text, decrypt: (text: string) => text }

async function feeding(texts: Record<string, string>) {
  const store = new MemoryStore()
  for (const [key, text] of Object.entries(texts)) await store.commit([{ type: 'put', key, text }])
  const told: Record<string, string>[] = []
  const feed = new ConfigFeed({
    store,
    secrecy: createSecrecy(catalog, plain),
    fault: createFaultFinder(createValidator({ catalog, checkVars }), catalog),
    onTrouble: (error) => assert.fail(String(error)),
    onFaults: (faults) => told.push(Object.fromEntries(faults)),
  })
  await feed.start()
  return { store, feed, told }
}

const keysOf = (feed: ConfigFeed): string[] => feed.snapshot().changes.map(({ key }) => key)

const BROKEN: Record<string, string> = {
  'routes/no-json': '{"uri":',
  'routes/no-object': '[1]',
  'routes/uri': '{"uri":5}',
  'routes/uris': '{"uris":{"a":1}}',
  'routes/hosts': '{"uri":"/a","hosts":7}',
  'routes/plugins': '{"uri":"/a","plugins":3}',
  'routes/plugin': '{"uri":"/a","plugins":{"key-auth":null}}',
  'routes/limit': '{"uri":"/a","plugins":{"limit-count":{"count":"many"}}}',
  'routes/upstream': '{"uri":"/a","upstream":{"nodes":5,"type":"zz"}}',
  'routes/vars': '{"uri":"/a","vars":[[1]]}',
  'routes/lua': '{"uri":"/a","filter_func":"function(vars) return false end"}',
  'services/s': '"service"',
  'upstreams/u': '{"nodes":"x"}',
  'consumers/jack': '{"username":"jack","plugins":[1]}',
  'consumers/jill/credentials/c': '{"plugins":{"key-auth":5}}',
  'consumer_groups/g': '{"plugins":7}',
  'ssls/s': '{"cert":"x","key":5,"snis":5}',
  'global_rules/g': '{"plugins":{"ip-restriction":{"whitelist":5}}}',
  'plugin_configs/p': 'null',
  'plugin_metadata/http-logger': '{"log_format":5}',
  'protos/p': '{"content":5}',
  'secrets/vault/1': '{"uri":7}',
  'stream_routes/1': '{"server_port":"x"}',
}

test('what cannot be served is left out and told, whatever it is', async () => {
  const good = { 'routes/good': '{"uri":"/good"}', 'something/else': 'of another program' }
  const { feed, told } = await feeding({ ...BROKEN, ...good })
  assert.deepEqual(keysOf(feed), ['routes/good'])
  assert.deepEqual(Object.keys(told[0] ?? {}).sort(), Object.keys(BROKEN).sort())
  assert.match(feed.trouble() ?? '', /23 resources of the store cannot be served.*consumer_groups\/g: /)
  for (const [key, text] of Object.entries(BROKEN))
    assert.ok(!feed.trouble()?.includes(text), `the text of ${key} may hold secrets`)
})

test('a good resource keeps its last good form when it is broken, and is served anew when it is right again', async () => {
  const { store, feed, told } = await feeding({ 'routes/1': '{"uri":"/a"}' })
  const delivered: string[] = []
  feed.onCommit((_, changes) => void delivered.push(...changes.map(({ key, text }) => `${key} ${text}`)))
  assert.equal(feed.trouble(), undefined)
  await store.commit([
    { type: 'put', key: 'routes/1', text: '{"uri":7}' },
    { type: 'put', key: 'routes/2', text: '{"uri":"/b"}' },
  ])
  await turn()
  assert.deepEqual(delivered.splice(0), ['routes/2 {"uri":"/b"}'])
  assert.deepEqual(
    feed.snapshot().changes.map(({ text }) => text),
    ['{"uri":"/a"}', '{"uri":"/b"}'],
  )
  assert.equal(feed.snapshot().revision, store.revision())
  assert.match(told[0]?.['routes/1'] ?? '', /uri/)
  assert.match(feed.trouble() ?? '', /^1 resource of the store cannot be served as it stands there: routes\/1: /)
  await store.commit([{ type: 'put', key: 'routes/1', text: '{"uri":"/c"}' }])
  await turn()
  assert.deepEqual(delivered.splice(0), ['routes/1 {"uri":"/c"}'])
  assert.equal(feed.trouble(), undefined)
  await store.commit([{ type: 'put', key: 'routes/1', text: 'x' }])
  await store.commit([{ type: 'delete', key: 'routes/1' }])
  await turn()
  assert.deepEqual(delivered, ['routes/1 undefined'])
  assert.equal(feed.trouble(), undefined)
})

test('a value that does not fit its pattern is not told', async () => {
  const { feed } = await feeding({
    'upstreams/1': '{"nodes":{"a:1":1},"type":"roundrobin","labels":{"a":"hush hush"}}',
  })
  assert.match(feed.trouble() ?? '', /labels/)
  assert.doesNotMatch(feed.trouble() ?? '', /hush/)
})

test('a plugin that is not known here stays: the data plane refuses its requests', async () => {
  const { feed } = await feeding({ 'routes/1': '{"uri":"/a","plugins":{"of-another-gateway":{"x":1}}}' })
  assert.deepEqual(keysOf(feed), ['routes/1'])
  assert.equal(feed.trouble(), undefined)
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
