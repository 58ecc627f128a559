// The resource kinds and how they are addressed. A key is the path below the Admin API's and etcd's prefix: `routes/1`,
// `consumers/jack`, `consumers/jack/credentials/web`, `plugin_metadata/cors`, `secrets/vault/1`.

export const KINDS = [
  'routes',
  'services',
  'upstreams',
  'consumers',
  'credentials',
  'consumer_groups',
  'ssls',
  'global_rules',
  'plugin_configs',
  'plugin_metadata',
  'protos',
  'secrets',
  'stream_routes',
] as const

export type Kind = (typeof KINDS)[number]

/** A resource as JSON: fields beyond the schema are kept as they came. */
export type Resource = { [field: string]: unknown }

/** Configurations by plugin name. */
export type PluginConfs = Record<string, Resource>

/** The plugins that stand in a resource itself. */
export function pluginsIn(resource: Resource | undefined): PluginConfs {
  return (resource?.plugins ?? {}) as PluginConfs
}

/** Splits a key into kind and id. Credentials: `consumers/jack/credentials/web` -> kind `credentials`, id `jack/web`. Undefined for a foreign key. */
export function parseKey(key: string): { kind: Kind; id: string } | undefined {
  const slash = key.indexOf('/')
  if (slash < 0 || slash === key.length - 1) return undefined
  const head = key.slice(0, slash)
  const rest = key.slice(slash + 1)
  if (head === 'consumers') {
    const credential = /^([^/]+)\/credentials\/([^/]+)$/.exec(rest)
    if (credential) return { kind: 'credentials', id: `${credential[1]}/${credential[2]}` }
  }
  if (!isKind(head) || head === 'credentials') return undefined
  if (rest.includes('/') && head !== 'secrets') return undefined
  return { kind: head, id: rest }
}

/** The key of a resource; the inverse of `parseKey`. */
export function toKey(kind: Kind, id: string): string {
  if (kind !== 'credentials') return `${kind}/${id}`
  const slash = id.indexOf('/')
  return `consumers/${id.slice(0, slash)}/credentials/${id.slice(slash + 1)}`
}

export function isKind(name: string): name is Kind {
  return (KINDS as readonly string[]).includes(name)
}
