// Traffic by route, consumer, upstream and status over a window, the blast radius of plans, and the same over a real APISIX's Prometheus text.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { OperationError } from '../../src/operations/contract.ts'
import { between, readMoment, requestsIn } from '../../src/operations/traffic/counts.ts'
import { healthOf } from '../../src/operations/traffic/health.ts'
import { quantile, type TrafficRow, toRows } from '../../src/operations/traffic/report.ts'
import { Traffic, thin } from '../../src/operations/traffic/traffic.ts'
import { freePort } from '../e2e/process.ts'
import { until } from '../until.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

let gw: GatewayForTest
before(async () => {
  gw = await gatewayForTest()
})
after(() => gw.close())

/** A request is counted after its answer: waits until all are. */
async function counted(traffic: Traffic, requests: number): Promise<void> {
  const { signal } = new AbortController()
  const sum = async (): Promise<number> =>
    (await traffic.sinceStart(signal)).reduce((all, one) => all + requestsIn(one), 0)
  await until(async () => (await sum()) >= requests)
}

const rowsOf = (answer: Record<string, unknown>): TrafficRow[] => answer.rows as TrafficRow[]

test('traffic: routes, consumers, upstreams and statuses of the embedded gateway; a plan tells whom it hits', async () => {
  await gw.change({ intents: [{ do: 'publish', path: '/t', url: `http://${gw.api}` }] })
  await gw.change({
    intents: [
      { do: 'add_plugin', route: 't', plugin: 'prometheus' },
      { do: 'require_key', route: 't' },
    ],
  })
  const key = gw.secrets.at(-1)?.value as string
  const { traffic } = gw.ctx.targets.get()
  await traffic.last(1000, gw.ctx.signal) // a moment before
  for (let i = 0; i < 8; i++) assert.equal((await fetch(`${gw.gateway}/t`, { headers: { apikey: key } })).status, 200)
  for (let i = 0; i < 2; i++) assert.equal((await fetch(`${gw.gateway}/t`)).status, 401)
  await counted(traffic, 12)

  const byRoute = await gw.run('traffic', {})
  const [row] = rowsOf(byRoute)
  assert.equal(row?.name, 't')
  // Ten here, and two by the proof of the change.
  assert.equal(row?.requests, 12)
  assert.equal(row?.client_errors, 3)
  assert.ok((row?.p95_ms ?? -1) >= (row?.p50_ms ?? 0))
  assert.ok((row?.per_second ?? 0) > 0)
  const consumers = rowsOf(await gw.run('traffic', { by: 'consumer' })).map((one) => [one.name, one.requests])
  assert.deepEqual(consumers, [
    ['app', 9],
    ['(anonymous)', 3],
  ])
  const upstreams = rowsOf(await gw.run('traffic', { by: 'upstream' })).map((one) => one.name)
  assert.deepEqual(upstreams, ['127.0.0.1', '(answered by the gateway)'])
  const statuses = rowsOf(await gw.run('traffic', { by: 'status' })).map((one) => [one.name, one.requests])
  assert.deepEqual(statuses, [
    ['200', 9],
    ['401', 3],
  ])

  const plan = await gw.run('plan', { changes: [{ action: 'delete', kind: 'routes', id: 't' }] })
  assert.match(
    String((plan.impact as string[])[0]),
    /^routes\/t: .*requests\/s over .*last used \d+ s ago; 12 requests since the gateway started, 1 consumer and anonymous callers$/,
  )
  const consumer = await gw.run('plan', { changes: [{ action: 'delete', kind: 'consumers', id: 'app' }] })
  assert.match(String((consumer.impact as string[])[0]), /^consumers\/app: \d+ requests/)
})

/** As APISIX 3.18 writes it. */
const apisix = (
  ok: number,
  failed: number,
): string => `# HELP apisix_http_status HTTP status codes per service in APISIX
# TYPE apisix_http_status counter
apisix_http_status{code="200",route="r1",matched_uri="/a",matched_host="",service="",consumer="jack",node="10.0.0.1",response_source="upstream"} ${ok}
apisix_http_status{code="502",route="r1",matched_uri="/a",matched_host="",service="",consumer="jack",node="10.0.0.1",response_source="apisix"} ${failed}
apisix_http_latency_bucket{type="request",route="r1",service="",consumer="jack",node="10.0.0.1",le="10"} ${ok / 2}
apisix_http_latency_bucket{type="request",route="r1",service="",consumer="jack",node="10.0.0.1",le="+Inf"} ${ok + failed}
apisix_bandwidth{type="egress",route="r1",service="",consumer="jack",node="10.0.0.1"} 100
apisix_nginx_http_current_connections{state="active"} 7
`

