// Certificates of the TLS ports, by server name, from the ssl resources as they are now. An exact name goes before a wildcard, which stands for one
// label, and that before `*`; a name without a certificate breaks the handshake, as in APISIX. A client that asks for no name, as those do that were
// given an address, gets the certificate of `gateway.fallback_sni`.
//
// A resource with `client` wants certificates of its clients. Without `skip_mtls_uri_regex` the handshake decides; with it, each request
// does. A request whose Host is such a name must have come over a connection to that name, or the check could be walked around.
//
// These names, the fallback, and those with `ssl_protocols` or several pairs, have a server of their own: a context that is chosen by name comes too
// late for what it says of versions, since TLS has agreed on one by then, and node:tls takes one pair of it.
import { constants, createPrivateKey } from 'node:crypto'
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
  type TlsOptions,
} from 'node:tls'
import { boundedRegex } from '../lib/bounded-regex.ts'
import { hasUsualCiphers, withSuites } from '../lib/cipher-list.ts'
import type { Config } from './config.ts'
import type { Logger } from './plugin.ts'
import type { ResolvedResources } from './resolved-resources.ts'
import type { TlsInfo } from './tls-port.ts'

/** An ssl resource as it was written, and checked then. */
interface Ssl {
  id?: string
  type?: 'server' | 'client'
  status?: 0 | 1
  sni?: string
  snis?: string[]
  cert: string
  key: string
  certs?: string[]
  keys?: string[]
  ssl_protocols?: string[]
  client?: { ca: string; depth?: number; skip_mtls_uri_regex?: string[] }
}

/** Why an ssl resource needs a server of its own; the same object until the resource changes. */
export interface OwnTerms {
  /** Certificates, keys, versions and the authorities of clients. Throws when they cannot be used. */
  secure(): SecureContextOptions
  /** Undefined: clients are not asked for certificates. */
  check: ClientCheck | undefined
}

/** How the clients of one ssl resource are checked. */
export interface ClientCheck {
  depth: number
  /** Paths that need no certificate; none: the handshake fails without one. */
  skip: RegExp[]
}

/** What holds for all names, as far as their resources do not say otherwise. */
export interface UsualTls {
  /** Name whose certificate clients get that ask for none. */
  fallbackSni?: string | undefined
  versions?: string[]
  /** In the notation of OpenSSL. */
  ciphers?: string
}

export class Certificates {
  readonly #config: Config
  readonly #resolved: ResolvedResources
  readonly #log: Logger
  readonly #fallbackSni: string | undefined
  readonly #usual: SecureContextOptions
  #generation = -1
  #byName = new Map<string, Ssl>()
  #terms = new Map<Ssl, OwnTerms>()
  readonly #contexts = new Map<Ssl, SecureContext>()

  constructor(config: Config, resolved: ResolvedResources, log: Logger, usual: UsualTls = {}) {
    this.#config = config
    this.#resolved = resolved
    this.#log = log
    this.#fallbackSni = usual.fallbackSni
    this.#usual = { ...toVersions(usual.versions), ...(usual.ciphers && { ciphers: withSuites(usual.ciphers) }) }
  }

  /** What a TLS port needs to choose certificates by. */
  serverOptions(): TlsOptions {
    return {
      ...this.#usual,
      SNICallback: (servername, done) => {
        const context = this.#find(servername)
        if (context) done(null, context)
        else done(new Error(`no certificate for ${servername}`))
      },
    }
  }

  /** Whether there is any name with terms of its own. */
  get hasTerms(): boolean {
    this.#config.onLook()
    if (this.#generation !== this.#config.generation) this.#read()
    return this.#terms.size > 0
  }

  /** Undefined: the name is served like most, or there is none and no fallback. */
  termsOf(servername: string | undefined): OwnTerms | undefined {
    const ssl = this.#lookUp(servername)
    return ssl && this.#terms.get(ssl)
  }

  /** Why a request must not be served on its connection; undefined: it may be. */
  refuses(host: string, path: string, { sni, clientCertificate }: TlsInfo): string | undefined {
    if (!this.hasTerms) return undefined
    const wanted = this.#lookUp(host)
    const named = this.#lookUp(sni)
    const check = wanted && this.#terms.get(wanted)?.check
    if (check && wanted !== named)
      return `the connection is for ${sni}, the request for ${host}, which wants a client certificate`
    const own = named && this.#terms.get(named)?.check
    if (!own || clientCertificate?.verify === 'SUCCESS' || own.skip.some((pattern) => pattern.test(path)))
      return undefined
    return clientCertificate ? clientCertificate.verify : 'no client certificate'
  }

  /** The context for a server name; undefined: there is none, it cannot be used, or it has terms of its own (then not here). */
  #find(servername: string): SecureContext | undefined {
    const ssl = this.#lookUp(servername)
    return ssl && !this.#terms.has(ssl) ? this.#context(ssl) : undefined
  }

