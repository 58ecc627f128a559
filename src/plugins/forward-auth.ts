// Asks an authorization service whether a request may pass. An answer below 300 lets it pass and may give it header fields; any other answer is the
// client's, with its body. The service is told of the request by X-Forwarded-* fields and gets only those of the client's fields that are named.
//
// A field in `upstream_headers` that the service does not give is taken from the request: a client cannot write it in the service's place.
//
// With `consumer_header` the service also says whose request it is. It is then asked in the rewrite phase, so that the consumer's plugins join.
import Type, { type Static } from 'typebox'
import { BodyError, readBody } from '../gateway/body.ts'
import { isInspected, MAX_INSPECTED_BODY_BYTES, namesBodyVariable } from '../gateway/body-variables.ts'
import { attachConsumer } from '../gateway/consumers.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { createHttpClient, type HttpClient, type HttpClientResponse } from '../gateway/http-client.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { interpolateField } from '../gateway/variables.ts'
import { checkFields } from '../lib/header-fields.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import { version } from '../lib/version.ts'
import { checkAddress, serviceFields } from './asking/service.ts'

const names = (title: string, description: string, example: string) =>
  Type.Array(Type.String(), { title, description, default: [], examples: [[example]] })

const schema = Type.Object({
  uri: Type.String({
    title: 'Address',
    description: 'http or https address of the authorization service',
    examples: ['http://127.0.0.1:9000/auth'],
  }),
  allow_degradation: Type.Boolean({
    title: 'Allow degradation',
    description: 'let requests pass when the service cannot be asked',
    default: false,
    examples: [true],
  }),
  status_on_error: Type.Integer({
    title: 'Status on error',
    description: 'status of the answer when the service cannot be asked',
    minimum: 200,
    maximum: 599,
    default: 403,
    examples: [503],
  }),
  request_method: oneOfTexts(['GET', 'POST'], {
    title: 'Method',
    description: "method of the question; POST carries the request's body",
    default: 'GET',
    examples: ['POST'],
  }),
  request_headers: names('Request headers', "the client's fields that the service gets", 'Authorization'),
  upstream_headers: names('Upstream headers', "the service's fields that the upstream gets", 'X-User-Id'),
  client_headers: names('Client headers', "the service's fields that a refused client gets", 'Location'),
  consumer_header: Type.Optional(
    Type.String({
      title: 'Consumer header',
      description:
        "the service's field that names the consumer; an answer without one that is known is a refusal (403)",
      minLength: 1,
      examples: ['X-User-Id'],
    }),
  ),
  extra_headers: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      title: 'Extra headers',
      description: 'further fields for the service; values may hold variables, also `$post_arg.NAME` of the body',
      minProperties: 1,
      examples: [{ 'X-Route': '$route_id', 'X-Tenant': '$post_arg.tenant' }],
    }),
  ),
  max_req_body_size: Type.Integer({
    title: 'Largest body',
    description: 'bytes of a body that is sent to the service; a larger one is refused with 413',
    minimum: 1,
    default: 67108864,
    examples: [1048576],
  }),
  ...serviceFields('service'),
})
type Conf = Static<typeof schema>

const USER_AGENT = `gateward/${version()}`

export default definePlugin<Conf>({
  name: 'forward-auth',
  version: 0.1,
  priority: 2002,
  schema: Type.Partial(schema, { required: ['uri'] }),
  check(conf, kind) {
    if (kind !== 'plugin') return
    checkAddress('uri', conf.uri, 'http://127.0.0.1:9000/auth')
    checkFields('extra_headers', conf.extra_headers)
  },
  setup(conf, env) {
    const client = createHttpClient({ idleMs: conf.keepalive_timeout, maxIdle: conf.keepalive_pool })
    const looksIntoBody = namesBodyVariable(conf.extra_headers)
    const inspectedBytes = Math.min(conf.max_req_body_size, MAX_INSPECTED_BODY_BYTES)
    const pass = async (ctx: Exchange): Promise<Reply | undefined> => {
      const { body: sent, headers } = ctx.request
      // A body too large to be looked into is refused: the service would decide without the argument.
      const inspected = looksIntoBody && isInspected(headers.get('content-type'))
      const body = inspected
        ? await readBody(sent, inspectedBytes)
        : conf.request_method === 'POST' && (await readBody(sent, conf.max_req_body_size))
      if (body instanceof BodyError) return { status: body.status }
      let answer: HttpClientResponse
      try {
        answer = await ask(client, ctx, conf, conf.request_method === 'POST' && body ? body : undefined)
      } catch (error) {
        env.log.warn({ uri: conf.uri, error: (error as Error).message }, 'the authorization service cannot be asked')
        if (!conf.allow_degradation) return { status: conf.status_on_error }
        for (const name of conf.upstream_headers) headers.removeAlike(name)
        return undefined
      }
      if (answer.status >= 300) return toRefusal(answer, conf.client_headers)
      const unknown = conf.consumer_header && attachNamed(ctx, env, answer, conf.consumer_header)
      if (unknown) return { status: 403, body: unknown }
      for (const name of conf.upstream_headers) {
        headers.removeAlike(name)
        for (const value of answer.headers.getAll(name.toLowerCase())) headers.add(name, value)
      }
      return undefined
    }
    return {
      ...(conf.consumer_header === undefined ? { access: pass } : { rewrite: pass }),
      close: () => client.close(),
    }
  },
})

function ask(client: HttpClient, ctx: Exchange, conf: Conf, body: Buffer | undefined): Promise<HttpClientResponse> {
  const { request } = ctx
  const headers = new Map<string, [string, string | string[]]>()
  const put = (name: string, value: string | string[]) => headers.set(name.toLowerCase(), [name, value])
  put('User-Agent', USER_AGENT)
  put('X-Forwarded-Proto', request.scheme)
  put('X-Forwarded-Method', request.method)
  put('X-Forwarded-Host', request.host)
  put('X-Forwarded-Uri', request.target)
  put('X-Forwarded-For', ctx.remoteAddr)
  if (body) {
    put('Content-Length', String(body.length))
    const encoding = request.headers.getAll('content-encoding')
    if (encoding.length) put('Content-Encoding', encoding)
  }
  if (!conf.keepalive) put('Connection', 'close')
  for (const [name, value] of Object.entries(conf.extra_headers ?? {})) put(name, interpolateField(ctx, String(value)))
  for (const name of conf.request_headers) {
    const values = request.headers.getAll(name.toLowerCase())
    if (values.length && !headers.has(name.toLowerCase())) put(name, values)
  }
  return client.request(conf.uri, {
    method: conf.request_method,
    headers: Object.fromEntries(headers.values()),
    timeoutMs: conf.timeout,
    tlsVerify: conf.ssl_verify,
    ...(body ? { body } : {}),
  })
}

/** Makes the request that of the consumer whom the service names; otherwise says why not. */
function attachNamed(ctx: Exchange, env: PluginEnv, answer: HttpClientResponse, field: string): string | undefined {
  const name = answer.headers.get(field.toLowerCase())
  if (!name) return 'consumer header missing in auth response'
  const consumer = env.consumers.get(name)
  if (!consumer) return 'consumer not found'
  attachConsumer(ctx, consumer)
  return undefined
}

function toRefusal(answer: HttpClientResponse, kept: string[]): Reply {
  const fields = kept.map((name) => [name, answer.headers.getAll(name.toLowerCase())] as const)
  return {
    status: answer.status,
    headers: Object.fromEntries(fields.filter(([, values]) => values.length)),
    body: answer.body,
  }
}
