// Lets browsers call gRPC services: translates the gRPC-Web protocol, binary and text, to gRPC and back.
//
// gRPC-Web is gRPC whose trailers are the last message of the body, marked by the highest bit of its first byte; the text form is that in
// base64. The path behind the route's prefix names the method.
import Type, { type Static } from 'typebox'
import { BodyError } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import type { HeaderList } from '../gateway/headers.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'
import { checkFields } from '../lib/header-fields.ts'

const schema = Type.Object({
  cors_allow_headers: Type.String({
    title: 'Allowed headers',
    description: 'request headers that a page of another origin may send, separated by commas',
    default: 'content-type,x-grpc-web,x-user-agent',
    examples: ['content-type,x-grpc-web,x-user-agent,authorization'],
  }),
})
type Conf = Static<typeof schema>

const TEXT_TYPES = ['application/grpc-web-text', 'application/grpc-web-text+proto']
const TYPES = ['application/grpc-web', 'application/grpc-web+proto', ...TEXT_TYPES]
/** Bytes of a text request, which is decoded whole. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/
// The path is decoded: nothing but names may go to the upstream.
const METHOD_PATH = /^(?:\/[\w.-]+)+$/
const TRAILERS_FLAG = 0x80
const EMPTY = Buffer.alloc(0)

/** What a request of gRPC-Web has left for its answer. `rest`: bytes that wait for the next three of base64. */
interface Call {
  type: string
  rest: Buffer | undefined
}

export default definePlugin<Conf>({
  name: 'grpc-web',
  version: 0.1,
  priority: 505,
  schema: Type.Partial(schema),
  check: (conf) => checkFields('cors_allow_headers', { 'Access-Control-Allow-Headers': conf.cors_allow_headers ?? '' }),
  setup(conf, env) {
    const CALL = Symbol('grpc-web')
    const refuse = (status: number, why: string): Reply => {
      env.log.info({ plugin: 'grpc-web', status }, why)
      return { status }
    }
    return {
      access(ctx) {
        const { method, headers } = ctx.request
        if (method === 'OPTIONS') return { status: 204 }
        if (method !== 'POST') return refuse(405, `the method ${method} is not one of gRPC-Web`)
        const type = (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
        if (!TYPES.includes(type)) return refuse(400, `the type ${type} is not one of gRPC-Web`)
        const path = pathBehindPrefix(ctx)
        if (path === undefined) return refuse(400, 'the uri of the route does not end with *, or names no method')
        ctx.upstreamUri = path
        headers.set('Content-Type', 'application/grpc')
        const text = TEXT_TYPES.includes(type)
        ctx.set(CALL, { type, rest: text ? EMPTY : undefined } satisfies Call)
        return text ? decodeBody(ctx, refuse) : undefined
      },
      header_filter(ctx) {
        const { headers, source } = ctx.response
        if (ctx.request.method === 'OPTIONS') {
          headers.set('Access-Control-Allow-Methods', 'POST')
          headers.set('Access-Control-Allow-Headers', conf.cors_allow_headers)
        }
        // The cors plugin runs before and knows better.
        if (!headers.has('access-control-allow-origin')) headers.set('Access-Control-Allow-Origin', '*')
        headers.set('Access-Control-Expose-Headers', 'grpc-message,grpc-status')
        const call = ctx.get<Call>(CALL)
        if (!call || source === 'gateway') return
        ctx.response.forgetBody()
        headers.set('Content-Type', call.type)
      },
      body_filter(ctx, chunk, last) {
        const call = ctx.get<Call>(CALL)
        if (!call || ctx.response.source === 'gateway') return chunk
        const { trailers } = ctx.response
        if (last) ctx.response.trailers = undefined
        const bytes = last && trailers?.list.length ? Buffer.concat([chunk, toFrame(trailers)]) : chunk
        return call.rest ? encode(call, bytes, last) : bytes
      },
    }
  },
})

/** `/demo.Greeter/SayHello` of `/grpc/web/demo.Greeter/SayHello` on a route with the uri `/grpc/web/*`. */
function pathBehindPrefix(ctx: Exchange): string | undefined {
  const { matchedUri } = ctx
  if (!matchedUri?.endsWith('*')) return undefined
  const rest = ctx.request.path.slice(matchedUri.length - 1)
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return METHOD_PATH.test(path) ? path : undefined
}

async function decodeBody(ctx: Exchange, refuse: (status: number, why: string) => Reply): Promise<Reply | undefined> {
  try {
    const text = (await ctx.request.body.read(MAX_TEXT_BYTES)).toString('latin1')
    if (!BASE64.test(text)) return refuse(400, 'the body is not base64')
    ctx.request.body.replace(Buffer.from(text, 'base64'))
    return undefined
  } catch (error) {
    if (error instanceof BodyError) return refuse(error.status, error.message)
    throw error
  }
}

/** The trailers as the last message: lower-case names, a line for each. */
function toFrame(trailers: HeaderList): Buffer {
  let text = ''
  for (const [name, value] of trailers.entries()) text += `${name}:${value}\r\n`
  const frame = Buffer.alloc(5 + text.length)
  frame[0] = TRAILERS_FLAG
  frame.writeUInt32BE(text.length, 1)
  frame.write(text, 5, 'latin1')
  return frame
}

/** Base64 of whole groups of three bytes; the rest waits, so that there is padding at the end only. */
function encode(call: Call, bytes: Buffer, last: boolean): Buffer {
  const all = call.rest?.length ? Buffer.concat([call.rest, bytes]) : bytes
  const whole = last ? all.length : all.length - (all.length % 3)
  call.rest = Buffer.from(all.subarray(whole))
  return Buffer.from(all.toString('base64', 0, whole), 'latin1')
}