  #lookUp(servername: string | undefined): Ssl | undefined {
    this.#config.onLook()
    if (this.#generation !== this.#config.generation) this.#read()
    return find(this.#byName, servername ?? this.#fallbackSni)
  }

  #read(): void {
    this.#generation = this.#config.generation
    const byName = new Map<string, Ssl>()
    const kept = new Set<Ssl>()
    const terms = new Map<Ssl, OwnTerms>()
    for (const id of this.#config.ids('ssls')) {
      const ssl = this.#resolved.get('ssls', id) as Ssl | undefined
      if (!ssl || ssl.status === 0 || ssl.type === 'client') continue
      kept.add(ssl)
      if (needsTerms(ssl)) terms.set(ssl, this.#terms.get(ssl) ?? toTerms(ssl, this.#usual))
      const names = ssl.snis ?? (ssl.sni === undefined ? [] : [ssl.sni])
      for (const name of names.map(toKey)) if (!byName.has(name)) byName.set(name, ssl)
    }
    const fallback = find(byName, this.#fallbackSni)
    if (fallback && !terms.has(fallback))
      terms.set(fallback, this.#terms.get(fallback) ?? toTerms(fallback, this.#usual))
    for (const ssl of this.#contexts.keys()) if (!kept.has(ssl)) this.#contexts.delete(ssl)
    this.#byName = byName
    this.#terms = terms
  }

  #context(ssl: Ssl): SecureContext | undefined {
    const known = this.#contexts.get(ssl)
    if (known) return known
    try {
      const context = createSecureContext({ ...this.#usual, ...toSecure(ssl) })
      this.#contexts.set(ssl, context)
      return context
    } catch (error) {
      this.#log.error({ err: error, ssl: ssl.id }, 'a certificate cannot be used')
      return undefined
    }
  }
}

function find(byName: Map<string, Ssl>, servername: string | undefined): Ssl | undefined {
  if (servername === undefined) return undefined
  const name = toKey(servername)
  return byName.get(name) ?? byName.get(`*${name.slice(name.indexOf('.'))}`) ?? byName.get('*')
}

/** A name may end with a dot, and is the same one without. */
function toKey(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

function needsTerms({ client, ssl_protocols: protocols, certs = [] }: Ssl): boolean {
  // An empty list of versions says nothing, as in APISIX.
  return client !== undefined || (protocols ?? []).length > 0 || certs.length > 0
}

/** The resource's pairs. TLS has one certificate for each kind of key; of several of a kind the last counts, as in APISIX. */
function toSecure(ssl: Ssl): SecureContextOptions {
  const certs = [ssl.cert, ...(ssl.certs ?? [])]
  const keys = [ssl.key, ...(ssl.keys ?? [])]
  const byKind = new Map<string | undefined, { cert: string; key: string }>()
  for (const [i, key] of keys.entries())
    byKind.set(createPrivateKey(key).asymmetricKeyType, { cert: certs[i] as string, key })
  const pairs = [...byKind.values()]
  return { cert: pairs.map(({ cert }) => cert), key: pairs.map(({ key }) => key) }
}

type Versions = { minVersion: SecureVersion; maxVersion: SecureVersion; secureOptions?: number }

/** Oldest first. */
const VERSIONS = ['TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
/** What OpenSSL needs for TLS 1.1: ciphers that it has, and the level that lets the signatures of its handshake pass. */
const OLD_CIPHERS = 'ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0'

function toVersions(protocols: readonly string[] = ['TLSv1.2', 'TLSv1.3']): Versions {
  const named = VERSIONS.filter((one) => protocols.includes(one))
  const [minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3'] = [named[0], named.at(-1)]
  // OpenSSL takes the oldest and the newest: without the one between them only when it is told so.
  if (named.length < 2 || named.includes('TLSv1.2')) return { minVersion, maxVersion }
  return { minVersion, maxVersion, secureOptions: constants.SSL_OP_NO_TLSv1_2 }
}

function toTerms(ssl: Ssl, usual: SecureContextOptions): OwnTerms {
  const { client, ssl_protocols: protocols = [] } = ssl
  const versions: Partial<Versions> = protocols.length > 0 ? toVersions(protocols) : {}
  const isOld = versions.minVersion === 'TLSv1.1'
  const ciphers = isOld ? { ciphers: `${usual.ciphers ?? DEFAULT_CIPHERS}:${OLD_CIPHERS}` } : {}
  const unable =
    versions.maxVersion === 'TLSv1.2' && !isOld && usual.ciphers !== undefined && !hasUsualCiphers(usual.ciphers)
  const skip = (client?.skip_mtls_uri_regex ?? []).map((pattern) => boundedRegex(pattern))
  return {
    secure: () => {
      if (unable) throw new Error('ssl_protocols is TLSv1.2 alone, for which gateway.ssl_ciphers has no cipher')
      return { ...usual, ...toSecure(ssl), ...versions, ...ciphers, ...(client && { ca: client.ca }) }
    },
    check: client && { depth: client.depth ?? 1, skip },
  }
}
