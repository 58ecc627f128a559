// APISIX's standalone form of a whole configuration: a list of resources for each kind, as YAML with `#END` as its last line or as JSON.
//
// Each resource needs an id (consumers: a username, plugin_metadata: its plugin's name as id); one without is named by its place, as in
// APISIX. Credentials are listed under `consumers` (or `credentials`) with an id such as `jack/credentials/web`.
import { parseDocument, stringify } from 'yaml'
import { KINDS, type Kind, parseKey, type Resource, toKey } from './kinds.ts'

const MAX_STANDALONE_BYTES = 256 * 1024 * 1024

/** A resource with its place. */
export interface Placed {
  kind: Kind
  id: string
  value: Resource
}

/** The resources of an `apisix.yaml` as JSON texts by key. Throws with the place when something is not as it should be. */
export function parseStandalone(text: string): Map<string, string> {
  if (text.length > MAX_STANDALONE_BYTES)
    throw new Error(`found more than ${MAX_STANDALONE_BYTES} bytes, expected fewer`)
  if (!/(^|\n)#END\s*$/.test(text))
    throw new Error('found no #END as its last line, expected one when the file is complete')
  return toTexts(readYaml(text))
}

/** The resources of a standalone configuration in YAML or JSON (then its first character is a brace). Throws with the place of a mistake. */
export function readConfiguration(text: string): Placed[] {
  const texts = /^\s*\{/.test(text) ? toTexts(readYaml(text)) : parseStandalone(text)
  return [...texts].map(([key, json]) => {
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
  if (!isMap(tree)) throw new Error('found no map at its top, expected routes:, upstreams:, ...')
  return tree
}

/** The resources of such a tree as JSON texts by key. Throws with the place when something is not as it should be. */
export function toTexts(tree: { [name: string]: unknown }): Map<string, string> {
  const texts = new Map<string, string>()
  if (tree.plugins) throw new Error('plugins: found a list of plugins: set plugins.enable in gateward.yaml instead')
  for (const [kind, list] of Object.entries(tree)) {
    if (list !== null) addKind(texts, kind, list)
  }
  return texts
}

function addKind(texts: Map<string, string>, kind: string, list: unknown): void {
  if (!Array.isArray(list)) throw new Error(`${kind}: found no list, expected one of resources`)
  for (const [index, resource] of list.entries()) {
    const place = `${kind}.${index}`
    if (!isMap(resource)) throw new Error(`${place}: found no map, expected a resource`)
    const key = keyOf(kind, resource, index)
    if (!parseKey(key))
      throw new Error(`${place}: found the key ${key}, expected a known kind and an id without slashes`)
    if (texts.has(key)) throw new Error(`${place}: found ${key} twice, expected each id once`)
    texts.set(key, JSON.stringify(resource))
  }
}

function keyOf(kind: string, resource: { [field: string]: unknown }, index: number): string {
  const id = kind === 'consumers' ? (resource.username ?? resource.id) : resource.id
  if (kind === 'credentials') return `consumers/${id}`
  return `${kind}/${id ?? index + 1}`
}

/** True for a map, which is neither a list nor null. */
export function isMap(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