test("traffic: an APISIX's Prometheus endpoint is read the same way, restarts and all", async () => {
  const answers = [apisix(100, 0), apisix(140, 10), apisix(6, 0)]
  const server = http.createServer((_, response) => response.end(answers.shift()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/apisix/prometheus/metrics`
  const traffic = new Traffic('prod', url)
  const { counts, seconds } = await traffic.last(60_000, new AbortController().signal)
  assert.ok(seconds >= 1)
  const [row] = toRows(counts, 'route', 10)
  assert.deepEqual([row?.name, row?.requests, row?.per_second, row?.server_errors], ['r1', 50, 5, 10])
  const restarted = await traffic.last(60_000, new AbortController().signal)
  assert.equal(toRows(restarted.counts, 'route', 10)[0]?.requests, 6)
  server.close()
})

test('traffic: what cannot be read is said, with what to do', async () => {
  const { signal } = new AbortController()
  const code = (wanted: string, pattern: RegExp) => (error: unknown) =>
    error instanceof OperationError && error.code === wanted && pattern.test(error.message)
  await assert.rejects(new Traffic('prod', undefined).last(1, signal), code('invalid', /metrics_url/))
  await assert.rejects(new Traffic('prod', 'http://127.0.0.1:1/').last(1, signal), code('unreachable', /prod/))
  await assert.rejects(new Traffic('x', `${gw.gateway}/none`).last(1, signal), code('target', /status 404/))
  assert.throws(() => readMoment('<html>', 0), /no sample/)
})

test('traffic: a caller who goes away is not waited for', async () => {
  const gone = new AbortController()
  const asked = gw.ctx.targets.get().traffic.last(1, gone.signal)
  gone.abort()
  await assert.rejects(asked, { name: 'AbortError' })
})

test('traffic: quantiles are interpolated, moments thinned out, escaped labels read', () => {
  assert.equal(
    quantile(
      [
        [10, 50],
        [20, 100],
        [Number.POSITIVE_INFINITY, 100],
      ],
      0.5,
    ),
    10,
  )
  assert.equal(
    quantile(
      [
        [10, 50],
        [20, 100],
        [Number.POSITIVE_INFINITY, 100],
      ],
      0.75,
    ),
    15,
  )
  assert.equal(
    quantile(
      [
        [10, 50],
        [Number.POSITIVE_INFINITY, 100],
      ],
      0.99,
    ),
    10,
  )
  const now = 10_000_000
  const kept = thin(
    Array.from({ length: 400 }, (_, i) => ({
      at: now - (400 - i) * 15_000,
      counts: new Map(),
      health: [],
    })),
    now,
  )
  assert.ok(kept.length < 40 && kept.length > 25, String(kept.length))
  const escaped = readMoment('apisix_http_status{code="200",route="a\\"b\\\\c"} 1\n', 0)
  assert.equal(between(undefined, escaped)[0]?.route, 'a"b\\c')
})

test('look tells which nodes of an upstream are down', async () => {
  const health = async (): Promise<unknown> => {
    const { rows } = await gw.run('look', { kind: 'upstreams', search: 'checked' })
    const one = await gw.run('look', { kind: 'upstreams', id: 'checked' })
    const inRows = (rows as { health?: string }[])[0]?.health
    return inRows === one.health ? one.health : [inRows, one.health] // it may change in between
  }
  const dead = `127.0.0.1:${await freePort()}`
  const active = { type: 'tcp', healthy: { interval: 1 }, unhealthy: { interval: 1, tcp_failures: 1 } }
  const upstream = { type: 'roundrobin', desc: 'checked', nodes: { [gw.api]: 1, [dead]: 1 } }
  await gw.admin('PUT', '/upstreams/checked', { ...upstream, checks: { active } })
  await gw.admin('PUT', '/routes/checked', { uri: '/checked', upstream_id: 'checked' })
  assert.match(String(await health()), /^not checked: no request/)
  await fetch(`${gw.gateway}/checked`)
  await until(async () => (await health()) === `1 of 2 nodes down: ${dead}`)
  await gw.admin('PUT', '/upstreams/checked', upstream)
  assert.equal(await health(), undefined)
})

test('health is read from an APISIX as well; a target that does not tell is no failure', async () => {
  const lines = ['/apisix/upstreams/1', '/gw/prod/routes/a', "/apisix/routes/a#plugins['traffic-split']"].map(
    (name, i) => `apisix_upstream_status{name="${name}",ip="10.0.0.1",port="80"} ${i % 2}\n`,
  )
  assert.deepEqual(readMoment(lines.join(''), 0).health, [
    { owner: 'upstreams/1', node: '10.0.0.1:80', up: false },
    { owner: 'routes/a', node: '10.0.0.1:80', up: true },
    { owner: 'routes/a', node: '10.0.0.1:80', up: false },
  ])
  const { signal } = new AbortController()
  const mute = { ...gw.ctx.targets.get(), traffic: new Traffic('mute', undefined) }
  const lost = await healthOf(['upstreams/1'], mute, signal)
  assert.match(lost.get('upstreams/1') ?? '', /^not known \(nobody knows where mute/)
})
