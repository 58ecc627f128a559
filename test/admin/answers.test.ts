// What APISIX answers where no recording shows it: texts and statuses from its source and documentation.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { plugins } from '../../src/plugins/index.ts'
import { makeCertificate } from '../gateway/listening.ts'
import { gatewayForTest } from '../operations/gateway-for-test.ts'
import { createTestAdmin, createTestControl, type TestAdmin } from './admin-for-test.ts'

const upstream = { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } }
const route = (more: object = {}) => ({ uri: '/a', upstream, ...more })

async function open(t: TestContext): Promise<TestAdmin> {
  const gateway = await createTestAdmin()
  t.after(() => gateway.close())
  return gateway
}

/** Status and error_msg of one request. */
async function refusal(gateway: TestAdmin, method: string, path: string, body?: unknown): Promise<[number, unknown]> {
  const answer = await gateway.call(method, path, body)
  return [answer.status, answer.body.error_msg]
}

test('plugins: reload is PUT only, subsystems are http and stream, a name is needed', async (t) => {
  const gateway = await open(t)
  assert.deepEqual(await refusal(gateway, 'GET', '/plugins/reload'), [
    405,
    'please use PUT method to reload the plugins, GET method is not allowed.',
  ])
  assert.equal((await gateway.call('PUT', '/plugins/reload')).status, 200)
  const list = await gateway.call('GET', '/plugins/list?subsystem=mail')
  assert.deepEqual([list.status, list.body.text], [400, 'invalid subsystem passed'])
  assert.deepEqual(await refusal(gateway, 'GET', '/plugins/cors?subsystem=mail'), [400, 'unsupported subsystem: mail'])
  const all = await gateway.call('GET', '/plugins?all=true&subsystem=mail')
  assert.equal(all.status, 400)
  assert.deepEqual(await refusal(gateway, 'GET', '/plugins'), [404, 'plugin not found in subsystem http'])
  assert.deepEqual(await refusal(gateway, 'PUT', '/plugins/cors', {}), [404, 'not found'])
  assert.deepEqual(await refusal(gateway, 'DELETE', '/schema/route'), [404, 'not found'])
  assert.deepEqual(await refusal(gateway, 'GET', '/plugins/cors?schema_type=consumer'), [400, 'not found schema'])
  const stream = await gateway.call('GET', '/plugins?all=true&subsystem=stream')
  assert.ok('limit-conn' in stream.body && !('cors' in stream.body))
})

test('HEAD of the Admin API itself says that it is there, without a key', async (t) => {
  const { admin } = await open(t)
  const head = (path: string, remoteAddress: string) =>
    admin.handle({
      method: 'HEAD',
      path,
      query: new URLSearchParams(),
      header: () => undefined,
      body: Buffer.alloc(0),
      remoteAddress,
    })
  assert.equal((await head('/apisix/admin', '127.0.0.1')).status, 200)
  assert.equal((await head('/apisix/admin', '192.0.2.1')).status, 403)
  assert.equal((await head('/apisix/admin/routes', '127.0.0.1')).status, 401)
})

test('a member is told by its own name, also where that looks percent-encoded', async (t) => {
  const gateway = await open(t)
  const plugins = { 'attach-consumer-label': { headers: { 'X-%41/~b': 5 } } }
  const [, message] = await refusal(gateway, 'PUT', '/routes/1', route({ plugins }))
  assert.match(String(message), /additional property X-%41\/~b: wrong type: expected string, got number$/)
})

test('schema/validate: the fault without a prefix; kinds that are none are 404', async (t) => {
  const gateway = await open(t)
  const wrong = 'property "uri" validation failed: wrong type: expected string, got number'
  assert.deepEqual(await refusal(gateway, 'POST', '/schema/validate/routes', { uri: 1980, upstream }), [400, wrong])
  const right = await gateway.call('POST', '/schema/validate/routes', route())
  assert.deepEqual([right.status, right.body], [200, {}])
  assert.deepEqual(await refusal(gateway, 'POST', '/schema/validate/nope', {}), [
    404,
    'Unsupported resource type: nope',
  ])
})

