// Hides parts of requests from logs: query arguments, headers, members of JSON and form bodies. It changes what loggers and the access log see,
// never what the upstream gets. A body that cannot be taken apart is not logged at all. Tracers run before: their spans have what was sent.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { compileRegex } from '../gateway/router/vars.ts'
import { compileJsonPath, type Place } from '../lib/json-path.ts'
import { queryFields } from '../lib/query.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import { maskRequestBody } from './logging/mask.ts'

const needs = (property: string, value: string, ...required: string[]) => ({
  if: { properties: { [property]: { const: value } } },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: { required },
})

const rule = Type.Object(
  {
    type: oneOfTexts(['query', 'header', 'body'], {
      title: 'Part',
      description: 'what the field is a part of',
      examples: ['query'],
    }),
    name: Type.String({
      title: 'Field',
      description: 'name of the argument, header or form field; for JSON a path such as $.cards[*].number',
      minLength: 1,
      examples: ['password'],
    }),
    action: oneOfTexts(['remove', 'replace', 'regex'], {
      title: 'Action',
      description: 'remove the field, replace its value, or replace what a regular expression finds in it',
      examples: ['replace'],
    }),
    body_format: Type.Optional(
      oneOfTexts(['json', 'urlencoded'], {
        title: 'Form of the body',
        description: 'how the body is written; for body',
        examples: ['json'],
      }),
    ),
    regex: Type.Optional(
      Type.String({
        title: 'Regular expression',
        description: 'what is replaced; for regex',
        examples: ['(\\d+)-\\d+-(\\d+)'],
      }),
    ),
    value: Type.Optional(
      Type.String({
        title: 'Value',
        description: 'what stands there instead; $1 is the first group of the regular expression',
        examples: ['$1-****-$2'],
      }),
    ),
  },
  {
    allOf: [
      needs('type', 'body', 'body_format'),
      needs('action', 'regex', 'regex', 'value'),
      needs('action', 'replace', 'value'),
    ],
  },
)

const schema = Type.Object({
  request: Type.Optional(
    Type.Array(rule, {
      title: 'Rules',
      description: 'what is hidden, in order',
      examples: [[{ type: 'query', name: 'token', action: 'replace', value: '***' }]],
    }),
  ),
  max_body_size: Type.Optional(
    Type.Integer({
      title: 'Body size',
      description: 'bytes of a body that is looked into; a larger one is not logged',
      exclusiveMinimum: 0,
      default: 1048576,
      examples: [65536],
    }),
  ),
  max_req_post_args: Type.Optional(
    Type.Integer({
      title: 'Form fields',
      description: 'fields of a form that are looked at and logged; further ones are left out',
      minimum: 0,
      default: 100,
      examples: [20],
    }),
  ),
})
type Conf = Static<typeof schema>
type Rule = Static<typeof rule>

/** What becomes of a value; undefined: it goes. */
type Change = (value: string) => string | undefined

interface Masks {
  query: [name: string, change: Change][]
  header: [name: string, change: Change][]
  json: [places: (document: unknown) => Place[], change: Change][]
  form: [name: string, change: Change][]
}

/** Characters of a value that a regular expression looks at; a longer value is hidden as a whole. */
const MAX_SUBJECT_LENGTH = 8192
const HIDDEN = '***'
const NOT_LOGGED = '(not logged: the body could not be masked)'

export default definePlugin<Conf>({
  name: 'data-mask',
  version: 0.1,
  priority: 1500,
  schema,
  check(conf, kind) {
    if (kind === 'plugin') compileMasks(conf)
  },
  setup(conf) {
    const masks = compileMasks(conf)
    const maxBytes = conf.max_body_size ?? 1048576
    const maxFields = conf.max_req_post_args ?? 100
    return {
      log(ctx) {
        if (masks.query.length) maskQuery(ctx, masks.query)
        if (masks.header.length) maskHeaders(ctx, masks.header)
        if (takesForm(ctx, masks)) maskRequestBody(ctx, (body) => maskForm(body, masks.form, maxBytes, maxFields))
        else if (masks.json.length) maskRequestBody(ctx, (body) => maskJson(body, masks.json, maxBytes))
      },
    }
  },
})

