// The ssl resources of one thread with their references resolved: a certificate or key may be `$env://...` or `$secret://...`.
import type { Resource } from '../resources/kinds.ts'
import type { Config } from './config.ts'
import type { Logger } from './plugin.ts'
import { resolveReferences, type SecretValues } from './secrets.ts'

export class SslResources {
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

  /** The same object until it changes. Undefined: there is none, or a reference of it has no value; its names then have no certificate. */
  get(id: string): Resource | undefined {
    const written = this.#config.get('ssls', id)
    if (!written) return undefined
    let resolved = this.#resolved.get(written)
    if (resolved === undefined) {
      resolved = this.#resolve(id, written)
      this.#resolved.set(written, resolved)
    }
    return resolved || undefined
  }

  #resolve(id: string, written: Resource): Resource | false {
    try {
      return resolveReferences(written, this.#secrets)
    } catch (error) {
      this.#log.error({ err: error, ssl: id }, 'a certificate cannot be used')
      return false
    }
  }
}
