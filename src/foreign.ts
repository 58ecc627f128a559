// What is wrong with a resource that others have put into the store (another program in etcd, a person in apisix.yaml): the Admin API has
// not seen it, and a data plane that trusted it would fail in the middle of a request, or worse, let pass what should be refused.
import { isObject } from './lib/is-object.ts'
import type { PluginCatalog } from './resources/catalog.ts'
import type { Kind, Resource } from './resources/kinds.ts'
import type { Validator } from './resources/validator.ts'

/** Tells what is wrong with a resource in its clear form; undefined: it may be served. */
export type FaultFinder = (kind: Kind, id: string, resource: Resource) => string | undefined

export function createFaultFinder(validator: Validator, catalog: PluginCatalog): FaultFinder {
  return (kind, id, resource) => {
    try {
      const fault = validator.check(kind, id, named(kind, id, withoutUnknown(resource, catalog)))?.message
      // What is told goes into the log: a value that does not fit its pattern may be a secret.
      return fault?.replace(/ with ".*$/s, '')
    } catch (error) {
      return `it cannot be checked: ${(error as Error).message}`
    }
  }
}

/** Its key is its name: what apisix.yaml has as `id` may be the whole path of a credential, or nothing. */
function named(kind: Kind, id: string, resource: Resource): Resource {
  if (kind === 'consumers') return { ...resource, username: id }
  return { ...resource, id: kind === 'credentials' ? id.slice(id.indexOf('/') + 1) : id }
}

/** Plugins that only another gateway on the same store knows are no fault: the data plane refuses their requests. */
function withoutUnknown(resource: Resource, catalog: PluginCatalog): Resource {
  const { plugins } = resource
  if (!isObject(plugins)) return resource
  const known = Object.entries(plugins).filter(([name]) => catalog.get(name))
  return known.length === Object.keys(plugins).length ? resource : { ...resource, plugins: Object.fromEntries(known) }
}
