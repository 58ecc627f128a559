// JSON over HTTP in front of a gRPC method: the query, a form or a JSON body becomes its message, its answer becomes JSON, its status an
// HTTP status. The response is held until its trailers are there, since a gRPC status may come after the message.

import type protobuf from 'protobufjs'
import Type, { type Static } from 'typebox'
import { BodyError } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { parseJsonObject } from '../lib/parse-json.ts'
import { queryFields, valuesByName } from '../lib/query.ts'
import { readOptions, toJson } from './grpc-transcode/decode.ts'
import { findMethod, type Method, readDefinition } from './grpc-transcode/definition.ts'
import { toMessage } from './grpc-transcode/encode.ts'
import { schema } from './grpc-transcode/schema.ts'
import { httpStatus, statusDetails } from './grpc-transcode/status.ts'

type Conf = Static<typeof schema>

/** Bytes of a request and of a response, which are read whole. */
const MAX_BODY_BYTES = 64 * 1024 * 1024
/** Arguments of a query or form that are looked at. */
const MAX_ARGUMENTS = 1000
/** A gRPC message begins with a compression flag and its length. */
const PREFIX_BYTES = 5
const EMPTY = Buffer.alloc(0)

export default definePlugin<Conf>({
  name: 'grpc-transcode',
  version: 0.1,
  priority: 506,
  schema: Type.Partial(schema, { required: ['proto_id', 'service', 'method'] }),
  setup(conf, env) {
    const METHOD = Symbol('grpc-transcode')
    const ANSWER = Symbol('grpc-transcode answer')
    const options = readOptions(conf.pb_option)
    const methodOf = methodSource(conf, env)
    const fail = (error: unknown, what: string): void =>
      env.log.error({ err: error, service: conf.service, method: conf.method }, what)
    return {
      async access(ctx) {
        let method: Method
        try {
          method = methodOf()
        } catch (error) {
          fail(error, 'the method of grpc-transcode cannot be used')
          return { status: 503 }
        }
        try {
          const values = await readValues(ctx)
          ctx.request.body.replace(toFrame(method.request, values))
        } catch (error) {
          return refusal(error)
        }
        prepare(ctx, conf)
        ctx.set(METHOD, method)
        return undefined
      },
      header_filter(ctx) {
        const { response } = ctx
        const method = ctx.get<Method>(METHOD)
        if (!method || response.source === 'gateway' || response.status >= 300) return
        response.forgetBody()
        response.headers.set('Content-Type', 'application/json')
        const status = response.headers.get('grpc-status') ?? response.trailers?.get('grpc-status')
        let body: Buffer
        try {
          body =
            status === undefined || status === '0'
              ? answer(ctx, method, options)
              : failure(ctx, status, conf, method.root, (error) =>
                  fail(error, 'details of a gRPC status are not shown'),
                )
        } catch (error) {
          fail(error, 'a gRPC answer cannot be transcoded')
          response.status = 502
          body = Buffer.from('failed to decode response data by protobuf')
        }
        ctx.set(ANSWER, body)
      },
      body_filter(ctx, chunk, last) {
        const body = ctx.get<Buffer>(ANSWER)
        if (!body) return chunk
        return last ? body : undefined
      },
    }
  },
})

/** The method as the proto resource has it now; read again only when the resource has changed. */
function methodSource(conf: Conf, env: PluginEnv): () => Method {
  const id = String(conf.proto_id)
  let known: { proto: object; method: Method } | undefined
  return () => {
    const proto = env.resource('protos', id)
    if (!proto) throw new Error(`there is no proto ${id}`)
    if (known?.proto !== proto) {
      const root = readDefinition(String(proto.content))
      known = { proto, method: findMethod(root, conf.service, conf.method) }
    }
    return known.method
  }
}

/** Where the members of the message are, as APISIX looks for them: a JSON body, the form of a POST, else the query. */
async function readValues(ctx: Exchange): Promise<Record<string, unknown>> {
  const { method, headers, body, query } = ctx.request
  const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
  if (!hasBody) return toArguments(query)
  const text = (await body.read(MAX_BODY_BYTES)).toString()
  if (headers.get('content-type')?.includes('application/json')) {
    const json = parseJsonObject(text)
    if (json) return json // as recorded: what is not JSON is looked for in the query
  }
  return toArguments(method === 'POST' ? text : query)
}

function toArguments(text: string): Record<string, unknown> {
  return valuesByName(
    queryFields(text, MAX_ARGUMENTS).filter(({ name, value }) => name !== '' && value !== undefined),
    undefined,
  )
}

function toFrame(type: protobuf.Type, values: Record<string, unknown>): Buffer {
  const bytes = type.encode(toMessage(type, values)).finish()
  const frame = Buffer.alloc(PREFIX_BYTES + bytes.length)
  frame.writeUInt32BE(bytes.length, 1)
  frame.set(bytes, PREFIX_BYTES)
  return frame
}

function refusal(error: unknown): Reply {
  if (error instanceof BodyError) return { status: error.status }
  return { status: 400, body: { error_msg: `failed to encode request data to protobuf: ${(error as Error).message}` } }
}

function prepare(ctx: Exchange, conf: Conf): void {
  const { request } = ctx
  request.method = 'POST'
  ctx.upstreamUri = `/${conf.service}/${conf.method}`
  request.headers.set('Content-Type', 'application/grpc')
  request.headers.remove('grpc-accept-encoding') // a compressed answer could not be read
  if (conf.deadline > 0) request.headers.set('grpc-timeout', `${Math.ceil(conf.deadline)}m`)
  ctx.holdBytes = MAX_BODY_BYTES
}

function answer(ctx: Exchange, method: Method, options: ReturnType<typeof readOptions>): Buffer {
  const held = ctx.response.held ?? EMPTY
  if (held.length < PREFIX_BYTES || held[0] !== 0 || held.readUInt32BE(1) !== held.length - PREFIX_BYTES)
    throw new Error('the answer is not one uncompressed message')
  ctx.response.headers.set('Trailer', 'grpc-status, grpc-message')
  return Buffer.from(JSON.stringify(toJson(method.response, held.subarray(PREFIX_BYTES), options)))
}

/** `root`: where the types of details are. Details that cannot be shown leave the status as it is; the body says so. */
function failure(
  ctx: Exchange,
  status: string,
  conf: Conf,
  root: protobuf.Root,
  failed: (error: unknown) => void,
): Buffer {
  const { response } = ctx
  response.status = httpStatus(status)
  for (const name of ['grpc-status', 'grpc-message', 'grpc-status-details-bin']) {
    const value = response.trailers?.get(name)
    if (value !== undefined && !response.headers.has(name)) response.headers.set(name, value)
  }
  response.trailers = undefined
  const details = response.headers.get('grpc-status-details-bin')
  if (!conf.show_status_in_body || details === undefined) return EMPTY
  try {
    return Buffer.from(JSON.stringify({ error: statusDetails(details, root, conf.status_detail_type) }))
  } catch (error) {
    failed(error)
    return Buffer.from((error as Error).message)
  }
}
