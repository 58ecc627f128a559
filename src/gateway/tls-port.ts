// A TLS port: certificates by server name, and client certificates for the names that ask for them (mTLS).
//
// A server of node:tls asks all of its clients for a certificate or none, and a browser that is asked shows a dialogue; and its versions are those of
// all names. So names with `client`, `ssl_protocols` or several pairs, and the fallback, have a server each, and where there are such names the port
// looks at the ClientHello to find the server. Those that ask for certificates resume no sessions: a session of another name, or one made before the
// authorities changed, proves nothing there.
import { constants, type X509Certificate } from 'node:crypto'
import type net from 'node:net'
import tls from 'node:tls'
import type { Certificates, ClientCheck, OwnTerms } from './certificates.ts'
import { MAX_RECORD_BYTES, serverNameOf } from './client-hello.ts'
import type { ClientCertificate, ConnectionInfo } from './exchange.ts'
import { peek } from './peek.ts'
import type { Logger } from './plugin.ts'

export type TlsInfo = NonNullable<ConnectionInfo['tls']>

export interface TlsPortOptions {
  certificates: Certificates
  options: tls.TlsOptions & { handshakeTimeout: number }
  log: Logger
  /** Whether requests come over it, each of which can be let pass without a certificate by its path; a stream cannot. */
  hasRequests: boolean
  /** `proxied`: what `accept` was given about the connection's ends. */
  onSecure(socket: tls.TLSSocket, info: TlsInfo, proxied: ConnectionInfo | undefined): void
}

/** Takes connections whose TLS is yet to begin. */
export class TlsPort {
  readonly #port: TlsPortOptions
  readonly #ordinary: tls.Server
  readonly #own = new WeakMap<OwnTerms, tls.Server>()
  /** Connections in their handshake that have come through a balancer, by their peer: node:tls does not tell which socket it was given. */
  readonly #proxied = new Map<string, ConnectionInfo>()

  constructor(port: TlsPortOptions) {
    this.#port = port
    this.#ordinary = this.#serve({ ...port.options, ...port.certificates.serverOptions() }, undefined)
  }

  /** `proxied`: the ends of a connection that has come through a balancer. */
  accept(socket: net.Socket, proxied?: ConnectionInfo): void {
    const { certificates, options } = this.#port
    if (proxied) this.#remember(socket, proxied)
    if (!certificates.hasTerms) {
      this.#ordinary.emit('connection', socket)
      return
    }
    const limits = { maxBytes: MAX_RECORD_BYTES, timeoutMs: options.handshakeTimeout }
    const look = (bytes: Buffer) => {
      const name = serverNameOf(bytes)
      return name === 'incomplete' ? name : { value: name, taken: 0 }
    }
    peek<string | undefined>(socket, limits, look, (name) => {
      const terms = certificates.termsOf(name)
      const server = terms ? this.#serverFor(terms) : this.#ordinary
      if (server) server.emit('connection', socket)
      else socket.destroy()
    })
  }

  #remember(socket: net.Socket, proxied: ConnectionInfo): void {
    const key = peerOf(socket)
    this.#proxied.set(key, proxied)
    const forget = (): void => {
      clearTimeout(timer)
      if (this.#proxied.get(key) === proxied) this.#proxied.delete(key)
    }
    const timer = setTimeout(forget, this.#port.options.handshakeTimeout * 2)
    timer.unref()
    socket.once('close', forget)
  }

  /** Undefined: its certificate or authorities cannot be used. */
  #serverFor(terms: OwnTerms): tls.Server | undefined {
    const known = this.#own.get(terms)
    if (known) return known
    const check = terms.check && (this.#port.hasRequests ? terms.check : { ...terms.check, skip: [] })
    const { ticketKeys, ...options } = this.#port.options
    const asking = check
      ? { requestCert: true, rejectUnauthorized: check.skip.length === 0, secureOptions: constants.SSL_OP_NO_TICKET }
      : ticketKeys && { ticketKeys }
    try {
      const server = this.#serve({ ...options, ...terms.secure(), ...asking }, check)
      this.#own.set(terms, server)
      return server
    } catch (error) {
      this.#port.log.error({ err: error }, 'a certificate with terms of its own cannot be used')
      return undefined
    }
  }

  #serve(options: tls.TlsOptions, check: ClientCheck | undefined): tls.Server {
    const server = tls.createServer(options, (socket) => {
      if (socket.destroyed) return
      const clientCertificate = check && describeClient(socket, check)
      if (check && check.skip.length === 0 && clientCertificate?.verify !== 'SUCCESS') {
        this.#port.log.debug({ verify: clientCertificate?.verify }, 'a client certificate was refused')
        socket.destroy()
        return
      }
      const info: TlsInfo = {
        sni: typeof socket.servername === 'string' ? socket.servername : undefined,
        protocol: socket.getProtocol() ?? '',
        cipher: socket.getCipher().name,
        clientCertificate,
        refuses: (host, path, secure) => this.#port.certificates.refuses(host, path, secure),
      }
      this.#port.onSecure(socket, info, this.#proxied.get(peerOf(socket)))
    })
    // A handshake that fails is the client's affair; the socket is closed by then.
    server.on('tlsClientError', (error) => this.#port.log.debug({ err: error.message }, 'a TLS handshake failed'))
    return server
  }
}

function peerOf(socket: net.Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}

function describeClient(socket: tls.TLSSocket, check: ClientCheck): ClientCertificate | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return undefined
  const error = socket.authorized ? tooDeep(socket, check.depth) : String(socket.authorizationError)
  return {
    raw: certificate.toString(),
    serial: certificate.serialNumber,
    subject: toRfc2253(certificate.subject),
    issuer: toRfc2253(certificate.issuer),
    fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
    verify: error === undefined ? 'SUCCESS' : `FAILED:${error}`,
  }
}

/** Depth counts the certificates between the client's and the authority that is trusted. */
function tooDeep(socket: tls.TLSSocket, depth: number): string | undefined {
  let between = -1
  let at: X509Certificate | undefined = socket.getPeerX509Certificate()
  for (; at && !at.checkIssued(at) && between <= depth; at = at.issuerCertificate) between++
  return between > depth ? 'certificate chain too long' : undefined
}

/** node gives one attribute a line, the most general first; nginx the other way round, separated by commas. */
function toRfc2253(name: string | undefined): string {
  return (name ?? '').split('\n').reverse().join(',')
}