test('configs/validate: YAML, versions, names in duplicates, managers of secrets', async (t) => {
  const gateway = await open(t)
  const yaml = { 'content-type': 'application/yaml' }
  const text = 'routes:\n  - id: 1\n    uri: 5\n'
  const inYaml = await gateway.call('POST', '/configs/validate', text, yaml)
  assert.equal(inYaml.status, 400)
  assert.match(JSON.stringify(inYaml.body.errors), /expected string, got number/)
  assert.equal((await gateway.call('POST', '/configs/validate', text.replace('uri: 5', 'uri: /a'), yaml)).status, 200)
  const { body } = await gateway.call('POST', '/configs/validate', {
    routes_conf_version: 'x',
    consumers: [
      { username: 'a' },
      { username: 'a' },
      { id: 'a/credentials/b', plugins: {} },
      { id: 'a/credentials/b', plugins: {} },
    ],
    secrets: [{ id: '1', uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 't' }],
  })
  const errors = body.errors as { error: string; index?: number; resource_type: string }[]
  assert.deepEqual(
    errors.map(({ resource_type: kind, index, error }) => [kind, index, error]),
    [
      ['routes', undefined, 'routes_conf_version must be a number, got string'],
      ['consumers', 1, 'found duplicate username a in consumers'],
      ['consumers', 3, 'found duplicate credential id a/credentials/b in consumers'],
      ['secrets', 0, 'invalid secret id: 1'],
    ],
  )
})

test('a route has one of host and hosts, and one of remote_addr and remote_addrs', async (t) => {
  const gateway = await open(t)
  const hosts = route({ host: 'a.example', hosts: ['b.example'] })
  assert.deepEqual(await refusal(gateway, 'PUT', '/routes/1', hosts), [400, 'only one of host or hosts is allowed'])
  const addresses = route({ remote_addr: '127.0.0.1', remote_addrs: ['127.0.0.2'] })
  assert.deepEqual(await refusal(gateway, 'PUT', '/routes/1', addresses), [
    400,
    'only one of remote_addr or remote_addrs is allowed',
  ])
})

test('addresses that have the form of one but are none are refused', async (t) => {
  const gateway = await open(t)
  const failed = 'invalid configuration: property'
  const none = 'object matches none of the required'
  for (const address of ['999.1.1.1', '10.0.0.0/40', '::1/200', '1::2::3', '1:2:3:4:5:6:7:8:9']) {
    assert.deepEqual(await refusal(gateway, 'PUT', '/routes/1', route({ remote_addr: address })), [
      400,
      `${failed} "remote_addr" validation failed: ${none}`,
    ])
    assert.deepEqual(await refusal(gateway, 'PUT', '/stream_routes/1', { server_addr: address, upstream }), [
      400,
      `${failed} "server_addr" validation failed: ${none}`,
    ])
  }
  assert.deepEqual(await refusal(gateway, 'PUT', '/routes/1', route({ remote_addrs: ['::1', '1.2.3.256'] })), [
    400,
    `${failed} "remote_addrs" validation failed: failed to validate item 2: ${none}`,
  ])
  const addresses = ['127.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32', '::ffff:10.0.0.1']
  assert.equal((await gateway.call('PUT', '/routes/1', route({ remote_addrs: addresses }))).status, 201)
})

test('POST wants no id, neither in the path nor in the body; times are forbidden inside too', async (t) => {
  const gateway = await open(t)
  const noId = 'wrong route id, do not need it'
  assert.deepEqual(await refusal(gateway, 'POST', '/routes', route({ id: 'a' })), [400, noId])
  const timed = route({ upstream: { ...upstream, create_time: 1 } })
  assert.deepEqual(await refusal(gateway, 'PUT', '/routes/1', timed), [
    400,
    'the property is forbidden:  upstream.create_time',
  ])
  assert.equal((await gateway.call('PUT', '/routes/1', route())).status, 201)
  const patched = await gateway.call('PATCH', '/routes/1', { upstream: { create_time: 1 } })
  assert.equal(patched.status, 200)
  assert.deepEqual(await refusal(gateway, 'PUT', '/routes/1?ttl=soon', route()), [
    400,
    'invalid argument ttl: should be a number',
  ])
})