/** With rules for both forms of a body its type decides. */
function takesForm({ request }: Exchange, { form, json }: Masks): boolean {
  if (form.length === 0 || json.length === 0) return form.length > 0
  return request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') ?? false
}

/** Throws when a path or a regular expression cannot be compiled. */
function compileMasks({ request = [] }: Conf): Masks {
  const masks: Masks = { query: [], header: [], json: [], form: [] }
  for (const one of request) {
    const change = toChange(one)
    if (one.type !== 'body') masks[one.type].push([one.name, change])
    else if (one.body_format === 'json') masks.json.push([compileJsonPath(one.name), change])
    else masks.form.push([one.name, change])
  }
  return masks
}

function toChange({ action, regex = '', value = '' }: Rule): Change {
  if (action === 'remove') return () => undefined
  if (action === 'replace') return () => value
  const pattern = compileRegex(regex, 'g')
  return (text) => {
    if (text.length > MAX_SUBJECT_LENGTH) return HIDDEN
    try {
      return text.replace(pattern, (...found) => expand(value, found))
    } catch {
      return HIDDEN // the expression takes too long for it: what it would leave cannot be told, and is not logged
    }
  }
}

/** Fills in groups. `found` is what a replacer gets: the match, its groups, then the match's offset, a number. */
function expand(value: string, found: unknown[]): string {
  const groups = found.findIndex((one) => typeof one === 'number')
  return value.replace(/\$(\d)/g, (_, group: string) =>
    Number(group) < groups ? String(found[Number(group)] ?? '') : '',
  )
}

/** Changes the query that variables read, and the variables that hold it as a part. */
function maskQuery(ctx: Exchange, masks: Masks['query']): void {
  const { request } = ctx
  const target = withQuery(request.target, masks)
  request.query = maskFields(request.query, masks)
  ctx.setVar('request_uri', target)
  ctx.setVar('request_line', `${request.method} ${target} HTTP/${request.httpVersion}`)
  if (ctx.upstreamUri !== undefined) ctx.setVar('upstream_uri', withQuery(ctx.upstreamUri, masks))
}

function withQuery(target: string, masks: Masks['query']): string {
  const mark = target.indexOf('?')
  if (mark < 0) return target
  const query = maskFields(target.slice(mark + 1), masks)
  return query === '' ? target.slice(0, mark) : `${target.slice(0, mark)}?${query}`
}

/** Fields as a query or a form writes them. */
function maskFields(text: string, masks: Masks['query'], maxFields?: number): string {
  const kept: string[] = []
  for (const { name, value = '', written } of queryFields(text, maxFields)) {
    const own = masks.filter(([masked]) => masked === name)
    const changed = own.reduce<string | undefined>((one, [, change]) => (one === undefined ? one : change(one)), value)
    if (own.length === 0) kept.push(written)
    else if (changed !== undefined) kept.push(`${written.split('=', 1)[0]}=${encodeURIComponent(changed)}`)
  }
  return kept.join('&')
}

function maskHeaders({ request: { headers } }: Exchange, masks: Masks['header']): void {
  for (const [name, change] of masks) {
    const lower = name.toLowerCase()
    const values = headers.getAll(lower)
    if (values.length === 0) continue
    headers.remove(lower)
    for (const value of values) {
      const changed = change(value)
      if (changed !== undefined) headers.add(name, changed)
    }
  }
}

function maskJson(body: string, masks: Masks['json'], maxBytes: number): string {
  if (Buffer.byteLength(body) > maxBytes) return NOT_LOGGED
  try {
    const document: unknown = JSON.parse(body)
    for (const [places, change] of masks) for (const place of places(document)) maskPlace(place, change)
    return JSON.stringify(document)
  } catch {
    return NOT_LOGGED // not JSON, or cut off: what it holds cannot be told
  }
}

function maskPlace({ holder, name }: Place, change: Change): void {
  const value = holder[name]
  const changed = change(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
  if (changed !== undefined) holder[name] = changed
  else if (Array.isArray(holder)) holder[name] = null
  else delete holder[name]
}

function maskForm(body: string, masks: Masks['form'], maxBytes: number, maxFields: number): string {
  return Buffer.byteLength(body) > maxBytes ? NOT_LOGGED : maskFields(body, masks, maxFields)
}
