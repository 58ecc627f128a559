// GET /schema/{kind} and /schema/plugins/{name}, /plugins: what can be configured, as JSON Schema.
import type { PluginCatalog } from '../resources/catalog.ts'
import { STREAM_PLUGINS } from '../resources/catalog.ts'
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
  const plugin = name === undefined ? undefined : catalog.get(name)
  if (!plugin || (subsystem === 'stream' && !STREAM_PLUGINS.has(plugin.name)))
    return refuse(404, `plugin not found in subsystem ${subsystem}`)
  const type = query.get('schema_type')
  const which: PluginSchemaKind =
    type === 'consumer' && plugin.consumerSchema
      ? 'consumer'
      : type === 'metadata' && plugin.metadataSchema
        ? 'metadata'
        : 'plugin'
  return json(200, validator.pluginSchema(plugin, which))
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
  const plugins = catalog.list().filter((plugin) => subsystem !== 'stream' || STREAM_PLUGINS.has(plugin.name))
  if (name === 'list')
    return json(
      200,
      plugins.map((plugin) => plugin.name),
    )
  if (name !== undefined) return readPluginSchema(name, query, catalog, validator)
  if (query.get('all') !== 'true')
    return refuse(400, 'not supported: use /plugins/list, /plugins/{name} or /plugins?all=true')
  return json(200, Object.fromEntries(plugins.map((plugin) => [plugin.name, describePlugin(plugin, validator)])))
}

/** Facts and schemas of one plugin, as APISIX names them. */
export function describePlugin(plugin: ReturnType<PluginCatalog['list']>[number], validator: Validator): object {
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
