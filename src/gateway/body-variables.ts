// Variables that look into a request body: `post_arg.*` (form, JSON, multipart by name), `post_arg_*` (forms only) and `graphql_*` (operation,
// name, root fields). The body is read before routes that use them are matched, and before a plugin whose configuration names one runs; a body
// that was not read has no such variables.
import { type DocumentNode, Kind, parse } from 'graphql'
import { compileJsonPath, type Place } from '../lib/json-path.ts'
import { parseJson } from '../lib/parse-json.ts'
import { decodeQuery, queryFields } from '../lib/query.ts'
import type { Exchange } from './exchange.ts'

/** Bytes of a body that is looked into; a larger one has no body variables, as in APISIX (`graphql.max_size`). */
export const MAX_INSPECTED_BODY_BYTES = 1024 * 1024

const BODY_VARIABLE = /\b(?:post_arg[_.]|graphql_(?:operation|name|root_fields))/i

/** Whether a part of a configuration names a variable that looks into a body. */
export function namesBodyVariable(conf: unknown): boolean {
  return conf !== undefined && BODY_VARIABLE.test(JSON.stringify(conf))
}

const FORM = 'application/x-www-form-urlencoded'
const PARSED = Symbol('parsed body')

type Parsed = { fields: Map<string, string> | undefined; json: unknown; graphql: DocumentNode | undefined }

/** Reads a body that is looked into; undefined: it is here, or there is nothing to wait for. One that is too large has no variables. */
export function readForVariables({ request: { body, headers } }: Exchange): Promise<void> | undefined {
  if (body.ended || !isInspected(headers.get('content-type'))) return undefined
  return body.read(MAX_INSPECTED_BODY_BYTES).then(
    () => undefined,
    () => undefined,
  )
}

/** Whether a body of this Content-Type is looked into. Others are not waited for: a gRPC stream ends only after its answer. */
export function isInspected(type: string | undefined): boolean {
  return (
    type !== undefined && /^(?:application\/(?:x-www-form-urlencoded|graphql|json)|multipart\/form-data)/.test(type)
  )
}

/** What a document holds; a list for `graphql_root_fields` and for paths that name several places. */
export type BodyValue = string | number | boolean | readonly unknown[] | undefined

/** Where a variable looks: `post_arg_` into forms, `post_arg.` into any body, as in APISIX. */
export type BodyVariableKind = 'form' | 'any' | 'graphql'

/** A variable by its name behind the prefix. In JSON dots walk, and `[*]`, `[0]` and `..` name several places. */
export function bodyVariable(ctx: Exchange, kind: BodyVariableKind, name: string): BodyValue {
  if (kind === 'form' && !ctx.request.headers.get('content-type')?.startsWith(FORM)) return undefined
  let parsed = ctx.get<Parsed>(PARSED)
  if (!parsed) {
    parsed = parseBody(ctx)
    // A plugin may read the body later than the first one that asks for a variable.
    if (ctx.request.body.buffered()) ctx.set(PARSED, parsed)
  }
  if (kind === 'graphql') return parsed.graphql && graphqlVariable(parsed.graphql, name)
  return parsed.fields?.get(name) ?? walk(parsed.json, name)
}

function parseBody(ctx: Exchange): Parsed {
  const body = ctx.request.body.buffered()
  const nothing: Parsed = { fields: undefined, json: undefined, graphql: undefined }
  if (!body?.length || body.length > MAX_INSPECTED_BODY_BYTES) {
    const query = ctx.request.method === 'GET' ? /(?:^|&)query=([^&]*)/.exec(ctx.request.query) : null
    return query ? { ...nothing, graphql: parseGraphql(decodeQuery(query[1] as string)) } : nothing
  }
  const type = ctx.request.headers.get('content-type') ?? ''
  const text = body.toString('utf8')
  if (type.startsWith(FORM)) return { ...nothing, fields: parseForm(text) }
  if (type.startsWith('multipart/form-data')) return { ...nothing, fields: parseMultipart(text, type) }
  if (type.startsWith('application/graphql')) return { ...nothing, graphql: parseGraphql(text) }
  if (!type.startsWith('application/json')) return nothing
  const json = parseJson(text)
  const query = (json as { query?: unknown } | undefined)?.query
  return { ...nothing, json, graphql: typeof query === 'string' ? parseGraphql(query) : undefined }
}

function parseForm(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const { name, value = '' } of queryFields(text, 1000)) if (!fields.has(name)) fields.set(name, value)
  return fields
}

/** Of each line its beginning only: looked for everywhere, a body of one long line of these words would take a minute. */
const DISPOSITION = /^content-disposition:[^\r\n]*\bname="([^"]*)"/im

function parseMultipart(text: string, type: string): Map<string, string> | undefined {
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1]
  if (!boundary) return undefined
  const fields = new Map<string, string>()
  for (const part of text.split(`--${boundary}`, 1000).slice(1)) {
    const split = part.indexOf('\r\n\r\n')
    const name = split < 0 ? undefined : DISPOSITION.exec(part.slice(0, split))?.[1]
    if (name !== undefined && !fields.has(name)) fields.set(name, part.slice(split + 4).replace(/\r\n$/, ''))
  }
  return fields
}

function parseGraphql(text: string): DocumentNode | undefined {
  try {
    return parse(text, { maxTokens: 10_000, noLocation: true })
  } catch {
    return undefined // not GraphQL: it has no operation
  }
}

function graphqlVariable(document: DocumentNode, name: string): string | string[] | undefined {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  if (!operation) return undefined
  if (name === 'operation') return operation.operation
  if (name === 'name') return operation.name?.value ?? ''
  if (name !== 'root_fields') return undefined
  return operation.selectionSet.selections.map((field) => (field.kind === Kind.FIELD ? field.name.value : ''))
}

function walk(document: unknown, path: string): BodyValue {
  if (/[[*]|\.\./.test(path)) return list(document, path)
  let at = document
  for (const name of path.split('.')) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return Array.isArray(at) || typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean'
    ? at
    : undefined
}

const paths = new Map<string, (document: unknown) => Place[]>()
/** Names come from configurations, whose old versions are forgotten with the rest. */
const MAX_PATHS = 1000

function list(document: unknown, path: string): readonly unknown[] | undefined {
  let compiled = paths.get(path)
  if (!compiled) {
    if (paths.size >= MAX_PATHS) paths.clear()
    compiled = pathInto(path)
    paths.set(path, compiled)
  }
  const found = compiled(document).map(({ holder, name }) => holder[name])
  return found.length ? found : undefined
}

/** A path that is none names nothing, as a name does that no variable has. Conditions with one are refused before they come here. */
function pathInto(path: string): (document: unknown) => Place[] {
  try {
    return compileJsonPath(`$.${path}`)
  } catch {
    return () => []
  }
}
