// Decides whether a resource is valid: its kind's schema, its plugins' schemas and checks, and what schemas cannot say. It looks at the
// resource alone; references, duplicate keys and other rules over several resources are the Admin API's (they need the store).
//
// Schemas are compiled once, by Ajv with all errors; a valid resource costs one pass over it.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { isObject } from '../lib/is-object.ts'
import { messageOf } from '../lib/message-of.ts'
import { nearestNames } from '../lib/nearest.ts'
import { isReference } from '../lib/reference.ts'
import { type OtherPlugin, type PluginCatalog, type PluginFacts, STREAM_PLUGINS } from './catalog.ts'
import { checkCertificates } from './certificate-check.ts'
import type { Kind, Resource } from './kinds.ts'
import { checkProto } from './proto-check.ts'
import { lenient, TEXT_KEYWORDS } from './reference-schema.ts'
import { SCHEMAS, SECRET_SCHEMAS } from './schemas.ts'
import { UNIQUE_ITEMS } from './unique-items.ts'
import { checkUpstream } from './upstream-schema.ts'
import { escapePointer, type Failure, listFailures, MAX_FAILURES, plainFailure, wordFirst } from './wording.ts'

export interface Invalid {
  /** As APISIX words it: the first thing that is wrong. */
  message: string
  failures: Failure[]
}

export interface ValidatorOptions {
  catalog: PluginCatalog
  /** What is wrong with a `vars` expression; undefined when it is right. */
  checkVars(expression: unknown): string | undefined
  /** Settings of plugins by name, for checks that depend on them. */
  attributes?: Record<string, Resource>
}

export interface Validator {
  /** What is wrong with a resource, or undefined. Of a secret, `id` tells the manager; of plugin metadata, the plugin. */
  check(kind: Kind, id: string, resource: Resource): Invalid | undefined
  /** A plugin's schema with `_meta`, as the Admin API serves it. */
  pluginSchema(plugin: PluginFacts, which: PluginSchemaKind): TSchema
}

export type PluginSchemaKind = 'plugin' | 'consumer' | 'metadata'

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

const LUA_FIELDS: Record<string, string> = {
  filter_func: 'Lua functions are not run here: express the condition with `vars`',
  script:
    'Lua scripts are not run here: use plugins such as proxy-rewrite and response-rewrite, or a service of your own',
  script_id:
    'Lua scripts are not run here: use plugins such as proxy-rewrite and response-rewrite, or a service of your own',
}

