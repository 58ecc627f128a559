// APISIX's dashboard (the one that comes with APISIX since 3.13): lists by page, forms that read and put, filters of what belongs to a service.
// https://github.com/apache/apisix-dashboard, src/apis.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStoreForTest, WRITABLE_STORES } from '../every-store.ts'
import { type Call, type Json, serve, values } from './serve.ts'

const upstream = { type: 'roundrobin', nodes: [{ host: '127.0.0.1', port: 1980, weight: 1 }] }

/** A page of a table. An empty page may be `{}`, which the dashboard takes for an empty list. */
async function page(
  call: Call,
  kind: string,
  number: number,
  filter?: Json,
): Promise<{ total: number; ids: unknown[] }> {
  const query = new URLSearchParams({ page: String(number), page_size: '10' })
  if (filter) query.set('filter', new URLSearchParams(filter as Record<string, string>).toString())
  const answer = await call('GET', `/${kind}?${query}`)
  assert.equal(answer.status, 200)
  const list = Array.isArray(answer.data.list) ? values(answer) : []
  return { total: Number(answer.data.total), ids: list.map(({ id }) => id) }
}

/** What a form does: it reads, changes, and puts the rest of the value under its id, without times. */
async function edit(call: Call, path: string, change: Json): Promise<Json> {
  const { data } = await call('GET', path)
  const { id: _id, create_time: _created, update_time: _updated, ...rest } = data.value as Json
  const answer = await call('PUT', path, { ...rest, ...change })
  assert.equal(answer.status, 200, JSON.stringify(answer.data))
  return answer.data.value as Json
}

for (const { name, options } of WRITABLE_STORES) {
  test(`dashboard: tables, forms and filters: ${name}`, options, async (t) => {
    const call = await serve(t, { store: await openStoreForTest(t, name) })
    assert.deepEqual(await page(call, 'routes', 1), { total: 0, ids: [] })
    const service = String(((await call('POST', '/services', { name: 's', upstream })).data.value as Json).id)
    const made: unknown[] = []
    for (let i = 0; i < 12; i++) {
      const body = { name: `route ${i}`, uri: `/r${i}`, ...(i % 2 ? { upstream } : { service_id: service }) }
      const { status, data } = await call('POST', '/routes', body)
      assert.equal(status, 201)
      made.push((data.value as Json).id)
    }
    assert.deepEqual(await page(call, 'routes', 1), { total: 12, ids: made.slice(0, 10) })
    assert.deepEqual(await page(call, 'routes', 2), { total: 12, ids: made.slice(10) })
    const ofService = await page(call, 'routes', 1, { service_id: service })
    assert.deepEqual(ofService, { total: 6, ids: made.filter((_, i) => i % 2 === 0) })
    const stream = await call('POST', '/stream_routes', { server_port: 9100, service_id: service })
    await call('POST', '/stream_routes', { server_port: 9101, upstream })
    const streams = await page(call, 'stream_routes', 1, { service_id: service })
    assert.deepEqual(streams, { total: 1, ids: [(stream.data.value as Json).id] })

    const edited = await edit(call, `/routes/${made[3]}`, { desc: 'edited', priority: 7 })
    assert.deepEqual([edited.desc, edited.priority, edited.id], ['edited', 7, made[3]])
    for (const id of made) assert.equal((await call('DELETE', `/routes/${id}`)).status, 200)
    assert.deepEqual(await page(call, 'routes', 1), { total: 0, ids: [] })
  })

  test(`dashboard: consumers, credentials, secrets, metadata: ${name}`, options, async (t) => {
    const call = await serve(t, { store: await openStoreForTest(t, name) })
    await call('PUT', '/consumers', { username: 'jack', desc: 'a person' })
    const { status, data } = await call('GET', '/consumers/jack/credentials')
    assert.deepEqual(status === 404 ? [] : data.list, [])
    const plugins = { 'key-auth': { key: 'k' } }
    assert.equal((await call('PUT', '/consumers/jack/credentials/c', { plugins })).status, 201)
    const [credential] = values(await call('GET', '/consumers/jack/credentials'))
    assert.deepEqual([credential?.id, credential?.plugins], ['c', plugins])
    assert.equal((await edit(call, '/consumers/jack', { desc: 'edited' })).desc, 'edited')

    const vault = { uri: 'http://127.0.0.1:8200', prefix: 'kv/apisix', token: 't' }
    assert.equal((await call('PUT', '/secrets/vault/v1', vault)).status, 201)
    const [secret] = values(await call('GET', '/secrets?page=1&page_size=10'))
    assert.deepEqual([secret?.id, secret?.token], ['vault/v1', 't'])
    await edit(call, '/secrets/vault/v1', { prefix: 'kv/other' })

    assert.equal((await call('GET', '/plugin_metadata/http-logger')).status, 404)
    await call('PUT', '/plugin_metadata/http-logger', { log_format: { a: '$host' } })
    const metadata = (await call('GET', '/plugin_metadata/http-logger')).data.value as Json
    assert.deepEqual(metadata.log_format, { a: '$host' })
    assert.equal((await call('DELETE', '/plugin_metadata/http-logger')).status, 200)
  })
}

test('dashboard: the plugins that may stand somewhere are those with the schema for it', async (t) => {
  const call = await serve(t)
  const offered = async (schema: string, query = ''): Promise<string[]> => {
    const { data } = await call('GET', `/plugins?all=true${query}`)
    return Object.entries(data as Record<string, Json>).flatMap(([name, facts]) => (facts[schema] ? [name] : []))
  }
  assert.ok((await offered('schema')).includes('cors'))
  const auth = await offered('consumer_schema')
  assert.ok(auth.includes('key-auth') && !auth.includes('cors'))
  assert.ok((await offered('metadata_schema')).includes('http-logger'))
  const streams = await offered('schema', '&subsystem=stream')
  assert.ok(streams.includes('ip-restriction') && !streams.includes('cors'))
  assert.equal((await call('GET', '/plugins/key-auth')).data.type, 'object')
})
