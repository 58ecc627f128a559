// The whole configuration as one document: /apisix/admin/configs.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parse } from 'yaml'
import { requirement } from '../compat/requirements.ts'
import { makeCertificate } from '../gateway/listening.ts'
import { ADMIN_KEY, createTestAdmin, type TestAdmin, VIEWER_KEY } from './admin-for-test.ts'

const upstream = { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } }
const route = (id: string, more: object = {}) => ({ id, uri: `/${id}`, upstream, ...more })
type List = Record<string, unknown>[]

let digests = 0
/** A PUT whose digest no other has. */
function put(gateway: TestAdmin, body: object) {
  return gateway.call('PUT', '/configs', body, { 'x-digest': `d${++digests}` })
}

/** Requests of the configuration as they travel, headers and text included. */
async function send(
  test: TestAdmin,
  method: string,
  options: { headers?: object; text?: string; query?: string } = {},
) {
  const response = await test.admin.fetch(
    new Request(`http://127.0.0.1/apisix/admin/configs${options.query ?? ''}`, {
      method,
      headers: { 'x-api-key': ADMIN_KEY, ...options.headers },
      body: options.text ?? null,
    }),
  )
  return { status: response.status, headers: response.headers, text: await response.text() }
}

test('configs: one document replaces everything, and is read back', async (t) => {
  const gateway = await createTestAdmin({ standalone: true })
  t.after(() => gateway.close())
  const empty = await gateway.call('GET', '/configs')
  assert.equal(empty.status, 200)
  assert.equal(empty.body.routes_conf_version, 0)
  assert.equal(empty.body.routes, undefined)

  const first = await put(gateway, {
    routes: [route('a', { service_id: 's' }), route('b')],
    services: [{ id: 's', upstream_id: 'u' }],
    upstreams: [{ id: 'u', ...upstream }],
    consumers: [
      { username: 'jack', plugins: {} },
      { id: 'jack/credentials/web', plugins: { 'key-auth': { key: 'k' } } },
    ],
    plugin_metadata: [{ id: 'http-logger', log_format: { host: '$host' } }],
  })
  assert.equal(first.status, 202, JSON.stringify(first.body))
  assert.ok(Number(first.headers.get('x-gateward-served-revision')) > 0)
  const { body } = await gateway.call('GET', '/configs')
  assert.deepEqual(
    (body.routes as List).map(({ id }) => id),
    ['a', 'b'],
  )
  assert.deepEqual(
    (body.consumers as List).map((one) => one.username ?? one.id),
    ['jack', 'jack/credentials/web'],
  )
  assert.equal(body.routes_conf_version, 1)
  assert.equal(body.ssls_conf_version, 1)
  const key = (await gateway.call('GET', '/consumers/jack/credentials/web')).body.value as { plugins: object }
  assert.deepEqual(key.plugins, { 'key-auth': { key: 'k' } })

  const second = await put(gateway, { routes: [route('b', { uri: '/changed' })] })
  assert.equal(second.status, 202, JSON.stringify(second.body))
  const after = (await gateway.call('GET', '/configs')).body
  assert.deepEqual(
    (after.routes as List).map(({ uri }) => uri),
    ['/changed'],
  )
  for (const kind of ['services', 'upstreams', 'consumers', 'plugin_metadata']) assert.equal(after[kind], undefined)
  assert.equal((await put(gateway, {})).status, 202)
  assert.equal((await gateway.call('GET', '/routes')).body.total, 0)
})

test('configs: what is the same is not written again, what changes keeps its time of creation', async (t) => {
  let now = 1_700_000_000_000
  const gateway = await createTestAdmin({ standalone: true, now: () => now })
  t.after(() => gateway.close())
  await put(gateway, { routes: [route('a'), route('b')] })
  const versions = async () => {
    const { list } = (await gateway.call('GET', '/routes')).body as {
      list: { value: { id: string }; modifiedIndex: number }[]
    }
    return Object.fromEntries(list.map(({ value, modifiedIndex }) => [value.id, modifiedIndex]))
  }
  const before = await versions()
  now += 60_000
  await put(gateway, {
    routes: [{ ...route('a'), modifiedIndex: 7, create_time: 1, update_time: 1 }, route('b', { priority: 3 })],
  })
  const after = await versions()
  assert.equal(after.a, before.a)
  assert.notEqual(after.b, before.b)
  const { value } = (await gateway.call('GET', '/routes/b')).body as { value: Record<string, unknown> }
  assert.equal(value.create_time, 1_700_000_000)
  assert.equal(value.update_time, 1_700_000_060)
})

