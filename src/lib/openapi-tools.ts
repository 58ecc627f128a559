// The operations of an OpenAPI document as tools for a model: a name, a description, one JSON Schema for all inputs, and what is needed to make a
// request of them (openapi-request.ts).
//
// Schemas are carried over with their references, which lead to `$defs` of the tool. What a tool's schema would be too large for is left open:
// the API itself checks its input.
import { isObject } from './is-object.ts'
import { type Json, type OpenApiDocument, resolve } from './openapi-document.ts'
import { toToolSchema } from './openapi-schema.ts'
import { bodyFromSwagger, fromSwagger } from './openapi-swagger.ts'
import { plainText } from './text.ts'

export interface ToolParameter {
  name: string
  in: 'path' | 'query' | 'header'
  style: string
  explode: boolean
}

export interface OpenApiTool {
  name: string
  description: string
  inputSchema: Json
  method: string
  /** As written: `/users/{id}`. */
  path: string
  parameters: ToolParameter[]
  /** Media type of the body; undefined: none is sent. */
  bodyType: string | undefined
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']
/** Tools of one document; further operations are left out. */
export const MAX_TOOLS = 500
const MAX_DESCRIPTION_LENGTH = 1000
const MAX_NAME_LENGTH = 64

/** Where parameters stand in a tool's input, when they are not flattened. */
export const GROUPS = { path: 'pathParameters', query: 'queryParameters', header: 'headerParameters' } as const
/** Where a request's body stands in a tool's input. */
export const BODY = 'requestBody'

/** `flat`: parameters stand in the input itself. Two of one name cannot be told apart then: the later one is left out. */
export function toTools({ root }: OpenApiDocument, flat: boolean): OpenApiTool[] {
  const tools: OpenApiTool[] = []
  const names = new Set<string>()
  for (const [path, written] of Object.entries(root.paths as Json)) {
    const item = resolve(written, root)
    if (!item || !path.startsWith('/')) continue
    for (const method of METHODS) {
      const operation = item[method]
      if (!isObject(operation) || tools.length >= MAX_TOOLS) continue
      const name = freeName(operation.operationId ?? `${method}${path}`, names)
      tools.push(toTool({ name, method: method.toUpperCase(), path, item, operation, root, flat }))
    }
  }
  return tools
}

interface Source {
  name: string
  method: string
  path: string
  item: Json
  operation: Json
  root: Json
  flat: boolean
}

function toTool({ name, method, path, item, operation, root, flat }: Source): OpenApiTool {
  const all = allParameters(item, operation, root)
  const written = parametersOf(all)
  const body = readBody(operation.requestBody ?? bodyFromSwagger(all, operation.consumes ?? root.consumes), root)
  const input = flat ? flatInput(written) : groupedInput(written)
  if (body) {
    input.properties[BODY] = body.schema
    if (body.required) input.required.push(BODY)
  }
  const about = [operation.summary, operation.description].filter((text) => typeof text === 'string').join('\n')
  return {
    name,
    description: plainText(about || `${method} ${path}`, MAX_DESCRIPTION_LENGTH),
    inputSchema: toToolSchema({ type: 'object', ...input, additionalProperties: false }, root),
    method,
    path,
    parameters: written.map(({ parameter }) => parameter),
    bodyType: body?.type,
  }
}

interface Written {
  parameter: ToolParameter
  schema: Json
  required: boolean
}

/** Those of the path item, overridden by those of the operation with the same name and place. */
function allParameters(item: Json, operation: Json, root: Json): Json[] {
  const lists = [item.parameters, operation.parameters].flatMap((list) => (Array.isArray(list) ? list : []))
  const found = lists.map((one) => resolve(one, root)).filter((one) => one !== undefined)
  return [...new Map(found.map((one) => [`${one.in} ${one.name}`, fromSwagger(one)])).values()]
}

/** Cookies are the client's affair. */
function parametersOf(all: readonly Json[]): Written[] {
  return all.flatMap((one) => {
    const { in: place, name } = one
    if (typeof name !== 'string' || (place !== 'path' && place !== 'query' && place !== 'header')) return []
    return [toParameter(one, name, place)]
  })
}

function toParameter(written: Json, name: string, place: ToolParameter['in']): Written {
  const style = typeof written.style === 'string' ? written.style : place === 'query' ? 'form' : 'simple'
  const explode = typeof written.explode === 'boolean' ? written.explode : style === 'form'
  const [content] = isObject(written.content) ? Object.values(written.content) : []
  const own = written.schema ?? (isObject(content) ? content.schema : undefined)
  const description = typeof written.description === 'string' ? { description: written.description } : {}
  const schema = isObject(own) ? own : {}
  return {
    parameter: { name, in: place, style, explode },
    schema: { ...description, ...schema },
    // A default is sent when the model says nothing.
    required: (written.required === true || place === 'path') && schema.default === undefined,
  }
}

interface Input {
  properties: Record<string, Json>
  required: string[]
}

function flatInput(written: Written[]): Input {
  const input: Input = { properties: {}, required: [] }
  for (const { parameter, schema, required } of written) {
    if (Object.hasOwn(input.properties, parameter.name)) continue
    input.properties[parameter.name] = schema
    if (required) input.required.push(parameter.name)
  }
  return input
}

function groupedInput(written: Written[]): Input {
  const input: Input = { properties: {}, required: [] }
  for (const [place, group] of Object.entries(GROUPS)) {
    const members = flatInput(written.filter(({ parameter }) => parameter.in === place))
    if (!Object.keys(members.properties).length) continue
    input.properties[group] = { type: 'object', ...members, additionalProperties: false }
    if (members.required.length) input.required.push(group)
  }
  return input
}

/** The body in JSON where there is one, else in the first type that is named. */
function readBody(written: unknown, root: Json): { type: string; schema: Json; required: boolean } | undefined {
  const body = resolve(written, root)
  if (!body || !isObject(body.content)) return undefined
  const types = Object.keys(body.content)
  const type = types.find((one) => /^application\/(?:[\w.+-]+\+)?json\b/.test(one)) ?? types[0]
  if (type === undefined) return undefined
  const media = body.content[type]
  const schema = isObject(media) && isObject(media.schema) ? media.schema : {}
  return { type, schema, required: body.required === true }
}

/** A name that every client takes, and no other tool has. */
function freeName(wanted: unknown, names: Set<string>): string {
  const base =
    String(wanted)
      .replace(/[^A-Za-z0-9_-]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .slice(0, MAX_NAME_LENGTH) || 'call'
  let name = base
  for (let i = 2; names.has(name); i++) name = `${base.slice(0, MAX_NAME_LENGTH - 5)}_${i}`
  names.add(name)
  return name
}
