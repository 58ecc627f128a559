// ADC against gateways without a store of their own (`adc --backend apisix-standalone`, and APISIX's ingress controller through it): it asks each which
// document is the latest, changes that one and puts it to all. https://github.com/api7/adc, libs/backend-apisix-standalone.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { makeCertificate } from '../../gateway/listening.ts'
import { type Call, type Json, serve } from './serve.ts'

const KINDS = [
  'routes',
  'services',
  'consumers',
  'ssls',
  'global_rules',
  'plugin_metadata',
  'upstreams',
  'stream_routes',
] as const
type Document = Json & { [kind in (typeof KINDS)[number]]?: Json[] }

/** The document of the gateway with the latest `X-Last-Modified`; none, when no gateway has been given one. */
async function fetchLatest(gateways: Call[]): Promise<Document> {
  const times = await Promise.all(
    gateways.map(async (call) => {
      const { status, headers } = await call('HEAD', '/configs')
      assert.equal(status, 200)
      return Number.parseInt(headers.get('x-last-modified') ?? '0', 10)
    }),
  )
  const latest = Math.max(...times)
  const call = gateways[times.indexOf(latest)]
  return latest > 0 && call ? ((await call('GET', '/configs')).data as Document) : {}
}

/** Puts what `change` makes of the old document to every gateway. */
async function sync(gateways: Call[], timestamp: number, change: (document: Document) => void): Promise<number[]> {
  const document = structuredClone(await fetchLatest(gateways))
  delete document['X-Last-Modified']
  delete document['X-Digest']
  change(document)
  const owners = new Set(document.consumers?.map(({ username }) => username))
  if (document.consumers)
    document.consumers = document.consumers.filter(
      ({ username, id }) => username !== undefined || owners.has(String(id).split('/')[0]),
    )
  for (const kind of KINDS) document[`${kind}_conf_version`] = timestamp
  const digest = createHash('sha1').update(JSON.stringify(document)).digest('hex')
  const answers = gateways.map((call) => call('PUT', '/configs', document, { 'x-digest': digest }))
  return (await Promise.all(answers)).map(({ status, data }) => {
    if (status >= 400) throw new Error(String(data.error_msg))
    return status
  })
}

const nodes = [{ host: '127.0.0.1', port: 1980, weight: 1 }]
const upstream = { name: 'default', type: 'roundrobin', scheme: 'http', nodes, pass_host: 'pass' }
const modifiedIndex = 1

test('adc standalone: two gateways get one document, changes keep the rest, an empty gateway is no source', async (t) => {
  const standalone = { standalone: true }
  const stays = await serve(t, standalone)
  const gateways = [await serve(t, standalone), stays]
  const pair = makeCertificate('a.example')
  assert.deepEqual(await fetchLatest(gateways), {})
  const statuses = await sync(gateways, 1_700_000_001, (document) => {
    document.services = [{ modifiedIndex, id: 's', name: 's', upstream, plugins: {} }]
    document.routes = [
      { modifiedIndex, id: 'r', name: 'r', uris: ['/a'], service_id: 's', status: 1 },
      { modifiedIndex, id: 'r2', name: 'r2', uris: ['/b'], service_id: 's', status: 1 },
    ]
    document.consumers = [
      { modifiedIndex, username: 'jack' },
      { modifiedIndex, id: 'jack/credentials/c', name: 'c', plugins: { 'key-auth': { key: 'k' } } },
    ]
    document.ssls = [{ modifiedIndex, id: 'x', snis: ['a.example'], ...pair, status: 1 }]
    document.global_rules = [{ modifiedIndex, id: 'prometheus', plugins: { prometheus: {} } }]
    document.plugin_metadata = [{ modifiedIndex, id: 'http-logger', log_format: { host: '$host' } }]
    document.stream_routes = [{ modifiedIndex, id: 't', name: 't', server_port: 9100, service_id: 's' }]
  })
  assert.deepEqual(statuses, [202, 202])

  // One gateway has been started anew and knows nothing: it is given what the other has.
  gateways[0] = await serve(t, standalone)
  const before = (await stays('GET', '/configs')).data as Document
  await sync(gateways, 1_700_000_002, (document) => {
    document.routes = (document.routes ?? []).map((one) => (one.id === 'r' ? { ...one, uris: ['/changed'] } : one))
  })
  for (const call of gateways) {
    const { data } = await call('GET', '/configs')
    const document = data as Document
    const shown = (list: Json[] = []) =>
      list.map(({ modifiedIndex: _m, create_time: _c, update_time: _u, ...rest }) => rest)
    for (const kind of KINDS.slice(1)) assert.deepEqual(shown(document[kind]), shown(before[kind]), kind)
    assert.deepEqual(
      document.routes?.map(({ uris }) => uris),
      [['/changed'], ['/b']],
    )
    assert.equal(document.routes_conf_version, 1_700_000_002)
    assert.equal((await call('GET', '/consumers/jack/credentials/c')).status, 200)
  }

  await sync(gateways, 1_700_000_003, (document) => {
    document.consumers = document.consumers?.filter(({ username }) => username !== 'jack')
  })
  const { data } = await stays('GET', '/configs')
  assert.deepEqual([data.consumers, (data as Document).routes?.length], [undefined, 2])
  await assert.rejects(
    sync(gateways, 1_700_000_004, (document) => {
      document.routes = [{ modifiedIndex, id: 'r', name: 'r', service_id: 's' }]
    }),
    /^Error: invalid routes at index 0, err: invalid configuration: /,
  )
})
