// The long history of a target's traffic: a point a minute, none older than a week, whatever happens in between.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Traffic } from '../../src/operations/traffic/traffic.ts'

const MINUTE_MS = 60_000

test('traffic: a point a minute is kept for a week, with rates and bytes', async (t) => {
  let requests = 0
  const server = http.createServer((_, response) => {
    const labels = 'route="r",consumer="",node=""'
    response.end(
      `apisix_http_status{code="500",${labels}} ${requests}\napisix_bandwidth{type="egress",${labels}} ${requests * 1000}\n`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const traffic = new Traffic('t', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000_000 })
  const take = (): Promise<unknown> => traffic.sinceStart(AbortSignal.timeout(5000))
  await take()
  for (const count of [30, 60]) {
    t.mock.timers.tick(MINUTE_MS / 2)
    requests = count
    await take()
  }
  const week = 7 * 24 * 60 * MINUTE_MS
  const [point, ...others] = traffic.history(week)
  assert.equal(others.length, 0, 'half a minute makes no point')
  assert.deepEqual([point?.per_second, point?.server_errors_per_second, point?.bytes_out_per_second], [1, 1, 1000])
  t.mock.timers.tick(week + MINUTE_MS)
  await take()
  assert.deepEqual(
    traffic.history(2 * week).map((one) => one.per_second),
    [0],
    'the old point is gone',
  )
})
