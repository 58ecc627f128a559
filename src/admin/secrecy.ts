// Which fields of a resource are secret, and their two forms: encrypted in the store and in the answer of a write, clear in the answer
// of a read by the admin role. Private keys of certificates are never read back. What secret managers are asked with (a token of Vault) is
// stored in clear, since an APISIX that shares the store decrypts nothing there; the role viewer does not see it.
import type { PluginCatalog } from '../resources/catalog.ts'
import type { Kind, Resource } from '../resources/kinds.ts'

/** Encrypts and decrypts single texts. `decrypt` returns what it cannot decrypt as it is (written before encryption was on). */
export interface SecretBox {
  encrypt(clear: string): string
  decrypt(stored: string): string
}

export interface Secrecy {
  /** The form in which a resource is stored. */
  seal(kind: Kind, resource: Resource): Resource
  /** The clear form. */
  open(kind: Kind, resource: Resource): Resource
  /** The form in which a stored resource is shown to the role viewer. */
  show(kind: Kind, resource: Resource): Resource
}

const PRIVATE_KEYS = ['key', 'keys']
/** Of the managers in `SECRET_SCHEMAS`. */
const MANAGER_SECRETS = ['token', 'secret_access_key', 'session_token', 'auth_config.private_key']

export function createSecrecy(catalog: PluginCatalog, box: SecretBox): Secrecy {
  return {
    seal: (kind, resource) => convert(catalog, kind, resource, box.encrypt.bind(box)),
    open: (kind, resource) => convert(catalog, kind, resource, box.decrypt.bind(box)),
    show: (kind, resource) => (kind === 'secrets' ? changePaths(resource, MANAGER_SECRETS, () => '***') : resource),
  }
}

/** A certificate without its private keys; other kinds as they are. */
export function withoutPrivateKeys(kind: Kind, resource: Resource): Resource {
  if (kind !== 'ssls') return resource
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !PRIVATE_KEYS.includes(name)))
}

function convert(catalog: PluginCatalog, kind: Kind, resource: Resource, change: (text: string) => string): Resource {
  if (kind === 'ssls') return changePaths(resource, PRIVATE_KEYS, change)
  if (kind === 'plugin_metadata') {
    const paths = catalog.get(String(resource.id))?.encrypted
    return paths ? changePaths(resource, paths, change) : resource
  }
  const upstreamKey = resource.upstream ? changeUpstream(resource, change) : resource
  const sealed = kind === 'upstreams' ? changePaths(resource, ['tls.client_key'], change) : upstreamKey
  return changePlugins(catalog, sealed, change)
}

function changeUpstream(resource: Resource, change: (text: string) => string): Resource {
  return changePaths(resource, ['upstream.tls.client_key'], change)
}

function changePlugins(catalog: PluginCatalog, resource: Resource, change: (text: string) => string): Resource {
  if (resource.plugins === null || typeof resource.plugins !== 'object') return resource
  let plugins = resource.plugins
  for (const [name, conf] of Object.entries(plugins)) {
    const paths = catalog.get(name)?.encrypted
    if (!paths?.length || conf === null || typeof conf !== 'object') continue
    const changed = changePaths(conf as Resource, paths, change)
    if (changed !== conf) plugins = { ...plugins, [name]: changed }
  }
  return plugins === resource.plugins ? resource : { ...resource, plugins }
}

function changePaths(conf: Resource, paths: readonly string[], change: (text: string) => string): Resource {
  return paths.reduce((result, path) => changeAt(result, path.split('.'), change) as Resource, conf)
}

/** Texts at `path`; of a list or, at the end of the path, of an object, each member's. The same value when nothing is there. */
function changeAt(value: unknown, path: readonly string[], change: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => changeAt(item, path, change))
  const [name, ...rest] = path
  if (name === undefined) return changeLeaf(value, change)
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return value
  return { ...value, [name]: changeAt((value as Resource)[name], rest, change) }
}

function changeLeaf(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, changeLeaf(member, change)]))
}
