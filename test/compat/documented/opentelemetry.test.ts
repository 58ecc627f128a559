// docs: plugins/opentelemetry
import assert from 'node:assert/strict'
import { startReceiver } from '../../plugins/logging/receiver.ts'
import { type Decoded, decodeExports, toObject } from '../../plugins/logging/spans.ts'
import { until } from '../../until.ts'
import { type Config, type Stage, startStories } from './story.ts'

const { story, upstream } = await startStories()
const collector = await startReceiver()
const address = collector.url.slice('http://'.length)
const hex = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('hex')

/** The page's metadata, with these changes. */
const metadata = (more: object = {}): [string, object] => [
  'plugin_metadata/opentelemetry',
  {
    trace_id_source: 'x-request-id',
    resource: { 'service.name': 'APISIX' },
    collector: { address, request_timeout: 3, request_headers: { Authorization: 'token' } },
    batch_span_processor: {
      drop_on_queue_full: false,
      max_queue_size: 1024,
      batch_timeout: 2,
      inactive_timeout: 1,
      max_export_batch_size: 1,
    },
    set_ngx_var: false,
    ...more,
  },
]
const config = (conf: object, more?: object): Config => [
  metadata(more),
  ['routes/otel', { uri: '/anything', upstream, plugins: { opentelemetry: conf } }],
]
const sampler = { name: 'always_on' }
const exported = (): Decoded[] => decodeExports(collector.received.map(({ body }) => body)).spans

/** The request's headers at the upstream. */
async function traced(stage: Stage, headers: Record<string, string> = {}): Promise<Record<string, string>> {
  const { status, body } = await stage.send('/anything', { headers })
  assert.equal(status, 200)
  return (body as { headers: Record<string, string> }).headers
}
const span = (traceId: string): Promise<Decoded> =>
  until(() => exported().find(({ trace_id }) => hex(trace_id) === traceId), `no span of ${traceId}`)

story('a span with the attributes of its request and of this gateway', config({ sampler }), async (stage) => {
  const { traceparent = '' } = await traced(stage, { 'User-Agent': 'a-client' })
  const [, traceId = '', spanId] = traceparent.split('-')
  const found = await span(traceId)
  assert.deepEqual([hex(found.span_id), found.name, found.kind], [spanId, 'GET /anything', 2])
  assert.deepEqual(toObject(found.attributes), {
    'net.host.name': '127.0.0.1',
    'http.method': 'GET',
    'http.scheme': 'http',
    'http.target': '/anything',
    'http.user_agent': 'a-client',
    'apisix.route_id': 'otel',
    'http.route': '/anything',
    'http.status_code': '200',
    'http.response.status_code': '200',
  })
  const { resource } = decodeExports(collector.received.map(({ body }) => body))
  assert.equal(resource['service.name'], 'APISIX')
  const { url, headers } = collector.received[0] ?? {}
  assert.deepEqual([url, headers?.authorization], ['/v1/traces', 'token'])
  assert.equal(headers?.['content-type'], 'application/x-protobuf')
})

const attributes = {
  additional_attributes: ['http_x_own', 'route_id'],
  additional_header_prefix_attributes: ['x-my-*'],
}
story('further attributes: variables, headers by prefix', config({ sampler, ...attributes }), async (stage) => {
  const { traceparent = '' } = await traced(stage, { 'X-Own': 'a', 'X-My-One': '1', 'X-My-Two': '2' })
  const found = toObject((await span(traceparent.split('-')[1] ?? '')).attributes)
  assert.deepEqual([found.http_x_own, found.route_id], ['a', 'otel'])
  assert.deepEqual([found['x-my-one'], found['x-my-two']], ['1', '2'])
})

const parent = '0af7651916cd43dd8448eb211c80319c'
story(
  'parent_base: as the caller has decided, else the root sampler',
  config({
    sampler: { name: 'parent_base', options: { root: { name: 'always_off' } } },
  }),
  async (stage) => {
    const flags = async (headers: Record<string, string>): Promise<string | undefined> =>
      (await traced(stage, headers)).traceparent?.split('-')[3]
    assert.equal(await flags({ traceparent: `00-${parent}-b7ad6b7169203331-01` }), '01')
    assert.equal(hex((await span(parent)).parent_span_id), 'b7ad6b7169203331')
    assert.equal(await flags({ traceparent: `00-${parent}-b7ad6b7169203331-00` }), '00')
    assert.equal(await flags({}), '00')
  },
)

for (const [conf, sampled] of [
  [{}, false],
  [{ sampler: { name: 'always_off' } }, false],
  [{ sampler: { name: 'trace_id_ratio', options: { fraction: 0 } } }, false],
  [{ sampler: { name: 'trace_id_ratio', options: { fraction: 1 } } }, true],
] as const)
  story(`sampled: ${sampled} with ${JSON.stringify(conf)}`, config(conf), async (stage) => {
    const { traceparent } = await traced(stage)
    assert.match(traceparent ?? '', sampled ? /-01$/ : /-00$/)
  })

story('the id of a trace from X-Request-Id', config({ sampler }), async (stage) => {
  const id = '3c5f9a04-7d2e-4b61-9a8f-0123456789ab'
  const { traceparent = '' } = await traced(stage, { 'X-Request-Id': id })
  assert.equal(traceparent.split('-')[1], id.replaceAll('-', ''))
})

const context = {
  trace: '$opentelemetry_context_traceparent',
  id: '$opentelemetry_trace_id',
  span: '$opentelemetry_span_id',
}
story(
  'variables for logs',
  [
    metadata({ set_ngx_var: true }),
    [
      'routes/otel',
      {
        uri: '/anything',
        upstream,
        plugins: {
          opentelemetry: { sampler },
          'http-logger': { uri: `${collector.url}/log`, batch_max_size: 1, log_format: context },
        },
      },
    ],
  ],
  async (stage) => {
    const { traceparent } = await traced(stage)
    const entry = await until(() => collector.received.find(({ url }) => url === '/log'), 'nothing was logged')
    const { trace, id, span: spanId } = JSON.parse(entry.body) as Record<string, string>
    assert.equal(trace, traceparent)
    assert.equal(trace, `00-${id}-${spanId}-01`)
  },
)

story('what is refused', [], async (stage) => {
  const refuse = (conf: object, message: RegExp): Promise<void> =>
    stage.refuses('routes/1', { uri: '/a', upstream, plugins: { opentelemetry: conf } }, message)
  await refuse({ sampler: { name: 'sometimes' } }, /name/)
  await refuse({ sampler: { name: 'trace_id_ratio', options: { fraction: 1.5 } } }, /fraction/)
  await refuse({ additional_attributes: [''] }, /additional_attributes/)
})
