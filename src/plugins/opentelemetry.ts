// Records a span for each sampled request and exports spans to an OpenTelemetry collector: OTLP over HTTP, protobuf. The caller's trace goes on
// (W3C Trace Context), and the upstream gets this span as its parent. Where to and how is the plugin metadata's, or the settings'
// `plugins.attr.opentelemetry`.
import { hostname } from 'node:os'
import Type, { type Static } from 'typebox'
import { SERVER } from '../gateway/error-page.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv } from '../gateway/plugin.ts'
import { variable } from '../gateway/variables.ts'
import type { BatchQueue } from '../lib/batch-queue.ts'
import { withDefaults } from '../lib/schema-defaults.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import { version } from '../lib/version.ts'
import { createPoster } from './logging/http.ts'
import { createQueue } from './logging/logger.ts'
import {
  isTraceId,
  newSpanId,
  newTraceId,
  readTraceparent,
  type TraceContext,
  toTraceparent,
} from './tracing/context.ts'
import { type Attribute, encodeExport, encodeSpan } from './tracing/otlp.ts'
import { createSampler, samplerField } from './tracing/sampler.ts'

const names = (title: string, description: string, example: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1 }), { title, description, examples: [[example]] }))

const schema = Type.Object({
  sampler: samplerField,
  additional_attributes: names(
    'More attributes',
    'variables that become attributes under their names',
    'http_x_tenant',
  ),
  additional_header_prefix_attributes: names(
    'Headers as attributes',
    'headers that become attributes; a name that ends with `*` stands for all that begin so',
    'x-my-*',
  ),
})
type Conf = Static<typeof schema>

const count = (title: string, description: string, otherwise: number) =>
  Type.Integer({ title, description, minimum: 1, default: otherwise, examples: [otherwise] })

const metadataSchema = Type.Object({
  trace_id_source: oneOfTexts(['x-request-id', 'random'], {
    title: 'Trace id',
    description:
      'where the id of a new trace comes from; x-request-id: that header when it is 32 hex digits, else the id of the request',
    default: 'random',
    examples: ['x-request-id'],
  }),
  resource: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
    title: 'Resource',
    description: 'attributes of the resource, that is of this gateway; `service.name` is APISIX unless it is set',
    default: {},
    examples: [{ 'service.name': 'gateway', 'deployment.environment': 'test' }],
  }),
  collector: Type.Partial(
    Type.Object({
      address: Type.String({
        title: 'Address',
        description: 'host and port of the collector, or an address with http:// or https:// before it',
        default: '127.0.0.1:4318',
        pattern: '^(https?://)?([\\da-zA-Z._-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?$',
        examples: ['127.0.0.1:4318'],
      }),
      request_timeout: count('Timeout', 'seconds that an export may take', 3),
      request_headers: Type.Record(Type.String(), Type.String(), {
        title: 'Headers',
        description: 'headers of an export, such as Authorization',
        default: {},
        examples: [{ Authorization: 'a-token' }],
      }),
    }),
    { title: 'Collector', description: 'where spans go', examples: [{ address: '127.0.0.1:4318' }] },
  ),
  batch_span_processor: Type.Partial(
    Type.Object({
      drop_on_queue_full: Type.Boolean({
        title: 'Drop when full',
        description: 'drop spans beyond max_queue_size; otherwise up to 16 times as many wait before spans are dropped',
        default: false,
        examples: [true],
      }),
      max_queue_size: count('Queue size', 'spans that wait', 1024),
      batch_timeout: count('Batch timeout', 'seconds that the oldest span waits at most', 2),
      inactive_timeout: count('Inactive timeout', 'seconds without a new span after which spans are exported', 1),
      max_export_batch_size: count('Batch size', 'spans of one export', 16),
    }),
    { title: 'Batches', description: 'how spans are gathered', examples: [{ max_queue_size: 2048 }] },
  ),
  set_ngx_var: Type.Boolean({
    title: 'Set variables',
    description: 'set $opentelemetry_context_traceparent, $opentelemetry_trace_id and $opentelemetry_span_id for logs',
    default: false,
    examples: [true],
  }),
})
type Written = Static<typeof metadataSchema>
type Settings = Written & {
  collector: Required<Written['collector']>
  batch_span_processor: Required<Written['batch_span_processor']>
}

const GROWTH = 16
const HOST = hostname()
const SCOPE = { name: 'gateward', version: version() }

export default definePlugin<Conf>({
  name: 'opentelemetry',
  version: 0.1,
  priority: 12009,
  schema,
  metadataSchema: Type.Partial(metadataSchema),
  attrSchema: Type.Partial(metadataSchema),
  setup(conf, env) {
    const sample = createSampler(conf.sampler)
    const exporter = createExporter(env)
    const SPAN = Symbol('span')
    return {
      rewrite(ctx) {
        const { headers } = ctx.request
        const settings = exporter.settings()
        const parent = readTraceparent(headers)
        const traceId = parent?.traceId ?? newId(ctx, settings)
        const context = { traceId, spanId: newSpanId(), sampled: sample(traceId, parent) }
        headers.setLiteral('traceparent', 'traceparent', toTraceparent(context))
        if (settings.set_ngx_var) setVariables(ctx, context)
        if (context.sampled) ctx.set(SPAN, { context, parent } satisfies Started)
      },
      log(ctx) {
        const started = ctx.get<Started>(SPAN)
        if (started) exporter.add(toSpan(ctx, started, attributesOf(ctx, conf)))
      },
      close: () => exporter.close(),
    }
  },
})

