// What a JSON Schema says about a form: which control fits, which members there are for the values that were chosen, which form of several a
// value has. Pure, so that the forms only draw.

import { isObject } from '../../../src/lib/is-object.ts'

export interface FieldSchema {
  type?: string | string[]
  title?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  examples?: unknown[]
  example?: unknown
  minimum?: number
  maximum?: number
  maxLength?: number
  items?: FieldSchema
  properties?: Record<string, FieldSchema>
  patternProperties?: Record<string, FieldSchema>
  additionalProperties?: boolean | FieldSchema
  required?: string[]
  oneOf?: FieldSchema[]
  anyOf?: FieldSchema[]
  allOf?: FieldSchema[]
  if?: FieldSchema
  then?: FieldSchema
  else?: FieldSchema
}

export type Value = Record<string, unknown>

/**
 * `scalar`: a text that may be a number; `lines`: a list of texts or numbers, one a line; `options`: some of a fixed list; `items`: a list of
 * anything else; `map`: names of one's own choice; `choice`: one of several forms; `json`: what has no control.
 */
export type Shape =
  | 'text'
  | 'number'
  | 'scalar'
  | 'boolean'
  | 'one of'
  | 'lines'
  | 'options'
  | 'items'
  | 'object'
  | 'map'
  | 'choice'
  | 'json'

const SCALARS = new Set(['string', 'integer', 'number'])

export function shapeOf(schema: FieldSchema): Shape {
  const { type } = schema
  if (schema.enum) return 'one of'
  if (type === 'boolean') return 'boolean'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'string') return 'text'
  if (type === 'array') return shapeOfList(schema.items)
  if (schema.properties && Object.keys(schema.properties).length > 0) return 'object'
  if (memberSchema(schema)) return 'map'
  const forms = formsOf(schema)
  if (forms.length > 1) return forms.every(isScalar) ? 'scalar' : 'choice'
  if (Array.isArray(type)) return type.every((one) => SCALARS.has(one)) ? 'scalar' : 'json'
  return 'json'
}

function shapeOfList(items: FieldSchema | undefined): Shape {
  if (!items) return 'json'
  if (items.enum) return 'options'
  return isScalar(items) && !isLong(items) ? 'lines' : 'items'
}

function isScalar(schema: FieldSchema): boolean {
  if (SCALARS.has(schema.type as string)) return true
  const forms = formsOf(schema)
  return forms.length > 0 && forms.every(isScalar)
}

/** A text of several lines, such as a certificate or a script. */
export function isLong({ type, maxLength = 0, title = '' }: FieldSchema): boolean {
  return type === 'string' && (maxLength > 8192 || /\b(PEM|code|script|source)\b/i.test(title))
}

/** The forms that a value may have; not those that only say which members go together. */
export function formsOf({ oneOf, anyOf }: FieldSchema): FieldSchema[] {
  return (oneOf ?? anyOf ?? []).filter((one) => one.type || one.properties || one.enum || one.oneOf || one.anyOf)
}

/** What the members of a map are; undefined where the schema names them itself or says nothing. */
export function memberSchema({ patternProperties, additionalProperties }: FieldSchema): FieldSchema | undefined {
  const [pattern] = Object.values(patternProperties ?? {})
  return pattern ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
}

export interface Members {
  properties: Record<string, FieldSchema>
  required: ReadonlySet<string>
}

/** The members of an object, with those that what was chosen so far brings (`if`, `then`, `else`, `allOf`). */
export function membersOf(schema: FieldSchema, value: Value): Members {
  const properties = { ...schema.properties }
  const required = new Set(schema.required)
  const branch = schema.if ? (fits(schema.if, value) ? schema.then : schema.else) : undefined
  for (const one of [...(schema.allOf ?? []), ...(branch ? [branch] : [])]) {
    const more = membersOf(one, value)
    Object.assign(properties, { ...more.properties, ...properties })
    for (const name of more.required) required.add(name)
  }
  return { properties, required }
}

