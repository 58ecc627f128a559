// ADC against every store: what it has written it reads back as it was declared, so that a second run finds nothing to do.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { openStore } from '../../../src/store/open.ts'
import { makeCertificate } from '../../gateway/listening.ts'
import { openStoreForTest, WRITABLE_STORES } from '../every-store.ts'
import { type Declared, dump, sync, validate, version } from './adc.ts'
import { serve } from './serve.ts'

const NOTHING: Declared = { services: [], consumers: [], ssls: [], global_rules: {}, plugin_metadata: {} }
const nodes = [{ host: '127.0.0.1', port: 1980, weight: 1 }]
const pair = makeCertificate('a.example')

const DECLARED: Declared = {
  ssls: [{ id: 's1', snis: ['a.example', '*.a.example'], certificates: [{ certificate: pair.cert, key: pair.key }] }],
  services: [
    {
      id: 'e9f1b0',
      name: 'httpbin',
      description: 'an echo',
      labels: { team: 'x' },
      hosts: ['a.example'],
      plugins: { cors: {} },
      upstream: {
        type: 'roundrobin',
        scheme: 'http',
        nodes,
        pass_host: 'pass',
        timeout: { connect: 1, send: 2, read: 3 },
      },
      upstreams: [{ id: 'other', name: 'other', type: 'chash', hash_on: 'header', key: 'x-id', nodes }],
      routes: [
        { id: 'r1', name: 'anything', uris: ['/anything/*'], methods: ['GET', 'PURGE'], plugins: {}, priority: 0 },
        { id: 'r2', name: 'anything', uris: ['/ip'], plugins: { 'limit-count': { count: 1, time_window: 60 } } },
      ],
    },
    {
      id: 'tcp',
      name: 'tcp',
      upstream: { type: 'roundrobin', nodes },
      stream_routes: [{ id: 't1', name: 'T', server_port: 9100 }],
    },
  ],
  consumers: [
    {
      username: 'jack',
      description: 'a person',
      plugins: { 'limit-count': { count: 5, time_window: 60 } },
      credentials: [
        { id: 'c1', name: 'key', type: 'key-auth', config: { key: 'jack-key' } },
        { id: 'c2', name: 'basic', type: 'basic-auth', config: { username: 'jack', password: 'secret' } },
      ],
    },
    { username: 'jill', plugins: { 'key-auth': { key: 'jill-key' } } },
  ],
  global_rules: { 'request-id': {} },
  plugin_metadata: { 'http-logger': { log_format: { host: '$host' } } },
}

/** As it is read back: private keys are not. */
function readable(declared: Declared): Declared {
  const ssls = declared.ssls.map((ssl) => ({
    ...ssl,
    certificates: ssl.certificates.map(({ certificate }) => ({ certificate })),
  }))
  return { ...declared, ssls }
}

for (const { name, options } of WRITABLE_STORES) {
  test(`adc: validate, sync, dump: ${name}`, options, async (t) => {
    const call = await serve(t, { store: await openStoreForTest(t, name) })
    assert.equal(await version(call), '999.999.999')
    assert.deepEqual(await dump(call), NOTHING)
    assert.deepEqual(await validate(call, DECLARED), [])
    await sync(call, NOTHING, DECLARED)
    const first = await dump(call)
    assert.deepEqual(first, readable(DECLARED))
    assert.deepEqual(await sync(call, first, readable(DECLARED)), [])

    const changed = structuredClone(DECLARED)
    const [service] = changed.services
    assert.ok(service?.routes && changed.consumers[0]?.credentials)
    service.upstream = { ...service.upstream, nodes: [{ host: '127.0.0.1', port: 1981, weight: 2 }] }
    service.routes = service.routes.slice(1)
    changed.consumers[0].credentials = changed.consumers[0].credentials.slice(1)
    changed.global_rules = { prometheus: {} }
    assert.deepEqual(await sync(call, DECLARED, changed), [
      'DELETE /global_rules/request-id',
      'DELETE /consumers/jack/credentials/c1',
      'DELETE /routes/r1',
      `PUT /upstreams/${service.id}`,
      'PUT /global_rules/prometheus',
    ])
    assert.deepEqual(await dump(call), readable(changed))
    await sync(call, changed, NOTHING)
    assert.deepEqual(await dump(call), NOTHING)
  })
}

test('adc: what is wrong is told by the name of the resource, and a failed write by error_msg', async (t) => {
  const call = await serve(t)
  const wrong = structuredClone(DECLARED)
  const routes = wrong.services[0]?.routes
  assert.ok(routes?.[1])
  routes[1] = { ...routes[1], plugins: { 'limit-count': {} } }
  const [error, ...more] = await validate(call, wrong)
  assert.equal(more.length, 0)
  assert.match(JSON.stringify(error), /"name":"anything".*failed to check the configuration of plugin limit-count/)
  await assert.rejects(
    sync(call, NOTHING, wrong),
    /^Error: failed to check the configuration of plugin limit-count err:/,
  )
})

test('adc: a gateway on apisix.yaml is read like any other, and says why it cannot be written', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-adc-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'apisix.yaml')
  const resources = {
    services: [{ id: 's', name: 's', upstream_id: 's' }],
    upstreams: [{ id: 's', name: 's', type: 'roundrobin', nodes }],
    routes: [{ id: 'r', name: 'r', uri: '/a', service_id: 's' }],
    consumers: [{ username: 'jack' }, { id: 'jack/credentials/c', name: 'c', plugins: { 'key-auth': { key: 'k' } } }],
    plugin_metadata: [{ id: 'http-logger', log_format: { a: '$host' } }],
  }
  writeFileSync(file, `${stringify(resources)}#END\n`)
  const store = await openStore({ store: `yaml:${file}`, etcd: { timeout_ms: 1000, tls: {} } }, directory)
  const call = await serve(t, { store })
  assert.deepEqual(await dump(call), {
    ...NOTHING,
    services: [
      { id: 's', name: 's', upstream: { type: 'roundrobin', nodes }, routes: [{ id: 'r', name: 'r', uris: ['/a'] }] },
    ],
    consumers: [{ username: 'jack', credentials: [{ id: 'c', name: 'c', type: 'key-auth', config: { key: 'k' } }] }],
    plugin_metadata: { 'http-logger': { log_format: { a: '$host' } } },
  })
  await assert.rejects(sync(call, NOTHING, DECLARED), /read-only.*change the file instead/)
})
