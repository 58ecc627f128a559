// Records the spans of sampled requests and posts them to Zipkin (API v2) or what understands it. The caller's trace goes on (B3), and the
// upstream gets the span `proxy` as its own.
import Type, { type Static } from 'typebox'
import { SERVER } from '../gateway/error-page.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { variable } from '../gateway/variables.ts'
import { withoutBrackets } from '../lib/address.ts'
import { checkAddress, createPoster } from './logging/http.ts'
import { createQueue, toJson } from './logging/logger.ts'
import { type B3Context, newSpanId, newTraceId, readB3 } from './tracing/context.ts'

const schema = Type.Object({
  endpoint: Type.String({
    title: 'Endpoint',
    description: 'address that spans are posted to',
    examples: ['http://127.0.0.1:9411/api/v2/spans'],
  }),
  sample_ratio: Type.Number({
    title: 'Ratio',
    description: 'share of the requests that is recorded, where the caller has not decided',
    minimum: 0.00001,
    maximum: 1,
    examples: [1],
  }),
  service_name: Type.Optional(
    Type.String({
      title: 'Service name',
      description: 'what this gateway is called in Zipkin',
      default: 'APISIX',
      examples: ['gateway'],
    }),
  ),
  server_addr: Type.Optional(
    Type.String({
      title: 'Address',
      description: "IPv4 address of this gateway in Zipkin; the connection's own when absent",
      pattern: '^[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}$',
      examples: ['192.0.2.1'],
    }),
  ),
  span_version: Type.Optional(
    Type.Unsafe<1 | 2>({
      type: 'integer',
      enum: [1, 2],
      title: 'Span version',
      description:
        '2: request with proxy and response; 1: request with rewrite, access and proxy, and body_filter in proxy',
      default: 2,
      examples: [1],
    }),
  ),
})
type Conf = Static<typeof schema>

/** A request that is recorded. Times are of performance.now(); -1: it did not come so far. */
interface Trace {
  traceId: string
  requestId: string
  callerId: string | undefined
  proxyId: string
  accessAt: number
  proxyAt: number
  headerAt: number
}

const WAITS = { name: 'zipkin_report', inactiveMs: 5000, maxAgeMs: 60_000 }

export default definePlugin<Conf>({
  name: 'zipkin',
  version: 0.1,
  priority: 12011,
  schema,
  attrSchema: Type.Object({ set_ngx_var: Type.Optional(Type.Boolean()) }),
  check(conf, kind) {
    if (kind === 'plugin') checkAddress('endpoint', conf.endpoint)
  },
  setup(conf, env) {
    const post = createPoster(env.http, { timeoutMs: 3000, tlsVerify: true })
    const headers = { 'User-Agent': SERVER, 'Content-Type': 'application/json' }
    const queue = createQueue(WAITS, env, {
      concurrency: 2,
      deliver: (spans) => post(conf.endpoint, headers, toJson(spans, undefined)),
    })
    const TRACE = Symbol('trace')
    const note = (ctx: Exchange, moment: 'accessAt' | 'proxyAt' | 'headerAt'): void => {
      const trace = ctx.get<Trace>(TRACE)
      if (trace) trace[moment] = performance.now()
    }
    return {
      rewrite(ctx) {
        let caller: B3Context
        try {
          caller = readB3(ctx.request.headers)
        } catch (error) {
          env.log.info({ err: error, route_id: ctx.route?.id }, 'a request with malformed b3 headers was refused')
          return { status: 400 }
        }
        const sampled = caller.sampled ?? Math.random() < conf.sample_ratio
        const trace = begin(ctx, caller, sampled)
        if (sampled) ctx.set(TRACE, trace)
        if (env.attr.set_ngx_var === true) setVariables(ctx, trace, sampled)
      },
      access: (ctx) => note(ctx, 'accessAt'),
      before_proxy: (ctx) => note(ctx, 'proxyAt'),
      header_filter: (ctx) => note(ctx, 'headerAt'),
      log(ctx) {
        const trace = ctx.get<Trace>(TRACE)
        if (trace) for (const span of toSpans(ctx, trace, conf)) queue.add(span)
      },
      close: () => queue.close(),
    }
  },
})

/** Writes the context of the span `proxy` into the request's headers; of one that is not recorded, that of the request itself. */
function begin(ctx: Exchange, caller: B3Context, sampled: boolean): Trace {
  const trace = {
    traceId: caller.traceId ?? newTraceId(),
    requestId: newSpanId(),
    callerId: caller.spanId,
    proxyId: newSpanId(),
    accessAt: -1,
    proxyAt: -1,
    headerAt: -1,
  }
  const { headers } = ctx.request
  headers.remove('b3')
  headers.setLiteral('X-B3-Sampled', 'x-b3-sampled', sampled ? '1' : '0')
  const [spanId, parentId] = sampled ? [trace.proxyId, trace.requestId] : [trace.requestId, trace.callerId]
  headers.setLiteral('X-B3-TraceId', 'x-b3-traceid', trace.traceId)
  headers.setLiteral('X-B3-SpanId', 'x-b3-spanid', spanId)
  if (parentId === undefined) headers.remove('x-b3-parentspanid')
  else headers.setLiteral('X-B3-ParentSpanId', 'x-b3-parentspanid', parentId)
  return trace
}

