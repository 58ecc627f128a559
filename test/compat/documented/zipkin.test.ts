// docs: plugins/zipkin
import assert from 'node:assert/strict'
import { startReceiver } from '../../plugins/logging/receiver.ts'
import { until } from '../../until.ts'
import { startStories } from './story.ts'

interface Span {
  traceId: string
  id: string
  parentId?: string
  name: string
  timestamp: number
  duration: number
  localEndpoint: { serviceName: string; ipv4: string }
}

const { story, upstream, stage } = await startStories({ GATEWARD_THREADS: '1' })
const receiver = await startReceiver()
const endpoint = `${receiver.url}/api/v2/spans`
const route = (more: object = {}): object => ({
  uri: '/anything',
  plugins: { zipkin: { endpoint, sample_ratio: 1, ...more } },
  upstream,
})
/** The spans of this trace. A change of the route sends what waits. */
async function spansOf(traceId: string): Promise<Record<string, Span>> {
  await stage.put('routes/zipkin', route({ service_name: `${Math.random()}` }))
  await stage.send('/anything')
  const all = (): Span[] => receiver.received.flatMap(({ body }) => JSON.parse(body) as Span[])
  const found = await until(() => {
    const own = all().filter((span) => span.traceId === traceId)
    return own.length > 0 ? own : undefined
  }, 'no spans')
  return Object.fromEntries(found.map((span) => [span.name.replace('apisix.', ''), span]))
}
const seen = async (headers: Record<string, string> = {}): Promise<Record<string, string>> => {
  const { status, body } = await stage.send('/anything', { headers })
  assert.equal(status, 200)
  return (body as { headers: Record<string, string> }).headers
}

story(
  'a request with proxy and response; the upstream gets the context',
  [['routes/zipkin', route({ server_addr: '192.0.2.1' })]],
  async () => {
    const headers = await seen()
    assert.equal(headers['x-b3-sampled'], '1')
    const { request, proxy, response_span: response } = await spansOf(headers['x-b3-traceid'] ?? '')
    assert.deepEqual([proxy?.id, proxy?.parentId], [headers['x-b3-spanid'], headers['x-b3-parentspanid']])
    assert.equal(proxy?.parentId, request?.id)
    assert.equal(response?.parentId, request?.id)
    assert.equal(proxy?.timestamp, request?.timestamp)
    assert.deepEqual([request?.localEndpoint.serviceName, request?.localEndpoint.ipv4], ['APISIX', '192.0.2.1'])
    assert.ok((request?.duration ?? 0) >= (proxy?.duration ?? 0))
  },
)

story('span version 1', [['routes/zipkin', route({ span_version: 1 })]], async () => {
  const { request, rewrite, access, proxy, body_filter: body } = await spansOf((await seen())['x-b3-traceid'] ?? '')
  assert.deepEqual(
    [rewrite, access, proxy].map((span) => span?.parentId),
    Array(3).fill(request?.id),
  )
  assert.equal(body?.parentId, proxy?.id)
})

story('the context of the caller goes on', [['routes/zipkin', route()]], async () => {
  const [traceId, spanId] = ['463ac35c9f6413ad48485a3953bb6124', 'a2fb4a1d1a96d312']
  const headers = await seen({ 'X-B3-TraceId': traceId, 'X-B3-SpanId': spanId, 'X-B3-Sampled': '1' })
  assert.equal(headers['x-b3-traceid'], traceId)
  assert.equal((await spansOf(traceId)).request?.parentId, spanId)
  assert.equal(
    (await seen({ 'X-B3-TraceId': traceId, 'X-B3-SpanId': spanId, 'X-B3-Sampled': '0' }))['x-b3-sampled'],
    '0',
  )
})

story('what is refused', [], async () => {
  const refuse = (conf: object, message: RegExp): Promise<void> =>
    stage.refuses(
      'routes/1',
      { uri: '/a', upstream, plugins: { zipkin: { endpoint, sample_ratio: 1, ...conf } } },
      message,
    )
  await refuse({ sample_ratio: 0 }, /sample_ratio/)
  await refuse({ sample_ratio: 1.1 }, /sample_ratio/)
  await refuse({ server_addr: 'gateway' }, /server_addr/)
  await refuse({ span_version: 3 }, /span_version/)
})