/** Whether a value is as a condition wants it: constants, lists of values and required members, as conditions of schemas have them. */
function fits(condition: FieldSchema, value: unknown): boolean {
  if (condition.const !== undefined && condition.const !== value) return false
  if (condition.enum && !condition.enum.includes(value)) return false
  if (condition.allOf && !condition.allOf.every((one) => fits(one, value))) return false
  const members = asObject(value)
  if (condition.required?.some((name) => members[name] === undefined)) return false
  return Object.entries(condition.properties ?? {}).every(
    ([name, one]) => members[name] === undefined || fits(one, members[name]),
  )
}

/** Which of its forms a value has: one that names all of its members before one that only allows them; the first one when none fits. */
export function formOf(forms: readonly FieldSchema[], value: unknown): number {
  const named = forms.findIndex((one) => hasForm(one, value, true))
  return Math.max(0, named >= 0 ? named : forms.findIndex((one) => hasForm(one, value, false)))
}

function hasForm(schema: FieldSchema, value: unknown, named: boolean): boolean {
  if (schema.const !== undefined) return schema.const === value
  if (schema.enum) return schema.enum.includes(value)
  const forms = formsOf(schema)
  if (!schema.type && forms.length) return forms.some((one) => hasForm(one, value, named))
  if (schema.type === 'object' || schema.properties) return hasMembers(schema, value, named)
  const types = [schema.type ?? []].flat()
  return types.length === 0 || types.some((one) => hasType(one, value))
}

function hasType(type: string, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer' || type === 'number') return typeof value === 'number'
  return typeof value === type
}

function hasMembers(schema: FieldSchema, value: unknown, named: boolean): boolean {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  const closed = schema.additionalProperties === false || (named && schema.properties !== undefined)
  return Object.entries(value).every(([name, one]) => {
    const member = schema.properties?.[name] ?? memberSchema(schema)
    return member ? hasForm(member, one, named) : !closed
  })
}

/** How a form of several is called. */
export function nameOfForm(schema: FieldSchema): string {
  if (schema.title) return schema.title.toLowerCase()
  switch (shapeOf(schema)) {
    case 'object':
      return Object.keys(schema.properties ?? {})
        .slice(0, 3)
        .join(', ')
    case 'map':
      return 'names and values'
    case 'items':
    case 'lines':
    case 'options':
      return 'a list'
    case 'text':
      return 'a text'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'yes or no'
    default:
      return schema.type === 'array' ? 'a list' : schema.type === 'object' ? 'an object' : 'something else'
  }
}

/** What a field begins with when a person adds it. */
export function emptyOf(schema: FieldSchema): unknown {
  if (schema.default !== undefined) return schema.default
  switch (shapeOf(schema)) {
    case 'object':
    case 'map':
      return {}
    case 'items':
    case 'lines':
    case 'options':
      return []
    case 'boolean':
      return false
    case 'choice':
      return emptyOf(formsOf(schema)[0] ?? {})
    case 'json':
      return schema.type === 'array' ? [] : schema.type === 'object' ? {} : undefined
    default:
      return undefined
  }
}

/** A text of a form as its value: a number where one is allowed. */
export function fromText(text: string, schema: FieldSchema): unknown {
  if (text === '') return undefined
  const numeric = allowsNumber(schema) && text.trim() !== '' && Number.isFinite(Number(text))
  return numeric ? Number(text) : text
}

function allowsNumber(schema: FieldSchema): boolean {
  const types = [schema.type ?? []].flat()
  return types.some((one) => one === 'integer' || one === 'number') || formsOf(schema).some(allowsNumber)
}

/** A value without what was begun and left empty: members that are not set, empty texts and places in lists. */
export function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned).filter((one) => one !== undefined && one !== '')
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, one]) => [name, pruned(one)] as const)
      .filter(([, one]) => one !== undefined),
  )
}

/** What stands in an empty control as an example. */
export function hintOf({ default: byDefault, examples, example }: FieldSchema): string {
  const hint = byDefault ?? examples?.[0] ?? example
  if (hint === undefined) return ''
  if (Array.isArray(hint)) return String(hint[0] ?? '')
  return typeof hint === 'object' ? JSON.stringify(hint) : String(hint)
}

export function asObject(value: unknown): Value {
  return isObject(value) ? value : {}
}
