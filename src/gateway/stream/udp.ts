// UDP through stream routes. A client's address and port make a session, which has a socket of its own to the upstream, so that answers find
// back; it ends after a time of silence. Sessions are bounded, and so is what waits while a session is being set up: datagrams beyond are lost,
// as UDP allows. Anybody can fill the bound with datagrams in the name of others: a new session takes the place of the oldest one whose client has
// sent nothing since it was answered, which only who gets the answers can do on purpose. The kernel gives all datagrams of a client to the same thread (SO_REUSEPORT hashes addresses and ports).
import dgram from 'node:dgram'
import { isIP } from 'node:net'
import type { Waiting } from '../deadlines.ts'
import type { Address } from '../listener.ts'
import { StreamSession } from './session.ts'
import type { StreamServer } from './tcp.ts'

/** Datagrams of a new session that wait for its upstream. */
const MAX_QUEUED_DATAGRAMS = 16

/** Opens a UDP port. Rejects with the system's error. */
export async function listenUdp(address: Address, server: StreamServer): Promise<{ close(): void }> {
  const socket = dgram.createSocket({ type: isIP(address.host) === 6 ? 'udp6' : 'udp4', reusePort: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(address.port, address.host, () => {
      socket.off('error', reject)
      resolve()
    })
  })
  socket.on('error', (error) => server.log.warn({ err: error, port: address.port }, 'a UDP port failed'))
  const sessions = new Map<string, UdpSession>()
  const unproven = new Set<UdpSession>()
  socket.on('message', (datagram, from) => {
    const key = `${from.address} ${from.port}`
    let session = sessions.get(key)
    if (!session) {
      if (sessions.size >= server.maxUdpSessions) {
        const [oldest] = unproven
        if (!oldest) return
        oldest.destroy()
      }
      const made = new UdpSession(socket, from, server, () => {
        sessions.delete(key)
        unproven.delete(made)
      })
      session = made
      sessions.set(key, made)
      unproven.add(made)
    }
    if (session.answered) unproven.delete(session)
    session.take(datagram)
  })
  return {
    close: () => {
      for (const session of [...sessions.values()]) session.destroy()
      socket.close()
    },
  }
}

class UdpSession implements Waiting {
  deadline = Number.POSITIVE_INFINITY
  answered = false
  readonly #listener: dgram.Socket
  readonly #from: dgram.RemoteInfo
  readonly #server: StreamServer
  readonly #onEnd: () => void
  #queued: Buffer[] | undefined = []
  #session: StreamSession | undefined
  #upstream: dgram.Socket | undefined
  #idleMs: number
  #open = true

  constructor(listener: dgram.Socket, from: dgram.RemoteInfo, server: StreamServer, onEnd: () => void) {
    this.#listener = listener
    this.#from = from
    this.#server = server
    this.#onEnd = onEnd
    this.#idleMs = server.udpIdleMs
    this.#touch()
    server.deadlines.add(this)
    void this.#start()
  }

  /** A datagram of the client. */
  take(datagram: Buffer): void {
    this.#touch()
    if (!this.#queued) this.#send(datagram)
    else if (this.#queued.length < MAX_QUEUED_DATAGRAMS) this.#queued.push(datagram)
  }

  expire(): void {
    this.destroy()
  }

  destroy(): void {
    if (!this.#open) return
    this.#open = false
    this.#server.deadlines.delete(this)
    this.#upstream?.close()
    this.#session?.finish()
    this.#onEnd()
  }

  async #start(): Promise<void> {
    const { address, port } = this.#listener.address()
    const info = {
      remoteAddr: this.#from.address,
      remotePort: this.#from.port,
      serverAddr: address,
      serverPort: port,
      openedAt: performance.now(),
      requests: 0,
    }
    const session = await StreamSession.open(info, 'UDP', this.#server)
    const node = await session?.next()
    this.#session = session
    if (!session || !node || !this.#open) {
      session?.finish()
      this.destroy()
      return
    }
    const seconds = session.upstream.timeout?.read
    if (seconds !== undefined) this.#idleMs = seconds * 1000
    const socket = dgram.createSocket(isIP(node.address) === 6 ? 'udp6' : 'udp4')
    this.#upstream = socket
    // A port that nobody listens on is told by ICMP, as an error of the next call.
    socket.on('error', (error) => {
      session.failed(error.message, false)
      this.destroy()
    })
    socket.on('message', (datagram) => this.#answer(datagram))
    socket.once('connect', () => this.#flush())
    socket.connect(node.port, node.address)
  }

  #flush(): void {
    const queued = this.#queued ?? []
    this.#queued = undefined
    this.#session?.joined()
    if (this.#open) for (const datagram of queued) this.#send(datagram)
  }

  #send(datagram: Buffer): void {
    if (this.#session) this.#session.ctx.request.body.receivedBytes += datagram.length
    this.#upstream?.send(datagram)
  }

  #answer(datagram: Buffer): void {
    this.#touch()
    this.answered = true
    if (this.#session) this.#session.ctx.response.sentBytes += datagram.length
    this.#listener.send(datagram, this.#from.port, this.#from.address)
  }

  #touch(): void {
    this.deadline = this.#server.deadlines.now + this.#idleMs
  }
}
