// One TCP connection through a stream route: a node is connected to, then bytes go both ways until both sides have ended, one breaks, or
// neither has sent anything for the read timeout. Nothing is read from the client before the upstream is there.
import net from 'node:net'
import tls from 'node:tls'
import { timerMs } from '../../lib/timer.ts'
import type { Deadlines } from '../deadlines.ts'
import type { ConnectionInfo } from '../exchange.ts'
import { type ProxyProtocol, proxyHeader } from '../proxy-protocol.ts'
import { Tunnel } from '../tunnel.ts'
import type { Node } from '../upstream/runtime.ts'
import { type SessionDeps, StreamSession } from './session.ts'

export interface StreamServer extends SessionDeps {
  /** TCP and TLS ports speak the PROXY protocol; undefined: they do not. */
  proxy: ProxyProtocol | undefined
  /** Upstreams are told of the client by the PROXY protocol. */
  proxyToUpstream: boolean
  deadlines: Deadlines
  /** Open connections of all ports of the thread, for draining. */
  connections: Set<{ shutdown(): void }>
  /** TCP connections, and UDP sessions, that one thread has at a time. */
  maxConnections: number
  maxUdpSessions: number
  /** Milliseconds after which a silent UDP session ends, unless the upstream's read timeout says otherwise. */
  udpIdleMs: number
  /** Sockets of stream connections, cut when draining takes too long. */
  open: Set<{ destroy(): void }>
}

/** nginx's defaults for streams. */
const CONNECT_MS = 60_000
const IDLE_MS = 600_000
const EMPTY = Buffer.alloc(0)

/** Serves a client's connection; `socket` is paused. */
export function serveTcp(socket: net.Socket, info: ConnectionInfo, server: StreamServer): void {
  socket.on('error', () => {}) // 'close' follows
  if (server.open.size >= server.maxConnections) {
    server.log.warn({ remote_addr: info.remoteAddr, limit: server.maxConnections }, 'too many stream connections')
    socket.destroy()
    return
  }
  // Streams have no request to end after: those that are open when the gateway drains go on until they end or the wait is over.
  const counted = { shutdown: () => {} }
  server.connections.add(counted)
  server.open.add(socket)
  socket.once('close', () => {
    server.connections.delete(counted)
    server.open.delete(socket)
  })
  void connect(socket, info, server)
}

async function connect(client: net.Socket, info: ConnectionInfo, server: StreamServer): Promise<void> {
  const session = await StreamSession.open(info, 'TCP', server)
  if (!session) {
    client.destroy()
    return
  }
  client.once('close', () => session.finish())
  for (let node = await session.next(); node && !client.destroyed; node = await session.next()) {
    const tried = await dial(node, session, client, server.proxyToUpstream)
    if (tried instanceof net.Socket) {
      session.connected()
      join(client, tried, session, server)
      return
    }
    if (client.destroyed || !session.failed(tried.reason, tried.timeout)) break
  }
  client.destroy()
  session.finish()
}

interface Failure {
  reason: string
  timeout: boolean
}

/** Connects to a node, `told`: with a PROXY header before all else, TLS included. Given up when the client goes away. */
function dial(node: Node, session: StreamSession, client: net.Socket, told: boolean): Promise<net.Socket | Failure> {
  const { upstream } = session
  return new Promise((resolve) => {
    const plain = net.connect({ host: node.address, port: node.port, noDelay: true, allowHalfOpen: true })
    // Written before TLS is begun, it goes out first.
    if (told) plain.write(proxyHeader(session.ctx.connection))
    const secure = { ...secureOptions(node, session), socket: plain, allowHalfOpen: true }
    const socket = upstream.scheme === 'tls' ? tls.connect(secure) : plain
    const end = (result: net.Socket | Failure): void => {
      clearTimeout(timer)
      client.off('close', abandon)
      if (result !== socket) {
        socket.destroy()
        plain.destroy()
      }
      resolve(result)
    }
    const timeoutMs = timerMs((upstream.timeout?.connect ?? CONNECT_MS / 1000) * 1000)
    const timer = setTimeout(() => end({ reason: 'the connection took too long', timeout: true }), timeoutMs)
    const abandon = (): void => end({ reason: 'the client has gone', timeout: false })
    client.once('close', abandon)
    for (const one of new Set([plain, socket]))
      one.on('error', (error) => end({ reason: error.message, timeout: false }))
    socket.once(upstream.scheme === 'tls' ? 'secureConnect' : 'connect', () => end(socket))
  })
}

function secureOptions(node: Node, { upstream, ctx }: StreamSession): tls.ConnectionOptions {
  const { verify, cert, key, ca } = upstream.tls
  const passed = { pass: ctx.connection.tls?.sni, node: undefined, rewrite: upstream.upstreamHost }[upstream.passHost]
  const name = passed ?? node.host
  return {
    servername: net.isIP(name) ? '' : name,
    rejectUnauthorized: verify,
    ...(cert ? { cert, key } : {}),
    ...(ca ? { ca } : {}),
  }
}

function join(client: net.Socket, upstream: net.Socket, session: StreamSession, server: StreamServer): void {
  const seconds = session.upstream.timeout?.read
  new Tunnel({
    client: { socket: client, rest: EMPTY },
    upstream: { socket: upstream, rest: EMPTY },
    deadlines: server.deadlines,
    idleMs: seconds === undefined ? IDLE_MS : seconds * 1000,
    onReceived: (bytes) => {
      session.ctx.request.body.receivedBytes += bytes
    },
    onSent: (bytes) => {
      session.ctx.response.sentBytes += bytes
    },
    onEnd: () => session.finish(),
  })
}
