// Serves an API to MCP clients from its OpenAPI document: each operation is a tool, a call of a tool is a request to the API. Everything that
// stands before the plugin on the route (authentication, limits) holds for each MCP message.
//
// Stateless Streamable HTTP: any thread answers any message. Requests go to the route's upstream, or to `base_url`. They carry the fields of
// `headers`, who the consumer is, and nothing else of the client's: the model's host is not the API's client.
//
// A message is answered in before_proxy, as in APISIX, so that plugins of every priority have decided about it in access; `base_url` and `headers`
// are filled in before.
import Type, { type Static } from 'typebox'
import { BodyError } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { ANSWERED_HERE, definePlugin, type PluginEnv, type PluginInstance, type Reply } from '../gateway/plugin.ts'
import { interpolate, interpolateField } from '../gateway/variables.ts'
import { checkFields } from '../lib/header-fields.ts'
import { KeptValue } from '../lib/kept-value.ts'
import { createMcpServing, type McpServing, type McpToolResult, type McpTools } from '../lib/mcp-tools-server.ts'
import { MAX_DOCUMENT_BYTES, readOpenApi } from '../lib/openapi-document.ts'
import type { ToolRequest } from '../lib/openapi-request.ts'
import { toToolResult } from '../lib/openapi-result.ts'
import { OpenApiToolset } from '../lib/openapi-toolset.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import { plainText } from '../lib/text.ts'
import { version } from '../lib/version.ts'

const schema = Type.Object(
  {
    transport: Type.Optional(
      oneOfTexts(['streamable_http', 'sse'], {
        title: 'Transport',
        description: 'how clients talk to it; sse, which needs sessions, is refused',
        default: 'streamable_http',
        examples: ['streamable_http'],
      }),
    ),
    openapi_url: Type.Optional(
      Type.String({
        title: 'Address of the document',
        description: 'http(s) URL of the OpenAPI document, or a path, which is asked for at the route’s upstream',
        pattern: '^(https?://|/)[^\\s]+$',
        maxLength: 2048,
        examples: ['/openapi.json'],
      }),
    ),
    openapi: Type.Optional(
      Type.Unsafe<string | object>({
        anyOf: [{ type: 'object' }, { type: 'string', minLength: 1 }],
        title: 'Document',
        description: 'the OpenAPI document itself, as an object or as JSON or YAML text',
        examples: [{ openapi: '3.1.0', info: { title: 'a', version: '1' }, paths: {} }],
      }),
    ),
    base_url: Type.Optional(
      Type.String({
        title: 'Address of the API',
        description: 'http(s) URL before every path, with `$variables`; without it the route’s upstream is called',
        pattern: '^https?://[^\\s]+$',
        maxLength: 2048,
        examples: ['http://127.0.0.1:8000/v1'],
      }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" }), Type.String(), {
        title: 'Headers',
        description: 'fields of every request to the API, with `$variables`',
        maxProperties: 100,
        examples: [{ Authorization: 'Bearer $http_x_api_token' }],
      }),
    ),
    flatten_parameters: Type.Optional(
      Type.Boolean({
        title: 'Flatten parameters',
        description:
          'parameters stand in a tool’s input itself instead of in pathParameters, queryParameters, headerParameters',
        default: false,
        examples: [true],
      }),
    ),
    max_response_body_size: Type.Optional(
      Type.Integer({
        title: 'Largest answer',
        description: 'bytes of an answer of the API that becomes a result; a larger one is an error',
        minimum: 1024,
        maximum: 16_777_216,
        default: 1_048_576,
        examples: [65_536],
      }),
    ),
  },
  { additionalProperties: false },
)
type Conf = Static<typeof schema>

/** What the configuration says for one message. */
interface Filled {
  baseUrl: string | undefined
  headers: [string, string][]
  /** The route has no upstream, without which it would not come to before_proxy: it was given one for that long. */
  placed: boolean
}

const NOWHERE = { conf: { type: 'roundrobin', nodes: { '127.0.0.1:1': 1 } }, label: 'openapi-to-mcp' }

