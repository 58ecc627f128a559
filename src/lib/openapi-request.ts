// The HTTP request that a tool's input stands for: path, query and fields by the rules of OpenAPI's Parameter Object, and the body in its media
// type. Values come from a model: they are encoded, so that none can become another path, query or field.
import { isObject } from './is-object.ts'
import type { Json } from './openapi-document.ts'
import { BODY, GROUPS, type OpenApiTool, type ToolParameter } from './openapi-tools.ts'

export interface ToolRequest {
  method: string
  /** Path and query. */
  target: string
  headers: [string, string][]
  body: Buffer | undefined
}

/** Fields that a parameter must not set: they belong to the connection, or to the gateway. */
const GUARDED =
  /^(?:host|connection|content-length|transfer-encoding|te|upgrade|expect|trailer|proxy-.*|x-forwarded-.*|x-real-ip|x-consumer-.*|x-credential-.*)$/i

/** Throws an Error that a model can repair its input from. */
export function toRequest(tool: OpenApiTool, input: Json, flat: boolean): ToolRequest {
  const value = (parameter: ToolParameter): unknown => {
    const group = flat ? input : input[GROUPS[parameter.in]]
    return isObject(group) && Object.hasOwn(group, parameter.name) ? group[parameter.name] : undefined
  }
  let path = tool.path
  const query: string[] = []
  const headers: [string, string][] = []
  for (const parameter of tool.parameters) {
    const given = value(parameter)
    if (given === undefined) continue
    if (parameter.in === 'path') path = path.replaceAll(`{${parameter.name}}`, pathValue(parameter, given))
    else if (parameter.in === 'query') query.push(...queryPairs(parameter, given))
    else if (!GUARDED.test(parameter.name)) headers.push([parameter.name, headerValue(parameter, given)])
  }
  if (/[{}]/.test(path)) throw new Error(`the path ${tool.path} lacks a parameter`)
  const body = input[BODY] === undefined || tool.bodyType === undefined ? undefined : toBody(input[BODY], tool.bodyType)
  if (body) headers.push(['Content-Type', tool.bodyType as string])
  return { method: tool.method, target: query.length ? `${path}?${query.join('&')}` : path, headers, body }
}

/** A value that could climb to another path is refused, even encoded: some servers decode before they resolve. */
function pathValue({ name, explode }: ToolParameter, given: unknown): string {
  const text = isObject(given) ? pairsOf(given, explode ? '=' : ',').join(',') : textOf(given)
  if (text === '' || text === '.' || text === '..' || /[/\\]/.test(text))
    throw new Error(`the path parameter ${name} must not be empty, \`.\` or \`..\`, or hold a slash or backslash`)
  return encodeURIComponent(text)
}

const SEPARATORS: Record<string, string> = { form: ',', spaceDelimited: '%20', pipeDelimited: '%7C' }

function queryPairs({ name, style, explode }: ToolParameter, given: unknown): string[] {
  const key = encodeURIComponent(name)
  if (Array.isArray(given)) {
    const items = given.map((one) => encodeURIComponent(textOf(one)))
    if (explode) return items.map((one) => `${key}=${one}`)
    return [`${key}=${items.join(SEPARATORS[style] ?? ',')}`]
  }
  if (!isObject(given)) return [`${key}=${encodeURIComponent(textOf(given))}`]
  const members = Object.entries(given).map(([member, one]) => [
    encodeURIComponent(member),
    encodeURIComponent(textOf(one)),
  ])
  if (style === 'deepObject') return members.map(([member, one]) => `${key}[${member}]=${one}`)
  if (explode) return members.map(([member, one]) => `${member}=${one}`)
  return [`${key}=${members.flat().join(',')}`]
}

function headerValue({ name, explode }: ToolParameter, given: unknown): string {
  const text = isObject(given) ? pairsOf(given, explode ? '=' : ',').join(',') : textOf(given)
  if (/[^\t\x20-\x7e]/.test(text)) throw new Error(`the header ${name} may hold visible ASCII only`)
  return text
}

function pairsOf(given: Json, between: string): string[] {
  return Object.entries(given).map(([member, one]) => `${member}${between}${textOf(one)}`)
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',')
  return isObject(value) ? JSON.stringify(value) : String(value)
}

function toBody(value: unknown, type: string): Buffer {
  if (/^application\/x-www-form-urlencoded\b/.test(type) && isObject(value)) {
    const form = new URLSearchParams()
    for (const [name, one] of Object.entries(value))
      for (const item of Array.isArray(one) ? one : [one]) form.append(name, textOf(item))
    return Buffer.from(form.toString())
  }
  // A text type takes a text as it is; everything else is JSON.
  return Buffer.from(typeof value === 'string' && !/json\b/.test(type) ? value : JSON.stringify(value))
}
