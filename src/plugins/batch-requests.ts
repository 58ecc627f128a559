// Several requests in one: the interface POST /apisix/batch-requests, through public-api. Each request goes through this data plane like one
// of its own, with its route's authentication and limits, one after the other as in a pipeline.
//
// They carry the fields of the request around them, except Content-*; a batch cannot hold a batch. Those that are not answered within
// `timeout` are 504.
import { STATUS_CODES } from 'node:http'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import Type, { type Static } from 'typebox'
import { BodyError } from '../gateway/body.ts'
import { errorPage } from '../gateway/error-page.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { isHopByHop } from '../gateway/hop-by-hop.ts'
import type { Injected } from '../gateway/inject.ts'
import { normalisePath } from '../gateway/normalise.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { escapeControls } from '../lib/json-controls.ts'
import { explainJson } from '../lib/json-error.ts'
import { parseJson } from '../lib/parse-json.ts'
import { percentEncode } from '../lib/percent.ts'
import { wordFirst } from '../resources/wording.ts'

const DEFAULT_BODY_BYTES = 1024 * 1024
const DEFAULT_ITEMS = 1000
const DEFAULT_TIMEOUT_MS = 30_000
/** Bytes of all answers of a batch; those that come later are not kept. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** Characters of a body that an error repeats. */
const MAX_REPEATED_CHARS = 1000

const metadataSchema = Type.Object({
  max_body_size: Type.Optional(
    Type.Integer({
      title: 'Largest body',
      description: 'bytes of a batch',
      exclusiveMinimum: 0,
      default: DEFAULT_BODY_BYTES,
      examples: [4_194_304],
    }),
  ),
  max_pipeline_items: Type.Optional(
    Type.Integer({
      title: 'Most requests',
      description: 'requests in a batch',
      minimum: 1,
      default: DEFAULT_ITEMS,
      examples: [20],
    }),
  ),
})

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE']
const fields = { type: 'object' }

/** What a batch looks like. `version` and `ssl_verify` say how APISIX would talk to itself; there is no connection here. */
const batchSchema = {
  type: 'object',
  anyOf: [{ required: ['pipeline'] }],
  properties: {
    query: fields,
    headers: fields,
    timeout: { type: 'integer', minimum: 1, maximum: 600_000 },
    pipeline: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['path'],
        additionalProperties: false,
        properties: {
          version: { enum: [1.0, 1.1] },
          method: { type: 'string', enum: METHODS },
          path: { type: 'string', minLength: 1 },
          query: fields,
          headers: fields,
          ssl_verify: { type: 'boolean' },
          body: { type: 'string' },
        },
      },
    },
  },
}

interface Item {
  method?: string
  path: string
  query?: Record<string, unknown>
  headers?: Record<string, unknown>
  body?: string
}
interface Batch {
  query?: Record<string, unknown>
  headers?: Record<string, unknown>
  timeout?: number
  pipeline: Item[]
}

let compiled: ValidateFunction<Batch> | undefined

/** Compiled by the first batch: a start without one does not pay for it. */
function batchCheck(): ValidateFunction<Batch> {
  compiled ??= new Ajv({ allErrors: true, verbose: true, strict: false, validateSchema: false }).compile<Batch>(
    batchSchema,
  )
  return compiled
}

export default definePlugin<object>({
  name: 'batch-requests',
  version: 0.1,
  priority: 4010,
  scope: 'global',
  schema: Type.Object({}),
  metadataSchema,
  setup: () => ({}),
  apis: [{ methods: ['POST'], uri: '/apisix/batch-requests', handle }],
})

async function handle(ctx: Exchange, env: PluginEnv): Promise<Reply> {
  const read = await readBatch(ctx, env)
  if ('status' in read) return read
  const gone = new AbortController()
  ctx.onAbort = () => gone.abort()
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(read.timeout ?? DEFAULT_TIMEOUT_MS)])
  const run: Run = { ctx, env, batch: read, signal, bytesLeft: MAX_ANSWER_BYTES }
  const answers: object[] = []
  for (const item of read.pipeline) answers.push(await answer(run, item))
  return json(200, answers)
}

