import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'
import { arrived, startReceiver } from './logging/receiver.ts'

const bench = await startBench()
const receiver = await startReceiver()

interface Push {
  streams: { stream: Record<string, string>; values: [string, string][] }[]
}

test('a push: streams by label, times in nanoseconds, the tenant', async () => {
  const conf = { endpoint_addrs: [receiver.url], log_labels: { job: 'gateway', method: '$request_method' } }
  bench.route({ 'loki-logger': { ...conf, tenant_id: 't1', batch_max_size: 3, log_format: { u: '$uri' } } })
  await bench.send('/1')
  await bench.send('/2', { method: 'POST', body: 'x' })
  await bench.send('/3')
  const [post] = await arrived(receiver.received)
  assert.equal(post?.url, '/loki/api/v1/push')
  assert.equal(post?.headers['x-scope-orgid'], 't1')
  assert.equal(post?.headers['content-type'], 'application/json')
  const { streams } = JSON.parse(post?.body ?? '') as Push
  assert.deepEqual(
    streams.map(({ stream, values }) => [stream, values.map(([, line]) => JSON.parse(line).u)]),
    [
      [{ job: 'gateway', method: 'GET' }, ['/1', '/3']],
      [{ job: 'gateway', method: 'POST' }, ['/2']],
    ],
  )
  for (const [time] of streams.flatMap(({ values }) => values)) {
    assert.match(time, /^\d{19}$/)
    assert.ok(Math.abs(Number(time) / 1e6 - Date.now()) < 60_000)
  }
})

test('the defaults: label, tenant, entry; another path; a connection for each push', async () => {
  receiver.received.length = 0
  const headers = { 'X-Own': '1', 'x-scope-orgid': 'other', 'Content-Type': 'text/plain' }
  const more = { endpoint_uri: '/push', keepalive: false, batch_max_size: 1 }
  const conf = { endpoint_addrs: [`${receiver.url}/`], headers, ...more }
  bench.route({ 'loki-logger': conf })
  await bench.send('/a')
  const [post] = await arrived(receiver.received)
  assert.equal(post?.url, '/push')
  assert.equal(post?.headers.connection, 'close')
  assert.equal(post?.headers['x-scope-orgid'], 'fake')
  assert.equal(post?.headers['content-type'], 'application/json')
  assert.equal(post?.headers['x-own'], '1')
  const [stream] = (JSON.parse(post?.body ?? '') as Push).streams
  assert.deepEqual(stream?.stream, { job: 'apisix' })
  assert.equal(JSON.parse(stream?.values[0]?.[1] ?? '').route_id, 'a')
})

test('configurations that are refused', () => {
  assert.equal(refusal('loki-logger', {}), 'property "endpoint_addrs" is required')
  assert.match(refusal('loki-logger', { endpoint_addrs: [] }) ?? '', /at least 1 items/)
  assert.match(refusal('loki-logger', { endpoint_addrs: ['ftp://a'] }) ?? '', /begins with http/)
})
