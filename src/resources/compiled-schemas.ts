// Schemas, compiled when they are first used and kept; plugins' schemas with what `_meta` may hold.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { isReference } from '../lib/reference.ts'
import { UNIQUE_ITEMS } from '../lib/unique-items.ts'
import type { PluginFacts } from './catalog.ts'
import type { Resource } from './kinds.ts'
import { lenient, TEXT_KEYWORDS } from './reference-schema.ts'
import type { PluginSchemaKind } from './validator.ts'

/** Errors of one resource that are looked at: a body may have tens of thousands. */
const MAX_ERRORS = 500

const META = {
  type: 'object',
  properties: {
    disable: { type: 'boolean' },
    error_response: { oneOf: [{ type: 'string' }, { type: 'object' }] },
    priority: { description: 'priority of plugins by customized order', type: 'integer' },
    filter: { description: 'filter determines whether the plugin needs to be executed at runtime', type: 'array' },
  },
  additionalProperties: false,
}

export class CompiledSchemas {
  readonly #ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    strictNumbers: true,
    unicodeRegExp: false,
    validateFormats: false,
    validateSchema: false, // they are our own, and all compiled by the tests
  })
  readonly #compiled = new Map<TSchema, ValidateFunction>()
  readonly #plugins = new Map<string, TSchema>()
  readonly #lenient = new Map<TSchema, TSchema>()

  constructor() {
    this.#ajv.removeKeyword('uniqueItems').addKeyword(UNIQUE_ITEMS)
  }

  /** What is wrong with a value; undefined: nothing. */
  validate(schema: TSchema, value: unknown): ErrorObject[] | undefined {
    const run = this.#compiled.get(schema) ?? this.#ajv.compile(schema)
    this.#compiled.set(schema, run)
    return run(value) ? undefined : run.errors?.slice(0, MAX_ERRORS)
  }

  /** As `validate`, where a reference stands for any text. */
  validateReferring(schema: TSchema, value: unknown): ErrorObject[] | undefined {
    const errors = this.validate(schema, value)
    const others = errors?.filter(({ keyword, data }) => !(TEXT_KEYWORDS.has(keyword) && isReference(data)))
    if (!errors || others?.length === errors.length) return errors
    const relaxed = this.#lenient.get(schema) ?? lenient(schema)
    this.#lenient.set(schema, relaxed)
    return this.validate(relaxed, value) && (others?.length ? others : errors)
  }

  /** A plugin's schema with `_meta`. */
  ofPlugin(plugin: PluginFacts, which: PluginSchemaKind): TSchema {
    const name = `${which} ${plugin.name}`
    const schema = this.#plugins.get(name) ?? withMeta(chooseSchema(plugin, which), which)
    this.#plugins.set(name, schema)
    return schema
  }
}

function chooseSchema(plugin: PluginFacts, which: PluginSchemaKind): TSchema {
  if (which === 'consumer') return plugin.consumerSchema ?? plugin.schema
  if (which === 'metadata') return plugin.metadataSchema ?? { type: 'object' }
  return plugin.schema
}

function withMeta(schema: TSchema, which: PluginSchemaKind): TSchema {
  const object = schema as unknown as { type?: string; properties?: Resource }
  if (which === 'consumer' || (object.type !== 'object' && !object.properties)) return schema
  return { ...schema, properties: { ...object.properties, _meta: META } } as unknown as TSchema
}
