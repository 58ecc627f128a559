// Certificates of the TLS ports, by server name, from the ssl resources as they are now. An exact name goes before a wildcard; a name without
// a certificate breaks the handshake, as in APISIX.
//
// A resource with `client` wants certificates of its clients. Without `skip_mtls_uri_regex` the handshake decides; with it, each request
// does. A request whose Host is such a name must have come over a connection to that name, or the check could be walked around.
import { createSecureContext, type SecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import type { Resource } from '../resources/kinds.ts'
import type { Config } from './config.ts'
import type { Logger } from './plugin.ts'
import type { ResolvedResources } from './resolved-resources.ts'
import type { TlsInfo } from './tls-port.ts'

/** How the clients of one ssl resource are checked. */
export interface ClientCheck {
  /** Certificate, key, versions and the authorities of clients. */
  secure: SecureContextOptions
  depth: number
  /** Paths that need no certificate; none: the handshake fails without one. */
  skip: RegExp[]
}

export class Certificates {
  readonly #config: Config
  readonly #resolved: ResolvedResources
  readonly #log: Logger
  #generation = -1
  #byName = new Map<string, Resource>()
  #checks = new Map<Resource, ClientCheck>()
  readonly #contexts = new Map<Resource, SecureContext>()

  constructor(config: Config, resolved: ResolvedResources, log: Logger) {
    this.#config = config
    this.#resolved = resolved
    this.#log = log
  }

  /** What a TLS port needs to choose certificates by. */
  serverOptions(): TlsOptions {
    return {
      minVersion: 'TLSv1.2',
      SNICallback: (servername, done) => {
        const context = this.#find(servername)
        if (context) done(null, context)
        else done(new Error(`no certificate for ${servername}`))
      },
    }
  }

  /** Whether there is any name that wants certificates of its clients. */
  get checkClients(): boolean {
    this.#config.onLook()
    if (this.#generation !== this.#config.generation) this.#read()
    return this.#checks.size > 0
  }

  /** How clients of this name are checked; the same object until the resource changes. Undefined: they are not. */
  clientCheck(servername: string): ClientCheck | undefined {
    const ssl = this.#lookUp(servername)
    return ssl && this.#checks.get(ssl)
  }

  /** Why a request must not be served on its connection; undefined: it may be. */
  refuses(host: string, path: string, { sni, clientCertificate }: TlsInfo): string | undefined {
    if (!this.checkClients) return undefined
    const wanted = this.#lookUp(host)
    const named = sni === undefined ? undefined : this.#lookUp(sni)
    const check = wanted && this.#checks.get(wanted)
    if (check && wanted !== named)
      return `the connection is for ${sni}, the request for ${host}, which wants a client certificate`
    const own = named && this.#checks.get(named)
    if (!own || clientCertificate?.verify === 'SUCCESS' || own.skip.some((pattern) => pattern.test(path)))
      return undefined
    return clientCertificate ? clientCertificate.verify : 'no client certificate'
  }

  /** The context for a server name; undefined: there is none, it cannot be used, or its clients must be checked (then not here). */
  #find(servername: string): SecureContext | undefined {
    const ssl = this.#lookUp(servername)
    return ssl?.client === undefined ? ssl && this.#context(ssl) : undefined
  }

  #lookUp(servername: string): Resource | undefined {
    this.#config.onLook()
    if (this.#generation !== this.#config.generation) this.#read()
    const name = servername.toLowerCase()
    return this.#byName.get(name) ?? this.#byName.get(`*${name.slice(name.indexOf('.'))}`)
  }

  #read(): void {
    this.#generation = this.#config.generation
    const byName = new Map<string, Resource>()
    const kept = new Set<Resource>()
    const checks = new Map<Resource, ClientCheck>()
    for (const id of this.#config.ids('ssls')) {
      const ssl = this.#resolved.get('ssls', id)
      if (!ssl || ssl.status === 0 || ssl.type === 'client') continue
      kept.add(ssl)
      const check = this.#checks.get(ssl) ?? toCheck(ssl)
      if (check) checks.set(ssl, check)
      const names = (ssl.snis as string[] | undefined) ?? (ssl.sni === undefined ? [] : [String(ssl.sni)])
      for (const name of names) if (!byName.has(name.toLowerCase())) byName.set(name.toLowerCase(), ssl)
    }
    for (const ssl of this.#contexts.keys()) if (!kept.has(ssl)) this.#contexts.delete(ssl)
    this.#byName = byName
    this.#checks = checks
  }

  #context(ssl: Resource): SecureContext | undefined {
    const known = this.#contexts.get(ssl)
    if (known) return known
    try {
      const context = createSecureContext(toSecure(ssl))
      this.#contexts.set(ssl, context)
      return context
    } catch (error) {
      this.#log.error({ err: error, ssl: ssl.id }, 'a certificate cannot be used')
      return undefined
    }
  }
}

function toSecure(ssl: Resource): SecureContextOptions {
  const protocols = ssl.ssl_protocols as string[] | undefined
  return {
    cert: [String(ssl.cert), ...((ssl.certs as string[] | undefined) ?? [])],
    key: [String(ssl.key), ...((ssl.keys as string[] | undefined) ?? [])],
    minVersion: protocols && !protocols.includes('TLSv1.2') ? 'TLSv1.3' : 'TLSv1.2',
    maxVersion: protocols && !protocols.includes('TLSv1.3') ? 'TLSv1.2' : 'TLSv1.3',
  }
}

function toCheck(ssl: Resource): ClientCheck | undefined {
  const client = ssl.client as { ca: string; depth?: number; skip_mtls_uri_regex?: string[] } | undefined
  if (!client) return undefined
  const skip = (client.skip_mtls_uri_regex ?? []).map((pattern) => new RegExp(pattern))
  return { secure: { ...toSecure(ssl), ca: client.ca }, depth: client.depth ?? 1, skip }
}
