// APISIX's and nginx's variables of a request, by name: `uri`, `arg_name`, `http_user_agent`, `consumer_name`, ... Used by `vars` expressions,
// plugin keys, log formats and hash keys. Unknown names and absent values are undefined.
import { isIPv4 } from 'node:net'
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'
import { toBytes, toFieldValue } from '../lib/header-fields.ts'
import { queryArgument } from '../lib/query.ts'
import { type BodyValue, type BodyVariableKind, bodyVariable, MAX_INSPECTED_BODY_BYTES } from './body-variables.ts'
import type { ConnectionInfo, Exchange, UpstreamTry } from './exchange.ts'
import { forwardedOf } from './forwarded.ts'
import type { HeaderList } from './headers.ts'
import { escapePath } from './normalise.ts'
import { TLS_VARIABLES } from './tls-variables.ts'

export type VariableValue = string | number | undefined

const HOSTNAME = hostname()
/** More than there ever are, those that took the place of others included. */
const MAX_THREADS = 65_536

/**
 * The value of a variable for this request, as it is at this point of its way. Case does not matter in nginx's own names (`sent_http_Content_Type`),
 * but in those of arguments, cookies and fields of bodies.
 */
export function variable(ctx: Exchange, name: string): VariableValue {
  const own = ctx.ownVar(name)
  if (own !== undefined) return own
  const resolve = PLAIN.get(name)
  if (resolve) return resolve(ctx)
  for (const [prefix, byName] of PREFIXED) {
    if (name.startsWith(prefix)) return byName(ctx, name.slice(prefix.length))
  }
  const lower = name.toLowerCase()
  return lower === name ? undefined : variable(ctx, lower)
}

/** A variable as conditions see it: what is text for nginx is text, what a body holds keeps its type, and lists are lists. */
export function operand(ctx: Exchange, name: string): BodyValue {
  for (const [prefix, kind] of OF_BODY)
    if (name.startsWith(prefix)) return bodyVariable(ctx, kind, name.slice(prefix.length))
  const value = variable(ctx, name)
  return value === undefined ? undefined : String(value)
}

/** `$name`, `${name}` and `${name ?? default}`; spaces within the braces do not matter. */
const PLACE = /(?<!\\)\$(?:\{\s*([^}]+?)\s*\}|(post_arg(?:\.\w+)+|\w+))/g

/** The names of the variables in a template, and what stands in for those that are absent. */
export function placesOf(template: string): { name: string; fallback: string | undefined }[] {
  return [...template.matchAll(PLACE)].map(toPlace)
}

function toPlace([, braced, bare]: readonly (string | undefined)[]): { name: string; fallback: string | undefined } {
  const [name, fallback] = braced === undefined ? [bare] : braced.split(/\s*\?\?\s*/)
  return { name: name as string, fallback }
}

/** Replaces the places of a template by variables, as `show` writes them: absent ones by their default or nothing. `\$name` stays as it is. */
export function interpolate(
  ctx: Exchange,
  template: string,
  show: (value: VariableValue, name: string) => string = (value) => String(value ?? ''),
): string {
  if (!template.includes('$')) return template
  return template.replace(PLACE, (whole, braced: string | undefined, bare: string | undefined) => {
    const { name, fallback } = toPlace([whole, braced, bare])
    const value = variable(ctx, name)
    return value === undefined && fallback !== undefined ? fallback : show(value, name)
  })
}

/** Variables that hold what came over the wire, a character for each byte; others hold text. */
const AS_BYTES =
  /^(?:http_|cookie_|sent_http_|upstream_http_|(?:(?:real_)?request_uri|request_line|args|query_string|content_type)$)/i

/** The same for the value of a header, in bytes: what a client has sent in a variable cannot end it. */
export function interpolateField(ctx: Exchange, template: string): string {
  const filled = interpolate(ctx, toBytes(template), (value, name) =>
    AS_BYTES.test(name) ? String(value ?? '') : toBytes(String(value ?? '')),
  )
  return toFieldValue(filled)
}

