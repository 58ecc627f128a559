import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { consumerRefusal, type Echo, refusal, startBench } from './harness.ts'
import { arrived, type Receiver, startReceiver } from './logging/receiver.ts'
import { decodeExports, type Exported, toObject } from './logging/spans.ts'

const bench = await startBench()
// Each test has a collector of its own: spans of the one before may still be under way.
const collectors = await Promise.all(Array.from({ length: 7 }, startReceiver))
let receiver = collectors[0] as Receiver
let address = ''

const hex = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('hex')

async function exported(): Promise<Exported> {
  return decodeExports((await arrived(receiver.received)).map(({ body }) => body))
}

const sampler = { name: 'always_on' }
beforeEach(() => {
  receiver = collectors.shift() as Receiver
  address = receiver.url.slice('http://'.length)
  bench.put('plugin_metadata/opentelemetry', { collector: { address, request_headers: { Authorization: 'a-token' } } })
})

test('a span with the attributes of its request, exported as protobuf', async () => {
  bench.route({ opentelemetry: { sampler } }, { name: 'the-route' })
  const answer = await bench.send('/a?x=1', { headers: { Host: 'h.example', 'User-Agent': 'test/1' } })
  const [, traceId, spanId] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(answer.json<Echo>().headers.traceparent ?? '') ?? assert.fail()
  const { resource, spans } = await exported()
  const [post] = receiver.received
  assert.equal(post?.url, '/v1/traces')
  assert.equal(post?.headers['content-type'], 'application/x-protobuf')
  assert.equal(post?.headers.authorization, 'a-token')
  assert.equal(resource['service.name'], 'APISIX')
  const [span] = spans
  assert.ok(span)
  assert.deepEqual([hex(span.trace_id), hex(span.span_id), hex(span.parent_span_id)], [traceId, spanId, ''])
  assert.deepEqual([span.name, span.kind, span.status], ['GET /*', 2, undefined])
  const [startMs, endMs] = [span.start_time_unix_nano, span.end_time_unix_nano].map((time) => Number(time) / 1e6)
  assert.ok(startMs && endMs && startMs < endMs && Math.abs(endMs - Date.now()) < 60_000)
  assert.deepEqual(toObject(span.attributes), {
    'net.host.name': 'h.example',
    'http.method': 'GET',
    'http.scheme': 'http',
    'http.target': '/a?x=1',
    'http.user_agent': 'test/1',
    'apisix.route_id': 'a',
    'apisix.route_name': 'the-route',
    'http.route': '/*',
    'http.status_code': '200',
    'http.response.status_code': '200',
  })
})

test('the caller’s trace goes on; a failure of the upstream is the span’s', async () => {
  bench.route({ opentelemetry: { sampler } })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'
  await bench.send('/a?status=503', { headers: { traceparent, tracestate: 'a=1' } })
  const [span] = (await exported()).spans
  assert.equal(hex(span?.trace_id), '0af7651916cd43dd8448eb211c80319c')
  assert.equal(hex(span?.parent_span_id), 'b7ad6b7169203331')
  assert.equal(span?.trace_state, 'a=1')
  assert.deepEqual(span?.status, { code: 2, message: 'response status: 503' })
})

test('samplers', async () => {
  const flag = async (conf: object, traceparent?: string): Promise<string | undefined> => {
    bench.route({ opentelemetry: conf })
    const headers: Record<string, string> = traceparent === undefined ? {} : { traceparent }
    return (await bench.send('/a', { headers })).json<Echo>().headers.traceparent?.slice(-2)
  }
  const parent = (sampled: string, id = '0af7651916cd43dd8448eb211c80319c'): string =>
    `00-${id}-b7ad6b7169203331-${sampled}`
  assert.equal(await flag({}), '00')
  assert.equal(await flag({ sampler: { name: 'always_off' } }, parent('01')), '00')
  const based = { sampler: { name: 'parent_base', options: { root: { name: 'always_on' } } } }
  assert.equal(await flag(based), '01')
  assert.equal(await flag(based, parent('00')), '00')
  assert.equal(await flag(based, '00-00000000000000000000000000000000-b7ad6b7169203331-00'), '01')
  assert.equal(await flag({ sampler: { name: 'parent_base' } }), '00')
  assert.equal(await flag({ sampler: { name: 'parent_base' } }, parent('01')), '01')
  const half = { sampler: { name: 'trace_id_ratio', options: { fraction: 0.5 } } }
  assert.equal(await flag(half, parent('00', `${'1'.repeat(19)}7${'f'.repeat(12)}`)), '01')
  assert.equal(await flag(half, parent('01', `${'1'.repeat(19)}8${'0'.repeat(12)}`)), '00')
})