requirement('admin.configs', async () => {
  const gateway = await createTestAdmin({ standalone: true })
  after(() => gateway.close())
  assert.equal((await put(gateway, { routes_conf_version: 2000, routes: [route('a')] })).status, 202)
  assert.equal((await put(gateway, { routes_conf_version: 2000, routes: [route('ignored')], protos: [] })).status, 202)
  const { body } = await gateway.call('GET', '/configs')
  assert.deepEqual(
    (body.routes as List).map(({ id }) => id),
    ['a'],
  )
  assert.equal(body.routes_conf_version, 2000)
  assert.equal(body.protos_conf_version, 2)
  const stale = await put(gateway, { routes_conf_version: 1999, routes: [] })
  assert.equal(stale.status, 400)
  assert.match(String(stale.body.error_msg), /routes_conf_version must be greater than or equal to \(2000\)/)
  assert.equal((await put(gateway, { routes_conf_version: 'new' })).status, 400)
  assert.equal((await put(gateway, { routes_conf_version: 2001 })).status, 202)
  assert.equal((await gateway.call('GET', '/routes')).body.total, 0)
})

test('configs: the digest says whether there is anything to do; wait is answered with 200', async (t) => {
  const gateway = await createTestAdmin({ standalone: true, now: () => 1_700_000_000_500 })
  t.after(() => gateway.close())
  const text = JSON.stringify({ routes: [route('a')] })
  const headers = { 'x-digest': 'one' }
  assert.equal((await send(gateway, 'PUT', { headers, text, query: '?wait=3000' })).status, 200)
  const again = await send(gateway, 'PUT', { headers, text })
  assert.deepEqual([again.status, again.text], [204, ''])
  const head = await send(gateway, 'HEAD', { headers: { 'x-api-key': VIEWER_KEY } })
  assert.equal(head.status, 200)
  assert.equal(head.headers.get('x-digest'), 'one')
  assert.equal(head.headers.get('x-last-modified'), '1700000000')
  assert.equal((await gateway.call('GET', '/configs')).body.routes_conf_version, 1)
  assert.equal((await send(gateway, 'PUT', { headers: { 'x-api-key': VIEWER_KEY }, text })).status, 401)
  assert.equal((await send(gateway, 'PATCH', { text })).status, 405)
  const none = await send(gateway, 'PUT', { text })
  assert.match(`${none.status} ${none.text}`, /^400 \{"error_msg":"missing digest header/)
})

test('configs: a gateway without a document tells no digest and no time', async (t) => {
  const gateway = await createTestAdmin({ standalone: true, now: () => 1_700_000_000_500 })
  t.after(() => gateway.close())
  const told = async (method: string) => {
    const { headers } = await send(gateway, method)
    return [headers.get('x-digest'), headers.get('x-last-modified')]
  }
  assert.deepEqual(
    [await told('HEAD'), await told('GET')],
    [
      [null, null],
      [null, null],
    ],
  )
  const done = await send(gateway, 'PUT', { headers: { 'x-digest': 'one' }, text: '{}' })
  assert.deepEqual([done.status, done.text, done.headers.get('x-digest')], [202, '', 'one'])
  assert.equal(done.headers.get('x-last-modified'), '1700000000')
  assert.deepEqual(await told('HEAD'), ['one', '1700000000'])
  const { body } = await gateway.call('GET', '/configs')
  assert.deepEqual([body['X-Digest'], body['X-Last-Modified'], body.plugins_conf_version], ['one', 1_700_000_000, 1])
  // What somebody else writes is no longer what the digest stands for: the same document is taken again.
  await gateway.call('PUT', '/routes/other', route('other'))
  assert.deepEqual(await told('HEAD'), [null, '1700000000'])
  assert.equal((await send(gateway, 'PUT', { headers: { 'x-digest': 'one' }, text: '{}' })).status, 202)
  assert.equal((await gateway.call('GET', '/routes')).body.total, 0)
})

test('configs: what was read can be sent back as it is', async (t) => {
  const gateway = await createTestAdmin({ standalone: true })
  t.after(() => gateway.close())
  const pair = makeCertificate('a.example')
  const ssl = { id: 's', snis: ['a.example'], ...pair }
  const metadata = { id: 'http-logger', log_format: { host: '$host' } }
  const first = await put(gateway, { ssls: [ssl], routes: [route('a')], plugin_metadata: [metadata], plugins: [] })
  assert.equal(first.status, 202, JSON.stringify(first.body))
  const { body } = await gateway.call('GET', '/configs')
  assert.equal((body.ssls as List)[0]?.key, pair.key)
  for (const name of Object.keys(body).filter((one) => one.endsWith('_conf_version'))) body[name] = 7
  const before = (await gateway.call('GET', '/ssls/s')).body.modifiedIndex
  assert.equal((await put(gateway, body)).status, 202)
  assert.equal((await gateway.call('GET', '/ssls/s')).body.modifiedIndex, before)
  const seen = await send(gateway, 'GET', { headers: { 'x-api-key': VIEWER_KEY } })
  assert.equal(JSON.parse(seen.text).ssls[0].key, undefined)
  const plugins = await put(gateway, { plugins: [{ name: 'cors' }] })
  assert.match(String(plugins.body.error_msg), /^plugins: .* set plugins.enable there/)
})

test('configs: YAML in and out', async (t) => {
  const gateway = await createTestAdmin({ standalone: true })
  t.after(() => gateway.close())
  const yaml = { 'content-type': 'application/yaml', 'x-digest': 'd' }
  const text =
    'routes:\n  - id: a\n    uri: /a\n    upstream:\n      type: roundrobin\n      nodes:\n        "127.0.0.1:1980": 1\n'
  assert.equal((await send(gateway, 'PUT', { headers: yaml, text })).status, 202)
  const read = await send(gateway, 'GET', { headers: { accept: 'application/yaml' } })
  assert.equal(read.headers.get('content-type'), 'application/yaml')
  assert.equal(parse(read.text).routes[0].uri, '/a')
  for (const bad of ['routes: [', '- a', 'a: &a [*a]', '__proto__: {}', ''])
    assert.equal((await send(gateway, 'PUT', { headers: { ...yaml, 'x-digest': bad }, text: bad })).status, 400, bad)
})

test('configs: refused as a whole, with every failure', async (t) => {
  const gateway = await createTestAdmin({ standalone: true })
  t.after(() => gateway.close())
  await put(gateway, { upstreams: [{ id: 'u', ...upstream }], upstreams_conf_version: 5 })
  const refused = async (body: object): Promise<{ error_msg: string; errors: { error: string }[] }> => {
    const answer = await put(gateway, { upstreams_conf_version: 5, ...body })
    assert.equal(answer.status, 400, JSON.stringify(answer.body))
    return answer.body as never
  }
  const shapes = await refused({ routes: [{ id: 'a', uri: 5 }, route('b'), { id: 'c' }] })
  assert.equal(shapes.errors.length, 2)
  assert.equal(
    shapes.error_msg,
    'invalid routes at index 0, err: invalid configuration: property "uri" validation failed: wrong type: expected string, got number',
  )
  assert.equal((await refused({ routes: [route('a'), route('a')] })).error_msg, 'found duplicate id a in routes')
  assert.equal((await refused({ routes_conf_version: '1' })).error_msg, 'routes_conf_version must be a number')
  const dangling = await refused({
    routes: [route('a', { service_id: 'none' }), route('b', { plugin_config_id: 'none' })],
  })
  assert.equal(dangling.errors.length, 2)
  const keys = { 'key-auth': { key: 'same' } }
  const twice = ['jack', 'jill'].map((username) => ({ username, plugins: keys }))
  assert.match((await refused({ consumers: twice })).errors[0]?.error ?? '', /duplicate key/)
  assert.match(
    (await refused({ consumers: [{ id: 'nobody/credentials/a', plugins: keys }] })).errors[0]?.error ?? '',
    /consumer not found/,
  )
  assert.match((await refused({ router: [] })).error_msg, /"router" is no kind of resources/)
  assert.match((await refused({ routes: {} })).error_msg, /routes must be a list/)
  assert.equal((await gateway.call('GET', '/routes')).body.total, 0)

  await put(gateway, {
    upstreams_conf_version: 5,
    routes: [{ id: 'a', uri: '/a', upstream_id: 'u' }],
    routes_conf_version: 9,
  })
  const used = await put(gateway, { routes_conf_version: 9 })
  assert.match(JSON.stringify(used.body.errors), /can not delete this upstream, route \[a\] is still using it now/)
})

test('configs: consumers may take over each other’s keys in one document', async (t) => {
  const gateway = await createTestAdmin({ standalone: true })
  t.after(() => gateway.close())
  const consumer = (username: string, key: string) => ({ username, plugins: { 'key-auth': { key } } })
  assert.equal((await put(gateway, { consumers: [consumer('jack', '1'), consumer('jill', '2')] })).status, 202)
  const swapped = await put(gateway, { consumers: [consumer('jack', '2'), consumer('jill', '1')] })
  assert.equal(swapped.status, 202, JSON.stringify(swapped.body))
  const moved = await put(gateway, { consumers: [consumer('joe', '1')] })
  assert.equal(moved.status, 202, JSON.stringify(moved.body))
})

test('configs: only where it is wanted; elsewhere a PUT changes nothing', async (t) => {
  const gateway = await createTestAdmin()
  t.after(() => gateway.close())
  await gateway.call('PUT', '/routes/a', { uri: '/a', upstream })
  for (const method of ['PUT', 'GET']) {
    const { status, body } = await gateway.call(method, '/configs', method === 'PUT' ? {} : undefined)
    assert.deepEqual([status, body.error_msg], [404, 'Unsupported resource type: configs'])
  }
  assert.equal((await gateway.call('GET', '/routes/a')).status, 200)
})