/** A cookie's value as sent; names are case-sensitive. */
export function cookie(ctx: Exchange, name: string): string | undefined {
  for (const header of ctx.request.headers.getAll('cookie')) {
    for (const part of header.split(';')) {
      const equals = part.indexOf('=')
      if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
    }
  }
  return undefined
}

/** A field by the name of its variable, in which `-` is `_`; several fields are one list, as nginx has them. */
function field({ list }: HeaderList, name: string, separator: string): string | undefined {
  let joined: string | undefined
  for (let i = 0; i < list.length; i += 2) {
    const one = list[i] as string
    if (one.length !== name.length || one.toLowerCase().replaceAll('-', '_') !== name) continue
    joined = joined === undefined ? list[i + 1] : `${joined}${separator}${list[i + 1]}`
  }
  return joined
}

function header(ctx: Exchange, name: string): string | undefined {
  const lower = name.toLowerCase().replaceAll('-', '_')
  const word = FORWARDED.get(lower)
  if (word) return forwardedOf(ctx)[word]
  return field(ctx.request.headers, lower, lower === 'cookie' ? '; ' : ', ')
}

/** What only a trusted peer can say of its client: without one it is what the gateway itself sees. */
const FORWARDED = new Map<string, keyof ReturnType<typeof forwardedOf>>([
  ['x_forwarded_proto', 'proto'],
  ['x_forwarded_host', 'host'],
  ['x_forwarded_port', 'port'],
])

/** As APISIX has it: with the path in its normal form, so that conditions see what routes are matched by; escaped, so that it can stand in a field. */
function requestUri({ request: { target, rawPath, path } }: Exchange): string {
  return path === rawPath ? target : escapePath(path) + target.slice(rawPath.length)
}

function responseHeader(ctx: Exchange, name: string): string | undefined {
  return field(ctx.response.headers, name.toLowerCase().replaceAll('-', '_'), ', ')
}

function responseTrailer(ctx: Exchange, name: string): string | undefined {
  return ctx.response.trailers?.get(name.toLowerCase().replaceAll('_', '-'))
}

/** What the upstream has set a cookie to; its last word counts, as in nginx. */
function upstreamCookie({ response }: Exchange, name: string): string | undefined {
  if (response.source !== 'upstream') return undefined
  const field = response.headers.getAll('set-cookie').findLast((one) => one.startsWith(`${name}=`))
  return field
    ?.slice(name.length + 1)
    .split(';', 1)[0]
    ?.trim()
}

/** An address as its bytes, a character each. */
function packed(address: string): string {
  if (isIPv4(address)) return String.fromCharCode(...address.split('.').map(Number))
  const written = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? ''
  const [head, tail] = written.split('::').map((side) => (side ? side.split(':') : [])) as [string[], string[]?]
  const groups = tail ? [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail] : head
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex').toString('latin1')
}

/** The name in Basic credentials, checked or not. */
function remoteUser({ request }: Exchange): string | undefined {
  const encoded = /^basic +(\S+)/i.exec(request.headers.get('authorization') ?? '')?.[1]
  const text = encoded && Buffer.from(encoded, 'base64').toString()
  return text?.includes(':') ? text.slice(0, text.indexOf(':')) : undefined
}

/** nginx's `$proxy_add_x_forwarded_for`: what came, and this client. */
function forwardedFor({ request, remoteAddr }: Exchange): string {
  return [...request.headers.getAll('x-forwarded-for'), remoteAddr].join(', ')
}

const requestLine = ({ request }: Exchange): string => `${request.method} ${request.target} HTTP/${request.httpVersion}`

const connectionNumbers = new WeakMap<ConnectionInfo, number>()
let connections = 0

/** A number that no other connection of the process has; given when first asked for, so that others cost nothing. */
function connectionNumber({ connection }: Exchange): number {
  const known = connectionNumbers.get(connection)
  if (known !== undefined) return known
  const number = ++connections * MAX_THREADS + threadId
  connectionNumbers.set(connection, number)
  return number
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3)

/** nginx's form for several tries: joined by a comma, `-` for what did not happen. */
function tries(ctx: Exchange, pick: (one: UpstreamTry) => string): string | undefined {
  return ctx.upstreamTries.length ? ctx.upstreamTries.map(pick).join(', ') : undefined
}

