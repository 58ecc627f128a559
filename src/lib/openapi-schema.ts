// Makes a JSON Schema (2020-12) that stands by itself of one that an OpenAPI document holds: what it refers to comes along as `$defs`, and what
// OpenAPI 3.0 says in its own way (`nullable`, boolean exclusive bounds) is said in JSON Schema's.
import { isObject } from './is-object.ts'
import { type Json, resolve } from './openapi-document.ts'
import { plainText } from './text.ts'

/** Bytes of one tool's schema: more is of no use to a model. */
const MAX_SCHEMA_BYTES = 64 * 1024
const MAX_DEFINITIONS = 200
const MAX_DEPTH = 40
const MAX_DESCRIPTION_CHARS = 1000
/** Members that say nothing about the input, or only to OpenAPI's own tools. */
const LEFT_OUT = new Set(['example', 'examples', 'xml', 'discriminator', 'externalDocs', 'nullable', 'deprecated'])

/** A schema with its definitions. One that would be too large keeps its first level only. */
export function toToolSchema(schema: Json, root: Json): Json {
  const definitions = new Map<string, Json>()
  const converted = convert(schema, { root, definitions, depth: 0 }) as Json
  const whole = definitions.size ? { ...converted, $defs: Object.fromEntries(definitions) } : converted
  return Buffer.byteLength(JSON.stringify(whole)) <= MAX_SCHEMA_BYTES ? whole : openSchema(schema)
}

interface Place {
  root: Json
  definitions: Map<string, Json>
  depth: number
}

function convert(value: unknown, place: Place): unknown {
  if (place.depth > MAX_DEPTH) return {}
  const inner = { ...place, depth: place.depth + 1 }
  if (Array.isArray(value)) return value.map((one) => convert(one, inner))
  if (!isObject(value)) return value
  if (typeof value.$ref === 'string') return refer(value.$ref, value, inner)
  const kept = Object.entries(value).filter(
    ([name, one]) => !LEFT_OUT.has(name) && !name.startsWith('x-') && (name !== 'pattern' || isPattern(one)),
  )
  const result = Object.fromEntries(kept.map(([name, one]) => [name, convertMember(name, one, inner)]))
  return fromOpenApi30(value, result)
}

/** Documents also hold patterns of other dialects. */
function isPattern(written: unknown): boolean {
  try {
    return typeof written === 'string' && new RegExp(written, 'u') !== undefined
  } catch {
    return false
  }
}

/** Names of properties are no keywords: each of them is a schema, whatever it is called. */
function convertMember(name: string, value: unknown, place: Place): unknown {
  if (name !== 'properties' && name !== 'patternProperties') {
    // Words for the model, which the API's author wrote.
    if (typeof value === 'string' && (name === 'description' || name === 'title' || name === '$comment'))
      return plainText(value, MAX_DESCRIPTION_CHARS)
    return ['default', 'enum', 'const', 'required'].includes(name) ? value : convert(value, place)
  }
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([property, one]) => [property, convert(one, place)]))
}

function refer(reference: string, holder: Json, place: Place): unknown {
  const name = reference.replace(/^#\/(?:components\/schemas\/)?/, '').replace(/[^\w.-]/g, '_')
  if (!place.definitions.has(name)) {
    const target = resolve(holder, place.root)
    // Outside of the document, or nowhere: anything goes, the API will say.
    if (!target || place.definitions.size >= MAX_DEFINITIONS) return {}
    place.definitions.set(name, {})
    place.definitions.set(name, convert(target, place) as Json)
  }
  return { $ref: `#/$defs/${name}` }
}

function fromOpenApi30(source: Json, result: Json): Json {
  for (const [exclusive, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof source[exclusive] !== 'boolean') continue
    delete result[exclusive]
    if (source[exclusive] && typeof source[bound] === 'number') {
      result[exclusive] = source[bound]
      delete result[bound]
    }
  }
  if (source.nullable !== true) return result
  if (Array.isArray(result.enum) && !result.enum.includes(null)) result.enum = [...result.enum, null]
  return typeof result.type === 'string' ? { ...result, type: [result.type, 'null'] } : result
}

function openSchema({ properties, required }: Json): Json {
  const open = Object.keys(properties as Json).map((name) => [name, {}])
  return { type: 'object', properties: Object.fromEntries(open), required, additionalProperties: false }
}