test('the id of a new trace, variables for logs, further attributes', async () => {
  const conf = {
    sampler,
    additional_attributes: ['arg_x'],
    additional_header_prefix_attributes: ['X-My-*', 'x-other'],
  }
  const metadata = { collector: { address }, set_ngx_var: true }
  bench.put('plugin_metadata/opentelemetry', { ...metadata, trace_id_source: 'x-request-id' })
  bench.route({
    opentelemetry: conf,
    'response-rewrite': { headers: { set: { 'X-Trace': '$opentelemetry_trace_id $opentelemetry_span_id' } } },
  })
  const headers = { 'X-Request-Id': '0af76519-16cd-43dd-8448-eb211c80319c', 'X-My-A': '1', 'X-Other': '2', 'X-No': '3' }
  const answer = await bench.send('/a?x=5', { headers })
  const [span] = (await exported()).spans
  assert.equal(hex(span?.trace_id), '0af7651916cd43dd8448eb211c80319c')
  assert.equal(answer.headers['x-trace'], `0af7651916cd43dd8448eb211c80319c ${hex(span?.span_id)}`)
  const attributes = toObject(span?.attributes ?? [])
  assert.deepEqual(
    [attributes.arg_x, attributes['x-my-a'], attributes['x-other'], attributes['x-no']],
    ['5', '1', '2', undefined],
  )
  bench.put('plugin_metadata/opentelemetry', metadata)
  const traced = String((await bench.send('/a', { headers })).headers['x-trace'])
  assert.ok(!traced.startsWith('0af7651916cd43dd8448eb211c80319c'), 'an id is random unless that is asked for')
})

test('batches by the metadata; a change of it exports what waits', async () => {
  const batch_span_processor = { max_export_batch_size: 3, inactive_timeout: 3600, batch_timeout: 3600 }
  bench.put('plugin_metadata/opentelemetry', { collector: { address }, batch_span_processor })
  bench.route({ opentelemetry: { sampler } })
  for (const target of ['/1', '/2', '/3', '/4']) await bench.send(target)
  await arrived(receiver.received)
  bench.put('plugin_metadata/opentelemetry', { collector: { address }, resource: { 'service.name': 'other' } })
  await bench.send('/5')
  await arrived(receiver.received, 2)
  await arrived(receiver.received, 3)
  const names = (await exported()).spans.map(({ attributes }) => toObject(attributes)['http.target'])
  assert.deepEqual(names, ['/1', '/2', '/3', '/4', '/5'])
})

test('a resource without a service name has APISIX’s', async () => {
  bench.put('plugin_metadata/opentelemetry', { collector: { address }, resource: { 'deployment.environment': 'test' } })
  bench.route({ opentelemetry: { sampler } })
  await bench.send('/a')
  const { resource } = await exported()
  assert.deepEqual([resource['service.name'], resource['deployment.environment']], ['APISIX', 'test'])
})

test('configurations that are refused', () => {
  assert.match(refusal('opentelemetry', { sampler: { name: 'x' } }) ?? '', /matches none of the enum values/)
  assert.match(refusal('opentelemetry', { sampler: { options: { fraction: 2 } } }) ?? '', /expected 2 to be at most 1/)
  assert.match(refusal('opentelemetry', { additional_attributes: [''] }) ?? '', /too short/)
  assert.equal(consumerRefusal('opentelemetry', { sampler }), undefined)
})