interface Started {
  context: TraceContext
  parent: TraceContext | undefined
}

function newId(ctx: Exchange, settings: Settings): string {
  if (settings.trace_id_source === 'random') return newTraceId()
  const id = ctx.request.headers.get('x-request-id')?.replaceAll('-', '').toLowerCase()
  return id !== undefined && isTraceId(id) ? id : ctx.id
}

function setVariables(ctx: Exchange, context: TraceContext): void {
  ctx.setVar('opentelemetry_context_traceparent', toTraceparent(context))
  ctx.setVar('opentelemetry_trace_id', context.traceId)
  ctx.setVar('opentelemetry_span_id', context.spanId)
}

function toSpan(ctx: Exchange, { context, parent }: Started, attributes: Attribute[]): Buffer {
  const { request, response, matchedUri } = ctx
  const endMs = Date.now()
  const upstreamStatus = ctx.upstreamTries.at(-1)?.status ?? 0
  return encodeSpan({
    traceId: context.traceId,
    spanId: context.spanId,
    parentSpanId: parent?.spanId,
    traceState: parent && request.headers.get('tracestate'),
    name: matchedUri === undefined ? request.method : `${request.method} ${matchedUri}`,
    startMs: endMs - (performance.now() - ctx.startedAt),
    endMs,
    attributes,
    failure: upstreamStatus >= 500 || response.status >= 500 ? `response status: ${response.status}` : undefined,
  })
}

function attributesOf(ctx: Exchange, conf: Conf): Attribute[] {
  const { request, response, route } = ctx
  const found: Attribute[] = []
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) found.push([name, value])
  }
  add('net.host.name', request.host)
  add('http.method', request.method)
  add('http.scheme', request.scheme)
  add('http.target', variable(ctx, 'request_uri'))
  add('http.user_agent', request.headers.get('user-agent'))
  add('apisix.route_id', route?.id)
  add('apisix.route_name', route?.conf.name as string | undefined)
  add('apisix.service_id', route?.serviceId)
  add('apisix.service_name', route?.serviceName)
  add('http.route', ctx.matchedUri)
  add('http.status_code', response.status)
  add('http.response.status_code', response.status)
  for (const name of conf.additional_attributes ?? []) add(name, variable(ctx, name))
  if (conf.additional_header_prefix_attributes) addHeaders(ctx, conf.additional_header_prefix_attributes, add)
  return found
}

function addHeaders({ request }: Exchange, wanted: string[], add: (name: string, value: string) => void): void {
  const tests = wanted.map((name) => name.toLowerCase())
  for (const [name, value] of request.headers.entries())
    if (tests.some((test) => (test.endsWith('*') ? name.startsWith(test.slice(0, -1)) : name === test)))
      add(name, value)
}

interface Exporter {
  settings(): Settings
  add(span: Buffer): void
  close(): Promise<void>
}

/** Queues spans by the metadata as it is; when it changes, what waits is exported and a queue with the new settings takes over. */
function createExporter(env: PluginEnv): Exporter {
  let from: unknown
  let settings: Settings
  let queue: BatchQueue<Buffer> | undefined
  let former: Promise<void> = Promise.resolve()
  const current = (): Settings => {
    const metadata = env.metadata() ?? env.attr
    if (metadata !== from) {
      from = metadata
      settings = withDefaults(metadataSchema, { collector: {}, batch_span_processor: {}, ...metadata }) as Settings
      if (queue) former = Promise.all([former, queue.close()]).then(() => {})
      queue = spanQueue(env, settings)
    }
    return settings
  }
  return {
    settings: current,
    add(span) {
      current()
      queue?.add(span)
    },
    async close() {
      await Promise.all([former, queue?.close()])
    },
  }
}

function spanQueue(env: PluginEnv, { collector, batch_span_processor: batch, resource }: Settings): BatchQueue<Buffer> {
  const { address, request_timeout: timeout } = collector
  const post = createPoster(env.http, { timeoutMs: timeout * 1000, tlsVerify: true })
  const url = `${/^https?:/.test(address) ? '' : 'http://'}${address}/v1/traces`
  const headers = { 'User-Agent': SERVER, ...collector.request_headers, 'Content-Type': 'application/x-protobuf' }
  const attributes: Attribute[] = [
    ['telemetry.sdk.language', 'nodejs'],
    ['telemetry.sdk.name', SCOPE.name],
    ['telemetry.sdk.version', SCOPE.version],
    ['hostname', HOST],
    ...Object.entries({ 'service.name': 'APISIX', ...resource }),
  ]
  return createQueue<Buffer>(
    {
      name: 'opentelemetry',
      batch_max_size: batch.max_export_batch_size,
      inactive_timeout: batch.inactive_timeout,
      buffer_duration: batch.batch_timeout,
    },
    env,
    {
      concurrency: 2,
      maxPendingEntries: batch.max_queue_size * (batch.drop_on_queue_full ? 1 : GROWTH),
      deliver: (spans) => post(url, headers, encodeExport(attributes, SCOPE, spans)),
    },
  )
}
