// Decides whether a resource is valid: its kind's schema, its plugins' schemas and checks, and what schemas cannot say. It looks at the
// resource alone; references, duplicate keys and other rules over several resources are the Admin API's (they need the store).
//
// Schemas are compiled once (compiled-schemas.ts), to tell all errors; a valid resource costs one pass over it.
import type { TSchema } from 'typebox'
import { isObject } from '../lib/is-object.ts'
import { toPointerPart } from '../lib/json-pointer.ts'
import { thrownBy } from '../lib/message-of.ts'
import { nearestNames } from '../lib/nearest.ts'
import { checkAddresses } from './address-check.ts'
import { type OtherPlugin, type PluginCatalog, type PluginFacts, STREAM_PLUGINS } from './catalog.ts'
import { checkCertificates } from './certificate-check.ts'
import { CompiledSchemas } from './compiled-schemas.ts'
import type { Kind, Resource } from './kinds.ts'
import { checkProto } from './proto-check.ts'
import { SCHEMAS, SECRET_SCHEMAS } from './schemas.ts'
import { checkUpstream } from './upstream-schema.ts'
import { type Failure, listFailures, MAX_FAILURES, plainFailure, wordFirst } from './wording.ts'

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

/** Of what stands where a plugin's configuration should, in a message. */
const MAX_CONF_CHARACTERS = 200

const NO_SCRIPTS =
  'Lua scripts are not run here: use plugins such as proxy-rewrite and response-rewrite, or a service of your own'
const LUA_FIELDS: Record<string, string> = {
  filter_func: 'Lua functions are not run here: express the condition with `vars`',
  script: NO_SCRIPTS,
  script_id: NO_SCRIPTS,
}

export function createValidator(options: ValidatorOptions): Validator {
  return new ResourceValidator(options)
}

class ResourceValidator implements Validator {
  readonly #options: ValidatorOptions
  readonly #schemas = new CompiledSchemas()

  constructor(options: ValidatorOptions) {
    this.#options = options
  }

  check(kind: Kind, id: string, resource: Resource): Invalid | undefined {
    return kind === 'plugin_metadata' ? this.#checkMetadata(id, resource) : firstOf(this.#problems(kind, id, resource))
  }

  pluginSchema(plugin: PluginFacts, which: PluginSchemaKind): TSchema {
    return this.#schemas.ofPlugin(plugin, which)
  }

  #checkMetadata(id: string, resource: Resource): Invalid | undefined {
    const plugin = this.#options.catalog.get(id)
    if (!plugin) return unknownMetadata(id, this.#options.catalog)
    const { id: _id, ...metadata } = resource
    const invalid = this.#checkPlugin(plugin, metadata, 'metadata', '')
    return invalid && { ...invalid, message: `invalid configuration: ${invalid.message}` }
  }

  *#problems(kind: Kind, id: string, resource: Resource): Generator<Invalid> {
    const both = kind === 'routes' ? givenTwice(resource) : undefined
    if (both !== undefined) yield plain(both, '', resource)
    const malformed = this.#checkKind(kind, id, resource)
    if (malformed) yield malformed
    const message = malformed ? undefined : checkBeyondSchema(kind, resource, this.#options)
    if (message !== undefined) yield plain(message, '', resource)
    yield* this.#checkPlugins(kind, resource.plugins)
  }