export function createValidator(options: ValidatorOptions): Validator {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    strictNumbers: true,
    unicodeRegExp: false,
    validateFormats: false,
    validateSchema: false, // they are our own, and all compiled by the tests
  })
  ajv.removeKeyword('uniqueItems').addKeyword(UNIQUE_ITEMS)
  const compiled = new Map<TSchema, ValidateFunction>()
  const pluginSchemas = new Map<string, TSchema>()
  const lenientSchemas = new Map<TSchema, TSchema>()

  function validate(schema: TSchema, value: unknown): ErrorObject[] | undefined {
    const run = compiled.get(schema) ?? ajv.compile(schema)
    compiled.set(schema, run)
    return run(value) ? undefined : run.errors?.slice(0, MAX_ERRORS)
  }

  function pluginSchema(plugin: PluginFacts, which: PluginSchemaKind): TSchema {
    const name = `${which} ${plugin.name}`
    const known = pluginSchemas.get(name)
    if (known) return known
    const schema = withMeta(chooseSchema(plugin, which), which)
    pluginSchemas.set(name, schema)
    return schema
  }

  /** As `validate`, where a reference stands for any text. */
  function validateReferring(schema: TSchema, value: unknown): ErrorObject[] | undefined {
    const errors = validate(schema, value)
    const others = errors?.filter(({ keyword, data }) => !(TEXT_KEYWORDS.has(keyword) && isReference(data)))
    if (!errors || others?.length === errors.length) return errors
    const relaxed = lenientSchemas.get(schema) ?? lenient(schema)
    lenientSchemas.set(schema, relaxed)
    return validate(relaxed, value) && (others?.length ? others : errors)
  }

  function checkPlugin(plugin: PluginFacts, conf: unknown, which: PluginSchemaKind, base: string): Invalid | undefined {
    const errors = validateReferring(pluginSchema(plugin, which), conf)
    if (errors) return { message: wordFirst(errors), failures: listFailures(errors, base) }
    const message =
      checkFilter(conf as Resource, options.checkVars) ??
      messageOf(() => plugin.check?.(conf as Resource, which, options.attributes?.[plugin.name] ?? {}, otherPlugin))
    return message === undefined ? undefined : plain(message, base, conf)
  }

  function otherPlugin(name: string): OtherPlugin | undefined {
    const plugin = options.catalog.get(name)
    return plugin && { type: plugin.type, fault: (conf) => checkPlugin(plugin, conf, 'plugin', '')?.message }
  }

  function checkNamed(kind: Kind, name: string, conf: unknown): Invalid | undefined {
    const named = kind === 'consumers' || kind === 'credentials' ? 'invalid plugins configuration: ' : ''
    const base = `/plugins/${escapePointer(name)}`
    const plugin = options.catalog.get(name)
    if (!plugin) return unknownPlugin(name, base, options.catalog, named)
    const unfit = kind === 'stream_routes' ? unfitForStream(name, base, conf) : undefined
    if (unfit) return unfit
    if (kind === 'credentials' && plugin.type !== 'auth')
      return plain(`${named}only supports auth type plugins in consumer credential`, base, conf)
    const which = named && plugin.type === 'auth' ? 'consumer' : 'plugin'
    const invalid = checkPlugin(plugin, conf, which, base)
    const prefix = `${named}failed to check the configuration of plugin ${name} err: `
    return invalid && { ...invalid, message: prefix + invalid.message }
  }

  /** What is wrong with each plugin, as long as there is room to tell it. */
  function* checkPlugins(kind: Kind, plugins: unknown): Generator<Invalid> {
    if (!isObject(plugins)) return // its kind's schema tells that
    for (const [name, conf] of Object.entries(plugins)) {
      const invalid = checkNamed(kind, name, conf)
      if (invalid) yield invalid
    }
  }

  function checkKind(kind: Kind, id: string, resource: Resource): Invalid | undefined {
    const schema = schemaOf(kind, id)
    if (!schema) return plain(`invalid secret manager: ${id.split('/')[0]}`, '', resource)
    // A secret's id is manager/id: the part after the manager is what the pattern is for.
    const checked = kind === 'secrets' ? { ...resource, id: id.slice(id.indexOf('/') + 1) } : resource
    const errors = validate(schema, checked)
    return errors && { message: `invalid configuration: ${wordFirst(errors)}`, failures: listFailures(errors) }
  }

  function check(kind: Kind, id: string, resource: Resource): Invalid | undefined {
    if (kind === 'plugin_metadata') {
      const plugin = options.catalog.get(id)
      if (!plugin) return unknownMetadata(id, options.catalog)
      const { id: _id, ...metadata } = resource
      const invalid = checkPlugin(plugin, metadata, 'metadata', '')
      return invalid && { ...invalid, message: `invalid configuration: ${invalid.message}` }
    }
    return firstOf(problems(kind, id, resource))
  }

  function* problems(kind: Kind, id: string, resource: Resource): Generator<Invalid> {
    const malformed = checkKind(kind, id, resource)
    if (malformed) yield malformed
    const message = malformed ? undefined : checkBeyondSchema(kind, resource, options)
    if (message !== undefined) yield plain(message, '', resource)
    yield* checkPlugins(kind, resource.plugins)
  }

  return { check, pluginSchema }
}

function schemaOf(kind: Kind, id: string): TSchema | undefined {
  if (kind !== 'secrets') return SCHEMAS[kind]
  const manager = id.split('/')[0] ?? ''
  return Object.hasOwn(SECRET_SCHEMAS, manager) ? SECRET_SCHEMAS[manager] : undefined
}

