// What is logged of one request, as APISIX builds it: the default entry, or the members that a log format names.
//
// A plugin that hides parts of requests from logs does so in its own log phase, before the loggers: it changes `ctx.request.query` and
// `.headers`, sets the variable `request_uri`, and masks the body (mask.ts).
import { hostname } from 'node:os'
import type { Exchange } from '../../gateway/exchange.ts'
import { forwardedOf } from '../../gateway/forwarded.ts'
import { variable } from '../../gateway/variables.ts'
import { queryFields, valuesByName } from '../../lib/query.ts'
import { version } from '../../lib/version.ts'
import type { Bodies, Format } from './format.ts'

const SERVER = { hostname: hostname(), version: version() }

/** Query arguments that an entry lists at most, as in APISIX. */
const MAX_ARGUMENTS = 100

/** Headers by lower-case name; a repeated one is a list. */
type Fields = Record<string, string | string[]>

export type Entry = Record<string, unknown>

/** The default entry; times in milliseconds, sizes in bytes. Call it in the log phase. */
export function defaultEntry(ctx: Exchange, bodies: Bodies): Entry {
  if (isStream(ctx)) return streamEntry(ctx)
  const { request, route } = ctx
  const target = variable(ctx, 'request_uri')
  const latency = performance.now() - ctx.startedAt
  const upstreamLatency = upstreamMs(ctx)
  return {
    request: {
      url: `${request.scheme}://${request.host}:${ctx.connection.serverPort}${target}`,
      uri: target,
      method: request.method,
      headers: requestHeaders(ctx),
      querystring: queryArguments(request.query),
      size: request.body.receivedBytes,
      body: bodies.request,
    },
    response: {
      status: ctx.response.status,
      headers: responseHeaders(ctx),
      size: ctx.response.sentBytes,
      body: bodies.response,
    },
    server: SERVER,
    upstream: variable(ctx, 'upstream_addr'),
    // For a request without a route APISIX puts its host here.
    service_id: route ? (route.serviceId ?? '') : request.host,
    route_id: route?.id,
    consumer: ctx.consumer && { username: ctx.consumer.username },
    client_ip: ctx.remoteAddr,
    start_time: Math.round(Date.now() - latency),
    latency,
    upstream_latency: upstreamLatency,
    apisix_latency: Math.max(0, latency - (upstreamLatency ?? 0)),
  }
}

/** Whether it is a connection through a stream route: it has no request. */
function isStream({ request }: Exchange): boolean {
  return request.method === ''
}

/** The default entry of a stream, where APISIX has none; written as that of a request. */
function streamEntry(ctx: Exchange): Entry {
  const latency = performance.now() - ctx.startedAt
  return {
    protocol: variable(ctx, 'protocol'),
    request: { size: ctx.request.body.receivedBytes },
    response: { status: ctx.response.status, size: ctx.response.sentBytes },
    server: SERVER,
    upstream: variable(ctx, 'upstream_addr'),
    ...placeOfStream(ctx),
    client_ip: ctx.remoteAddr,
    start_time: Math.round(Date.now() - latency),
    latency,
  }
}

function placeOfStream(ctx: Exchange): Entry {
  return { route_id: ctx.ownVar('route_id'), service_id: ctx.ownVar('service_id') }
}

/** The members that a log format names, with the ids of route and service. */
export function formattedEntry(ctx: Exchange, bodies: Bodies, format: Format): Entry {
  const entry = format.make(ctx, bodies)
  if (isStream(ctx)) return Object.assign(entry, placeOfStream(ctx))
  if (!ctx.route) return entry
  return Object.assign(entry, { service_id: ctx.route.serviceId, route_id: ctx.route.id })
}

/** Milliseconds spent on upstreams; undefined when none was asked. */
function upstreamMs({ upstreamTries }: Exchange): number | undefined {
  if (upstreamTries.length === 0) return undefined
  return upstreamTries.reduce((sum, { responseMs }) => sum + Math.max(0, responseMs), 0)
}

/** As the request goes on: what it says of its client's proxy is the gateway's own word. */
function requestHeaders(ctx: Exchange): Fields {
  const { request } = ctx
  const headers = request.headers.toObject()
  for (const [word, value] of Object.entries(forwardedOf(ctx))) headers[`x-forwarded-${word}`] = value
  return headers
}

/** With the fields of the framing, which stand only on the wire: in HTTP/1.1 a body without a length is chunked. */
export function responseHeaders({ request, response }: Exchange): Fields {
  const headers = response.headers.toObject()
  if (request.httpVersion === '2.0') return headers
  const close = request.headers.get('connection')?.toLowerCase().includes('close') ?? request.httpVersion === '1.0'
  delete headers['keep-alive']
  headers.connection = close ? 'close' : 'keep-alive'
  const bodyless = request.method === 'HEAD' || response.status === 204 || response.status === 304
  if (headers['content-length'] === undefined && !bodyless && request.httpVersion === '1.1')
    headers['transfer-encoding'] = 'chunked'
  return headers
}

/** Decoded arguments by name: a repeated one is a list, one without `=` is true. */
export function queryArguments(query: string): Record<string, unknown> {
  return valuesByName(
    queryFields(query, MAX_ARGUMENTS).filter(({ name }) => name !== ''),
    true,
  )
}