function setVariables(ctx: Exchange, { traceId, requestId }: Trace, sampled: boolean): void {
  ctx.setVar('zipkin_context_traceparent', `00-${traceId.padStart(32, '0')}-${requestId}-${sampled ? '01' : '00'}`)
  ctx.setVar('zipkin_trace_id', traceId)
  ctx.setVar('zipkin_span_id', requestId)
}

/** From, to: a part of the request's way. */
interface Part {
  name: string
  id: string
  parentId: string | undefined
  from: number
  to: number
  /** Members of the span that only this part has, as JSON with a comma before them. */
  facts: string
}

/** The spans as JSON. They are put together from texts: each request makes several, and what they share is written out once. */
function toSpans(ctx: Exchange, trace: Trace, conf: Conf): string[] {
  const now = performance.now()
  const epochMs = Date.now() - now
  const { serverAddr, serverPort } = ctx.connection
  const service = JSON.stringify(conf.service_name ?? 'APISIX')
  const shared = `,"localEndpoint":{"serviceName":${service},${endpoint(conf.server_addr ?? serverAddr, serverPort)}}`
  return partsOf(ctx, trace, conf.span_version ?? 2, now).map(({ name, id, parentId, from, to, facts }) => {
    const parent = parentId === undefined ? '' : `,"parentId":"${parentId}"`
    const duration = Math.max(1, Math.round((to - from) * 1000))
    const times = `"timestamp":${Math.round((epochMs + from) * 1000)},"duration":${duration}`
    return `{"traceId":"${trace.traceId}","id":"${id}"${parent},"name":"apisix.${name}",${times}${shared}${facts}}`
  })
}

function partsOf(ctx: Exchange, trace: Trace, spanVersion: 1 | 2, now: number): Part[] {
  const { requestId, callerId, proxyId } = trace
  const { startedAt } = ctx
  const request = {
    name: 'request',
    id: requestId,
    parentId: callerId,
    from: startedAt,
    to: now,
    facts: requestFacts(ctx),
  }
  const proxy = { name: 'proxy', id: proxyId, parentId: requestId, facts: proxyFacts(ctx) }
  const child = (name: string, parentId: string, from: number, to: number): Part => ({
    name,
    id: newSpanId(),
    parentId,
    from,
    to,
    facts: '',
  })
  const headerAt = trace.headerAt < 0 ? now : trace.headerAt
  if (spanVersion === 2)
    return [request, { ...proxy, from: startedAt, to: headerAt }, child('response_span', requestId, headerAt, now)]
  const accessAt = trace.accessAt < 0 ? headerAt : trace.accessAt
  const parts = [request, child('rewrite', requestId, startedAt, accessAt)]
  if (trace.accessAt >= 0)
    parts.push(child('access', requestId, accessAt, trace.proxyAt < 0 ? headerAt : trace.proxyAt))
  if (trace.proxyAt >= 0)
    parts.push({ ...proxy, from: trace.proxyAt, to: now }, child('body_filter', proxyId, headerAt, now))
  return parts
}

function requestFacts(ctx: Exchange): string {
  const { request, response } = ctx
  const url = JSON.stringify(variable(ctx, 'request_uri'))
  const error = response.status >= 500 ? ',"error":"true"' : ''
  const status = `"http.status_code":"${response.status}"${error}`
  const tags = `{"component":"apisix","http.method":${JSON.stringify(request.method)},"http.url":${url},${status}}`
  return `,"kind":"SERVER","remoteEndpoint":{${endpoint(ctx.remoteAddr, ctx.remotePort)}},"tags":${tags}`
}

function proxyFacts(ctx: Exchange): string {
  const node = ctx.upstreamTries.at(-1)?.address
  if (node === undefined) return ',"kind":"CLIENT"'
  const colon = node.lastIndexOf(':')
  return `,"kind":"CLIENT","remoteEndpoint":{${endpoint(node.slice(0, colon), Number(node.slice(colon + 1)))}}`
}

/** Address and port as members. */
function endpoint(address: string, port: number): string {
  const members = address.includes(':') ? { ipv6: withoutBrackets(address) } : { ipv4: address }
  return JSON.stringify({ ...members, port }).slice(1, -1)
}
