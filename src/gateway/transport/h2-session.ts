// One HTTP/2 connection to an upstream node: connects, starts calls, and takes no more once the upstream says GOAWAY, a call timed out
// (the node may be gone without a word), or `keepalive_pool` says so. Calls that wait for it fail as connection errors.
import http2, { type ClientHttp2Session } from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import type { Deadlines, Waiting } from '../deadlines.ts'
import type { UpstreamStream } from './h2-call.ts'
import { toTlsOptions } from './tls-options.ts'
import type { Destination, PoolLimits } from './transport.ts'

/** Streams at a time until the upstream has said how many it takes (RFC 9113 6.5.2 recommends no fewer). */
const FIRST_STREAMS = 100
/** Bytes that an upstream may send ahead on one stream, and on all of them for each round trip. */
const STREAM_WINDOW_BYTES = 256 * 1024
const SESSION_WINDOW_BYTES = 1024 * 1024
/** Bytes of an upstream's head and trailers. */
const MAX_HEADER_BYTES = 64 * 1024
const MAX_HEADER_PAIRS = 1000

export interface SessionOwner {
  /** It has no call any more. */
  idle(): void
  retired(): void
}

export class UpstreamSession implements Waiting {
  deadline = Number.POSITIVE_INFINITY
  readonly #session: ClientHttp2Session
  readonly #pool: PoolLimits
  readonly #deadlines: Deadlines
  readonly #owner: SessionOwner
  readonly #waiting: UpstreamStream[] = []
  #connected = false
  #retired = false
  #open = 0
  #served = 0

  constructor(to: Destination, pool: PoolLimits, deadlines: Deadlines, owner: SessionOwner) {
    this.#pool = pool
    this.#deadlines = deadlines
    this.#owner = owner
    const socket = openSocket(to)
    // `strictSingleValueFields` would throw at a client's repeated field; Node's types know it of servers only.
    const options: http2.ClientSessionOptions & { strictSingleValueFields: boolean } = {
      createConnection: () => socket,
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      strictSingleValueFields: false,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES, maxHeaderListSize: MAX_HEADER_BYTES },
    }
    this.#session = http2.connect(`${to.tls ? 'https' : 'http'}://upstream`, options)
    this.#listen()
    deadlines.add(this)
  }

  /** Whether another call may start on it. */
  get hasRoom(): boolean {
    if (this.#retired || this.#session.closed || this.#session.destroyed) return false
    const limit = this.#connected ? this.#session.remoteSettings.maxConcurrentStreams : FIRST_STREAMS
    return this.#open < (limit ?? FIRST_STREAMS)
  }

  get idle(): boolean {
    return this.#open === 0
  }

  start(call: UpstreamStream): void {
    this.#open++
    this.deadline = Number.POSITIVE_INFINITY
    if (++this.#served >= this.#pool.requests) this.#leavePool()
    call.ended = (suspicious) => this.#release(call, suspicious)
    if (this.#connected) call.begin(this.#session, this.#served > 1)
    else this.#waiting.push(call)
  }

  /** No more calls; it ends with the last one. */
  retire(): void {
    this.#leavePool()
    if (this.#open === 0) this.#session.close()
  }

  /** Idle for too long. */
  expire(): void {
    this.retire()
    if (this.#session.closed) this.destroy()
  }

  destroy(): void {
    this.#session.destroy()
  }

  #listen(): void {
    const session = this.#session
    let reason = 'the connection was closed'
    session.once('connect', () => {
      if (session.destroyed) return // Node tells it of a session that was destroyed before, too
      this.#connected = true
      session.setLocalWindowSize(SESSION_WINDOW_BYTES)
      for (const call of this.#waiting.splice(0)) call.begin(session, false)
    })
    session.on('goaway', () => this.#leavePool())
    session.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message
    })
    session.on('close', () => {
      this.#deadlines.delete(this)
      this.#leavePool()
      for (const call of this.#waiting.splice(0)) call.fail('connect', reason)
    })
  }

  #release(call: UpstreamStream, suspicious: boolean): void {
    this.#open--
    const at = this.#waiting.indexOf(call)
    if (at >= 0) this.#waiting.splice(at, 1)
    if (suspicious) this.#leavePool()
    if (this.#open > 0) return
    if (this.#retired || !this.#connected) {
      this.retire()
      if (!this.#connected) this.destroy()
      return
    }
    this.deadline = this.#deadlines.now + this.#pool.idleMs
    this.#owner.idle()
  }

  #leavePool(): void {
    if (this.#retired) return
    this.#retired = true
    this.#owner.retired()
  }
}

function openSocket(to: Destination): net.Socket {
  return to.tls
    ? tls.connect(toTlsOptions(to, to.tls, 'h2'))
    : net.connect({ host: to.address, port: to.port, noDelay: true })
}
