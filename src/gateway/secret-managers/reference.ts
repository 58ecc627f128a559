// `$secret://vault/1/team/jack/auth-key`: the manager's kind, the id of its `secrets` resource, the name of a secret, and one of its members.
import { isSecretReference } from '../../lib/reference.ts'
import type { Kind, Resource } from '../../resources/kinds.ts'

/** A reference taken apart. */
export interface SecretReference {
  /** The `secrets` resource: `vault/1`. */
  manager: string
  /** Name of the secret in the manager; may have slashes. */
  name: string
  member: string
}

const PREFIX = '$secret://'
/** Kinds whose every member may be a reference; of the others only the plugins' configurations. */
const WHOLE: ReadonlySet<string> = new Set<Kind>(['ssls', 'plugin_metadata'])
/** Characters of a reference; a longer one is no reference. */
const MAX_CHARS = 1024

/** The parts of a reference; undefined: a manager's kind, an id, a name and a member are not all there, or the name walks out of its place. */
export function parseReference(text: string): SecretReference | undefined {
  const [kind, id, ...path] = text.slice(PREFIX.length).split('/')
  const member = path.pop()
  if (text.length > MAX_CHARS || !kind || !id || !member || !path.length) return undefined
  if (path.some((segment) => segment === '' || segment === '.' || segment === '..')) return undefined
  return { manager: `${kind}/${id}`, name: path.join('/'), member }
}

/** References to secret managers in a resource's text: where the data plane resolves them, and nowhere else. */
export function referencesIn(kind: string | undefined, text: string): Set<string> {
  const found = new Set<string>()
  if (!/\$secret:/i.test(text)) return found
  const resource = JSON.parse(text) as Resource
  collect(WHOLE.has(kind ?? '') ? resource : resource.plugins, found)
  return found
}

function collect(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') {
    if (isSecretReference(value)) into.add(value)
    return
  }
  if (value !== null && typeof value === 'object') for (const member of Object.values(value)) collect(member, into)
}
