import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'
import { arrived, startReceiver } from './logging/receiver.ts'

const bench = await startBench()
const receiver = await startReceiver()
const endpoint = { uri: `${receiver.url}/services/collector`, token: 'a-token', channel: 'a-channel' }

test('events with token and channel, flattened as Splunk’s dashboards know them', async () => {
  bench.route({ 'splunk-hec-logging': { endpoint, batch_max_size: 1 } })
  await bench.send('/a?q=1', { method: 'POST', headers: { Host: 'h.example' }, body: 'x' })
  const [post] = await arrived(receiver.received)
  assert.equal(post?.url, '/services/collector')
  assert.equal(post?.headers.authorization, 'Splunk a-token')
  assert.equal(post?.headers['x-splunk-request-channel'], 'a-channel')
  const { time, event, ...rest } = JSON.parse(post?.body ?? '')
  assert.ok(Math.abs(time * 1000 - Date.now()) < 60_000)
  assert.deepEqual(rest, { host: hostname(), source: 'apache-apisix-splunk-hec-logging', sourcetype: '_json' })
  const { request_headers, response_headers, latency, ...facts } = event
  assert.equal(request_headers.host, 'h.example')
  assert.equal(response_headers['content-type'], 'application/json')
  assert.ok(latency > 0)
  assert.deepEqual(facts, {
    request_url: 'http://h.example:0/a?q=1',
    request_method: 'POST',
    request_query: { q: '1' },
    request_size: 0,
    response_status: 200,
    response_size: 0,
    upstream: Object.keys((bench.upstream as { nodes: object }).nodes)[0],
  })
})

test('a log format', async () => {
  receiver.received.length = 0
  bench.route({ 'splunk-hec-logging': { endpoint, batch_max_size: 2, log_format: { u: '$uri' } } })
  for (const target of ['/1', '/2']) await bench.send(target)
  const [post] = await arrived(receiver.received)
  // One after the other, without anything in between.
  const events = (post?.body ?? '').split(/(?<=\})(?=\{"time")/).map((text) => JSON.parse(text).event)
  assert.deepEqual(events, [
    { u: '/1', route_id: 'a' },
    { u: '/2', route_id: 'a' },
  ])
})

test('more fields beside those of an event, which stay', async () => {
  receiver.received.length = 0
  const log_format_extra = { tenant: '$arg_tenant', request_method: 'none' }
  bench.route({ 'splunk-hec-logging': { endpoint, batch_max_size: 1, log_format_extra } })
  await bench.send('/a?tenant=t1')
  const [post] = await arrived(receiver.received)
  const { event } = JSON.parse(post?.body ?? '')
  assert.equal(event.tenant, 't1')
  assert.equal(event.request_method, 'GET')
})

test('configurations that are refused', () => {
  assert.equal(refusal('splunk-hec-logging', {}), 'property "endpoint" is required')
  assert.match(refusal('splunk-hec-logging', { endpoint: { uri: 'http://a' } }) ?? '', /"token" is required/)
  assert.match(refusal('splunk-hec-logging', { endpoint: { uri: 'x://a', token: 't' } }) ?? '', /begins with http/)
})
