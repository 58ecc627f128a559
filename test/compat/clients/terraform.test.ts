// Terraform providers: a resource is put whole under its id, read back and compared with what was put, so that a plan is empty only when nothing
// was added to it; what is gone is 404. https://github.com/scicore-unibas-ch/terraform-provider-apisix, internal/client and internal/resource.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStoreForTest, WRITABLE_STORES } from '../every-store.ts'
import { type Call, type Json, serve } from './serve.ts'

const nodes = [{ host: '127.0.0.1', port: 1980, weight: 1, priority: 0 }]
const UPSTREAM = {
  type: 'roundrobin',
  scheme: 'http',
  hash_on: 'vars',
  pass_host: 'pass',
  nodes,
  retries: 0,
  checks: { active: { http_path: '/status', healthy: { interval: 2 } } },
  keepalive_pool: { size: 320, idle_timeout: 60, requests: 1000 },
}

/** In the order in which they are created; destroyed in the reverse. */
const RESOURCES: [kind: string, id: string, body: Json][] = [
  ['upstreams', 'u', { id: 'u', name: 'u', ...UPSTREAM }],
  ['services', 's', { id: 's', upstream_id: 'u', enable_websocket: false, hosts: ['a.example'] }],
  ['plugin_configs', 'p', { id: 'p', plugins: { 'limit-count': { count: 2, time_window: 60 } }, labels: { a: 'b' } }],
  ['consumer_groups', 'g', { id: 'g', plugins: { 'limit-count': { count: 3, time_window: 60 } } }],
  ['consumers', 'jack', { username: 'jack', group_id: 'g', plugins: { 'key-auth': { key: 'jack-key' } } }],
  [
    'routes',
    'r',
    { id: 'r', uri: '/a', service_id: 's', plugin_config_id: 'p', priority: 0, status: 1, methods: ['GET'] },
  ],
  [
    'routes',
    'r2',
    {
      id: 'r2',
      uris: ['/b'],
      upstream: UPSTREAM,
      vars: [['arg_a', '==', '1']],
      timeout: { connect: 1, send: 1, read: 1 },
    },
  ],
  ['global_rules', 'gr', { id: 'gr', plugins: { 'request-id': {} } }],
  ['plugin_metadata', 'http-logger', { log_format: { host: '$host' } }],
]

async function read(call: Call, kind: string, id: string): Promise<Json | undefined> {
  const { status, data } = await call('GET', `/${kind}/${id}`)
  if (status === 404) return undefined
  assert.equal(status, 200)
  const { create_time: _created, update_time: _updated, ...rest } = data.value as Json
  return rest
}

for (const { name, options } of WRITABLE_STORES) {
  test(`terraform: create, refresh, change, import, destroy: ${name}`, options, async (t) => {
    const call = await serve(t, { store: await openStoreForTest(t, name) })
    for (const [kind, id, body] of RESOURCES) {
      assert.equal(await read(call, kind, id), undefined)
      const { status, data } = await call('PUT', `/${kind}/${id}`, body)
      assert.equal(status, 201, JSON.stringify(data))
      const expected = kind === 'plugin_metadata' ? { id, ...body } : body
      assert.deepEqual(await read(call, kind, id), expected, `${kind}/${id} is read back as it was written`)
      assert.equal((await call('PUT', `/${kind}/${id}`, body)).status, 200)
    }
    // A member that the plan drops is gone, since a PUT replaces.
    assert.equal((await call('PUT', '/upstreams/u', { id: 'u', ...UPSTREAM })).status, 200)
    assert.equal((await read(call, 'upstreams', 'u'))?.name, undefined)

    const used = await call('DELETE', '/upstreams/u')
    assert.deepEqual(
      [used.status, used.data.error_msg],
      [400, 'can not delete this upstream, service [s] is still using it now'],
    )
    for (const [kind, id] of RESOURCES.toReversed()) {
      assert.equal((await call('DELETE', `/${kind}/${id}`)).status, 200, `${kind}/${id}`)
      assert.equal((await call('DELETE', `/${kind}/${id}`)).status, 404)
    }
    assert.equal((await call('PUT', '/upstreams/u', { ...UPSTREAM, nodes: 5 })).status, 400)
  })
}

test('terraform: plugins of a consumer whom somebody else owns are merged in, its key stays', async (t) => {
  const call = await serve(t)
  const owner = { username: 'jack', plugins: { 'key-auth': { key: 'made elsewhere' } } }
  await call('PUT', '/consumers', owner)
  const write = async (managed: Json, dropped: string[] = []): Promise<void> => {
    const { id: _id, ...body } = (await read(call, 'consumers', 'jack')) ?? {}
    const kept = Object.entries(body.plugins ?? {}).filter(([plugin]) => !dropped.includes(plugin))
    const merged = { ...body, plugins: { ...Object.fromEntries(kept), ...managed } }
    assert.equal((await call('PUT', '/consumers/jack', merged)).status, 200)
  }
  const limit = { 'limit-count': { count: 1, time_window: 60 } }
  await write(limit)
  assert.deepEqual((await read(call, 'consumers', 'jack'))?.plugins, { ...owner.plugins, ...limit })
  await write({}, ['limit-count'])
  assert.deepEqual(await read(call, 'consumers', 'jack'), owner)
})

test('terraform: forced deletion takes what is in use', async (t) => {
  const call = await serve(t)
  await call('PUT', '/upstreams/u', UPSTREAM)
  await call('PUT', '/routes/r', { uri: '/a', upstream_id: 'u' })
  assert.equal((await call('DELETE', '/upstreams/u?force=true')).status, 200)
  assert.equal(await read(call, 'upstreams', 'u'), undefined)
})
