// Counts requests, their latencies and their bytes under APISIX's metric names. The numbers lie in shared memory; the main thread serves them
// on its own port, or, with the setting `enable_export_server: false`, public-api on a route.
//
// Settings (`plugins.attr.prometheus`): `metrics.NAME.extra_labels`, `default_buckets`, `enable_export_server`. Metadata: `disabled_labels`,
// whose labels stay empty, so that there are fewer series. In a stream route it counts connections.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { type Counted, toSeries } from '../gateway/prometheus-series.ts'
import { variable } from '../gateway/variables.ts'
import type { Resource } from '../resources/kinds.ts'

const schema = Type.Object({
  prefer_name: Type.Boolean({
    title: 'Prefer names',
    description: 'label routes and services by name instead of id',
    default: false,
    examples: [true],
  }),
})
type Conf = Static<typeof schema>

const labels = (title: string, names: string[]) =>
  Type.Optional(
    Type.Array(Type.Unsafe<string>({ type: 'string', enum: names }), {
      title,
      description: 'labels that stay empty',
      uniqueItems: true,
      examples: [['node']],
    }),
  )

const COMMON = ['route', 'service', 'consumer', 'node', 'request_type', 'request_llm_model', 'llm_model']
const metadataSchema = Type.Object({
  disabled_labels: Type.Optional(
    Type.Object(
      {
        http_status: labels('http_status', [...COMMON, 'matched_uri', 'matched_host', 'response_source']),
        http_latency: labels('http_latency', COMMON),
        bandwidth: labels('bandwidth', COMMON),
      },
      {
        additionalProperties: false,
        title: 'Disabled labels',
        description: 'by metric without its prefix: labels that stay empty',
        examples: [{ http_status: ['node'] }],
      },
    ),
  ),
})

const metric = Type.Object({ extra_labels: Type.Optional(Type.Array(Type.Record(Type.String(), Type.String()))) })
const attrSchema = Type.Partial(
  Type.Object({
    enable_export_server: Type.Boolean(),
    default_buckets: Type.Array(Type.Number({ exclusiveMinimum: 0 }), { minItems: 1 }),
    metrics: Type.Partial(Type.Object({ http_status: metric, http_latency: metric, bandwidth: metric })),
  }),
)

export default definePlugin<Conf>({
  name: 'prometheus',
  version: 0.2,
  priority: 500,
  schema: Type.Partial(schema),
  metadataSchema,
  attrSchema,
  checkAttr,
  setup(conf, env) {
    const record = toSeries(env)
    const streams = env.metrics.counter(
      'apisix_stream_connection_total',
      'Total number of connections handled per stream route in APISIX',
      ['route'],
    )
    return {
      log(ctx) {
        // A connection of a stream has no request.
        if (ctx.request.method === '') streams.inc([streamName(ctx, conf.prefer_name)])
        else record(toCounted(ctx, conf.prefer_name), ctx)
      },
    }
  },
  apis: [{ methods: ['GET'], uri: '/apisix/prometheus/metrics', handle: (_ctx, env) => exportMetrics(env) }],
})

const ELSEWHERE = 'set `metrics.listen`; metrics are served at /apisix/prometheus/metrics'

/** APISIX's settings that there are none of here, with what to do instead. */
const REFUSED: Record<string, string> = {
  export_addr: ELSEWHERE,
  export_uri: ELSEWHERE,
  refresh_interval: 'metrics are as they are when they are asked for; leave it out',
  metric_prefix: 'names begin with apisix_, which dashboards made for APISIX look for',
}

/** Throws an Error for what would be ignored. */
function checkAttr(attr: Resource): void {
  for (const [name, advice] of Object.entries(REFUSED))
    if (name in attr) throw new Error(`plugins.attr.prometheus.${name} is not supported: ${advice}`)
  const metrics = attr.metrics ?? {}
  for (const [name, one] of Object.entries(metrics))
    if ('expire' in one)
      throw new Error(`plugins.attr.prometheus.metrics.${name}.expire is not supported: leave it out; series stay`)
}

function streamName(ctx: Exchange, byName: boolean): string {
  return String((byName ? variable(ctx, 'route_name') : undefined) ?? variable(ctx, 'route_id') ?? '')
}

async function exportMetrics(env: PluginEnv): Promise<Reply> {
  // They have a port of their own: as in APISIX, they are not offered twice.
  if (env.attr.enable_export_server !== false) return { status: 404 }
  return { status: 200, body: await env.collectMetrics() }
}

/** `nginx` is who says in APISIX that no answer came from the upstream. */
function sourceOf({ response, upstreamTries }: Exchange): Counted['source'] {
  if (response.source === 'upstream') return 'upstream'
  const last = upstreamTries.at(-1)
  return last && last.headerMs < 0 ? 'nginx' : 'apisix'
}

function toCounted(ctx: Exchange, byName: boolean): Counted {
  const tried = ctx.upstreamTries.at(-1)
  const totalMs = performance.now() - ctx.startedAt
  return {
    status: ctx.response.status,
    source: sourceOf(ctx),
    route: (byName ? (ctx.route?.conf.name as string | undefined) : undefined) ?? ctx.route?.id ?? '',
    service: (byName ? ctx.route?.serviceName : undefined) ?? ctx.route?.serviceId ?? '',
    consumer: ctx.consumer?.username ?? '',
    node: tried ? tried.address.slice(0, tried.address.lastIndexOf(':')) : '',
    matchedUri: ctx.matchedUri ?? '',
    matchedHost: ctx.matchedHost ?? '',
    totalMs,
    upstreamMs: tried && tried.responseMs >= 0 ? tried.responseMs : 0,
    bytesIn: ctx.request.body.receivedBytes,
    bytesOut: ctx.response.sentBytes,
  }
}