const elapsed = (milliseconds: number): string => (milliseconds < 0 ? '-' : seconds(milliseconds))

/** Where limit-count leaves what it has counted last. */
export const RATE_LIMIT = Symbol('rate limit')

export interface RateLimit {
  key: string
  limit: number
  remaining: number
  resetSeconds: number
}

function rateLimitingInfo(ctx: Exchange): string | undefined {
  const told = ctx.get<RateLimit>(RATE_LIMIT)
  return (
    told &&
    JSON.stringify({
      rate_limiting_key: told.key,
      rate_limiting_limit: told.limit,
      rate_limiting_remaining: told.remaining,
      rate_limiting_reset: told.resetSeconds,
    })
  )
}

const PLAIN = new Map<string, (ctx: Exchange) => VariableValue>([
  ['uri', (ctx) => ctx.request.path],
  ['document_uri', (ctx) => ctx.request.path],
  ['request_uri', requestUri],
  ['real_request_uri', (ctx) => ctx.request.target],
  ['request_body', (ctx) => ctx.request.body.buffered()?.toString()],
  // The other types that APISIX knows are those of its plugins for models.
  ['request_type', () => 'traditional_http'],
  ['args', (ctx) => ctx.request.query],
  ['query_string', (ctx) => ctx.request.query],
  ['is_args', (ctx) => (ctx.request.query ? '?' : '')],
  ['host', (ctx) => ctx.request.host],
  ['hostname', () => HOSTNAME],
  ['scheme', (ctx) => ctx.request.scheme],
  ['https', (ctx) => (ctx.request.scheme === 'https' ? 'on' : '')],
  ['http2', (ctx) => (ctx.request.httpVersion === '2.0' ? (ctx.connection.tls ? 'h2' : 'h2c') : '')],
  ['method', (ctx) => ctx.request.method],
  ['request_method', (ctx) => ctx.request.method],
  ['request', requestLine],
  ['request_line', requestLine],
  ['request_id', (ctx) => ctx.id],
  ['apisix_request_id', (ctx) => ctx.id],
  ['server_protocol', (ctx) => `HTTP/${ctx.request.httpVersion}`],
  ['content_type', (ctx) => ctx.request.headers.get('content-type')],
  ['content_length', (ctx) => ctx.request.headers.get('content-length')],
  ['remote_addr', (ctx) => ctx.remoteAddr],
  ['binary_remote_addr', (ctx) => packed(ctx.remoteAddr)],
  ['remote_port', (ctx) => ctx.remotePort],
  ['remote_user', remoteUser],
  ['proxy_add_x_forwarded_for', forwardedFor],
  ['original_x_forwarded_for', ({ request }) => request.headers.get('x-forwarded-for')],
  ['proxy_protocol_addr', (ctx) => ctx.connection.announced?.remoteAddr],
  ['proxy_protocol_port', (ctx) => ctx.connection.announced?.remotePort],
  ['pid', () => process.pid],
  ['realip_remote_addr', (ctx) => ctx.connection.remoteAddr],
  ['realip_remote_port', (ctx) => ctx.connection.remotePort],
  ['server_addr', (ctx) => ctx.connection.serverAddr],
  ['server_port', (ctx) => String(ctx.connection.serverPort)],
  ['server_name', () => '_'],
  ['connection', connectionNumber],
  ['connection_requests', (ctx) => ctx.connection.requests],
  ['connection_time', (ctx) => seconds(performance.now() - ctx.connection.openedAt)],
  ...TLS_VARIABLES,
  ['status', (ctx) => ctx.response.status],
  ['bytes_sent', (ctx) => ctx.response.sentBytes],
  ['body_bytes_sent', (ctx) => ctx.response.bodyBytes],
  ['request_length', (ctx) => ctx.request.body.receivedBytes],
  ['request_completion', (ctx) => (ctx.completed ? 'OK' : '')],
  ['request_time', (ctx) => seconds(performance.now() - ctx.startedAt)],
  ['msec', () => (Date.now() / 1000).toFixed(3)],
  ['time_iso8601', () => timeIso8601(new Date())],
  ['time_local', () => timeLocal(new Date())],
  ['upstream_addr', (ctx) => tries(ctx, (one) => one.address)],
  ['upstream_status', (ctx) => tries(ctx, (one) => String(one.status))],
  ['upstream_connect_time', (ctx) => tries(ctx, (one) => elapsed(one.connectMs))],
  ['upstream_header_time', (ctx) => tries(ctx, (one) => elapsed(one.headerMs))],
  ['upstream_response_time', (ctx) => tries(ctx, (one) => elapsed(one.responseMs))],
  ['apisix_upstream_response_time', (ctx) => tries(ctx, (one) => elapsed(one.responseMs))],
  ['upstream_response_length', (ctx) => tries(ctx, (one) => String(one.bodyBytes))],
  ['upstream_unresolved_host', (ctx) => ctx.upstreamTries.at(-1)?.host],
  ['upstream_uri', (ctx) => ctx.upstreamUri],
  ['upstream_host', (ctx) => ctx.upstreamHost],
  ['upstream_scheme', (ctx) => ctx.upstreamScheme],
  ['balancer_ip', (ctx) => lastAddress(ctx)?.slice(0, lastAddress(ctx)?.lastIndexOf(':'))],
  ['balancer_port', (ctx) => lastAddress(ctx)?.slice((lastAddress(ctx)?.lastIndexOf(':') ?? -1) + 1)],
  ['route_id', (ctx) => ctx.route?.id],
  ['route_name', (ctx) => ctx.route?.conf.name as string | undefined],
  ['matched_uri', (ctx) => ctx.matchedUri],
  ['matched_host', (ctx) => ctx.matchedHost],
  ['service_id', (ctx) => ctx.route?.serviceId],
  ['service_name', (ctx) => ctx.route?.serviceName],
  ['consumer_name', (ctx) => ctx.consumer?.username],
  ['consumer_group_id', (ctx) => ctx.consumer?.groupId],
  ['rate_limiting_info', rateLimitingInfo],
])

