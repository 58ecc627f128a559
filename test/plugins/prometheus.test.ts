import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExposition } from '../../src/metrics/parse.ts'
import { processMetrics } from '../../src/metrics/process-metrics.ts'
import { type PluginBench, refusal, startBench } from './harness.ts'

const attributes = {
  prometheus: {
    enable_export_server: false,
    default_buckets: [500, 100],
    metrics: { http_status: { extra_labels: [{ version: '$arg_v' }, { host: '$host' }] } },
  },
}
const bench = await startBench({}, attributes)
bench.put('routes/metrics', { uri: '/metrics', plugins: { 'public-api': { uri: '/apisix/prometheus/metrics' } } })

type Labels = Record<string, string>
async function scrape(from: PluginBench, wanted: string): Promise<{ labels: Labels; value: number }[]> {
  const { text } = await from.send('/metrics')
  return [...parseExposition(text, (name) => name === wanted)]
}

test('a request counts in status, latency and bandwidth, with the labels of the settings', async () => {
  bench.route({ prometheus: { prefer_name: true } }, { name: 'my-route' })
  await bench.send('/a?v=1', { headers: { Host: 'x.example' } })
  await bench.send('/a?v=1', { headers: { Host: 'x.example' } })
  await bench.send('/a?v=2&status=500', { headers: { Host: 'x.example' } })
  const status = await scrape(bench, 'apisix_http_status')
  assert.deepEqual(
    status.map(({ labels, value }) => [labels.code, labels.version, labels.host, value]),
    [
      ['200', '1', 'x.example', 2],
      ['500', '2', 'x.example', 1],
    ],
  )
  const [first] = status
  assert.deepEqual(Object.keys(first?.labels ?? {}), [
    'code',
    'route',
    'matched_uri',
    'matched_host',
    'service',
    'consumer',
    'node',
    'request_type',
    'request_llm_model',
    'llm_model',
    'response_source',
    'version',
    'host',
  ])
  assert.equal(first?.labels.route, 'my-route')
  assert.equal(first?.labels.response_source, 'upstream')
  const buckets = await scrape(bench, 'apisix_http_latency_bucket')
  assert.deepEqual([...new Set(buckets.map(({ labels }) => labels.le))], ['100', '500', '+Inf'])
  const types = (await scrape(bench, 'apisix_bandwidth')).map(({ labels }) => labels.type)
  assert.deepEqual([...new Set(types)].sort(), ['egress', 'ingress'])
})

test('who answered: the upstream, a plugin, or nobody that could be reached', async () => {
  const sources = async (): Promise<string[]> =>
    (await scrape(bench, 'apisix_http_status'))
      .filter(({ labels }) => labels.route === 'source')
      .map(({ labels }) => `${labels.code} ${labels.response_source}`)
      .sort()
  bench.put('routes/a', undefined)
  const route = (more: object): void =>
    bench.put('routes/source', { uri: '/source', upstream: bench.upstream, plugins: { prometheus: {} }, ...more })
  route({})
  await bench.send('/source')
  route({ plugins: { prometheus: {}, 'fault-injection': { abort: { http_status: 418 } } } })
  await bench.send('/source')
  route({ upstream: { nodes: { '127.0.0.1:1': 1 } } })
  await bench.send('/source')
  assert.deepEqual(await sources(), ['200 upstream', '418 apisix', '502 nginx'])
})

test('a configuration that is set up again goes on with its series', async () => {
  bench.route({ prometheus: {} })
  await bench.send('/again?v=3')
  bench.route({ prometheus: {} })
  await bench.send('/again?v=3')
  const found = (await scrape(bench, 'apisix_http_status')).filter(({ labels }) => labels.version === '3')
  assert.deepEqual(
    found.map(({ value }) => value),
    [2],
  )
})

test('disabled labels stay empty', async () => {
  bench.put('plugin_metadata/prometheus', { disabled_labels: { http_status: ['node', 'matched_uri'] } })
  bench.route({ prometheus: {} })
  await bench.send('/a?v=4')
  const found = (await scrape(bench, 'apisix_http_status')).find(({ labels }) => labels.version === '4')
  assert.deepEqual([found?.labels.node, found?.labels.matched_uri, found?.labels.route], ['', '', 'a'])
})

test('with a port of their own, metrics are not offered on a route', async () => {
  const own = await startBench({
    'routes/metrics': { uri: '/metrics', plugins: { 'public-api': { uri: '/apisix/prometheus/metrics' } } },
  })
  assert.equal((await own.send('/metrics')).status, 404)
})

test('metrics of the whole gateway', () => {
  const traffic = { accepted: 5, active: 3, requests: 9, writing: 1 }
  const nodes = ['healthy', 'mostly_healthy', 'unhealthy', 'mostly_unhealthy'].map((status, i) => ({
    ip: '10.0.0.1',
    port: i,
    status,
  }))
  const health = [{ name: 'upstreams/1', nodes }]
  const facts = { hostname: 'h', version: '1', traffic, dropped: 0, revision: 7, storeReachable: false, health }
  const byName = new Map(processMetrics(facts).map(({ definition, samples }) => [definition.name, samples]))
  assert.deepEqual(byName.get('apisix_etcd_reachable')?.[0]?.numbers, [0])
  assert.deepEqual(byName.get('apisix_http_requests_total')?.[0]?.numbers, [9])
  const states = byName.get('apisix_nginx_http_current_connections') ?? []
  assert.deepEqual(states.find(({ values }) => values[0] === 'waiting')?.numbers, [2])
  const checked = byName.get('apisix_upstream_status') ?? []
  assert.deepEqual(checked[0]?.values, ['/apisix/upstreams/1', '10.0.0.1', '0'])
  assert.deepEqual(
    checked.map(({ numbers }) => numbers[0]),
    [1, 1, 0, 0],
  )
})

test('configurations that are refused', () => {
  assert.match(refusal('prometheus', { prefer_name: 'x' }) ?? '', /wrong type: expected boolean/)
})
