// Ports of one data-plane thread. Every thread listens on the same ports (SO_REUSEPORT); the kernel spreads new connections over them.
import net from 'node:net'
import type { Certificates } from './certificates.ts'
import type { ConnectionInfo } from './exchange.ts'
import { ClientConnection } from './http1/connection.ts'
import { directSocket } from './http1/direct-socket.ts'
import type { Http1Server } from './http1/server.ts'
import { acceptProxied, type ProxyProtocol } from './proxy-protocol.ts'
import { TlsPort } from './tls-port.ts'

export interface Address {
  host: string
  port: number
}

/** Connections waiting to be accepted, for each thread. */
const BACKLOG = 4096

/** Opens a plain HTTP port, which speaks the PROXY protocol when `proxy` is given. Rejects with the system's error (EADDRINUSE, EACCES). */
export function listenHttp(address: Address, server: Http1Server, proxy?: ProxyProtocol): Promise<net.Server> {
  const listener = proxy
    ? net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
        acceptProxied(socket, describe(socket), proxy, (info) => {
          new ClientConnection(socket, info, server)
          socket.resume()
        })
      })
    : net.createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
        let connection: ClientConnection | undefined
        const socket = directSocket(accepted, () => connection)
        connection = new ClientConnection(socket, describe(socket), server)
        socket.resume()
      })
  return open(listener, address)
}

/** Opens an HTTPS port. `ticketKeys`: 48 bytes that all threads share, so that a session resumes on any of them. */
export function listenHttps(
  address: Address,
  server: Http1Server,
  certificates: Certificates,
  ticketKeys: Buffer,
  proxy?: ProxyProtocol,
): Promise<net.Server> {
  const port = new TlsPort({
    certificates,
    hasRequests: true,
    log: server.log,
    options: {
      noDelay: true,
      allowHalfOpen: true,
      ticketKeys,
      ALPNProtocols: server.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      handshakeTimeout: server.limits.headTimeoutMs,
    },
    onSecure: (socket, secure, proxied) => {
      const info = { ...(proxied ?? describe(socket)), tls: secure }
      if (socket.alpnProtocol === 'h2') server.http2?.(socket, info)
      else new ClientConnection(socket, info, server)
    },
  })
  const listener = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    if (proxy) acceptProxied(socket, describe(socket), proxy, (info) => port.accept(socket, info))
    else port.accept(socket)
  })
  return open(listener, address)
}

/** Listens; rejects with the system's error. */
export function open(listener: net.Server, address: Address): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen({ ...address, backlog: BACKLOG, reusePort: true }, () => {
      listener.off('error', reject)
      resolve(listener)
    })
  })
}

/** The two ends of a connection. */
export function describe(socket: net.Socket): ConnectionInfo {
  return {
    remoteAddr: plainAddress(socket.remoteAddress),
    remotePort: socket.remotePort ?? 0,
    serverAddr: plainAddress(socket.localAddress),
    serverPort: socket.localPort ?? 0,
    openedAt: performance.now(),
    told: undefined,
    requests: 0,
  }
}

/** An IPv4 address that a dual-stack socket shows as IPv6 is given as IPv4. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
