// Fills a configuration with the defaults of its JSON Schema. Resources are stored as they were written; the gateway resolves defaults
// when it compiles them, so that a later default reaches old configuration too.
import type { TSchema } from 'typebox'

interface SchemaNode {
  default?: unknown
  properties?: Record<string, SchemaNode>
  items?: SchemaNode
  allOf?: SchemaNode[]
  additionalProperties?: SchemaNode | boolean
}

/** A copy of `value` in which absent fields have the schema's defaults. Alternatives (anyOf, oneOf, if) are left to the reader. */
export function withDefaults<T>(schema: TSchema, value: T): T {
  return fill(schema, value) as T
}

function fill(schema: SchemaNode, value: unknown): unknown {
  if (value === undefined) return schema.default === undefined ? undefined : structuredClone(schema.default)
  if (Array.isArray(value)) return schema.items ? value.map((item) => fill(schema.items as SchemaNode, item)) : value
  if (value === null || typeof value !== 'object') return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const resolved = fill(property, filled[name])
    if (resolved !== undefined) filled[name] = resolved
  }
  if (typeof schema.additionalProperties === 'object') {
    for (const name of Object.keys(filled)) {
      if (!schema.properties?.[name]) filled[name] = fill(schema.additionalProperties, filled[name])
    }
  }
  return (schema.allOf ?? []).reduce<unknown>((result, part) => fill(part, result), filled)
}
