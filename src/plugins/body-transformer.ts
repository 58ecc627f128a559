// Makes bodies anew from templates: of requests before they are sent, of responses before the client gets them. A response is held until it is
// whole. One that cannot be transformed becomes a 502: its body would not be what the route promises.
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import Type, { type Static } from 'typebox'
import { BodyError, readBody } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PhaseResult } from '../gateway/plugin.ts'
import { variable } from '../gateway/variables.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import {
  DecodeError,
  type Format,
  formatOf,
  fromForm,
  fromJson,
  fromXml,
  type Values,
} from './body-transformer/decode.ts'
import { Multipart } from './body-transformer/multipart.ts'
import { compileTemplate, type Template } from './body-transformer/template.ts'
import { Lookup, TemplateError } from './body-transformer/values.ts'

const MAX_BODY_BYTES = 67_108_864

const transform = (what: string, example: string) =>
  Type.Object(
    {
      input_format: Type.Optional(
        oneOfTexts(['xml', 'json', 'encoded', 'args', 'plain', 'multipart'], {
          title: 'Format',
          description: `how the ${what} body is written; absent: by its Content-Type`,
          examples: ['json'],
        }),
      ),
      template: Type.String({
        title: 'Template',
        description:
          '{{ value }} escaped for HTML, {* value *} as it is, {% if %}, {% for %}; values are the members of the body, _body, _ctx.var, context; _escape_json(), _escape_xml()',
        examples: [example],
      }),
      template_is_base64: Type.Optional(
        Type.Boolean({
          title: 'Template in base64',
          description: 'whether the template is written in base64',
          examples: [false],
        }),
      ),
    },
    {
      title: `Transformation of the ${what}`,
      description: `how the ${what} body is made anew`,
      examples: [{ input_format: 'json', template: example }],
    },
  )

const size = (what: string, more: string) =>
  Type.Integer({
    title: `Largest ${what} body`,
    description: `bytes; a larger one is ${more}`,
    minimum: 1,
    default: MAX_BODY_BYTES,
    examples: [1_048_576],
  })

const schema = Type.Object({
  request: Type.Optional(transform('request', '{"foo":"{{name .. " world"}}"}')),
  response: Type.Optional(transform('response', '{"status":"{{_ctx.var.status}}"}')),
  max_req_body_size: size('request', 'refused with 413'),
  max_resp_body_size: size('response', 'answered with 502'),
})
type Conf = Static<typeof schema>
type Part = NonNullable<Conf['request']>

export default definePlugin<Conf>({
  name: 'body-transformer',
  version: 0.1,
  priority: 1080,
  schema: Type.Partial(schema, {
    anyOf: [{ required: ['request'] }, { required: ['response'] }, { required: ['request', 'response'] }],
  }),

  check(conf) {
    for (const part of ['request', 'response'] as const) {
      const one = conf[part]
      if (!one) continue
      try {
        templates(one)
      } catch (error) {
        throw new Error(`the ${part}'s template cannot be compiled: ${(error as Error).message}`)
      }
    }
  },

  setup(conf, env) {
    const request = conf.request && templates(conf.request)
    const response = conf.response && templates(conf.response)
    const ANSWER = Symbol('body-transformer')
    return {
      ...(request && { rewrite: (ctx: Exchange) => rewriteRequest(ctx, conf, request) }),
      ...(response && {
        before_proxy(ctx) {
          ctx.holdBytes = Math.max(ctx.holdBytes, conf.max_resp_body_size)
        },
        header_filter(ctx) {
          const { held } = ctx.response
          if (!held || ctx.request.method === 'HEAD' || ctx.response.status === 204 || ctx.response.status === 304)
            return
          ctx.set(
            ANSWER,
            answer(ctx, held, conf, response, (reason) =>
              env.log.error({ reason, route_id: ctx.route?.id }, 'a response body cannot be transformed'),
            ),
          )
        },
        body_filter(ctx: Exchange, chunk: Buffer, last: boolean) {
          const body = ctx.get<Buffer>(ANSWER)
          if (!body) return chunk
          return last ? body : undefined
        },
      }),
    }
  },
})

