// docs: plugins/prometheus
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { freePort, run } from '../../e2e/process.ts'
import { until } from '../../until.ts'
import { startStories } from './story.ts'

const directory = mkdtempSync(join(tmpdir(), 'gateward-prometheus-'))
after(() => rmSync(directory, { recursive: true }))
const file = join(directory, 'config.yaml')
const settings = {
  plugins: {
    attr: {
      prometheus: {
        enable_export_server: false,
        default_buckets: [10, 50, 100],
        metrics: {
          http_status: {
            extra_labels: [{ upstream_addr: '$upstream_addr' }, { route_name: '$route_name' }, { none: '$no_such' }],
          },
        },
      },
    },
  },
}
writeFileSync(file, JSON.stringify(settings))
const tcp = await freePort()
const { story, upstream, node, stage } = await startStories({
  GATEWARD_CONFIG: file,
  GATEWARD_STREAM_TCP: `127.0.0.1:${tcp}`,
})
const dead = await freePort()

const metrics = async (): Promise<string> => (await fetch(stage.running.metrics)).text()
/** The value of the series of this name with these labels. */
async function seriesOf(name: string, labels: Record<string, string>): Promise<number | undefined> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const lines = (await metrics())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  const line = lines.find((one) => wanted.every((pair) => one.includes(pair)))
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
}
async function reaches(name: string, labels: Record<string, string>, wanted: number): Promise<void> {
  let last: number | undefined
  await until(
    async () => {
      last = await seriesOf(name, labels)
      return last === wanted
    },
    () => `${name} ${JSON.stringify(labels)} is ${last}, not ${wanted}`,
  )
}

story(
  'status, latency and bandwidth of a route, with further labels',
  [['routes/1', { uri: '/get', name: 'extra-label', plugins: { prometheus: {} }, upstream }]],
  async () => {
    await stage.step({ get: '/get?size=1000', status: 200 })
    const [ip] = node.split(':') as [string]
    const own = { route: '1', service: '', consumer: '', node: ip }
    const further = { upstream_addr: node, route_name: 'extra-label', none: '' }
    await reaches('apisix_http_status', { code: '200', matched_uri: '/get', matched_host: '', ...own, ...further }, 1)
    for (const type of ['request', 'upstream', 'apisix'])
      await reaches('apisix_http_latency_count', { type, ...own }, 1)
    await reaches('apisix_http_latency_bucket', { type: 'request', ...own, le: '+Inf' }, 1)
    assert.equal(await seriesOf('apisix_http_latency_bucket', { type: 'request', ...own, le: '1' }), undefined)
    assert.ok(((await seriesOf('apisix_bandwidth', { type: 'egress', ...own })) ?? 0) > 1000)
    assert.ok(((await seriesOf('apisix_bandwidth', { type: 'ingress', ...own })) ?? 0) > 0)
  },
)

story(
  'names in place of ids',
  [
    ['services/s', { name: 'a-service', upstream }],
    ['routes/2', { uri: '/named', name: 'a-route', service_id: 's', plugins: { prometheus: { prefer_name: true } } }],
  ],
  async () => {
    await stage.step({ get: '/named', status: 200 })
    await reaches('apisix_http_status', { code: '200', route: 'a-route', service: 'a-service' }, 1)
  },
)

story(
  'a global rule counts what no route takes; the consumer is a label',
  [
    ['global_rules/1', { plugins: { prometheus: {} } }],
    ['consumers/jack', { username: 'jack', plugins: { 'key-auth': { key: 'k' } } }],
    ['routes/3', { uri: '/keyed', plugins: { 'key-auth': {} }, upstream }],
  ],
  async () => {
    await stage.step({ get: '/none', status: 404 })
    await stage.step({ get: '/keyed', headers: { apikey: 'k' }, status: 200 })
    await reaches('apisix_http_status', { code: '404', route: '', matched_uri: '', node: '' }, 1)
    await reaches('apisix_http_status', { code: '200', route: '3', consumer: 'jack' }, 1)
  },
)

story('facts of the whole gateway', [], async () => {
  const text = await metrics()
  for (const name of ['apisix_http_requests_total', 'apisix_node_info{hostname="', 'apisix_nginx_metric_errors_total'])
    assert.ok(text.includes(`\n${name}`), name)
  for (const state of ['accepted', 'active', 'handled', 'reading', 'waiting', 'writing'])
    assert.notEqual(await seriesOf('apisix_nginx_http_current_connections', { state }), undefined, state)
})

story(
  'metrics on a route, with public-api',
  [['routes/prometheus-metrics', { uri: '/apisix/prometheus/metrics', plugins: { 'public-api': {} } }]],
  [{ get: '/apisix/prometheus/metrics', status: 200, body: /# TYPE apisix_http_requests_total gauge/ }],
)

const checks = {
  active: {
    timeout: 5,
    http_path: '/status',
    healthy: { interval: 1, successes: 1 },
    unhealthy: { interval: 1, http_failures: 2, tcp_failures: 1 },
  },
}
const checked = { type: 'roundrobin', nodes: { [node]: 1, [`127.0.0.1:${dead}`]: 1 }, checks }
story(
  'health of nodes',
  [['routes/4', { uri: '/checked', plugins: { prometheus: {} }, upstream: checked }]],
  async () => {
    await stage.send('/checked')
    const [ip, port] = node.split(':') as [string, string]
    await reaches('apisix_upstream_status', { name: '/apisix/routes/4', ip, port: String(dead) }, 0)
    await reaches('apisix_upstream_status', { name: '/apisix/routes/4', ip, port }, 1)
  },
)

const logger = { 'http-logger': { uri: `http://127.0.0.1:${dead}/log`, inactive_timeout: 60 } }
story('entries that a logger has not sent', [['routes/9', { uri: '/logged', upstream, plugins: logger }]], async () => {
  await stage.step({ get: '/logged', status: 200 })
  await reaches('apisix_batch_process_entries', { name: 'http logger', route_id: '9' }, 1)
})

story(
  'connections of a stream route',
  [['stream_routes/prometheus-route', { plugins: { prometheus: {} }, upstream }]],
  async () => {
    const socket = net.connect(tcp, '127.0.0.1')
    socket.end('GET / HTTP/1.0\r\n\r\n')
    await new Promise((resolve) => socket.resume().on('close', resolve))
    await reaches('apisix_stream_connection_total', { route: 'prometheus-route' }, 1)
  },
)

story('settings that would be ignored are refused', [], async () => {
  for (const attr of [{ metric_prefix: 'own_' }, { export_addr: { ip: '127.0.0.1' } }, { export_uri: '/m' }]) {
    writeFileSync(file, JSON.stringify({ plugins: { attr: { prometheus: attr } } }))
    const { code, stderr } = await run(['start'], { GATEWARD_CONFIG: file, GATEWARD_DATA_DIR: join(directory, 'data') })
    assert.notEqual(code, 0)
    assert.match(stderr, /plugins\.attr\.prometheus\.\w+ is not supported/)
  }
})

story(
  'labels that are switched off',
  [
    ['plugin_metadata/prometheus', { disabled_labels: { http_status: ['node', 'matched_uri'] } }],
    ['routes/5', { uri: '/off', plugins: { prometheus: {} }, upstream }],
  ],
  async () => {
    await stage.step({ get: '/off', status: 200 })
    await reaches('apisix_http_status', { code: '200', route: '5', node: '', matched_uri: '' }, 1)
  },
)
