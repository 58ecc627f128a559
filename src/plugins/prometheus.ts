// Counts requests, their latencies and their bytes under APISIX's metric names. The numbers lie in shared memory; the main thread serves them.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv } from '../gateway/plugin.ts'
import { LATENCY_BUCKETS_MS } from '../lib/latency-buckets.ts'

const schema = Type.Object({
  prefer_name: Type.Boolean({
    title: 'Prefer names',
    description: 'label routes and services by name instead of id',
    default: false,
    examples: [true],
  }),
})
type Conf = Static<typeof schema>

/** Label combinations that one thread remembers the slots of; beyond it they are looked up again. */
const MAX_REMEMBERED = 10_000

const COMMON = ['route', 'service', 'consumer', 'node', 'request_type', 'request_llm_model', 'llm_model']

export default definePlugin<Conf>({
  name: 'prometheus',
  version: 0.2,
  priority: 500,
  schema: Type.Partial(schema),
  setup(conf, env) {
    const record = toRecorder(env)
    return {
      log(ctx) {
        record(ctx, conf.prefer_name)
      },
    }
  },
})

interface Series {
  status: number
  request: number
  upstream: number
  gateway: number
  ingress: number
  egress: number
}

function toRecorder(env: PluginEnv): (ctx: Exchange, byName: boolean) => void {
  const { metrics } = env
  const status = metrics.counter('apisix_http_status', 'HTTP status codes per service in APISIX', [
    'code',
    'route',
    'matched_uri',
    'matched_host',
    ...COMMON.slice(1),
    'response_source',
  ])
  const latency = metrics.histogram(
    'apisix_http_latency',
    'HTTP request latency in milliseconds per service in APISIX',
    ['type', ...COMMON],
    LATENCY_BUCKETS_MS,
  )
  const bandwidth = metrics.counter('apisix_bandwidth', 'Total bandwidth in bytes consumed per service in APISIX', [
    'type',
    ...COMMON,
  ])
  const remembered = new Map<string, Series>()

  const open = (ctx: Exchange, route: string, service: string, consumer: string, node: string): Series => {
    const common = [route, service, consumer, node, 'traditional_http', '', '']
    const source = ctx.response.source === 'upstream' ? 'upstream' : 'apisix'
    return {
      status: status.slot([
        String(ctx.response.status),
        route,
        ctx.matchedUri ?? '',
        ctx.matchedHost ?? '',
        ...common.slice(1),
        source,
      ]),
      request: latency.slot(['request', ...common]),
      upstream: node ? latency.slot(['upstream', ...common]) : -1,
      gateway: latency.slot(['apisix', ...common]),
      ingress: bandwidth.slot(['ingress', ...common]),
      egress: bandwidth.slot(['egress', ...common]),
    }
  }

  return (ctx, byName) => {
    const route = (byName ? (ctx.route?.conf.name as string | undefined) : undefined) ?? ctx.route?.id ?? ''
    const service = (byName ? ctx.route?.serviceName : undefined) ?? ctx.route?.serviceId ?? ''
    const consumer = ctx.consumer?.username ?? ''
    const tried = ctx.upstreamTries.at(-1)
    const node = tried ? tried.address.slice(0, tried.address.lastIndexOf(':')) : ''
    const key = `${ctx.response.status} ${ctx.response.source} ${route} ${service} ${consumer} ${node} ${ctx.matchedUri} ${ctx.matchedHost}`
    let series = remembered.get(key)
    if (!series) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      series = open(ctx, route, service, consumer, node)
      remembered.set(key, series)
    }
    const total = performance.now() - ctx.startedAt
    const upstream = tried && tried.responseMs >= 0 ? tried.responseMs : 0
    metrics.add(series.status, 1)
    metrics.observe(series.request, LATENCY_BUCKETS_MS, total)
    if (tried) metrics.observe(series.upstream, LATENCY_BUCKETS_MS, upstream)
    metrics.observe(series.gateway, LATENCY_BUCKETS_MS, Math.max(0, total - upstream))
    metrics.add(series.ingress, ctx.request.body.receivedBytes)
    metrics.add(series.egress, ctx.response.sentBytes)
  }
}