/** Bytes of a message of a client. */
const MAX_MESSAGE_BYTES = 1024 * 1024
const DOCUMENT_TTL_MS = 3_600_000
/** After a document could not be had. */
const RETRY_MS = 5000
const API_TIMEOUT_MS = 60_000
const MAX_ERROR_CHARS = 1000

export default definePlugin<Conf>({
  name: 'openapi-to-mcp',
  version: 0.1,
  priority: 540,
  schema,
  check(conf, kind) {
    if (kind !== 'plugin') return
    if (conf.transport === 'sse')
      throw new Error('the transport sse needs sessions and is not served here: use streamable_http')
    if ((conf.openapi_url === undefined) === (conf.openapi === undefined))
      throw new Error('exactly one of openapi_url and openapi tells what the API is')
    checkFields('headers', conf.headers)
    if (conf.openapi !== undefined) readInline(conf.openapi)
  },
  setup: (conf, env) => new OpenApiToMcp(conf, env),
})

function readInline(written: string | object): ReturnType<typeof readOpenApi> {
  return readOpenApi(typeof written === 'string' ? written : JSON.stringify(written))
}

class OpenApiToMcp implements PluginInstance {
  readonly #conf: Conf
  readonly #env: PluginEnv
  readonly #kept: KeptValue<OpenApiToolset>
  #serving: Promise<McpServing> | undefined

