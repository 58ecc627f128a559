import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'
import { arrived, startReceiver } from './logging/receiver.ts'

const bench = await startBench({}, { zipkin: { set_ngx_var: true } })
const receiver = await startReceiver()
const conf = { endpoint: `${receiver.url}/api/v2/spans`, sample_ratio: 1 }

interface Span {
  traceId: string
  id: string
  parentId?: string
  name: string
  kind?: string
  timestamp: number
  duration: number
  localEndpoint: { serviceName: string; ipv4: string; port: number }
  remoteEndpoint?: { ipv4: string; port: number }
  tags?: Record<string, string>
}

/** Sends a request and closes the route, so that its spans are posted. */
async function traced(
  route: object,
  headers: Record<string, string> = {},
): Promise<{ up: Echo['headers']; spans: Span[] }> {
  receiver.received.length = 0
  bench.route(route)
  const answer = await bench.send('/a?x=1', { headers: { Host: 'h.example', ...headers } })
  bench.put('routes/a', undefined)
  const [post] = await arrived(receiver.received)
  assert.equal(post?.url, '/api/v2/spans')
  return { up: answer.json<Echo>().headers, spans: JSON.parse(post?.body ?? '') }
}

test('the spans of a request; the upstream gets the span `proxy`', async () => {
  const { up, spans } = await traced({ zipkin: { ...conf, service_name: 'gateway', server_addr: '192.0.2.1' } })
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['apisix.request', 'apisix.proxy', 'apisix.response_span'],
  )
  const [request, proxy, response] = spans as [Span, Span, Span]
  assert.match(request.traceId, /^[0-9a-f]{32}$/)
  assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([up['x-b3-traceid']]))
  assert.deepEqual([up['x-b3-spanid'], up['x-b3-parentspanid'], up['x-b3-sampled']], [proxy.id, request.id, '1'])
  assert.deepEqual([request.parentId, proxy.parentId, response.parentId], [undefined, request.id, request.id])
  assert.deepEqual([request.kind, proxy.kind], ['SERVER', 'CLIENT'])
  assert.deepEqual(request.localEndpoint, { serviceName: 'gateway', ipv4: '192.0.2.1', port: 0 })
  assert.equal(`${proxy.remoteEndpoint?.ipv4}:${proxy.remoteEndpoint?.port}`, nodeOf())
  assert.deepEqual(request.tags, {
    component: 'apisix',
    'http.method': 'GET',
    'http.url': '/a?x=1',
    'http.status_code': '200',
  })
  assert.ok(Math.abs(request.timestamp / 1000 - Date.now()) < 60_000)
  assert.ok(proxy.duration > 0 && proxy.duration <= request.duration)
})

const nodeOf = (): string | undefined => Object.keys((bench.upstream as { nodes: object }).nodes)[0]

test('span version 1', async () => {
  const { spans } = await traced({ zipkin: { ...conf, span_version: 1 } })
  const byName = new Map(spans.map((span) => [span.name, span]))
  const parentOf = (name: string): string | undefined =>
    spans.find(({ id }) => id === byName.get(`apisix.${name}`)?.parentId)?.name
  assert.deepEqual(['rewrite', 'access', 'proxy', 'body_filter'].map(parentOf), [
    'apisix.request',
    'apisix.request',
    'apisix.request',
    'apisix.proxy',
  ])
})

test('the caller’s trace goes on, from both forms of B3', async () => {
  const ids = { 'X-B3-TraceId': '463ac35c9f6413ad', 'X-B3-SpanId': 'a2fb4a1d1a96d312' }
  for (const headers of [ids, { b3: '463ac35c9f6413ad-a2fb4a1d1a96d312-1' }]) {
    const { up, spans } = await traced({ zipkin: conf }, headers)
    assert.equal(spans[0]?.traceId, '463ac35c9f6413ad')
    assert.equal(spans[0]?.parentId, 'a2fb4a1d1a96d312')
    assert.equal(up['x-b3-traceid'], '463ac35c9f6413ad')
    assert.equal(up.b3, undefined)
  }
})

test('the caller’s decision; a malformed context begins a trace anew; variables for logs', async () => {
  const decided = async (headers: Record<string, string>, ratio = 1): Promise<string | undefined> => {
    bench.route({ zipkin: { ...conf, sample_ratio: ratio } })
    return (await bench.send('/a', { headers })).json<Echo>().headers['x-b3-sampled']
  }
  assert.equal(await decided({ 'X-B3-Sampled': '0' }), '0')
  assert.equal(await decided({ b3: '0' }), '0')
  assert.equal(await decided({ 'X-B3-Sampled': '1' }, 0.00001), '1')
  assert.equal(await decided({ 'X-B3-Flags': '1' }, 0.00001), '1')
  bench.route({ zipkin: conf })
  const ids = { 'X-B3-TraceId': '463ac35c9f6413ad', 'X-B3-SpanId': 'a2fb4a1d1a96d312' }
  for (const malformed of [
    { 'X-B3-TraceId': 'xyz' },
    { ...ids, 'X-B3-SpanId': '1' },
    { ...ids, 'X-B3-ParentSpanId': 'x' },
    { b3: '1-2-3' },
    { 'X-B3-Sampled': 'maybe' },
  ] as Record<string, string>[]) {
    const { headers } = (await bench.send('/a', { headers: malformed })).json<Echo>()
    assert.match(headers['x-b3-traceid'] ?? '', /^[0-9a-f]{32}$/)
    assert.equal(headers['x-b3-sampled'], '1')
  }
  for (const b3 of ['', 'maybe', '463ac35c9f6413ad'])
    assert.equal((await bench.send('/a', { headers: { b3 } })).status, 400)
  bench.route({ zipkin: conf, 'response-rewrite': { headers: { set: { 'X-Trace': '$zipkin_context_traceparent' } } } })
  assert.match(String((await bench.send('/a')).headers['x-trace']), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

test('a trace that is not recorded goes on all the same', async () => {
  bench.route({ zipkin: conf })
  const sent = async (headers: Record<string, string>): Promise<Record<string, string>> =>
    (await bench.send('/a', { headers: { 'X-B3-Sampled': '0', ...headers } })).json<Echo>().headers
  const begun = await sent({ 'X-B3-ParentSpanId': 'a2fb4a1d1a96d312' })
  assert.match(begun['x-b3-traceid'] ?? '', /^[0-9a-f]{32}$/)
  assert.match(begun['x-b3-spanid'] ?? '', /^[0-9a-f]{16}$/)
  assert.equal(begun['x-b3-parentspanid'], undefined)
  const known = await sent({ 'X-B3-TraceId': '463ac35c9f6413ad', 'X-B3-SpanId': 'a2fb4a1d1a96d312' })
  assert.equal(known['x-b3-traceid'], '463ac35c9f6413ad')
  assert.equal(known['x-b3-parentspanid'], 'a2fb4a1d1a96d312')
})

test('configurations that are refused', () => {
  assert.match(refusal('zipkin', { sample_ratio: 1 }) ?? '', /"endpoint" is required/)
  assert.match(
    refusal('zipkin', { ...conf, sample_ratio: 0 }) ?? '',
    /expected 0 to be at least 0.00001|at least 1e-05/,
  )
  assert.match(refusal('zipkin', { ...conf, endpoint: 'x' }) ?? '', /begins with http/)
  assert.match(refusal('zipkin', { ...conf, server_addr: 'x' }) ?? '', /failed to match pattern/)
  assert.match(refusal('zipkin', { ...conf, span_version: 3 }) ?? '', /matches none of the enum values/)
})