/** The batch, or why there is none. */
async function readBatch(ctx: Exchange, env: PluginEnv): Promise<Batch | Reply> {
  const { max_body_size: maxBytes = DEFAULT_BODY_BYTES, max_pipeline_items: maxItems = DEFAULT_ITEMS } =
    (env.metadata() ?? {}) as Static<typeof metadataSchema>
  const text = await readText(ctx, maxBytes)
  if (typeof text !== 'string') return text
  if (text === '') return refuse(400, 'no request body, you should give at least one pipeline setting')
  const batch = parseJson(escapeControls(text))
  if (batch === undefined)
    return refuse(400, `invalid request body: ${text.slice(0, MAX_REPEATED_CHARS)}, err: ${explainJson(text)}`)
  const isBatch = batchCheck()
  if (!isBatch(batch)) return refuse(400, `bad request body: ${wordFirst(isBatch.errors as ErrorObject[])}`)
  const { length } = batch.pipeline
  if (length > maxItems) return refuse(400, `too many pipeline requests, ${length} exceeds the maximum of ${maxItems}`)
  if (batch.pipeline.some(({ path }) => /[?\s\p{Cc}]/u.test(path)))
    return refuse(400, 'request failed: invalid characters found in path')
  if (ctx.connection.subrequest) return refuse(400, 'a batch cannot hold a batch: send its requests in this one')
  return batch
}

async function readText(ctx: Exchange, maxBytes: number): Promise<string | Reply> {
  try {
    return (await ctx.request.body.read(maxBytes)).toString()
  } catch (error) {
    if (!(error instanceof BodyError)) throw error
    if (error.status !== 413) return refuse(error.status, error.message)
    const bytes = ctx.request.body.length
    const size = bytes === undefined ? 'request size' : `request size ${bytes}`
    return refuse(413, `${size} is greater than the maximum size ${maxBytes} allowed`)
  }
}

/** A batch that is being worked on. */
interface Run {
  ctx: Exchange
  env: PluginEnv
  batch: Batch
  /** Its time is over, or its client has gone. */
  signal: AbortSignal
  bytesLeft: number
}

async function answer(run: Run, item: Item): Promise<object> {
  const { ctx, env, batch, signal } = run
  const path = percentEncode(item.path, /[^\0-\x7f]/gu)
  // What would be refused as a request of its own: another form of target, a fragment, a tunnel, an echo.
  if (!path.startsWith('/') || path.includes('#') || normalisePath(path) === undefined) return refused(400)
  if (item.method === 'CONNECT' || item.method === 'TRACE') return refused(405)
  if (signal.aborted) return TIMED_OUT
  try {
    const injected = await env.inject({
      method: item.method ?? 'GET',
      target: `${path}${queryOf({ ...batch.query, ...item.query })}`,
      headers: headersOf(ctx, batch, item),
      body: item.body ?? '',
      remoteAddr: ctx.remoteAddr,
      scheme: ctx.request.scheme,
      subrequest: true,
      maxBodyBytes: run.bytesLeft,
      signal,
    })
    run.bytesLeft -= injected.body.length
    return present(injected)
  } catch (error) {
    if (signal.aborted) return TIMED_OUT
    if (error instanceof TypeError) return refused(400) // a header's name or value that no message can carry
    env.log.warn({ err: error, path: item.path }, 'a request of a batch was not answered')
    return { status: 502, reason: STATUS_CODES[502] }
  }
}

function refused(status: number): object {
  return { status, reason: STATUS_CODES[status], body: errorPage(status).toString() }
}

const TIMED_OUT = { status: 504, reason: 'upstream timeout' }

function present({ status, headers, body }: Injected): object {
  const names = headers.list.filter((name, i) => i % 2 === 0 && !isHopByHop(name))
  const fields = names.map((name) => {
    const values = headers.getAll(name.toLowerCase())
    return [name, values.length > 1 ? values : values[0]]
  })
  const answer = { status, reason: STATUS_CODES[status] ?? '', headers: Object.fromEntries(fields) }
  return body.length ? { ...answer, body: body.toString() } : answer
}

const encode = encodeURIComponent

/** As OpenResty writes arguments: `true` is a name alone, `false` none. */
function queryOf(query: Record<string, unknown>): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === false) continue
      parts.push(one === true ? encode(name) : `${encode(name)}=${encode(String(one))}`)
    }
  return parts.length ? `?${parts.join('&')}` : ''
}

/** A request's own fields over the batch's over those of the request around it. Who the client is cannot be overwritten. */
function headersOf(ctx: Exchange, batch: Batch, item: Item): [string, string][] {
  const own = new Map<string, [string, string]>()
  for (const [name, value] of Object.entries({ ...batch.headers, ...item.headers }))
    if (!isHopByHop(name) && name.toLowerCase() !== 'x-real-ip') own.set(name.toLowerCase(), [name, String(value)])
  const outer: [string, string][] = [['Host', ctx.request.authority]]
  const { list } = ctx.request.headers
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as string
    const lower = name.toLowerCase()
    if (!isHopByHop(name) && !lower.startsWith('content-') && !own.has(lower)) outer.push([name, list[i + 1] as string])
  }
  return [...outer, ...own.values()]
}

function refuse(status: number, message: string): Reply {
  return json(status, { error_msg: message })
}

function json(status: number, body: object): Reply {
  return { status, headers: { 'Content-Type': 'application/json' }, body }
}