function chooseSchema(plugin: PluginFacts, which: PluginSchemaKind): TSchema {
  if (which === 'consumer') return plugin.consumerSchema ?? plugin.schema
  if (which === 'metadata') return plugin.metadataSchema ?? ({ type: 'object' } as TSchema)
  return plugin.schema
}

function withMeta(schema: TSchema, which: PluginSchemaKind): TSchema {
  const object = schema as unknown as { type?: string; properties?: Resource }
  if (which === 'consumer' || (object.type !== 'object' && !object.properties)) return schema
  return { ...schema, properties: { ...object.properties, _meta: META } } as unknown as TSchema
}

function checkBeyondSchema(kind: Kind, resource: Resource, options: ValidatorOptions): string | undefined {
  for (const [field, advice] of Object.entries(LUA_FIELDS)) {
    if ((kind === 'routes' || kind === 'services') && resource[field] !== undefined)
      return `invalid configuration: property "${field}" is not supported: ${advice}`
  }
  if (kind === 'upstreams') return checkUpstream(resource)
  if (kind === 'ssls') return checkCertificates(resource)
  if (kind === 'protos') {
    const message = checkProto(resource.content as string)
    return message === undefined ? undefined : `invalid content: ${message}`
  }
  if (kind === 'stream_routes' && resource.protocol) return `unknown protocol [${(resource.protocol as Resource).name}]`
  const message = resource.upstream ? checkUpstream(resource.upstream as Resource) : undefined
  if (message !== undefined) return message
  const vars = resource.vars === undefined ? undefined : options.checkVars(resource.vars)
  return vars === undefined ? undefined : `failed to validate the 'vars' expression: ${vars}`
}

function checkFilter(conf: Resource, checkVars: ValidatorOptions['checkVars']): string | undefined {
  const filter = (conf._meta as Resource | undefined)?.filter
  const message = filter === undefined ? undefined : checkVars(filter)
  return message === undefined ? undefined : `failed to validate the 'vars' expression: ${message}`
}

function unknownPlugin(name: string, pointer: string, catalog: PluginCatalog, prefix: string): Invalid {
  return { message: `${prefix}unknown plugin [${name}]`, failures: [unknownName(name, pointer, catalog)] }
}

/** What a stream route has no use for. */
function unfitForStream(name: string, pointer: string, conf: unknown): Invalid | undefined {
  const unused = STREAM_PLUGINS.get(name)
  if (!unused) {
    const expected = `a plugin for streams, which have no requests: ${[...STREAM_PLUGINS.keys()].join(', ')}`
    return { message: `unknown plugin [${name}]`, failures: [{ pointer, found: JSON.stringify(name), expected }] }
  }
  const field = unused.find((one) => (conf as Resource | null)?.[one] !== undefined)
  if (field === undefined) return undefined
  return plain(
    `failed to check the configuration of plugin ${name} err: property "${field}" is not for stream routes: a stream has no bodies of requests`,
    pointer,
    conf,
  )
}

function unknownMetadata(name: string, catalog: PluginCatalog): Invalid {
  return { message: 'invalid plugin name', failures: [unknownName(name, '', catalog)] }
}

function unknownName(name: string, pointer: string, catalog: PluginCatalog): Failure {
  const nearest = nearestNames(
    name,
    catalog.list().map((plugin) => plugin.name),
  )
  const failure: Failure = { pointer, found: JSON.stringify(name.slice(0, 100)), expected: 'the name of a plugin' }
  return nearest.length > 0 ? { ...failure, nearest } : failure
}

/** Of a value that no schema tells what is wrong with. */
function plain(message: string, pointer: string, value: unknown): Invalid {
  return { message, failures: [plainFailure(message, pointer, value)] }
}

/** All that is wrong, in the words of the first. */
function firstOf(all: Iterable<Invalid>): Invalid | undefined {
  let first: Invalid | undefined
  for (const { message, failures } of all) {
    if (first) first.failures.push(...failures)
    else first = { message, failures: [...failures] }
    if (first.failures.length >= MAX_FAILURES) break
  }
  return first && { ...first, failures: first.failures.slice(0, MAX_FAILURES) }
}
