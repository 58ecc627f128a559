// Says what is wrong with a value in the words of APISIX's JSON Schema library, from Ajv's errors, so that clients which read `error_msg`
// find the texts that they know. One error is named first, in that library's order of keywords; `failures` lists all of them.
import type { ErrorObject } from 'ajv'
import { fromPointerPart, toPointerPart } from '../lib/json-pointer.ts'
import { nearestNames } from '../lib/nearest.ts'

/** One thing that is wrong. */
export interface Failure {
  /** JSON pointer to the place in the resource. */
  pointer: string
  found: string
  expected: string
  /** Names that may have been meant. */
  nearest?: string[]
}

/** Failures of one resource that are told. */
export const MAX_FAILURES = 50
const MAX_FOUND_LENGTH = 80

// The order in which the library looks at a schema's keywords.
const RANKS = new Map(
  [
    'type',
    'properties',
    'required',
    'patternProperties',
    'additionalProperties',
    'minProperties',
    'maxProperties',
    'dependencies',
    'minItems',
    'maxItems',
    'uniqueItems',
    'items',
    'minLength',
    'maxLength',
    'pattern',
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'multipleOf',
    'enum',
    'const',
    'allOf',
    'anyOf',
    'oneOf',
    'not',
    'if',
  ].map((keyword, rank) => [keyword, rank]),
)

/** The text that APISIX would answer. `errors` are Ajv's, verbose, at least one. */
export function wordFirst(errors: readonly ErrorObject[]): string {
  const candidates = errors.filter((error) => !isWithinAlternative(error))
  const [first] = (candidates.length > 0 ? candidates : [...errors]).sort(byOrder)
  return first ? `${wordPath(first)}${wordError(first)}` : 'unknown error'
}

/** Every failure at once, without the wrappers whose alternatives are listed themselves. At most 50. */
export function listFailures(errors: readonly ErrorObject[], base = ''): Failure[] {
  const failures: Failure[] = []
  const found = new Map<unknown, string>() // many errors may be about one large value
  for (const error of errors) {
    if (failures.length >= MAX_FAILURES) break
    const wrapper = error.keyword === 'if' || error.keyword === 'anyOf' || error.keyword === 'oneOf'
    if (wrapper && errors.some((other) => other !== error && other.schemaPath.startsWith(`${error.schemaPath}/`)))
      continue
    const text = found.get(error.data) ?? describe(error.data)
    found.set(error.data, text)
    failures.push(toFailure(error, base, text))
  }
  return failures
}

const NAMED_MEMBER = /property "([^"]+)"/

/** A failure that is told as a text only, which mostly names the member that it is about: `property "a.b" ...`. */
export function plainFailure(message: string, base: string, value: unknown): Failure {
  let pointer = base
  let data = value
  for (const name of NAMED_MEMBER.exec(message)?.[1]?.split('.') ?? []) {
    if (typeof data !== 'object' || data === null || !Object.hasOwn(data, name)) break
    pointer += `/${toPointerPart(name)}`
    data = (data as Record<string, unknown>)[name]
  }
  return { pointer, found: describe(data), expected: message.replace(/^invalid configuration: /, '') }
}

function toFailure(error: ErrorObject, base: string, found: string): Failure {
  const { params, data } = error
  const failure: Failure = {
    pointer: `${base}${error.instancePath}`,
    found,
    expected: expectation(error),
  }
  if (error.keyword === 'additionalProperties') {
    failure.pointer += `/${toPointerPart(params.additionalProperty)}`
    failure.found = 'an unknown field'
    const nearest = nearestNames(params.additionalProperty, Object.keys(error.parentSchema?.properties ?? {}))
    if (nearest.length > 0) failure.nearest = nearest
  } else if (error.keyword === 'required') {
    failure.pointer += `/${toPointerPart(params.missingProperty)}`
    failure.found = 'nothing'
  } else if (error.keyword === 'enum' && typeof data === 'string') {
    const nearest = nearestNames(
      data,
      params.allowedValues.filter((value: unknown) => typeof value === 'string'),
    )
    if (nearest.length > 0) failure.nearest = nearest
  }
  return failure
}

function expectation({ keyword, params, schema, message }: ErrorObject): string {
  if (keyword === 'enum') return `one of ${JSON.stringify(params.allowedValues)}`
  if (keyword === 'type') return String(params.type)
  if (keyword === 'required') return `a value for ${params.missingProperty}`
  if (keyword === 'additionalProperties') return 'only known fields'
  if (keyword === 'pattern') return `text that matches ${String(schema)}`
  return (message ?? keyword).replace(/^must /, '')
}

function describe(data: unknown): string {
  const text = JSON.stringify(data) ?? 'nothing'
  // Long text may be a secret in the wrong place, and helps nobody.
  return text.length > MAX_FOUND_LENGTH ? `${typeName(data)} of ${text.length} characters` : text
}

/** Inside anyOf, oneOf, not, then and else the library names the wrapper alone. */
function isWithinAlternative({ schemaPath, keyword }: ErrorObject): boolean {
  return splitSchemaPath(schemaPath).some(({ name }) => name !== keyword && ALTERNATIVES.has(name))
}
const ALTERNATIVES = new Set(['anyOf', 'oneOf', 'not', 'then', 'else', 'if'])

interface Step {
  name: string
  /** The property, pattern or position below `properties`, `patternProperties`, `allOf`. */
  argument?: string
}

