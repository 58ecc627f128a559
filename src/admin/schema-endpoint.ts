// GET /schema/{kind} and /schema/plugins/{name}, /plugins: what can be configured, as JSON Schema.
import { type PluginCatalog, type PluginFacts, STREAM_PLUGINS } from '../resources/catalog.ts'
import { KINDS, type Kind } from '../resources/kinds.ts'
import { SCHEMAS } from '../resources/schemas.ts'
import type { PluginSchemaKind, Validator } from '../resources/validator.ts'
import { KIND_RULES } from './kind-rules.ts'
import { type AdminAnswer, json, page, refuse } from './message.ts'

/** Answers /schema/... ; `rest` is the path after it. */
export function readSchema(
  rest: string[],
  query: URLSearchParams,
  catalog: PluginCatalog,
  validator: Validator,
): AdminAnswer {
  const [name, pluginName] = rest
  if (name === undefined) return page(404, 'Not Found')
  if (name === 'plugins') return readPluginSchema(pluginName, query, catalog, validator)
  const kind = KINDS.find((candidate) => KIND_RULES[candidate].schemaName === name)
  const schema = kind && (SCHEMAS as Partial<Record<Kind, object>>)[kind]
  return schema ? json(200, schema) : refuse(400, `not found schema: ${name}`)
}

function readPluginSchema(
  name: string | undefined,
  query: URLSearchParams,
  catalog: PluginCatalog,
  validator: Validator,
): AdminAnswer {
  const subsystem = query.get('subsystem') ?? 'http'
  if (!isSubsystem(subsystem)) return refuse(400, `unsupported subsystem: ${subsystem}`)
  const plugin = name === undefined ? undefined : catalog.get(name)
  if (!plugin || (subsystem === 'stream' && !STREAM_PLUGINS.has(plugin.name)))
    return refuse(404, `plugin not found in subsystem ${subsystem}`)
  const type = query.get('schema_type')
  if (type === 'consumer' && !plugin.consumerSchema) return refuse(400, 'not found schema')
  const which: PluginSchemaKind =
    type === 'consumer' ? 'consumer' : type === 'metadata' && plugin.metadataSchema ? 'metadata' : 'plugin'
  return json(200, validator.pluginSchema(plugin, which))
}

function isSubsystem(name: string): name is 'http' | 'stream' {
  return name === 'http' || name === 'stream'
}

/** Answers /plugins/list, /plugins/{name} and /plugins?all=true. */
export function readPlugins(
  rest: string[],
  query: URLSearchParams,
  catalog: PluginCatalog,
  validator: Validator,
): AdminAnswer {
  const [name] = rest
  const subsystem = query.get('subsystem') ?? 'http'
  if (name === 'list') {
    if (!isSubsystem(subsystem)) return json(400, 'invalid subsystem passed')
    return json(
      200,
      pluginsOf(subsystem, catalog).map((plugin) => plugin.name),
    )
  }
  if (!isSubsystem(subsystem)) return refuse(400, `unsupported subsystem: ${subsystem}`)
  if (name !== undefined || query.get('all') !== 'true') return readPluginSchema(name, query, catalog, validator)
  return json(200, describePlugins(subsystem, catalog, validator))
}

/** Facts and schemas of a subsystem's plugins by name. */
export function describePlugins(subsystem: 'http' | 'stream', catalog: PluginCatalog, validator: Validator): object {
  const plugins = pluginsOf(subsystem, catalog)
  return Object.fromEntries(plugins.map((plugin) => [plugin.name, describePlugin(plugin, validator)]))
}

function pluginsOf(subsystem: 'http' | 'stream', catalog: PluginCatalog): readonly PluginFacts[] {
  return catalog.list().filter(({ name }) => subsystem === 'http' || STREAM_PLUGINS.has(name))
}

/** Facts and schemas of one plugin, as APISIX names them. */
function describePlugin(plugin: PluginFacts, validator: Validator): object {
  return {
    version: plugin.version,
    priority: plugin.priority,
    ...(plugin.type ? { type: plugin.type } : {}),
    ...(plugin.scope ? { scope: plugin.scope } : {}),
    schema: validator.pluginSchema(plugin, 'plugin'),
    ...(plugin.consumerSchema ? { consumer_schema: validator.pluginSchema(plugin, 'consumer') } : {}),
    ...(plugin.metadataSchema ? { metadata_schema: validator.pluginSchema(plugin, 'metadata') } : {}),
  }
}
