// Changes what the client gets: status, headers, the whole body, or parts of it by regular expressions. Answers of the gateway itself and
// refusals of other plugins are changed too. A body is held back only when filters must see it whole.
import { isUtf8 } from 'node:buffer'
import { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv } from '../gateway/plugin.ts'
import { compilePattern, expandCaptures } from '../gateway/regex.ts'
import { compileVars } from '../gateway/router/vars.ts'
import { interpolateField, operand } from '../gateway/variables.ts'
import { checkFields, checkName } from '../lib/header-fields.ts'

const value = Type.Unsafe<string | number>({ type: ['string', 'number'] })

const structured = Type.Object(
  {
    add: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^:]+:[^:]*[^/]$' }), {
        title: 'Add',
        description: 'fields that are added, as `name: value`',
        minItems: 1,
        examples: [['Set-Cookie: a=b']],
      }),
    ),
    set: Type.Optional(
      Type.Record(Type.String({ pattern: '^[^:]+$' }), value, {
        title: 'Set',
        description: 'fields that replace; an empty value removes',
        minProperties: 1,
        examples: [{ 'X-Api': 'v2' }],
      }),
    ),
    remove: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^:]+$' }), {
        title: 'Remove',
        description: 'fields that are removed',
        minItems: 1,
        examples: [['X-Powered-By']],
      }),
    ),
  },
  { additionalProperties: false },
)

const filter = Type.Object({
  regex: Type.String({ title: 'Pattern', description: 'regular expression', minLength: 1, examples: ['hello'] }),
  scope: Type.Optional(
    Type.Enum(['once', 'global'], {
      type: 'string',
      title: 'Scope',
      description: 'replace the first match or all',
      default: 'once',
      examples: ['global'],
    }),
  ),
  replace: Type.String({ title: 'Replacement', description: 'with `$1` for groups', examples: ['world'] }),
  options: Type.Optional(
    Type.String({
      title: 'Options',
      description: 'i: ignore case; m: ^ and $ at lines; s: dot takes line ends; u: Unicode; j, o, d change nothing',
      default: 'jo',
      pattern: '^[imsujod]*$',
      examples: ['i'],
    }),
  ),
})

