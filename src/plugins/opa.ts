// Asks an Open Policy Agent whether a request may pass: it gets the request, and the resources that are asked for, as the policy's input, and says
// `allow`, with a status, header fields and a reason for the client when it does not. An agent that cannot be asked refuses.
//
// Resources are sent with their secrets hidden: a policy decides about names and labels. A field in `send_headers_upstream` that the policy does
// not give is taken from the request: a client cannot write it in the policy's place.
import Type, { type Static } from 'typebox'
import { BodyError, readBody } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { createHttpClient } from '../gateway/http-client.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { parseJsonObject } from '../lib/parse-json.ts'
import { queryFields, valuesByName } from '../lib/query.ts'
import { redact } from '../lib/redact.ts'
import { flag } from '../lib/schema-types.ts'
import { checkAddress, serviceFields } from './asking/service.ts'

/** Bytes of a request body that `with_body` sends; a larger one is refused with 413. */
const MAX_BODY_BYTES = 1024 * 1024

const schema = Type.Object({
  host: Type.String({
    title: 'Address',
    description: 'http or https address of the agent',
    examples: ['http://127.0.0.1:8181'],
  }),
  policy: Type.String({
    title: 'Policy',
    description: "path of the policy's document below /v1/data",
    minLength: 1,
    examples: ['gateway/orders'],
  }),
  send_headers_upstream: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      title: 'Headers for the upstream',
      description: "fields of the policy's `headers` that the upstream gets when the request may pass",
      minItems: 1,
      examples: [['X-User-Id']],
    }),
  ),
  with_route: flag('With the route', 'send the route without its upstream, secrets hidden', false),
  with_service: flag('With the service', 'send the service, its secrets hidden', false),
  with_consumer: flag('With the consumer', 'send the consumer, its secrets hidden', false),
  with_body: flag(
    'With the body',
    'send the request body, as JSON when it is JSON, else as text; at most 1 MiB',
    false,
  ),
  ...serviceFields('agent'),
})
type Conf = Static<typeof schema>

interface Decision {
  allow?: unknown
  reason?: unknown
  status_code?: unknown
  headers?: Record<string, unknown>
}

export default definePlugin<Conf>({
  name: 'opa',
  version: 0.1,
  priority: 2001,
  schema: Type.Partial(schema, { required: ['host', 'policy'] }),
  check(conf, kind) {
    if (kind !== 'plugin') return
    checkAddress('host', conf.host, 'http://127.0.0.1:8181')
    if (conf.policy.split('/').some((part) => part === '..' || part === '.'))
      throw new Error('property "policy" must be a path without "." and ".." parts')
  },
  setup(conf, env) {
    const client = createHttpClient({ idleMs: conf.keepalive_timeout, maxIdle: conf.keepalive_pool })
    const path = conf.policy.split('/').map(encodeURIComponent).join('/')
    const url = `${conf.host.replace(/\/+$/, '')}/v1/data/${path}`
    return {
      async access(ctx) {
        const body = conf.with_body ? await readBody(ctx.request.body, MAX_BODY_BYTES) : undefined
        if (body instanceof BodyError) return { status: body.status }
        const question = Buffer.from(JSON.stringify({ input: toInput(ctx, conf, env, body) }))
        const headers: Record<string, string> = { 'Content-Type': 'application/json' }
        if (!conf.keepalive) headers.Connection = 'close'
        let answer: Buffer
        try {
          const options = { timeoutMs: conf.timeout, tlsVerify: conf.ssl_verify }
          answer = (await client.request(url, { method: 'POST', headers, body: question, ...options })).body
        } catch (error) {
          env.log.error(
            { url, error: (error as Error).message },
            'the policy agent cannot be asked; the request is refused',
          )
          return { status: 403 }
        }
        const decision = readDecision(answer)
        if (!decision) {
          env.log.error({ url }, 'the answer of the policy agent has no object `result`; the request is refused')
          return { status: 503 }
        }
        if (decision.allow !== true) return toRefusal(decision)
        passOn(ctx, decision, conf.send_headers_upstream ?? [])
        return undefined
      },
      close: () => client.close(),
    }
  },
})

/** The policy's input, in APISIX's form. */
function toInput(ctx: Exchange, conf: Conf, env: PluginEnv, body: Buffer | undefined): Record<string, unknown> {
  const { request, connection, route, consumer } = ctx
  const input: Record<string, unknown> = {
    type: 'http',
    request: {
      scheme: request.scheme,
      method: request.method,
      host: request.host,
      port: connection.serverPort,
      path: request.path,
      query: valuesByName(queryFields(request.query), true),
      headers: request.headers.toObject(),
      ...(body && { body: toBody(body) }),
    },
    var: {
      server_addr: connection.serverAddr,
      server_port: String(connection.serverPort),
      remote_addr: ctx.remoteAddr,
      remote_port: String(ctx.remotePort),
      timestamp: Math.floor(Date.now() / 1000),
    },
  }
  if (conf.with_route && route) {
    const { upstream: _upstream, ...told } = env.resource('routes', route.id) ?? {}
    input.route = redact('routes', told)
  }
  if (conf.with_service && route?.serviceId !== undefined)
    input.service = redact('services', env.resource('services', route.serviceId))
  if (conf.with_consumer && consumer) input.consumer = redact('consumers', env.resource('consumers', consumer.username))
  return input
}

function toBody(body: Buffer): unknown {
  const text = body.toString()
  try {
    return JSON.parse(text)
  } catch {
    return text // not JSON: the policy gets it as it is
  }
}

function readDecision(answer: Buffer): Decision | undefined {
  const result = parseJsonObject(answer.toString())?.result
  return typeof result === 'object' && result !== null ? result : undefined
}

function toRefusal({ reason, status_code, headers }: Decision): Reply {
  const legal = Number.isInteger(status_code) && (status_code as number) >= 200 && (status_code as number) <= 599
  const reply: Reply = { status: legal ? (status_code as number) : 403 }
  const fields = legalFields(headers)
  if (fields.size) reply.headers = Object.fromEntries(fields.values())
  if (typeof reason === 'string') reply.body = reason
  else if (typeof reason === 'object' && reason !== null) reply.body = JSON.stringify(reason)
  return reply
}

function passOn(ctx: Exchange, { headers }: Decision, names: string[]): void {
  const given = legalFields(headers)
  for (const name of names) {
    const field = given.get(name.toLowerCase())
    ctx.request.headers.removeAlike(name)
    if (field) ctx.request.headers.set(name, field[1])
  }
}

/** What can be header fields, by lower-case name: the policy may have put a client's words into them. */
function legalFields(headers: Decision['headers']): Map<string, [name: string, value: string]> {
  const fields = new Map<string, [string, string]>()
  for (const [name, value] of Object.entries(headers ?? {})) {
    const text = String(value)
    if (typeof value !== 'object' && /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(text))
      fields.set(name.toLowerCase(), [name, text])
  }
  return fields
}