  constructor(conf: Conf, env: PluginEnv) {
    this.#conf = conf
    this.#env = env
    this.#kept = new KeptValue({
      ttlMs: DOCUMENT_TTL_MS,
      retryMs: RETRY_MS,
      now: env.now,
      onFailure: (error) => this.#warn(error, 'an OpenAPI document cannot be had'),
    })
  }

  access(ctx: Exchange): void {
    const { base_url: baseUrl, headers = {} } = this.#conf
    const filled = Object.entries(headers).map(([name, template]): [string, string] => [
      name,
      interpolateField(ctx, template),
    ])
    const placed = ctx.upstream === undefined
    ctx.set(this, {
      baseUrl: baseUrl && interpolate(ctx, baseUrl).replace(/\/+$/, ''),
      headers: filled,
      placed,
    } satisfies Filled)
    ctx.set(ANSWERED_HERE, true)
    if (placed) ctx.upstream = this.#env.upstream(NOWHERE)
  }

  async before_proxy(ctx: Exchange): Promise<Reply> {
    if (ctx.get<Filled>(this)?.placed) ctx.upstream = undefined
    const { method, headers, target } = ctx.request
    if (!METHODS.has(method)) return { status: 405, headers: { Allow: 'POST' } }
    const body = await readBody(ctx)
    if ('status' in body) return body
    const abort = new AbortController()
    ctx.onAbort = () => abort.abort()
    const request = new Request(`http://localhost${target}`, {
      method,
      headers: [...headers.entries()],
      ...(method === 'GET' ? {} : { body: body.bytes }),
      signal: abort.signal,
    })
    this.#serving ??= this.#open()
    const response = await (await this.#serving).serve(request, this.#toolsFor(ctx, abort.signal))
    const fields = [...response.headers].filter(([name]) => name !== 'content-length')
    return { status: response.status, headers: fields, body: Buffer.from(await response.arrayBuffer()) }
  }

  close(): void {
    this.#serving
      ?.then((serving) => serving.close())
      .catch((error) => this.#warn(error, 'an MCP server cannot be closed'))
  }

  #open(): Promise<McpServing> {
    const { kind, id } = this.#env.owner
    return createMcpServing({ name: `${kind}-${id}`, version: version() }, MAX_MESSAGE_BYTES, (error) =>
      this.#warn(error, 'an MCP message was not served'),
    )
  }

  #toolsFor(ctx: Exchange, signal: AbortSignal): McpTools {
    return {
      list: async () =>
        (await this.#toolset(ctx)).tools.map(({ name, description, inputSchema }) => ({
          name,
          description,
          inputSchema,
        })),
      call: async (name, input) => {
        const tools = await this.#toolset(ctx)
        try {
          const request = tools.request(name, input, this.#conf.base_url === undefined)
          return await this.#send(ctx, request, signal)
        } catch (error) {
          return { text: plainText((error as Error).message, MAX_ERROR_CHARS), failed: true }
        }
      },
    }
  }

  async #send(ctx: Exchange, request: ToolRequest, signal: AbortSignal): Promise<McpToolResult> {
    const { max_response_body_size: maxBodyBytes = 1_048_576 } = this.#conf
    const { baseUrl, headers: configured } = ctx.get<Filled>(this) as Filled
    const own = this.#headers(ctx, configured)
    // What the configuration says cannot be overwritten by a model.
    const headers = [...own.values(), ...request.headers.filter(([name]) => !own.has(name.toLowerCase()))]
    const common = { method: request.method, headers, maxBodyBytes, ...(request.body ? { body: request.body } : {}) }
    try {
      const answer = baseUrl
        ? await this.#env.http.request(`${baseUrl}${request.target}`, { ...common, timeoutMs: API_TIMEOUT_MS })
        : await this.#env.forward(ctx, { ...common, target: request.target, signal })
      return toToolResult(answer)
    } catch (error) {
      const { message } = error as Error
      return {
        text: `${message.includes('larger than') ? 'RESPONSE_TOO_LARGE: ' : ''}the API gave no result: ${plainText(message, MAX_ERROR_CHARS)}`,
        failed: true,
      }
    }
  }

  /** What the configuration says, over who the consumer is and how the request is traced. */
  #headers(ctx: Exchange, configured: [string, string][]): Map<string, [string, string]> {
    const fields = new Map<string, [string, string]>()
    for (const [name, value] of ctx.request.headers.entries())
      if (TRACING.has(name) || (ctx.consumer && /^x-(?:consumer|credential)-/.test(name)))
        fields.set(name, [name, value])
    if (this.#conf.base_url === undefined) fields.set('host', ['Host', ctx.request.authority])
    for (const field of configured) fields.set(field[0].toLowerCase(), field)
    return fields
  }

  /** The tools of the document, which is read when it is first needed and once an hour. */
  #toolset(ctx: Exchange): Promise<OpenApiToolset> {
    const { openapi, openapi_url: url, flatten_parameters: flat = false } = this.#conf
    return this.#kept.get(async () => {
      const document = openapi === undefined ? readOpenApi(await this.#fetch(ctx, url as string)) : readInline(openapi)
      return new OpenApiToolset(document, flat)
    })
  }

  async #fetch(ctx: Exchange, url: string): Promise<string> {
    const common = { maxBodyBytes: MAX_DOCUMENT_BYTES, headers: { Accept: 'application/json, application/yaml' } }
    const { status, body } = url.startsWith('/')
      ? await this.#env.forward(ctx, {
          ...common,
          headers: { ...common.headers, Host: ctx.request.authority },
          target: url,
        })
      : await this.#env.http.request(url, common)
    if (status !== 200) throw new Error(`fetching the OpenAPI document from ${url}: status ${status}, expected 200`)
    return body.toString()
  }

  #warn(error: unknown, message: string): void {
    const { kind, id } = this.#env.owner
    this.#env.log.warn({ err: error, owner: `${kind}/${id}` }, message)
  }
}

/** GET and DELETE, of sessions, are answered by the protocol: there are none. */
const METHODS = new Set(['POST', 'GET', 'DELETE'])
const TRACING = new Set(['traceparent', 'tracestate', 'x-request-id'])

async function readBody(ctx: Exchange): Promise<{ bytes: Buffer<ArrayBuffer> } | Reply> {
  try {
    return { bytes: Buffer.from(await ctx.request.body.read(MAX_MESSAGE_BYTES)) }
  } catch (error) {
    if (!(error instanceof BodyError)) throw error
    return { status: error.status, body: { error_msg: error.message } }
  }
}