test('a plugin that is switched off needs no configuration; what is none is named', async (t) => {
  const gateway = await open(t)
  const put = (plugins: object) => refusal(gateway, 'PUT', '/routes/1', route({ plugins }))
  assert.deepEqual(await put({ 'limit-count': { _meta: { disable: true } } }), [201, undefined])
  const limit = { _meta: { disable: false } }
  const [status, message] = await put({ 'limit-count': limit })
  assert.equal(status, 400)
  assert.match(String(message), /^failed to check the configuration of plugin limit-count err: /)
  assert.deepEqual(await refusal(gateway, 'PATCH', '/routes/1/plugins/limit-count/_meta', { disable: false }), [
    400,
    message,
  ])
  const filtered = { cors: { _meta: { filter: [['a']] } } }
  assert.match(String((await put(filtered))[1]), /^failed to validate the 'vars' expression: /)
  assert.deepEqual(await put({ cors: 'on' }), [400, 'invalid plugin conf "on" for plugin [cors]'])
  assert.deepEqual(await refusal(gateway, 'PUT', '/consumers', { username: 'a', plugins: { cors: null } }), [
    400,
    'invalid plugins configuration: invalid plugin conf null for plugin [cors]',
  ])
  // A consumer's own configuration is what it is known by: that is checked always.
  const consumer = { username: 'a', plugins: { 'key-auth': { _meta: { disable: true } } } }
  assert.equal((await refusal(gateway, 'PUT', '/consumers', consumer))[0], 400)
})