const WITH_ARGUMENT = new Set(['properties', 'patternProperties', 'allOf', 'anyOf', 'oneOf', 'dependencies'])

function splitSchemaPath(path: string): Step[] {
  // Ajv writes it as a URI's fragment, unlike `instancePath`.
  const parts = path
    .split('/')
    .slice(1)
    .map((part) => fromPointerPart(decodeURIComponent(part)))
  const steps: Step[] = []
  for (let index = 0; index < parts.length; index++) {
    const name = parts[index] as string
    if (WITH_ARGUMENT.has(name) && index + 1 < parts.length) steps.push({ name, argument: parts[++index] })
    else steps.push({ name })
  }
  return steps
}

function byOrder(a: ErrorObject, b: ErrorObject): number {
  const left = splitSchemaPath(a.schemaPath)
  const right = splitSchemaPath(b.schemaPath)
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = rank(left[index]) - rank(right[index])
    if (difference !== 0) return difference
    if (left[index]?.argument !== right[index]?.argument) return 0
  }
  return 0
}

function rank(step: Step | undefined): number {
  return RANKS.get(step?.name ?? '') ?? RANKS.size
}

function wordPath(error: ErrorObject): string {
  const places = error.instancePath.split('/').slice(1).map(fromPointerPart)
  let text = ''
  for (const { name, argument } of splitSchemaPath(error.schemaPath).slice(0, -1)) {
    if (name === 'properties') text += `property "${places.shift()}" validation failed: `
    else if (name === 'items') text += `failed to validate item ${Number(places.shift()) + 1}: `
    else if (name === 'patternProperties') text += `failed to validate ${places.shift()} (matching "${argument}"): `
    else if (name === 'additionalProperties') text += `failed to validate additional property ${places.shift()}: `
    else if (name === 'allOf') text += `allOf ${Number(argument) + 1} failed: `
    else if (name === 'dependencies') text += `failed to validate dependent schema for "${argument}": `
  }
  return text
}

const LIMITS: Record<string, (limit: number, data: unknown) => string> = {
  minimum: (limit, data) => `expected ${data} to be at least ${limit}`,
  maximum: (limit, data) => `expected ${data} to be at most ${limit}`,
  exclusiveMinimum: (limit, data) => `expected ${data} to be greater than ${limit}`,
  exclusiveMaximum: (limit, data) => `expected ${data} to be smaller than ${limit}`,
  multipleOf: (limit, data) => `expected ${data} to be a multiple of ${limit}`,
  minLength: (limit, data) => `string too short, expected at least ${limit}, got ${length(data)}`,
  maxLength: (limit, data) => `string too long, expected at most ${limit}, got ${length(data)}`,
  minItems: (limit) => `expect array to have at least ${limit} items`,
  maxItems: (limit) => `expect array to have at most ${limit} items`,
  minProperties: (limit) => `expect object to have at least ${limit} properties`,
  maxProperties: (limit) => `expect object to have at most ${limit} properties`,
}

const FORMATS: Record<string, string> = { email: 'email address', ipv4: 'ipv4 address', ipv6: 'ipv6 address' }

function wordError(error: ErrorObject): string {
  const { keyword, params, data, schema } = error
  const limit = LIMITS[keyword]
  if (limit) return limit(params.limit ?? params.multipleOf, data)
  switch (keyword) {
    case 'type':
      return `wrong type: expected ${wordTypes(params.type)}, got ${typeName(data)}`
    case 'required':
      return `property "${params.missingProperty}" is required`
    case 'additionalProperties':
      return `additional properties forbidden, found ${params.additionalProperty}`
    case 'enum':
      return 'matches none of the enum values'
    case 'const':
      return 'failed to match constant value'
    case 'format':
      return `expect valid ${FORMATS[params.format] ?? params.format} but got: ${data}`
    case 'pattern':
      return `failed to match pattern ${quote(String(schema))} with ${quote(String(data))}`
    case 'uniqueItems':
      return `expected unique items but items ${Math.min(params.i, params.j) + 1} and ${Math.max(params.i, params.j) + 1} are equal`
    case 'dependencies':
      return `property "${params.missingProperty}" is required when "${params.property}" is set`
    case 'anyOf':
      return wordAnyOf(schema)
    case 'oneOf':
      return wordOneOf(error)
    case 'not':
      return "value wasn't supposed to match schema"
    case 'if':
      return `${params.failingKeyword} clause did not match`
    default:
      return error.message ?? keyword
  }
}

function wordAnyOf(schema: unknown): string {
  const lists = (schema as { required?: string[] }[]).map(({ required }) => required)
  const known = lists.every((list) => list !== undefined)
  return `object matches none of the required${known ? `: ${lists.map((list) => JSON.stringify(list)).join(' or ')}` : ''}`
}

function wordOneOf({ params }: ErrorObject): string {
  const [first, second] = (params.passingSchemas ?? []) as number[]
  if (first === undefined || second === undefined) return 'value should match only one schema, but matches none'
  return `value should match only one schema, but matches both schemas ${first + 1} and ${second + 1}`
}

function wordTypes(type: string | string[]): string {
  return Array.isArray(type) ? `one of ${type.join(', ')}` : type
}

/** As Lua calls it. */
export function typeName(data: unknown): string {
  if (data === null) return 'userdata'
  return typeof data === 'object' ? 'table' : typeof data
}

function length(data: unknown): number {
  return typeof data === 'string' ? [...data].length : 0
}

/** As Lua's `%q` writes a string. */
function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\\n')}"`
}
