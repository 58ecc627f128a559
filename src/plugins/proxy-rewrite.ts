// Rewrites what the upstream gets: path and query, method, host, scheme, headers. Variables (`$arg_name`) are filled in.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { compileRegex } from '../gateway/router/vars.ts'
import { interpolate, interpolateField } from '../gateway/variables.ts'
import { checkFields } from '../lib/header-fields.ts'
import { oneOfTexts } from '../lib/schema-types.ts'

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'MKCOL',
  'COPY',
  'MOVE',
  'PROPFIND',
  'LOCK',
  'UNLOCK',
  'PATCH',
  'TRACE',
] as const
const value = Type.Union([Type.String(), Type.Number()])
const values = Type.Union([Type.String(), Type.Number(), Type.Array(value)])
const fields = (title: string, description: string, one = value as typeof value | typeof values) =>
  Type.Optional(Type.Record(Type.String({ minLength: 1 }), one, { title, description, examples: [{ 'X-Api': 'v2' }] }))

const schema = Type.Object({
  uri: Type.Optional(
    Type.String({
      title: 'Path',
      description: 'new path, with or without query; goes before regex_uri',
      minLength: 1,
      maxLength: 4096,
      pattern: '^\\/.*',
      examples: ['/v2/$arg_name'],
    }),
  ),
  method: Type.Optional(oneOfTexts(METHODS, { title: 'Method', description: 'new method', examples: ['POST'] })),
  regex_uri: Type.Optional(
    Type.Array(Type.String(), {
      title: 'Path by pattern',
      description: 'pairs of a regular expression and a replacement; the first that matches is used',
      minItems: 2,
      examples: [['^/api/(.*)', '/$1']],
    }),
  ),
  host: Type.Optional(
    Type.String({
      title: 'Host',
      description: 'new Host header',
      pattern: '^[0-9a-zA-Z-.]+(:\\d{1,5})?$',
      examples: ['backend.example'],
    }),
  ),
  scheme: Type.Optional(
    oneOfTexts(['http', 'https'], { title: 'Scheme', description: 'protocol to the upstream', examples: ['https'] }),
  ),
  headers: Type.Optional(
    Type.Object(
      {
        set: fields('Set', 'headers that replace', values),
        add: fields('Add', 'headers that are added', values),
        remove: Type.Optional(
          Type.Array(Type.String({ minLength: 1 }), {
            title: 'Remove',
            description: 'headers that are removed',
            examples: [['Cookie']],
          }),
        ),
      },
      {
        title: 'Headers',
        description: 'changes of the request headers; an object without set, add, remove sets its members',
        additionalProperties: value,
        minProperties: 1,
        examples: [{ set: { 'X-Api': 'v2' } }],
      },
    ),
  ),
  use_real_request_uri_unsafe: Type.Boolean({
    title: 'Raw path',
    description: 'send the path as it came, not normalised',
    default: false,
    examples: [true],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'proxy-rewrite',
  version: 0.1,
  priority: 1008,
  schema: Type.Partial(schema, { minProperties: 1 }),
  check(conf) {
    checkHeaders(conf.headers)
    const pairs = conf.regex_uri
    if (!pairs) return
    if (pairs.length % 2) throw new Error('The length of regex_uri should be an even number')
    for (let i = 0; i < pairs.length; i += 2) {
      compileRegex(pairs[i] as string)
      if (/\$[A-Za-z_{]/.test(pairs[i + 1] as string)) {
        throw new Error(`invalid regex_uri(${pairs[i]}, ${pairs[i + 1]}): failed to compile the replacement template`)
      }
    }
  },
  setup(conf) {
    const pairs = toPairs(conf.regex_uri ?? [])
    const headers = toHeaderChanges(conf.headers)
    return {
      rewrite(ctx) {
        const { request } = ctx
        if (conf.host !== undefined) ctx.upstreamHost = conf.host
        if (conf.scheme !== undefined) ctx.upstreamScheme = conf.scheme
        const rewritten = rewriteUri(ctx, conf, pairs)
        // A blank would end the request-target: what APISIX's server refuses, we refuse here.
        if (/[\0-\x20\x7f]/.test(rewritten.uri)) return { status: 400 }
        ctx.upstreamUri = rewritten.uri
        headers?.(ctx, rewritten.captures)
        if (conf.method !== undefined) request.method = conf.method
        return undefined
      },
    }
  },
})

interface Rewritten {
  uri: string
  captures: RegExpExecArray | undefined
}

function rewriteUri(ctx: Exchange, conf: Conf, pairs: { regex: RegExp; replacement: string }[]): Rewritten {
  const { request } = ctx
  if (conf.use_real_request_uri_unsafe) return { uri: request.target, captures: undefined }
  if (conf.uri !== undefined)
    return { uri: joinQuery(encodePath(interpolate(ctx, conf.uri)), request.query), captures: undefined }
  for (const { regex, replacement } of pairs) {
    const captures = regex.exec(request.path)
    if (!captures) continue
    const path =
      request.path.slice(0, captures.index) +
      expand(replacement, captures) +
      request.path.slice(captures.index + captures[0].length)
    return { uri: joinQuery(encodePath(path), request.query), captures }
  }
  return { uri: joinQuery(encodePath(request.path), request.query), captures: undefined }
}

function expand(template: string, captures: RegExpExecArray): string {
  return template.replace(
    /\$(\d+)|\$\{(\d+)\}/g,
    (_, bare: string | undefined, braced: string | undefined) => captures[Number(bare ?? braced)] ?? '',
  )
}

function joinQuery(uri: string, query: string): string {
  if (!query) return uri
  return `${uri}${uri.includes('?') ? '&' : '?'}${query}`
}

/** Escapes what a normalised path may hold and a request-target may not; a configured query stays. */
function encodePath(uri: string): string {
  return /^[!-~]*$/.test(uri) && !/[%"<>\\^`{|}]/.test(uri) ? uri : encodeURI(uri).replaceAll('%255', '%5')
}

function isStructured(headers: NonNullable<Conf['headers']>): boolean {
  return headers.set !== undefined || headers.add !== undefined || headers.remove !== undefined
}

function checkHeaders(headers: Conf['headers']): void {
  if (!headers) return
  const parts = isStructured(headers) ? { 'headers.set': headers.set, 'headers.add': headers.add } : { headers }
  for (const [place, part] of Object.entries(parts)) checkFields(place, part)
}

type HeaderChange = (ctx: Exchange, captures: RegExpExecArray | undefined) => void

function toHeaderChanges(conf: Conf['headers']): HeaderChange | undefined {
  if (!conf) return undefined
  const structured = isStructured(conf)
  const set = Object.entries(structured ? (conf.set ?? {}) : (conf as Record<string, string | number>))
  const add = Object.entries(structured ? (conf.add ?? {}) : {})
  const remove = structured ? (conf.remove ?? []) : []
  return (ctx, captures) => {
    const { headers } = ctx.request
    const fill = (one: string | number): string =>
      interpolateField(ctx, captures ? expand(String(one), captures) : String(one))
    for (const [name, written] of add) for (const one of [written].flat()) headers.add(name, fill(one as string))
    for (const [name, written] of set) {
      // As recorded from APISIX: Host follows pass_host and `host`, never the header changes.
      if (name.toLowerCase() === 'host') continue
      headers.remove(name)
      if (written === '') continue
      for (const one of [written].flat()) headers.add(name, fill(one as string))
    }
    for (const name of remove) headers.remove(name)
  }
}

function toPairs(written: string[]): { regex: RegExp; replacement: string }[] {
  const pairs: { regex: RegExp; replacement: string }[] = []
  for (let i = 0; i + 1 < written.length; i += 2)
    pairs.push({ regex: compileRegex(written[i] as string), replacement: written[i + 1] as string })
  return pairs
}
