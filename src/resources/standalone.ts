// APISIX's standalone form of a whole configuration: a list of resources for each kind, as YAML with `#END` as its last line or as JSON.
//
// Each resource needs an id (consumers: a username, plugin_metadata: its plugin's name as id); one without is named by its place, as in
// APISIX. Credentials are listed under `consumers` (or `credentials`) with an id such as `jack/credentials/web`. A list of `plugins` says which
// ones the resources may have; `<kind>_conf_version` says nothing that the content does not.
import { parseDocument, stringify } from 'yaml'
import { isObject } from '../lib/is-object.ts'
import { type Environment, withVariables } from './config-variables.ts'
import { KINDS, type Kind, parseKey, type Resource, toKey } from './kinds.ts'

const VERSION = '_conf_version'
const MAX_STANDALONE_BYTES = 256 * 1024 * 1024

/** A resource with its place. */
export interface Placed {
  kind: Kind
  id: string
  value: Resource
}

/**
 * The resources of an `apisix.yaml` or `apisix.json` as JSON texts by key; with `env` its variables are put in for `${{NAME}}` and
 * `${{NAME:=default}}`. Throws with the place when something is not as it should be.
 */
export function parseStandalone(text: string, env?: Environment): Map<string, string> {
  if (text.length > MAX_STANDALONE_BYTES)
    throw new Error(`found more than ${MAX_STANDALONE_BYTES} bytes, expected fewer`)
  // JSON tells by itself when it is complete.
  if (!/^\s*\{/.test(text) && !/(^|\n)#END\s*$/.test(text))
    throw new Error('found no #END as its last line, expected one when the file is complete')
  const tree = readYaml(text)
  return toTexts(env ? (withVariables(tree, env) as typeof tree) : tree)
}

/** The resources of a standalone configuration in YAML or JSON (then its first character is a brace). Throws with the place of a mistake. */
export function readConfiguration(text: string): Placed[] {
  return [...parseStandalone(text)].map(([key, json]) => {
    const place = parseKey(key) as { kind: Kind; id: string }
    const { id: _named, ...value } = JSON.parse(json) as Resource
    return { ...place, value }
  })
}

/** The inverse of `readConfiguration`; kinds, ids and members always come in the same order. */
export function writeConfiguration(resources: readonly Placed[], format: 'yaml' | 'json'): string {
  const tree: Record<string, Resource[]> = {}
  const sorted = resources.toSorted(
    (a, b) => order(a) - order(b) || (toKey(a.kind, a.id) < toKey(b.kind, b.id) ? -1 : 1),
  )
  for (const { kind, id, value } of sorted) {
    const list = kind === 'credentials' ? 'consumers' : kind
    tree[list] ??= []
    tree[list].push(toListed(kind, id, value))
  }
  if (format === 'json') return `${JSON.stringify(tree, undefined, 2)}\n`
  // Quoted as YAML 1.1 wants it (`on`, `yes`), which APISIX reads; a reader of 1.2 sees the same.
  return `${stringify(tree, { schema: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false })}#END\n`
}

function order({ kind }: Placed): number {
  return KINDS.indexOf(kind)
}

function toListed(kind: Kind, id: string, { id: _id, ...value }: Resource): Resource {
  const members = Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  if (kind === 'consumers') return members
  return { id: kind === 'credentials' ? toKey(kind, id).slice('consumers/'.length) : id, ...members }
}

/** The map at the top of a YAML or JSON text. Throws with the place of a mistake. */
export function readYaml(text: string): { [name: string]: unknown } {
  const document = parseDocument(text)
  if (document.errors[0]) throw document.errors[0]
  const tree = (document.toJS({ maxAliasCount: 1000 }) ?? {}) as unknown
  if (!isObject(tree)) throw new Error('found no map at its top, expected routes:, upstreams:, ...')
  return tree
}

/** The resources of such a tree as JSON texts by key. Throws with the place when something is not as it should be. */
export function toTexts(tree: { [name: string]: unknown }): Map<string, string> {
  const texts = new Map<string, string>()
  const allowed = tree.plugins ? readPluginList(tree.plugins) : undefined
  for (const [kind, list] of Object.entries(tree)) {
    if (kind.endsWith(VERSION)) checkVersion(kind, list)
    else if (kind !== 'plugins' && list !== null) addKind(texts, kind, list, allowed)
  }
  return texts
}

function checkVersion(name: string, version: unknown): void {
  if (typeof version !== 'number') throw new Error(`${name}: found ${JSON.stringify(version)}, expected a number`)
}

interface AllowedPlugins {
  http: Set<unknown>
  stream: Set<unknown>
}

function readPluginList(list: unknown): AllowedPlugins {
  const allowed: AllowedPlugins = { http: new Set(), stream: new Set() }
  if (!Array.isArray(list)) throw new Error('plugins: found no list, expected one of {name: ...}')
  for (const [index, plugin] of list.entries()) {
    if (!isObject(plugin) || typeof plugin.name !== 'string')
      throw new Error(`plugins.${index}: found no name, expected one such as {name: cors}`)
    allowed[plugin.stream === true ? 'stream' : 'http'].add(plugin.name)
  }
  return allowed
}

function addKind(texts: Map<string, string>, kind: string, list: unknown, allowed?: AllowedPlugins): void {
  if (!Array.isArray(list)) throw new Error(`${kind}: found no list, expected one of resources`)
  for (const [index, resource] of list.entries()) {
    const place = `${kind}.${index}`
    if (!isObject(resource)) throw new Error(`${place}: found no map, expected a resource`)
    const key = keyOf(kind, resource, index)
    const named = parseKey(key)
    if (!named) throw new Error(`${place}: found the key ${key}, expected a known kind and an id without slashes`)
    const plugin = allowed && unlisted(kind, resource, allowed)
    if (plugin !== undefined)
      throw new Error(`${place}: found the plugin ${plugin}, which the list of plugins does not have: add it there`)
    if (texts.has(key)) throw new Error(`${place}: found ${key} twice, expected each id once`)
    texts.set(key, JSON.stringify(withId(resource, named)))
  }
}

/** A plugin that would not run, so that it could not stop what it should. */
function unlisted(kind: string, { plugins }: Resource, allowed: AllowedPlugins): string | undefined {
  const names = allowed[kind === 'stream_routes' ? 'stream' : 'http']
  return isObject(plugins) ? Object.keys(plugins).find((name) => !names.has(name)) : undefined
}

/** With its id as the Admin API stores it. */
function withId(resource: Resource, { kind, id }: { kind: Kind; id: string }): Resource {
  if (kind === 'consumers') return { ...resource, username: id }
  return { ...resource, id: kind === 'credentials' ? id.slice(id.indexOf('/') + 1) : id }
}

function keyOf(kind: string, resource: { [field: string]: unknown }, index: number): string {
  const id = kind === 'consumers' ? (resource.username ?? resource.id) : resource.id
  if (kind === 'credentials') return `consumers/${id}`
  return `${kind}/${id ?? index + 1}`
}
