// Rules over several resources: what is named must exist, what is unique must be free, what is named stays.

import type { PluginCatalog } from '../resources/catalog.ts'
import { type Kind, parseKey, pluginsIn, type Resource } from '../resources/kinds.ts'
import { referencesOf } from '../resources/references.ts'
import type { Draft } from './draft.ts'
import { KIND_RULES } from './kind-rules.ts'
import { consumerKeyName, globalRuleName, groupOf } from './resource-index.ts'

/** What forbids writing `resource` as `key`; undefined: nothing. Worded as APISIX does. */
export async function checkWrite(
  draft: Draft,
  kind: Kind,
  key: string,
  resource: Resource,
  catalog: PluginCatalog,
): Promise<string | undefined> {
  for (const reference of referencesOf(kind, resource)) {
    const { word } = KIND_RULES[reference.kind]
    const failed = `failed to fetch ${word} info by ${word} id [${reference.id}]`
    if (!(await draft.has(reference.key))) return `${failed}, response code: 404`
    if (reference.kind !== 'ssls') continue
    const ssl = await draft.get('ssls', reference.id)
    if (ssl?.type !== 'client') return `${failed}, wrong ssl type`
  }
  for (const [plugin, conf] of Object.entries(pluginsIn(resource))) {
    const message = kind === 'global_rules' ? globalTaken(draft, key, plugin) : undefined
    const taken = kind === 'consumers' || kind === 'credentials' ? keyTaken(draft, key, plugin, conf, catalog) : message
    if (taken !== undefined) return taken
    const missing = await missingField(draft, plugin, conf, catalog)
    if (missing !== undefined)
      return `failed to check the configuration of plugin ${plugin} err: property "${missing}" is not set in either the plugin conf or the metadata`
    if (!agrees(draft, key, plugin, conf, catalog))
      return `failed to check the configuration of plugin ${plugin} err: group conf mismatched`
  }
  return undefined
}

/** The field that neither the configuration nor the plugin's metadata has, when one of them must. */
async function missingField(
  draft: Draft,
  plugin: string,
  conf: Resource,
  catalog: PluginCatalog,
): Promise<string | undefined> {
  const field = catalog.get(plugin)?.orMetadata
  if (field === undefined || conf[field] !== undefined) return undefined
  const metadata = await draft.get('plugin_metadata', plugin)
  return metadata?.[field] === undefined ? field : undefined
}

/** What forbids deleting `key`; undefined: nothing. */
export async function checkDelete(draft: Draft, kind: Kind, key: string): Promise<string | undefined> {
  const [by] = draft.namedBy(key)
  const user = by === undefined ? undefined : parseKey(by)
  if (!user) return undefined
  const resource = await draft.get(user.kind, user.id)
  const directly = resource && referencesOf(user.kind, resource).some((reference) => reference.key === key)
  const name = user.kind === 'global_rules' ? 'global_rules' : KIND_RULES[user.kind].schemaName
  const what = `${KIND_RULES[kind].word}${kind === 'services' ? ' directly' : ''},`
  // As APISIX spaces it.
  const place = kind === 'protos' ? name : directly ? ` ${name}` : ` plugin in ${name}`
  return `can not delete this ${what}${place} [${user.id}] is still using it now`
}

function globalTaken(draft: Draft, key: string, plugin: string): string | undefined {
  const owner = draft.owner(globalRuleName(plugin))
  if (owner === undefined || owner === key) return undefined
  return `plugin '${plugin}' already exists in global rule with id '${parseKey(owner)?.id}'`
}

/** Whether all others of the configuration's group are equal to it. */
function agrees(draft: Draft, key: string, plugin: string, conf: Resource, catalog: PluginCatalog): boolean {
  const group = groupOf(plugin, conf, catalog)
  if (!group) return true
  const equal = new Set(draft.namedBy(group.equal))
  return draft.namedBy(group.all).every((by) => by === key || equal.has(by))
}

function keyTaken(
  draft: Draft,
  key: string,
  plugin: string,
  conf: unknown,
  catalog: PluginCatalog,
): string | undefined {
  const field = catalog.get(plugin)?.consumerKey
  const value = field === undefined ? undefined : (conf as Resource)[field]
  if (field === undefined || typeof value !== 'string') return undefined
  const owner = draft.owner(consumerKeyName(plugin, field, value))
  if (owner === undefined || owner === key) return undefined
  return `duplicate ${field} of plugin ${plugin} found with consumer: ${parseKey(owner)?.id.split('/')[0]}`
}