const OF_BODY: [prefix: string, kind: BodyVariableKind][] = [
  ['post_arg_', 'form'],
  ['post_arg.', 'any'],
  ['graphql_', 'graphql'],
]

function toText(value: BodyValue): VariableValue {
  if (value === undefined || typeof value === 'string' || typeof value === 'number') return value
  return typeof value === 'boolean' ? String(value) : listText(value)
}

/** A path may name what holds the rest of its places, so that the text would be many times the body; such a list has none. */
function listText(list: readonly unknown[]): string | undefined {
  let text = ''
  for (const [at, one] of list.entries()) {
    const shown = one === null ? '' : typeof one === 'object' ? JSON.stringify(one) : String(one)
    text += at === 0 ? shown : `,${shown}`
    if (text.length > MAX_INSPECTED_BODY_BYTES) return undefined
  }
  return text
}

const PREFIXED: [string, (ctx: Exchange, name: string) => VariableValue][] = [
  ['arg_', (ctx, name) => queryArgument(ctx.request.query, name)],
  ['http_', header],
  ['cookie_', cookie],
  ['uri_param_', (ctx, name) => ctx.params?.[name]],
  ['sent_http_', responseHeader],
  ['sent_trailer_', responseTrailer],
  ['upstream_trailer_', responseTrailer],
  ['upstream_cookie_', upstreamCookie],
  ['upstream_http_', (ctx, name) => (ctx.response.source === 'upstream' ? responseHeader(ctx, name) : undefined)],
  ...OF_BODY.map(([prefix, kind]): (typeof PREFIXED)[number] => [
    prefix,
    (ctx, name) => toText(bodyVariable(ctx, kind, name)),
  ]),
]

function lastAddress(ctx: Exchange): string | undefined {
  return ctx.upstreamTries.at(-1)?.address
}

const two = (n: number): string => String(n).padStart(2, '0')

function offset(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset()
  const absolute = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}${colon}${two(absolute % 60)}`
}

function timeIso8601(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${offset(date, ':')}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function timeLocal(date: Date): string {
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`
  return `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${offset(date, '')}`
}