  #checkKind(kind: Kind, id: string, resource: Resource): Invalid | undefined {
    const schema = schemaOf(kind, id)
    if (!schema) return plain(`invalid secret manager: ${id.split('/')[0]}`, '', resource)
    // A secret's id is manager/id: the part after the manager is what the pattern is for.
    const checked = kind === 'secrets' ? { ...resource, id: id.slice(id.indexOf('/') + 1) } : resource
    const errors = this.#schemas.validate(schema, checked)
    return errors && { message: `invalid configuration: ${wordFirst(errors)}`, failures: listFailures(errors) }
  }

  /** What is wrong with each plugin, as long as there is room to tell it. */
  *#checkPlugins(kind: Kind, plugins: unknown): Generator<Invalid> {
    if (!isObject(plugins)) return // its kind's schema tells that
    for (const [name, conf] of Object.entries(plugins)) {
      const invalid = this.#checkNamed(kind, name, conf)
      if (invalid) yield invalid
    }
  }

  #checkNamed(kind: Kind, name: string, conf: unknown): Invalid | undefined {
    const { catalog, checkVars } = this.#options
    const named = kind === 'consumers' || kind === 'credentials' ? 'invalid plugins configuration: ' : ''
    const base = `/plugins/${toPointerPart(name)}`
    if (conf === null || typeof conf !== 'object') return plain(named + noConfiguration(name, conf), base, conf)
    const plugin = catalog.get(name)
    if (!plugin) return unknownPlugin(name, base, catalog, named)
    const unfit = kind === 'stream_routes' ? unfitForStream(name, base, conf) : undefined
    if (unfit) return unfit
    if (kind === 'credentials' && plugin.type !== 'auth')
      return plain('only supports auth type plugins in consumer credential', base, conf)
    const which = named && plugin.type === 'auth' ? 'consumer' : 'plugin'
    const invalid = which === 'plugin' && isDisabled(conf) ? undefined : this.#checkPlugin(plugin, conf, which, base)
    if (invalid) return { ...invalid, message: named + wrongConfiguration(kind, name) + invalid.message }
    const filter = checkFilter(conf as Resource, checkVars)
    return filter === undefined ? undefined : plain(named + filter, base, conf)
  }

  #checkPlugin(plugin: PluginFacts, conf: unknown, which: PluginSchemaKind, base: string): Invalid | undefined {
    const errors = this.#schemas.validateReferring(this.pluginSchema(plugin, which), conf)
    if (errors) return { message: wordFirst(errors), failures: listFailures(errors, base) }
    const attributes = this.#options.attributes?.[plugin.name] ?? {}
    const other = (name: string): OtherPlugin | undefined => this.#otherPlugin(name)
    const message = thrownBy(() => plugin.check?.(conf as Resource, which, attributes, other))
    return message === undefined ? undefined : plain(message, base, conf)
  }

  /** What plugins that hold others need of them. */
  #otherPlugin(name: string): OtherPlugin | undefined {
    const plugin = this.#options.catalog.get(name)
    const fault = (conf: unknown): string | undefined =>
      plugin &&
      (this.#checkPlugin(plugin, conf, 'plugin', '')?.message ?? checkFilter(conf as Resource, this.#options.checkVars))
    return plugin && { type: plugin.type, fault }
  }
}

function schemaOf(kind: Kind, id: string): TSchema | undefined {
  if (kind !== 'secrets') return SCHEMAS[kind]
  const manager = id.split('/')[0] ?? ''
  return Object.hasOwn(SECRET_SCHEMAS, manager) ? SECRET_SCHEMAS[manager] : undefined
}

/** The schema says it too, but in words that name neither member. */
function givenTwice(route: Resource): string | undefined {
  const pair = [
    ['host', 'hosts'],
    ['remote_addr', 'remote_addrs'],
  ].find((members) => members.every((member) => route[member] !== undefined))
  return pair && `only one of ${pair.join(' or ')} is allowed`
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
  const message =
    checkAddresses(resource) ?? (resource.upstream ? checkUpstream(resource.upstream as Resource) : undefined)
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

function noConfiguration(plugin: string, conf: unknown): string {
  return `invalid plugin conf ${JSON.stringify(conf).slice(0, MAX_CONF_CHARACTERS)} for plugin [${plugin}]`
}

/** It never runs, so that its name alone is enough to switch off what a service has. */
function isDisabled(conf: unknown): boolean {
  const { _meta: meta } = conf as Resource
  return isObject(meta) && meta.disable === true
}

function wrongConfiguration(kind: Kind, plugin: string): string {
  const failed = 'failed to check the configuration of'
  return kind === 'stream_routes' ? `${failed} stream plugin [${plugin}]: ` : `${failed} plugin ${plugin} err: `
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
    `${wrongConfiguration('stream_routes', name)}property "${field}" is not for stream routes: a stream has no bodies of requests`,
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