test('a plugin of a stream route that is not right is called a stream plugin', async (t) => {
  const gateway = await open(t)
  const put = (plugins: object) => refusal(gateway, 'PUT', '/stream_routes/1', { server_port: 9100, upstream, plugins })
  const [status, message] = await put({ 'limit-conn': { conn: 0 } })
  assert.equal(status, 400)
  assert.match(String(message), /^failed to check the configuration of stream plugin \[limit-conn\]: property "/)
  assert.deepEqual(await put({ cors: {} }), [400, 'unknown plugin [cors]'])
})

test('credentials belong to a consumer, and hold plugins that authenticate', async (t) => {
  const gateway = await open(t)
  const plugins = { 'key-auth': { key: 'k' } }
  assert.deepEqual(await refusal(gateway, 'PUT', '/consumers/a/credentials/b', { plugins }), [
    404,
    'consumer not found',
  ])
  await gateway.call('PUT', '/consumers', { username: 'a' })
  assert.deepEqual(await refusal(gateway, 'PUT', '/consumers/a/credentials/b', { plugins: { cors: {} } }), [
    400,
    'only supports auth type plugins in consumer credential',
  ])
  assert.deepEqual(await refusal(gateway, 'PUT', '/consumers/a/credentials/b', { plugins, id: 'c' }), [
    400,
    'wrong credential id',
  ])
})

test('an id that is a number, and only in the body, stays a number; it is a whole one above 0', async (t) => {
  const gateway = await open(t)
  const put = (id: unknown) => gateway.call('PUT', '/routes', route({ id }))
  assert.deepEqual((await put(5)).body.key, '/apisix/routes/5')
  assert.equal(((await gateway.call('GET', '/routes/5')).body.value as { id: unknown }).id, 5)
  for (const id of [0, -1, 1.5]) assert.equal((await put(id)).status, 400, String(id))
  await gateway.call('PUT', '/routes/6', route({ id: 6 }))
  assert.equal(((await gateway.call('GET', '/routes/6')).body.value as { id: unknown }).id, '6')
  assert.equal((await gateway.call('PATCH', '/routes/5', { desc: 'x' })).status, 200)
})

test('PATCH: a part below what has no members is no part; what is no object changes no resource', async (t) => {
  const gateway = await open(t)
  await gateway.call('PUT', '/routes/1', route())
  assert.deepEqual(await refusal(gateway, 'PATCH', '/routes/1/uri/deep', '1'), [400, 'invalid sub-path: /uri'])
  assert.deepEqual(await refusal(gateway, 'PATCH', '/routes/1/upstream/type/a/b', '1'), [
    400,
    'invalid sub-path: /upstream/type',
  ])
  for (const body of ['"text"', 'null', '5'])
    assert.deepEqual(await refusal(gateway, 'PATCH', '/routes/1', body), [400, 'invalid configuration'])
  assert.equal(((await gateway.call('GET', '/routes/1')).body.value as { uri: string }).uri, '/a')
})

test('upstreams: ports of nodes, a client certificate with its key, of the right type', async (t) => {
  const gateway = await open(t)
  const put = (more: object) => refusal(gateway, 'PUT', '/upstreams/1', { ...upstream, ...more })
  assert.deepEqual(await put({ nodes: { '127.0.0.1:0': 1 } }), [400, 'invalid port 0'])
  assert.deepEqual(await put({ nodes: { '[::1]:65536': 1 } }), [400, 'invalid port 65536'])
  const one = makeCertificate('a.example')
  const { key } = makeCertificate('b.example')
  const [status, message] = await put({ tls: { client_cert: one.cert, client_key: key } })
  assert.equal(status, 400)
  assert.match(String(message), /^the key does not belong to the certificate/)
  const broken = await put({ tls: { client_cert: 'x'.repeat(200), client_key: one.key } })
  assert.match(String(broken[1]), /^failed to parse cert: /)
  await gateway.call('PUT', '/ssls/s', { ...one, snis: ['a.example'] })
  await gateway.call('PUT', '/ssls/c', { ...one, type: 'client' })
  const failed = 'failed to fetch ssl info by ssl id'
  assert.deepEqual(await put({ tls: { client_cert_id: 'none' } }), [400, `${failed} [none], response code: 404`])
  assert.deepEqual(await put({ tls: { client_cert_id: 's' } }), [400, `${failed} [s], wrong ssl type`])
  assert.deepEqual(await put({ tls: { client_cert_id: 'c' } }), [201, undefined])
  assert.deepEqual(await refusal(gateway, 'DELETE', '/ssls/c'), [
    400,
    'can not delete this ssl, upstream [1] is still using it now',
  ])
})

test('what is in use is not deleted, and the answer says by what', async (t) => {
  const gateway = await open(t)
  const write = async (path: string, body: object) =>
    assert.equal((await gateway.call('PUT', path, body)).status, 201, path)
  await write('/upstreams/u', upstream)
  await write('/services/s', { upstream })
  await write('/protos/p', { content: 'syntax = "proto3"; message M { string a = 1; }' })
  const split = { 'traffic-split': { rules: [{ weighted_upstreams: [{ upstream_id: 'u', weight: 1 }] }] } }
  const users: [string, object, string, string][] = [
    ['/routes/r', { uri: '/a', upstream_id: 'u' }, '/upstreams/u', 'upstream, route [r]'],
    ['/services/t', { upstream_id: 'u' }, '/upstreams/u', 'upstream, service [t]'],
    ['/stream_routes/st', { upstream_id: 'u' }, '/upstreams/u', 'upstream, stream_route [st]'],
    ['/routes/sp', route({ plugins: split }), '/upstreams/u', 'upstream, plugin in route [sp]'],
    ['/plugin_configs/c', { plugins: split }, '/upstreams/u', 'upstream, plugin in plugin_config [c]'],
    ['/global_rules/g', { plugins: split }, '/upstreams/u', 'upstream, plugin in global_rules [g]'],
    ['/stream_routes/s2', { service_id: 's' }, '/services/s', 'service directly, stream_route [s2]'],
    ['/routes/r2', { uri: '/a', service_id: 's' }, '/services/s', 'service directly, route [r2]'],
    [
      '/routes/gt',
      route({ plugins: { 'grpc-transcode': { proto_id: 'p', service: 'a.B', method: 'C' } } }),
      '/protos/p',
      'proto,route [gt]',
    ],
  ]
  for (const [path, body, used, words] of users) {
    await write(path, body)
    assert.deepEqual(await refusal(gateway, 'DELETE', used), [
      400,
      `can not delete this ${words} is still using it now`,
    ])
    assert.equal((await gateway.call('DELETE', path)).status, 200)
  }
  for (const used of ['/upstreams/u', '/services/s', '/protos/p'])
    assert.equal((await gateway.call('DELETE', used)).status, 200, used)
})

test('pages are in order of creation; stream routes are found by service and upstream', async (t) => {
  const gateway = await open(t)
  const ids = (body: Record<string, unknown>) => (body.list as { value: { id: string } }[]).map(({ value }) => value.id)
  for (let id = 12; id > 0; id--) await gateway.call('PUT', `/routes/${id}`, route({ name: id % 2 ? 'odd' : 'even' }))
  await gateway.call('PUT', '/routes/12', route({ name: 'even', desc: 'written again' }))
  const first = await gateway.call('GET', '/routes?page=1&page_size=10')
  assert.deepEqual(ids(first.body), ['12', '11', '10', '9', '8', '7', '6', '5', '4', '3'])
  assert.deepEqual(ids((await gateway.call('GET', '/routes?page=2&page_size=10')).body), ['2', '1'])
  const odd = await gateway.call('GET', '/routes?page=1&page_size=10&name=odd')
  assert.deepEqual([odd.body.total, ids(odd.body)], [6, ['11', '9', '7', '5', '3', '1']])
  await gateway.call('PUT', '/services/s', { upstream })
  await gateway.call('PUT', '/upstreams/u', upstream)
  await gateway.call('PUT', '/stream_routes/1', { service_id: 's' })
  await gateway.call('PUT', '/stream_routes/2', { upstream_id: 'u' })
  assert.deepEqual(ids((await gateway.call('GET', '/stream_routes?filter=service_id%3Ds')).body), ['1'])
  assert.deepEqual(ids((await gateway.call('GET', '/stream_routes?filter=upstream_id%3Du')).body), ['2'])
})

test('control: /v1/schema has every kind and the plugins of both subsystems', async () => {
  const control = createTestControl(plugins)
  const { body } = await control.handle({
    method: 'GET',
    path: '/v1/schema',
    query: new URLSearchParams(),
    header: () => undefined,
    body: Buffer.alloc(0),
    remoteAddress: '127.0.0.1',
  })
  const schema = JSON.parse(body) as Record<string, Record<string, { priority?: number; schema?: object }>>
  for (const kind of ['route', 'service', 'upstream', 'consumer', 'ssl', 'stream_route', 'plugin_config'])
    assert.ok(schema.main?.[kind], kind)
  assert.deepEqual(schema['stream-plugins'], schema.stream_plugins)
  assert.equal(schema.stream_plugins?.['limit-conn']?.priority, 1003)
  assert.ok(schema.stream_plugins?.['limit-conn']?.schema && !schema.stream_plugins.cors && schema.plugins?.cors)
})

test('a plugin that the settings do not enable is unknown when it is written, too', async (t) => {
  const gateway = await gatewayForTest(() => true, ['--plugins-enable', 'key-auth,cors'])
  t.after(() => gateway.close())
  const put = (plugins: object) => gateway.admin('PUT', '/routes/1', route({ plugins }))
  assert.equal((await put({ cors: {} })).status, 201)
  const refused = await put({ echo: { body: 'x' } })
  assert.deepEqual([refused.status, refused.body.error_msg], [400, 'unknown plugin [echo]'])
  assert.deepEqual((await gateway.admin('GET', '/plugins/list')).body, ['cors', 'key-auth'])
})