const schema = Type.Object({
  headers: Type.Optional(
    Type.Union([structured, Type.Record(Type.String({ pattern: '^[^:]+$' }), value)], {
      title: 'Headers',
      description: 'changes of the response headers; without add, set, remove the members are set',
      examples: [{ set: { 'X-Api': 'v2' } }],
    }),
  ),
  body: Type.Optional(
    Type.String({ title: 'Body', description: 'new body, instead of the whole', examples: ['{"ok":true}'] }),
  ),
  body_base64: Type.Boolean({
    title: 'Body in base64',
    description: 'the body is base64 and sent decoded',
    default: false,
    examples: [true],
  }),
  status_code: Type.Optional(
    Type.Integer({ title: 'Status', description: 'new status', minimum: 200, maximum: 598, examples: [202] }),
  ),
  vars: Type.Optional(
    Type.Array(Type.Any(), {
      title: 'Condition',
      description: 'expression that must hold',
      maxItems: 100,
      examples: [[['status', '==', 200]]],
    }),
  ),
  filters: Type.Optional(
    Type.Array(filter, {
      title: 'Filters',
      description: 'replacements in the body, in this order',
      minItems: 1,
      examples: [[{ regex: 'hello', replace: 'world', scope: 'global' }]],
    }),
  ),
  max_resp_body_size: Type.Integer({
    title: 'Largest body',
    description: 'bytes that filters look at; a larger body stays as it is',
    minimum: 1,
    default: 67108864,
    examples: [1048576],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'response-rewrite',
  version: 0.1,
  priority: 899,
  schema: Type.Partial(schema, {
    dependencies: { body: { not: { required: ['filters'] } }, filters: { not: { required: ['body'] } } },
  }),
  check(conf, kind) {
    if (kind !== 'plugin') return
    if (conf.body_base64 && !isBase64(conf.body)) throw new Error('invalid base64 content')
    if (conf.headers) checkHeaders(toWishes(conf.headers))
    if (conf.vars) compileVars(conf.vars)
    for (const one of conf.filters ?? []) toFilter(one)
  },
  setup(conf, env) {
    const holds = conf.vars ? compileVars(conf.vars) : undefined
    const changeHeaders = toHeaderChanges(conf.headers)
    const body = conf.body === undefined ? undefined : Buffer.from(conf.body, conf.body_base64 ? 'base64' : 'utf8')
    const filters = conf.filters?.map(toFilter)
    const REPLACED = Symbol('response-rewrite body')
    const HELD = Symbol('response-rewrite filters')
    return {
      header_filter(ctx) {
        if (holds && !holds((name) => operand(ctx, name))) return
        if (conf.status_code !== undefined) ctx.response.status = conf.status_code
        if (body) {
          ctx.set(REPLACED, true)
          ctx.response.forgetBody()
          ctx.response.headers.remove('content-encoding')
        } else if (filters) {
          const replacing = new Replacing(filters, conf.max_resp_body_size, () => reportTooLarge(ctx, conf, env))
          if (isEncoded(ctx)) pipeFilters(ctx, replacing, env)
          else {
            ctx.response.forgetBody()
            ctx.set(HELD, replacing)
          }
        }
        changeHeaders?.(ctx)
      },
      ...(body && {
        body_filter(ctx: Exchange, chunk: Buffer, last: boolean): Buffer | undefined {
          if (!ctx.get(REPLACED)) return chunk
          return last ? body : undefined
        },
      }),
      ...(filters && {
        body_filter(ctx: Exchange, chunk: Buffer, last: boolean): Buffer | undefined {
          const held = ctx.get<Replacing>(HELD)
          if (!held) return chunk
          return last ? Buffer.concat([held.add(chunk), held.end()]) : held.add(chunk)
        },
      }),
    }
  },
})

function isEncoded({ response }: Exchange): boolean {
  return response.headers.has('content-encoding')
}

function reportTooLarge(ctx: Exchange, conf: Conf, env: PluginEnv): void {
  env.log.warn(
    { max_resp_body_size: conf.max_resp_body_size, route_id: ctx.route?.id },
    'the body is larger than filters look at: left as it is',
  )
}

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  br: createBrotliDecompress,
  deflate: createInflate,
}

/** What comes encoded is decoded beside the thread, after the body_filter phases. */
function pipeFilters(ctx: Exchange, replacing: Replacing, env: PluginEnv): void {
  const { response } = ctx
  const encoding = response.headers.get('content-encoding') as string
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined
  if (!decoder) {
    env.log.warn(
      { encoding, route_id: ctx.route?.id },
      'the body is encoded in a way that filters cannot read: left as it is',
    )
    return
  }
  response.headers.remove('content-encoding')
  response.pipe(decoder())
  response.pipe(
    new Transform({
      transform: (chunk: Buffer, _encoding, done) => done(null, replacing.add(chunk)),
      flush: (done) => done(null, replacing.end()),
    }),
  )
}

const EMPTY = Buffer.alloc(0)

/** Holds a body back until it is whole, and gives it on filtered; one of more than `maxBytes` goes on as it is. */
class Replacing {
  readonly #filters: Filter[]
  readonly #maxBytes: number
  readonly #onTooLarge: () => void
  #held: Buffer[] | undefined = []
  #bytes = 0

  constructor(filters: Filter[], maxBytes: number, onTooLarge: () => void) {
    this.#filters = filters
    this.#maxBytes = maxBytes
    this.#onTooLarge = onTooLarge
  }

  /** What goes on now. */
  add(chunk: Buffer): Buffer {
    if (!this.#held) return chunk
    this.#bytes += chunk.length
    this.#held.push(chunk)
    if (this.#bytes <= this.#maxBytes) return EMPTY
    this.#onTooLarge()
    const all = Buffer.concat(this.#held)
    this.#held = undefined
    return all
  }

  end(): Buffer {
    if (!this.#held) return EMPTY
    const body = Buffer.concat(this.#held)
    // What is no UTF-8 is taken byte by byte, so that all that no filter matches stays as it was.
    const encoding = isUtf8(body) ? 'utf8' : 'latin1'
    const text = this.#filters.reduce((result, one) => one(result), body.toString(encoding))
    return Buffer.from(text, encoding)
  }
}

type Filter = (text: string) => string

function toFilter(conf: Static<typeof filter>): Filter {
  const once = (conf.scope ?? 'once') === 'once'
  const flags = [...(conf.options ?? 'jo')].filter((flag) => 'imsu'.includes(flag)).join('')
  const regex = compilePattern(conf.regex, once ? flags : `${flags}g`)
  return (text) =>
    text.replace(regex, (...found: unknown[]) => {
      const groups = found.slice(
        0,
        found.findIndex((part) => typeof part === 'number'),
      )
      return expandCaptures(conf.replace, groups as (string | undefined)[])
    })
}

type HeaderChange = (ctx: Exchange) => void

interface HeaderWishes {
  added: [string, string][]
  set: Record<string, string | number>
  removed: string[]
}

function toWishes(conf: NonNullable<Conf['headers']>): HeaderWishes {
  const { add, set, remove } = conf as Static<typeof structured>
  const isStructured = Array.isArray(add) || Array.isArray(remove) || (set !== undefined && typeof set === 'object')
  if (!isStructured) return { added: [], set: conf as HeaderWishes['set'], removed: [] }
  return { added: (add ?? []).map(toField), set: set ?? {}, removed: remove ?? [] }
}

function toHeaderChanges(conf: Conf['headers']): HeaderChange | undefined {
  if (!conf) return undefined
  const { added, set, removed } = toWishes(conf)
  const written = Object.entries(set)
  return (ctx) => {
    const { headers } = ctx.response
    for (const [name, one] of added) headers.add(name, interpolateField(ctx, one))
    for (const [name, one] of written) {
      const filled = interpolateField(ctx, String(one))
      if (filled === '') headers.remove(name)
      else headers.set(name, filled)
    }
    for (const name of removed) headers.remove(name)
  }
}

function checkHeaders({ added, set }: HeaderWishes): void {
  checkFields('headers', set)
  for (const [name] of added) checkName('headers.add', name)
}

function toField(written: string): [string, string] {
  const colon = written.indexOf(':')
  return [written.slice(0, colon).trim(), written.slice(colon + 1).trim()]
}

function isBase64(text: string | undefined): boolean {
  return !!text && /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0
}
