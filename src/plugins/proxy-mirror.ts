// Sends a copy of the request elsewhere and throws the answer away. The client never waits for it: the copy begins when its body is whole, it
// has a bound on time, and when too many are under way the next ones are not made.
//
// The copy carries the client's fields, so also its credentials. As for upstreams, a certificate of the other side is not checked.
import Type, { type Static } from 'typebox'
import type { BodyTap } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { isHopByHop } from '../gateway/hop-by-hop.ts'
import { ANSWERED_HERE, definePlugin, type PluginEnv } from '../gateway/plugin.ts'
import { parseDurationMs } from '../lib/duration.ts'
import { oneOfTexts } from '../lib/schema-types.ts'

const schema = Type.Object({
  host: Type.String({
    title: 'Host',
    description: 'scheme, host and port that get the copies, without a path; http or https',
    pattern: '^(https?|grpcs?):\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?$',
    examples: ['http://127.0.0.1:8081'],
  }),
  path: Type.Optional(
    Type.String({
      title: 'Path',
      description: "path of the copies, instead of the request's or before it",
      pattern: '^/[^?&]+$',
      examples: ['/copies'],
    }),
  ),
  path_concat_mode: Type.Optional(
    oneOfTexts(['replace', 'prefix'], {
      title: 'Use of the path',
      description: "replace: instead of the request's path; prefix: before it",
      default: 'replace',
      examples: ['prefix'],
    }),
  ),
  sample_ratio: Type.Optional(
    Type.Number({
      title: 'Ratio',
      description: 'share of the requests that is copied',
      minimum: 0.00001,
      maximum: 1,
      default: 1,
      examples: [0.5],
    }),
  ),
})
type Conf = Static<typeof schema>

const TIMEOUT_MS = 60_000
const duration = Type.Union([Type.String(), Type.Integer()])
/** Of the settings. */
const times = { connect: duration, send: duration, read: duration }
/** Copies of one thread that are being collected or sent. */
const MAX_COPIES = 256
/** A request with a larger body is not copied. */
const MAX_BODY_BYTES = 1024 * 1024
/** Fields that the gateway writes itself. */
const REPLACED = /^(?:x-real-ip|x-forwarded-(?:for|proto|host|port)|forwarded|connection)$/i

let underWay = 0

export default definePlugin<Conf>({
  name: 'proxy-mirror',
  version: 0.1,
  priority: 1010,
  schema,
  attrSchema: Type.Object({ timeout: Type.Optional(Type.Partial(Type.Object(times))) }),
  checkAttr: (attr) => void readTimes(attr),
  check(conf, kind) {
    if (kind === 'plugin' && conf.host.startsWith('grpc'))
      throw new Error('property "host" cannot be grpc here: calls of gRPC are not mirrored, use http or https')
  },
  setup(conf, env) {
    const timeoutMs = readTimeoutMs(env)
    const ratio = conf.sample_ratio ?? 1
    return {
      before_proxy(ctx) {
        if (ctx.upgrade || ctx.get(ANSWERED_HERE) || (ratio < 1 && Math.random() >= ratio)) return
        if (underWay >= MAX_COPIES) {
          env.log.warn(
            { host: conf.host, route_id: ctx.route?.id },
            'too many copies are under way: this one is not made',
          )
          return
        }
        const send = toCopy(ctx, conf, env, timeoutMs)
        underWay++
        collect(ctx, (body) => {
          if (body === undefined) underWay--
          else send(body).finally(() => underWay--)
        })
      },
      log(ctx) {
        ctx.get<() => void>(collect)?.()
      },
    }
  },
})

/** Hands over the whole body once it has come; undefined when it is too large or never becomes whole. */
function collect(ctx: Exchange, done: (body: Buffer | undefined) => void): void {
  const { body } = ctx.request
  const whole = body.buffered()
  if (whole) {
    done(whole.length > MAX_BODY_BYTES ? undefined : whole)
    return
  }
  const chunks = [...body.pieces]
  let bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  let open = true
  const close = (result: Buffer | undefined): void => {
    if (!open) return
    open = false
    body.removeTap(tap)
    done(result)
  }
  const tap: BodyTap = {
    data(chunk) {
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) close(undefined)
      else chunks.push(chunk)
    },
    end: () => close(Buffer.concat(chunks)),
  }
  body.addTap(tap)
  // The request is over and its body never became whole.
  ctx.set(collect, () => close(undefined))
}

function toCopy(ctx: Exchange, conf: Conf, env: PluginEnv, timeoutMs: number): (body: Buffer) => Promise<void> {
  const { request } = ctx
  const url = `${conf.host}${targetOf(ctx, conf)}`
  const headers = fieldsOf(ctx)
  return async (body) => {
    try {
      const { method } = request
      await env.http.request(url, { method, headers, timeoutMs, tlsVerify: false, ...(body.length ? { body } : {}) })
    } catch (error) {
      env.log.warn({ err: error, host: conf.host, route_id: ctx.route?.id }, 'a copy of a request was not taken')
    }
  }
}

function targetOf(ctx: Exchange, { path, path_concat_mode: mode }: Conf): string {
  const target = ctx.upstreamUri ?? ctx.request.target
  if (path === undefined) return target
  const mark = target.indexOf('?')
  const query = mark < 0 ? '' : target.slice(mark)
  return mode === 'prefix' ? `${path}${target}` : `${path}${query}`
}

function fieldsOf(ctx: Exchange): [string, string][] {
  const { request, connection } = ctx
  const { authority } = request
  const fields: [string, string][] = [['Host', ctx.upstreamHost ?? authority]]
  for (let i = 0; i < request.headers.list.length; i += 2) {
    const name = request.headers.list[i] as string
    if (!isHopByHop(name) && !REPLACED.test(name)) fields.push([name, request.headers.list[i + 1] as string])
  }
  const port = /:(\d+)$/.exec(authority)?.[1] ?? String(connection.serverPort)
  fields.push(['X-Forwarded-Proto', request.scheme], ['X-Forwarded-Host', authority], ['X-Forwarded-Port', port])
  return fields
}

/** The settings' `timeout`, as in APISIX's plugin_attr: the longest of connect, send and read bounds the whole exchange. */
function readTimeoutMs(env: PluginEnv): number {
  const read = readTimes(env.attr)
  return read.length ? Math.max(...read) : TIMEOUT_MS
}

/** Milliseconds of those that are set. Throws for one that is no time. */
function readTimes({ timeout = {} }: Record<string, unknown>): number[] {
  const written = timeout as Record<string, unknown>
  return Object.keys(times).flatMap((name) => {
    const value = written[name]
    if (value === undefined) return []
    const ms = parseDurationMs(value)
    if (ms !== undefined) return ms
    throw new Error(
      `plugins.attr.proxy-mirror.timeout.${name}: found ${JSON.stringify(value)}, expected a time, such as 60s`,
    )
  })
}
