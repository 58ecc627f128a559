// TCP and TLS ports of stream routes. TLS ends here: the upstream gets what was inside, or TLS of its own (`scheme: tls`).
import net from 'node:net'
import tls from 'node:tls'
import type { Certificates } from '../certificates.ts'
import { type Address, describe, open, tlsInfo } from '../listener.ts'
import { type StreamServer, serveTcp } from './tcp.ts'

/** Opens a TCP port. Rejects with the system's error. */
export function listenTcp(address: Address, server: StreamServer): Promise<net.Server> {
  const options = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true }
  const listener = net.createServer(options, (socket) => serveTcp(socket, describe(socket), server))
  return open(listener, address)
}

/** Opens a TLS port. `handshakeTimeout`: milliseconds. */
export function listenTls(
  address: Address,
  server: StreamServer,
  certificates: Certificates,
  handshakeTimeout: number,
): Promise<net.Server> {
  const options = { noDelay: true, allowHalfOpen: true, handshakeTimeout, ...certificates.serverOptions() }
  const listener = tls.createServer(options, (socket) => {
    if (socket.destroyed) return
    socket.pause()
    serveTcp(socket, { ...describe(socket), tls: tlsInfo(socket) }, server)
  })
  listener.on('tlsClientError', (error) => server.log.debug({ err: error.message }, 'a TLS handshake failed'))
  return open(listener, address)
}
