// The traffic of days: kept by the minute in a file, over a restart, made coarser with age, none older than a week, bounded whatever comes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Counts } from '../../src/operations/traffic/counts.ts'
import { toTotal } from '../../src/operations/traffic/report.ts'
import { Rollups } from '../../src/operations/traffic/rollups.ts'
import { Traffic } from '../../src/operations/traffic/traffic.ts'
import { until } from '../until.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** A whole hour, so that minutes fall where the test says. */
const START = 500_000 * HOUR_MS

function counts(route: string, requests: number, members: Partial<Counts> = {}): Counts {
  const codes = new Map([['200', requests]])
  const latency = new Map([
    [1, 0],
    [2, 0],
    [5, requests],
    [10, requests],
    [Number.POSITIVE_INFINITY, requests],
  ])
  return { route, consumer: '', upstream: 'u', codes, latency, bytesIn: requests, bytesOut: 10 * requests, ...members }
}

function directory(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'gateward-rollups-'))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}

test('rollups: by route, consumer and upstream, after a restart too', (t) => {
  const place = directory(t)
  const first = new Rollups(place)
  first.add('t', START, 60, [counts('a', 30), counts('a', 10, { consumer: 'jack' }), counts('idle', 0)])
  first.add('t', START + MINUTE_MS, 60, [counts('b', 5, { codes: new Map([['500', 5]]) })])
  first.add('other', START, 60, [counts('a', 999)])
  first.close()
  assert.equal(statSync(join(place, 'traffic.db')).mode & 0o777, 0o600)
  const rollups = new Rollups(place)
  t.after(() => rollups.close())
  const byRoute = rollups.sum('t', 0, 'route')
  assert.deepEqual(
    byRoute.map((one) => [one.route, toTotal([one], 120).requests, one.bytesOut]),
    [
      ['a', 40, 400],
      ['b', 5, 50],
    ],
  )
  const total = toTotal(byRoute, rollups.seconds('t', 0))
  assert.deepEqual([total.requests, total.server_errors, total.p50_ms], [45, 5, 3.5])
  assert.deepEqual(
    rollups.sum('t', 0, 'consumer').map((one) => one.consumer),
    ['', 'jack'],
  )
  assert.equal(toTotal(rollups.sum('t', 0, 'route', { consumer: 'jack' }), 120).requests, 10)
  assert.equal(toTotal(rollups.sum('t', 0, 'route', { routes: ['b', 'c'] }), 120).requests, 5)
  assert.equal(rollups.sum('t', START, 'route').length, 1, 'only what was counted since')
  const points = rollups.over('t', 0, START + MINUTE_MS, 1_000_000_000)
  assert.deepEqual(
    points.map((one) => [one.at - START, toTotal(one.counts, one.seconds).requests]),
    [
      [0, 40],
      [MINUTE_MS, 5],
    ],
  )
})

test('rollups: the busiest of many are kept apart, the others in one', () => {
  const rollups = new Rollups(':memory:')
  rollups.add(
    't',
    START,
    60,
    Array.from({ length: 5000 }, (_, i) => counts(`r${i}`, 1 + i)),
  )
  const kept = rollups.sum('t', 0, 'route')
  assert.equal(kept.length, 100)
  assert.ok(kept.some((one) => one.route === 'r4999') && kept.some((one) => one.route === '(others)'))
  assert.equal(toTotal(kept, 60).requests, (5000 * 5001) / 2)
  rollups.close()
})

test('rollups: minutes become hours after a day, and are gone after a week; sums and latencies stay', () => {
  const rollups = new Rollups(':memory:')
  for (let i = 1; i <= 60; i++) rollups.add('t', START + i * MINUTE_MS - 1, 60, [counts('a', 2)])
  const before = toTotal(rollups.sum('t', 0, 'route'), 3600)
  const all = (): number => rollups.over('t', 0, START, Number.MAX_SAFE_INTEGER).length
  assert.equal(all(), 60)
  rollups.add('t', START + 27 * HOUR_MS, 60, [])
  assert.equal(all(), 2)
  assert.deepEqual(toTotal(rollups.sum('t', 0, 'route'), 3600), before)
  assert.equal(rollups.seconds('t', 0), 3660)
  rollups.add('t', START + 8 * DAY_MS, 60, [])
  assert.deepEqual(rollups.sum('t', 0, 'route'), [])
  rollups.close()
})

test('rollups: a file that cannot be written is told, and traffic goes on', () => {
  const rollups = new Rollups(':memory:')
  rollups.close()
  rollups.add('t', START, 60, [counts('a', 1)])
  assert.match(rollups.trouble ?? '', /keeping the traffic in traffic.db/)
})

test('traffic: hands over a span a minute, and the rest when it stops', async (t) => {
  let requests = 0
  const server = http.createServer((_, response) => {
    const labels = 'route="r",consumer="",node=""'
    response.end(
      `apisix_http_status{code="500",${labels}} ${requests}\napisix_bandwidth{type="egress",${labels}} ${requests * 1000}\n`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const rollups = new Rollups(':memory:')
  const traffic = new Traffic('t', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, rollups)
  t.mock.timers.enable({ apis: ['Date'], now: START })
  const take = (): Promise<unknown> => traffic.sinceStart(AbortSignal.timeout(5000))
  await take()
  for (const count of [30, 60]) {
    t.mock.timers.tick(MINUTE_MS / 2)
    requests = count
    await take()
  }
  const requestsKept = (): number => toTotal(rollups.sum('t', 0, 'route'), 1).requests
  assert.equal(rollups.seconds('t', 0), 60, 'half a minute makes no span')
  assert.equal(requestsKept(), 60)
  const stop = traffic.watch(assert.ifError)
  t.mock.timers.tick(MINUTE_MS / 2)
  requests = 70
  await take()
  stop()
  assert.equal(requestsKept(), 70)
  rollups.close()
})

test('traffic: says once why moments are missing, and when they come again', async (t) => {
  let asked = 0
  let status = 503
  const server = http.createServer((_, response) => {
    asked++
    response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  t.mock.timers.enable({ apis: ['setInterval'] })
  const told: (string | undefined)[] = []
  const traffic = new Traffic('t', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  t.after(traffic.watch((trouble) => told.push(trouble)))
  await until(() => told.length === 1)
  assert.match(String(told[0]), /^reading the metrics of t at .*: status 503/)
  t.mock.timers.tick(15_000)
  await until(() => asked === 2)
  status = 200
  t.mock.timers.tick(15_000)
  await until(() => told.length === 2)
  assert.deepEqual(told.slice(1), [undefined])
})
