// Rewrites what the upstream gets: path and query, method, host, scheme, headers. Variables (`$arg_name`) are filled in.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { escapePath, escapeQuery } from '../gateway/normalise.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { checkTemplate, compilePattern, expandCaptures } from '../gateway/regex.ts'
import { interpolate, interpolateField } from '../gateway/variables.ts'
import { checkFields, toBytes, toFieldValue } from '../lib/header-fields.ts'
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
      const [pattern, replacement] = pairs.slice(i, i + 2) as [string, string]
      try {
        compilePattern(pattern)
        checkTemplate(replacement)
      } catch (error) {
        throw new Error(`invalid regex_uri(${pattern}, ${replacement}): ${(error as Error).message}`)
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

type Captures = readonly (string | undefined)[]
interface Rewritten {
  uri: string
  captures: Captures | undefined
}

function rewriteUri(ctx: Exchange, conf: Conf, pairs: Pair[]): Rewritten {
  const { target, path, query } = ctx.request
  const raw = conf.use_real_request_uri_unsafe
  if (conf.uri !== undefined) {
    if (raw) return { uri: withQuery(escapeQuery(interpolate(ctx, conf.uri)), query), captures: undefined }
    const [own, ownQuery] = cut(conf.uri)
    const filled = ownQuery && interpolate(ctx, ownQuery)
    return { uri: toTarget(interpolate(ctx, own), filled, query), captures: undefined }
  }
  const before = raw ? target : path
  for (const { regex, replacement } of pairs) {
    const captures = regex.exec(before)
    if (!captures) continue
    const [head, tail] = [before.slice(0, captures.index), before.slice(captures.index + captures[0].length)]
    if (raw) return { uri: head + expandCaptures(replacement, captures) + tail, captures }
    const [own, ownQuery] = cut(replacement)
    const start = head + expandCaptures(own, captures)
    if (ownQuery === undefined) return { uri: toTarget(start + tail, undefined, query), captures }
    const filled = expandCaptures(ownQuery, captures.map(asText)) + asText(tail)
    return { uri: toTarget(start, filled, query), captures }
  }
  return { uri: raw ? target : toTarget(path, undefined, query), captures: undefined }
}

function withQuery(uri: string, query: string): string {
  return query ? `${uri}${uri.includes('?') ? '&' : '?'}${query}` : uri
}

/** A template's path, and its query where it has one. What variables and groups bring along is never the mark between them. */
function cut(template: string): [string, string | undefined] {
  const mark = template.indexOf('?')
  return mark < 0 ? [template, undefined] : [template.slice(0, mark), template.slice(mark + 1)]
}

/** A part of a decoded path in a query: its percent signs stand for themselves. */
function asText(part: string | undefined): string {
  return part?.replaceAll('%', '%25') ?? ''
}

function toTarget(path: string, own: string | undefined, query: string): string {
  const all = own === undefined ? query : query ? `${own}&${query}` : own
  return all || own !== undefined ? `${escapePath(path)}?${escapeQuery(all)}` : escapePath(path)
}

const STRUCTURE = ['set', 'add', 'remove'] as const

function isStructured(headers: NonNullable<Conf['headers']>): boolean {
  return STRUCTURE.some((name) => headers[name] !== undefined)
}

function checkHeaders(headers: Conf['headers']): void {
  if (!headers) return
  const given = STRUCTURE.filter((name) => headers[name] !== undefined)
  const beside = Object.keys(headers).find((name) => !STRUCTURE.some((one) => one === name))
  if (given.length && beside !== undefined)
    throw new Error(`property "headers" has ${beside} beside ${given.join(', ')}: write it below set`)
  const parts = isStructured(headers) ? { 'headers.set': headers.set, 'headers.add': headers.add } : { headers }
  for (const [place, part] of Object.entries(parts)) checkFields(place, part)
}

/** What the gateway tells the upstream about itself, unless it is told here what to say. */
const TOLD: Record<string, keyof NonNullable<Exchange['forwarded']>> = {
  'x-forwarded-proto': 'proto',
  'x-forwarded-host': 'host',
  'x-forwarded-port': 'port',
}

type HeaderChange = (ctx: Exchange, captures: Captures | undefined) => void

function toHeaderChanges(conf: Conf['headers']): HeaderChange | undefined {
  if (!conf) return undefined
  const structured = isStructured(conf)
  const set = Object.entries(structured ? (conf.set ?? {}) : conf)
  const add = Object.entries(structured ? (conf.add ?? {}) : {})
  const remove = structured ? (conf.remove ?? []) : []
  return (ctx, captures) => {
    const { headers } = ctx.request
    for (const [name, written] of add) for (const one of [written].flat()) headers.add(name, fill(ctx, one, captures))
    for (const [name, written] of set) {
      // As recorded from APISIX: Host follows pass_host and `host`, never the header changes.
      if (name.toLowerCase() === 'host') continue
      headers.remove(name)
      if (written === '') continue
      for (const one of [written].flat()) headers.add(name, fill(ctx, one, captures))
      const told = TOLD[name.toLowerCase()]
      if (told) ctx.forwarded = { ...ctx.forwarded, [told]: headers.get(name) }
    }
    for (const name of remove) headers.remove(name)
  }
}

const GROUP = /(\$\d+|\$\{\d+\})/

/** Groups are filled in as they are: a `$name` that a client has written into its path is no variable. */
function fill(ctx: Exchange, one: string | number, captures: Captures | undefined): string {
  if (typeof one === 'number') return String(one)
  const parts = one.split(GROUP)
  const filled = parts.map((part, i) =>
    i % 2 ? toFieldValue(toBytes(expandCaptures(part, captures ?? []))) : interpolateField(ctx, part),
  )
  return filled.join('')
}

interface Pair {
  regex: RegExp
  replacement: string
}

function toPairs(written: string[]): Pair[] {
  const pairs: Pair[] = []
  for (let i = 0; i + 1 < written.length; i += 2)
    pairs.push({ regex: compilePattern(written[i] as string), replacement: written[i + 1] as string })
  return pairs
}
