// A connection that has switched protocols (WebSocket): bytes go both ways until both sides have ended, one breaks, or neither has sent
// anything for the upstream's read timeout, as nginx does it. One side may end before the other; what is under way still arrives.
import type { Duplex } from 'node:stream'
import type { Deadlines, Waiting } from './deadlines.ts'

/** One side: its socket, and bytes of it that were read before the switch. */
export interface TunnelEnd {
  socket: Duplex
  rest: Buffer
}

export interface TunnelOptions {
  client: TunnelEnd
  upstream: TunnelEnd
  deadlines: Deadlines
  /** Milliseconds without a byte in either direction. */
  idleMs: number
  /** The same when one side has ended: it may have left without a word. Undefined: `idleMs`. */
  idleAfterEndMs?: number
  /** Bytes of the client. */
  onReceived?(bytes: number): void
  /** Bytes that the client is sent. */
  onSent(bytes: number): void
  /** Once, when both sides are closed or about to be. */
  onEnd(): void
}

export class Tunnel implements Waiting {
  deadline = Number.POSITIVE_INFINITY
  readonly #options: TunnelOptions
  #open = true
  #idleMs: number

  constructor(options: TunnelOptions) {
    this.#options = options
    this.#idleMs = options.idleMs
    const { client, upstream, deadlines } = options
    this.#touch()
    deadlines.add(this)
    this.#pass(client, upstream.socket, options.onReceived ?? (() => {}))
    this.#pass(upstream, client.socket, options.onSent)
  }

  /** Nothing came for too long. */
  expire(): void {
    this.#finish()
  }

  #pass({ socket: from, rest }: TunnelEnd, to: Duplex, count: (bytes: number) => void): void {
    const take = (chunk: Buffer): void => {
      this.#touch()
      count(chunk.length)
      if (!to.write(chunk)) from.pause()
    }
    if (rest.length) take(rest)
    from.on('data', take)
    to.on('drain', () => {
      this.#touch()
      from.resume()
    })
    from.on('end', () => {
      this.#idleMs = Math.min(this.#idleMs, this.#options.idleAfterEndMs ?? this.#idleMs)
      this.#touch()
      to.end()
    })
    from.on('error', () => this.#finish())
    from.on('close', () => this.#onClose(from, to))
    to.on('finish', () => {
      if (from.destroyed) this.#finish()
    })
    from.resume()
  }

  /** Both sides have ended, and the other has the time to take what is queued for it; or this one broke. */
  #onClose(from: Duplex, to: Duplex): void {
    if (!from.readableEnded || to.destroyed || to.writableFinished) this.#finish()
  }

  #touch(): void {
    this.deadline = this.#options.deadlines.now + this.#idleMs
  }

  #finish(): void {
    if (!this.#open) return
    this.#open = false
    this.#options.deadlines.delete(this)
    this.#options.client.socket.destroy()
    this.#options.upstream.socket.destroy()
    this.#options.onEnd()
  }
}
