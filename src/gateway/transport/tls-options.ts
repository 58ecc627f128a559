// How a TLS connection to an upstream is opened.
import net from 'node:net'
import type tls from 'node:tls'
import type { Destination, TlsOptions } from './transport.ts'

/** `protocol`: what is offered by ALPN. */
export function toTlsOptions(to: Destination, secure: TlsOptions, protocol: 'h2' | 'http/1.1'): tls.ConnectionOptions {
  return {
    host: to.address,
    port: to.port,
    servername: net.isIP(secure.servername) ? '' : secure.servername,
    rejectUnauthorized: secure.verify,
    ...(secure.cert ? { cert: secure.cert, key: secure.key } : {}),
    ...(secure.ca ? { ca: secure.ca } : {}),
    ALPNProtocols: [protocol],
  }
}
