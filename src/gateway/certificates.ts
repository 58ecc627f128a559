// Certificates of the HTTPS ports, by server name, from the ssl resources as they are now. An exact name goes before a wildcard; a name without
// a certificate breaks the handshake, as in APISIX.
import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls'
import type { Resource } from '../resources/kinds.ts'
import type { Config } from './config.ts'
import type { Logger } from './plugin.ts'

export class Certificates {
  readonly #config: Config
  readonly #log: Logger
  #generation = -1
  #byName = new Map<string, Resource>()
  readonly #contexts = new Map<Resource, SecureContext>()

  constructor(config: Config, log: Logger) {
    this.#config = config
    this.#log = log
  }

  /** What a TLS port needs to choose certificates by. */
  serverOptions(): TlsOptions {
    return {
      minVersion: 'TLSv1.2',
      SNICallback: (servername, done) => {
        const context = this.find(servername)
        if (context) done(null, context)
        else done(new Error(`no certificate for ${servername}`))
      },
    }
  }

  /** The context for a server name; undefined: there is none, or its certificate cannot be used. */
  find(servername: string): SecureContext | undefined {
    if (this.#generation !== this.#config.generation) this.#read()
    const name = servername.toLowerCase()
    const ssl = this.#byName.get(name) ?? this.#byName.get(`*${name.slice(name.indexOf('.'))}`)
    return ssl && this.#context(ssl)
  }

  #read(): void {
    this.#generation = this.#config.generation
    const byName = new Map<string, Resource>()
    const kept = new Set<Resource>()
    for (const id of this.#config.ids('ssls')) {
      const ssl = this.#config.get('ssls', id) as Resource
      if (ssl.status === 0 || ssl.type === 'client') continue
      kept.add(ssl)
      const names = (ssl.snis as string[] | undefined) ?? (ssl.sni === undefined ? [] : [String(ssl.sni)])
      for (const name of names) if (!byName.has(name.toLowerCase())) byName.set(name.toLowerCase(), ssl)
    }
    for (const ssl of this.#contexts.keys()) if (!kept.has(ssl)) this.#contexts.delete(ssl)
    this.#byName = byName
  }

  #context(ssl: Resource): SecureContext | undefined {
    const known = this.#contexts.get(ssl)
    if (known) return known
    // A certificate that asks for a client's would be open to all without that check: such a name is not served here.
    if (ssl.client !== undefined) {
      this.#log.error({ ssl: ssl.id }, 'ssl resources with `client` (mTLS) are not served; the handshake is refused')
      return undefined
    }
    try {
      const protocols = ssl.ssl_protocols as string[] | undefined
      const context = createSecureContext({
        cert: [String(ssl.cert), ...((ssl.certs as string[] | undefined) ?? [])],
        key: [String(ssl.key), ...((ssl.keys as string[] | undefined) ?? [])],
        minVersion: protocols && !protocols.includes('TLSv1.2') ? 'TLSv1.3' : 'TLSv1.2',
        maxVersion: protocols && !protocols.includes('TLSv1.3') ? 'TLSv1.2' : 'TLSv1.3',
      })
      this.#contexts.set(ssl, context)
      return context
    } catch (error) {
      this.#log.error({ err: error, ssl: ssl.id }, 'a certificate cannot be used')
      return undefined
    }
  }
}
