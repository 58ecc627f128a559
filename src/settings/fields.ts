// The settings as a flat list of fields, each with its names in the file, the environment and the flags.

import { SettingsSchema } from './schema.ts'

/** What this module reads of a JSON schema. */
export interface Schema {
  type?: string
  description?: string
  expected?: string
  default?: unknown
  examples?: unknown[]
  writeOnly?: boolean
  const?: unknown
  minimum?: number
  maximum?: number
  anyOf?: Schema[]
  items?: Schema
  properties?: { [name: string]: Schema }
}

/** One setting. */
export interface Field {
  path: string[]
  schema: Schema
  /** Lists of objects and maps have no variable and no flag. */
  variable: string | undefined
  flag: string | undefined
}

/** Every field, in the order of the schema. */
export const FIELDS: Field[] = collect([], SettingsSchema)

/** The schema at a path of the file; undefined when there is none. */
export function schemaAt(path: string[]): Schema | undefined {
  let schema: Schema | undefined = SettingsSchema
  for (const part of path) schema = schema?.properties?.[part] ?? schema?.items
  return schema
}

/** What a value has to be, in words. */
export function expectedOf(schema: Schema): string {
  if (schema.expected) return schema.expected
  if (schema.anyOf) return `one of ${schema.anyOf.map((option) => String(option.const)).join(', ')}`
  if (schema.type === 'integer') return `an integer from ${schema.minimum} to ${schema.maximum}`
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'array') {
    return schema.items?.properties ? 'a list of objects' : `a list, each ${expectedOf(schema.items ?? {})}`
  }
  return schema.type === 'string' ? 'text' : 'an object'
}

function collect(path: string[], schema: Schema): Field[] {
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([name, property]) => collect([...path, name], property))
  }
  if (schema.type === 'object' || schema.items?.properties) {
    return [{ path, schema, variable: undefined, flag: undefined }]
  }
  const words = path.join('_')
  return [{ path, schema, variable: `GATEWARD_${words.toUpperCase()}`, flag: `--${words.replaceAll('_', '-')}` }]
}
