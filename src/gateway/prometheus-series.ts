// The series that the prometheus plugin writes: which labels they have, and the slots of those that a thread has used.
import { LATENCY_BUCKETS_MS } from '../lib/latency-buckets.ts'
import type { Resource } from '../resources/kinds.ts'
import type { Exchange } from './exchange.ts'
import type { Metric } from './metrics.ts'
import type { PluginEnv } from './plugin.ts'
import { interpolate } from './variables.ts'

/** What one request adds. */
export interface Counted {
  status: number
  source: 'upstream' | 'nginx' | 'apisix'
  route: string
  service: string
  consumer: string
  /** Address of the last node that was tried; empty when none was. */
  node: string
  matchedUri: string
  matchedHost: string
  totalMs: number
  upstreamMs: number
  bytesIn: number
  bytesOut: number
}

/** Label combinations that one thread remembers the slots of, and how long one may be; beyond it they are looked up again. */
const MAX_REMEMBERED = 10_000
const MAX_REMEMBERED_CHARS = 1024

const COMMON = ['route', 'service', 'consumer', 'node', 'request_type', 'request_llm_model', 'llm_model']
type MetricName = 'http_status' | 'http_latency' | 'bandwidth'

interface Slots {
  status: number
  request: number
  upstream: number
  gateway: number
  ingress: number
  egress: number
}

/** A metric with its labels. */
interface Labelled {
  metric: Metric
  names: readonly string[]
  disabled: ReadonlySet<string>
  extra: readonly string[]
}

/** A function that writes one request into the series. */
export function toSeries(env: PluginEnv): (counted: Counted, ctx: Exchange) => void {
  const { metrics } = env
  const buckets = readBuckets(env.attr)
  const extra = { http_status: [], http_latency: [], bandwidth: [], ...readExtraLabels(env.attr) }
  const templates = Object.values(extra).flatMap((labels) => labels.map(([, template]) => template))
  let metadata: Resource | undefined
  let labelled = openMetrics(env, extra, buckets, undefined)
  const remembered = new Map<string, Slots>()

  return (counted, ctx) => {
    const current = env.metadata()
    if (current !== metadata) {
      metadata = current
      labelled = openMetrics(env, extra, buckets, current)
      remembered.clear()
    }
    const { status, source, route, service, consumer, node, matchedUri, matchedHost } = counted
    let key = `${status} ${source} ${route} ${service} ${consumer} ${node} ${matchedUri} ${matchedHost}`
    for (const template of templates) key += `\u0000${interpolate(ctx, template)}`
    let slots = remembered.get(key)
    if (!slots) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      slots = openSlots(labelled, counted, ctx)
      if (key.length <= MAX_REMEMBERED_CHARS) remembered.set(key, slots)
    }
    metrics.add(slots.status, 1)
    metrics.observe(slots.request, buckets, counted.totalMs)
    if (node) metrics.observe(slots.upstream, buckets, counted.upstreamMs)
    metrics.observe(slots.gateway, buckets, Math.max(0, counted.totalMs - counted.upstreamMs))
    metrics.add(slots.ingress, counted.bytesIn)
    metrics.add(slots.egress, counted.bytesOut)
  }
}

type ExtraLabels = Record<MetricName, [name: string, template: string][]>

function openMetrics(
  { metrics }: PluginEnv,
  extra: ExtraLabels,
  buckets: number[],
  metadata: Resource | undefined,
): Record<MetricName, Labelled> {
  const disabled = (metadata?.disabled_labels ?? {}) as Record<string, string[]>
  const make = (name: MetricName, own: string[], open: (labels: string[]) => Metric): Labelled => ({
    metric: open([...own, ...extra[name].map(([label]) => label)]),
    names: own,
    disabled: new Set(disabled[name]),
    extra: extra[name].map(([, template]) => template),
  })
  const statusLabels = ['code', 'route', 'matched_uri', 'matched_host', ...COMMON.slice(1), 'response_source']
  return {
    http_status: make('http_status', statusLabels, (labels) =>
      metrics.counter('apisix_http_status', 'HTTP status codes per service in APISIX', labels),
    ),
    http_latency: make('http_latency', ['type', ...COMMON], (labels) =>
      metrics.histogram(
        'apisix_http_latency',
        'HTTP request latency in milliseconds per service in APISIX',
        labels,
        buckets,
      ),
    ),
    bandwidth: make('bandwidth', ['type', ...COMMON], (labels) =>
      metrics.counter('apisix_bandwidth', 'Total bandwidth in bytes consumed per service in APISIX', labels),
    ),
  }
}

function openSlots(labelled: Record<MetricName, Labelled>, counted: Counted, ctx: Exchange): Slots {
  const values: Record<string, string> = {
    code: String(counted.status),
    route: counted.route,
    service: counted.service,
    consumer: counted.consumer,
    node: counted.node,
    matched_uri: counted.matchedUri,
    matched_host: counted.matchedHost,
    request_type: 'traditional_http',
    response_source: counted.source,
  }
  const slot = (name: MetricName, type = ''): number => {
    const { metric, names, disabled, extra } = labelled[name]
    const own = names.map((label) => (label === 'type' ? type : disabled.has(label) ? '' : (values[label] ?? '')))
    return metric.slot([...own, ...extra.map((template) => interpolate(ctx, template))])
  }
  return {
    status: slot('http_status'),
    request: slot('http_latency', 'request'),
    upstream: counted.node ? slot('http_latency', 'upstream') : -1,
    gateway: slot('http_latency', 'apisix'),
    ingress: slot('bandwidth', 'ingress'),
    egress: slot('bandwidth', 'egress'),
  }
}

/** `metrics.NAME.extra_labels`: a list of `{label: $variable}`. */
function readExtraLabels(attr: Resource): Partial<ExtraLabels> {
  const metrics = attr.metrics ?? {}
  return Object.fromEntries(
    Object.entries(metrics).map(([name, { extra_labels: labels = [] }]) => [name, labels.flatMap(Object.entries)]),
  )
}

function readBuckets(attr: Resource): number[] {
  const own = attr.default_buckets as number[] | undefined
  return own ? [...own].sort((a, b) => a - b) : LATENCY_BUCKETS_MS
}