/** A template as it is, and as base64 where APISIX takes it for that when it is some. */
interface Templates {
  asGiven: Template
  decoded: Template
}

function templates(part: Part): Templates {
  const text = fromBase64(part.template) ?? part.template
  const decoded = compileTemplate(text)
  return {
    decoded,
    asGiven: text === part.template || part.template_is_base64 ? decoded : compileTemplate(part.template),
  }
}

function fromBase64(text: string): string | undefined {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
    ? Buffer.from(text, 'base64').toString()
    : undefined
}

async function rewriteRequest(ctx: Exchange, conf: Conf, template: Templates): Promise<PhaseResult> {
  const { request } = ctx
  const body = await readBody(request.body, conf.max_req_body_size)
  if (body instanceof BodyError) return { status: body.status }
  const type = request.headers.get('content-type')
  const format = request.method === 'GET' ? 'args' : (conf.request?.input_format ?? formatOf(type))
  try {
    const multipart = format === 'multipart' && body.length ? new Multipart(body, type) : undefined
    let values: Values = multipart?.values() ?? {}
    if (format === 'args') values = fromForm(request.query)
    else if (!multipart && body.length) values = decode(format, body)
    request.body.replace(Buffer.from(render(ctx, template, format, conf.request, values, body, multipart)))
  } catch (error) {
    return refusal('request', error)
  }
  return undefined
}

/** The new body of a response; a 502 takes its place when there is none. */
function answer(
  ctx: Exchange,
  held: Buffer,
  conf: Conf,
  template: Templates,
  failed: (reason: string) => void,
): Buffer {
  const { response } = ctx
  let text: string
  try {
    const body = decompressed(response.headers.get('content-encoding'), held, conf.max_resp_body_size)
    const format = conf.response?.input_format ?? formatOf(response.headers.get('content-type'))
    const multipart =
      format === 'multipart' && body.length ? new Multipart(body, response.headers.get('content-type')) : undefined
    let values: Values = multipart?.values() ?? {}
    if (!multipart && body.length) values = format === 'args' ? fromForm(ctx.request.query) : decode(format, body)
    text = render(ctx, template, format, conf.response, values, body, multipart)
  } catch (error) {
    const { body } = refusal('response', error)
    failed(body.message)
    response.status = 502
    response.headers.set('Content-Type', 'application/json')
    text = JSON.stringify(body)
  }
  response.forgetBody()
  response.headers.remove('content-encoding')
  return Buffer.from(text)
}

function decompressed(encoding: string | undefined, body: Buffer, maxOutputLength: number): Buffer {
  if (encoding === undefined || encoding === 'identity') return body
  const unpack = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync }[encoding]
  if (!unpack) throw new DecodeError(`it is encoded as ${encoding}`)
  try {
    return unpack(body, { maxOutputLength })
  } catch (error) {
    throw new DecodeError(`it says that it is ${encoding}: ${(error as Error).message}`)
  }
}

function decode(format: Format | undefined, body: Buffer): Values {
  if (format === 'xml') return fromXml(body.toString())
  if (format === 'json') return fromJson(body.toString())
  return format === 'encoded' ? fromForm(body.toString()) : {}
}

function render(
  ctx: Exchange,
  template: Templates,
  format: Format | undefined,
  part: Part | undefined,
  values: Values,
  body: Buffer,
  multipart?: Multipart,
): string {
  const mayBeBase64 = part?.template_is_base64 || (format !== undefined && format !== 'encoded' && format !== 'args')
  const run = mayBeBase64 ? template.decoded : template.asGiven
  // The gateway's own names come last: a body must not take their place.
  const all = {
    ...values,
    _body: body.length ? body.toString() : undefined,
    _ctx: { var: new Lookup((name) => variable(ctx, name)) },
    _multipart: multipart?.methods,
  }
  return run({ ...all, context: all })
}

function refusal(part: string, error: unknown): { status: number; body: { message: string } } {
  if (error instanceof DecodeError) return { status: 400, body: { message: `${part} body decode: ${error.message}` } }
  if (error instanceof TemplateError)
    return { status: 503, body: { message: `${part} template rendering: ${error.message}` } }
  throw error
}
