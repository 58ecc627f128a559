// TCP and TLS ports of stream routes. TLS ends here: the upstream gets what was inside, or TLS of its own (`scheme: tls`).
import net from 'node:net'
import type { Certificates } from '../certificates.ts'
import { type Address, describe, open } from '../listener.ts'
import { acceptProxied } from '../proxy-protocol.ts'
import { TlsPort } from '../tls-port.ts'
import { type StreamServer, serveTcp } from './tcp.ts'

/** Opens a TCP port. Rejects with the system's error. */
export function listenTcp(address: Address, server: StreamServer): Promise<net.Server> {
  const options = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true }
  const listener = net.createServer(options, (socket) => {
    const { proxy } = server
    if (proxy) acceptProxied(socket, describe(socket), proxy, (info) => serveTcp(socket, info, server))
    else serveTcp(socket, describe(socket), server)
  })
  return open(listener, address)
}

/** Opens a TLS port. `handshakeTimeout`: milliseconds. */
export function listenTls(
  address: Address,
  server: StreamServer,
  certificates: Certificates,
  handshakeTimeout: number,
): Promise<net.Server> {
  const port = new TlsPort({
    certificates,
    log: server.log,
    hasRequests: false,
    options: { noDelay: true, allowHalfOpen: true, handshakeTimeout },
    onSecure: (socket, secure, proxied) => {
      socket.pause()
      serveTcp(socket, { ...(proxied ?? describe(socket)), tls: secure }, server)
    },
  })
  const listener = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const { proxy } = server
    if (proxy) acceptProxied(socket, describe(socket), proxy, (info) => port.accept(socket, info))
    else port.accept(socket)
  })
  return open(listener, address)
}
