// Resources of one thread with their references resolved, for those that are no plugins' configurations: a certificate or key, a field of plugin
// metadata may be `$env://...` or `$secret://...`.
import type { Kind, Resource } from '../resources/kinds.ts'
import type { Config } from './config.ts'
import type { Logger } from './plugin.ts'
import { resolveReferences, type SecretValues } from './secrets.ts'

export class ResolvedResources {
  readonly #config: Config
  readonly #secrets: SecretValues
  readonly #log: Logger
  /** By the resource as written, which is another object once it or a value that it names has changed. */
  readonly #resolved = new WeakMap<Resource, Resource | false>()

  constructor(config: Config, secrets: SecretValues, log: Logger) {
    this.#config = config
    this.#secrets = secrets
    this.#log = log
  }

  /** The same object until it changes. Undefined: there is none, or a reference of it has no value, which the log says. */
  get(kind: Kind, id: string): Resource | undefined {
    const written = this.#config.get(kind, id)
    if (!written) return undefined
    let resolved = this.#resolved.get(written)
    if (resolved === undefined) {
      resolved = this.#resolve(`${kind}/${id}`, written)
      this.#resolved.set(written, resolved)
    }
    return resolved || undefined
  }

  #resolve(key: string, written: Resource): Resource | false {
    try {
      return resolveReferences(written, this.#secrets)
    } catch (error) {
      this.#log.error({ err: error, resource: key }, 'a resource with references cannot be used')
      return false
    }
  }
}
