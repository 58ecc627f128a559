// Writes batches to a TCP or TLS server, or to a UDP socket, for the loggers whose receiver speaks neither HTTP nor a protocol of its own.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { timerMs } from '../../lib/timer.ts'

export interface StreamAddress {
  host: string
  port: number
  /** Milliseconds that connecting and writing may take, each. */
  timeoutMs: number
  /** With TLS; `serverName` stands in for the host in SNI and in the check of the certificate. */
  tls?: { serverName: string | undefined } | undefined
}

/** Bytes of a UDP datagram over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507

/** Sends one text on a connection of its own, whose end tells the receiver that the batch is whole. */
export async function sendOnce(address: StreamAddress, text: string): Promise<void> {
  const socket = await open(address)
  try {
    await write(socket, address, text)
    finish(socket, address)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Connections that are kept for the next text, up to `maxIdle`. */
export class SocketPool {
  readonly #address: StreamAddress
  readonly #maxIdle: number
  readonly #idle: Socket[] = []
  #closed = false

  constructor(address: StreamAddress, maxIdle: number) {
    this.#address = address
    this.#maxIdle = maxIdle
  }

  /** Rejects when a text could not be handed to the system; then the connection is given up. */
  async send(texts: string[]): Promise<void> {
    const socket = this.#idle.pop() ?? (await this.#open())
    try {
      for (const text of texts) await write(socket, this.#address, text)
    } catch (error) {
      socket.destroy()
      throw error
    }
    if (this.#closed || this.#idle.length >= this.#maxIdle) finish(socket, this.#address)
    else if (!socket.destroyed) this.#idle.push(socket)
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#idle.splice(0)) finish(socket, this.#address)
  }

  async #open(): Promise<Socket> {
    const socket = await open(this.#address)
    socket.unref()
    socket.once('close', () => {
      const at = this.#idle.indexOf(socket)
      if (at >= 0) this.#idle.splice(at, 1)
    })
    return socket
  }
}

/** Sends texts as one datagram each, in their order. */
export async function sendDatagrams(address: StreamAddress, texts: string[]): Promise<void> {
  // Here, since a socket that cannot look a name up throws where nobody can catch it.
  const { address: host, family } = await lookup(address.host, { order: 'ipv4first' })
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  try {
    for (const text of texts) await sendDatagram(socket, { ...address, host }, text)
  } finally {
    socket.close()
  }
}

function sendDatagram(socket: DatagramSocket, { host, port, timeoutMs }: StreamAddress, text: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const sent = new Promise<void>((resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${host}:${port} could not be sent to in ${timeoutMs} ms`)),
      timerMs(timeoutMs),
    )
    socket.once('error', reject)
    // Throws for the port 0, which is a rejection here.
    socket.send(text, port, host, (error) => (error ? reject(error) : resolve()))
  })
  return sent.finally(() => {
    clearTimeout(timer)
    socket.removeAllListeners('error')
  })
}

function open({ host, port, timeoutMs, tls }: StreamAddress): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const servername = tls?.serverName ?? (isIP(host) ? undefined : host)
  const socket = tls
    ? connectTls({ host, port, ...(servername === undefined ? {} : { servername }) }, () => resolve(socket))
    : connect(port, host, () => resolve(socket))
  socket.setTimeout(timerMs(timeoutMs), () =>
    socket.destroy(new Error(`${host}:${port} did not answer within ${timeoutMs} ms`)),
  )
  // Stays for the life of the socket: a receiver that resets an idle connection is no error of ours.
  socket.on('error', reject)
  // What a receiver says is not looked at, but must be read, or its end would never be seen.
  socket.resume()
  return promise.finally(() => socket.setTimeout(0))
}

/** Says that no more comes; a receiver that does not close its side is cut off. */
function finish(socket: Socket, { timeoutMs }: StreamAddress): void {
  socket.setTimeout(timerMs(timeoutMs))
  socket.end()
}

function write(socket: Socket, { host, port, timeoutMs }: StreamAddress, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(
    () => reject(new Error(`${host}:${port} took no log entry for ${timeoutMs} ms`)),
    timerMs(timeoutMs),
  )
  socket.write(text, (error) => (error ? reject(error) : resolve()))
  return promise.finally(() => clearTimeout(timer))
}
