// ADC's form: there and back is the same text, what it cannot hold is said.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { derivedId } from '../../src/resources/adc.ts'
import { readAdc } from '../../src/resources/adc-read.ts'
import { writeAdc } from '../../src/resources/adc-write.ts'
import type { Placed } from '../../src/resources/standalone.ts'

const GOLDEN = readFileSync(new URL('adc.golden.yaml', import.meta.url), 'utf8')
const upstream = { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } }
const route = (id: string, value: object): Placed => ({ kind: 'routes', id, value: { uri: `/${id}`, ...value } })
const service: Placed = { kind: 'services', id: 's', value: { upstream } }

test('adc: read and written again is the same text, with nothing to say', () => {
  const resources = readAdc(GOLDEN)
  assert.deepEqual(writeAdc(resources), { text: GOLDEN, notes: [] })
  assert.deepEqual(
    resources.map(({ kind, id }) => `${kind}/${id}`),
    [
      'services/s1',
      `routes/${derivedId('speakers', 'one')}`,
      'routes/r1',
      'services/s2',
      'stream_routes/t1',
      'consumers/jack',
      'credentials/jack/web',
      'consumer_groups/company',
      'consumers/jill',
      'global_rules/prometheus',
      'plugin_metadata/http-logger',
    ],
  )
  assert.equal(derivedId('speakers', 'one'), '21a080d6aa1885f353d965ffc127e0012fd9fd27')
})

test('adc: certificates keep their names, keys and order', () => {
  const value = { snis: ['a.com', 'b.com'], cert: 'C1', key: 'K1', certs: ['C2'], keys: ['K2'], type: 'server' }
  const { text, notes } = writeAdc([{ kind: 'ssls', id: derivedId('a.com,b.com'), value }])
  assert.deepEqual(notes, [])
  assert.doesNotMatch(text, /id:/)
  assert.deepEqual(readAdc(text), [{ kind: 'ssls', id: derivedId('a.com,b.com'), value }])
})

test('adc: what is shared is written into what names it, and said', () => {
  const { text, notes } = writeAdc([
    { kind: 'services', id: 's', value: { upstream_id: 'u' } },
    { kind: 'upstreams', id: 'u', value: upstream },
    { kind: 'plugin_configs', id: 'pc', value: { plugins: { cors: {}, 'key-auth': {} } } },
    route('r', { service_id: 's', plugin_config_id: 'pc', plugins: { 'key-auth': { header: 'x' } } }),
    { kind: 'global_rules', id: 'g', value: { plugins: { prometheus: {} } } },
  ])
  assert.deepEqual(notes, [
    'services/s: upstreams/u is written into it',
    'routes/r: plugin_configs/pc is written into it',
    'global_rules/g: comes back as a rule for each plugin, named by it',
  ])
  const [first, second] = readAdc(text)
  assert.deepEqual(first?.value.upstream, { type: 'roundrobin', nodes: [{ host: '127.0.0.1', port: 1980, weight: 1 }] })
  assert.deepEqual(second?.value.plugins, { cors: {}, 'key-auth': { header: 'x' } })
})

test('adc: what it cannot hold is left out whole, and each is said with its reason', () => {
  const { notes } = writeAdc([
    service,
    route('alone', { upstream }),
    route('off', { service_id: 's', status: 0 }),
    route('code', { service_id: 's', script: 'return' }),
    { kind: 'upstreams', id: 'unused', value: upstream },
    { kind: 'protos', id: 'p', value: { content: '' } },
    { kind: 'secrets', id: 'vault/1', value: { uri: 'http://127.0.0.1' } },
    { kind: 'consumers', id: 'jack', value: { username: 'jack' } },
    { kind: 'credentials', id: 'jack/w', value: { plugins: { 'wolf-rbac': { appid: 'a' } } } },
    { kind: 'services', id: 'lost', value: { upstream_id: 'none' } },
    route('of-lost', { service_id: 'lost' }),
    { kind: 'global_rules', id: 'cors', value: { plugins: { cors: {} } } },
    { kind: 'global_rules', id: 'more', value: { plugins: { cors: { max_age: 1 } } } },
  ])
  assert.deepEqual(notes.sort(), [
    'consumers/jack/credentials/w: left out, the format holds one of key-auth, basic-auth, jwt-auth, hmac-auth in a credential',
    'global_rules/more: left out, the format holds cors only once for all requests',
    'protos/p: left out, the format has no protos',
    'routes/alone: left out, the format holds routes in a service, of one sort each',
    'routes/code: left out, the format has no script',
    'routes/of-lost: left out, the format holds routes in a service, of one sort each',
    'routes/off: left out, the format has no routes that are switched off',
    'secrets/vault/1: left out, the format has no secrets',
    'services/lost: left out, its upstream none is not there',
    'upstreams/unused: left out, nothing that is written names it',
  ])
})

test('adc: mistakes are named by their place', () => {
  for (const [text, message] of [
    ['service: []', /the file: found service, expected only services, ssls/],
    ['services: {}', /services: found no list/],
    ['services: [1]', /services.0: found no map/],
    ['services: [{}]', /services.0.name: expected a text/],
    ['services: [{name: a, upstreams: []}]', /services.0: found upstreams/],
    ['services: [{name: a, upstream: 1}]', /services.0.upstream: found no map/],
    ['services: [{name: a, routes: [{name: b, uri: /}]}]', /services.0.routes.0: found uri, expected only .*uris/],
    ['services: [{name: a}, {name: a}]', /found services\/\w+ twice/],
    ['consumers: [{username: a, credentials: [{name: b, type: c}]}]', /credentials.0.type: found "c"/],
    ['ssls: [{snis: [a]}]', /ssls.0: expected snis, and certificates/],
    ['global_rules: []', /global_rules: found no map/],
    ['plugin_metadata: {cors: 1}', /plugin_metadata.cors: found no map/],
  ] as [string, RegExp][])
    assert.throws(() => readAdc(text), message)
})
