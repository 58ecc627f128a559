// One client connection speaking HTTP/2, on node:http2 (nghttp2): opens a ClientStream for each request, bounds what a client may make us do
// for nothing, closes idle connections, and drains with GOAWAY.
//
// Bounds: nghttp2 and Node limit concurrent streams, header bytes, CONTINUATION frames, unread acknowledgements and memory. What they let
// pass is counted here: streams that end before their response (rapid reset, CVE-2023-44487, whichever side resets), PING and SETTINGS.
import http2, { type Http2Stream, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Waiting } from '../deadlines.ts'
import type { ConnectionInfo } from '../exchange.ts'
import type { Http1Server } from '../http1/server.ts'
import { Allowance } from './allowance.ts'
import { ClientStream } from './stream.ts'

const { NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants

/** Streams that may end before their response: a page that is left cancels its loads; more is an attack. */
const ABORT_BURST = 200
const ABORTS_PER_SECOND = 20
/** gRPC clients measure the bandwidth with pings, one for each round trip while data comes. */
const PING_BURST = 10_000
const PINGS_PER_SECOND = 2000
const SETTINGS_BURST = 50
const SETTINGS_PER_SECOND = 1
/** Settings in one frame. */
const MAX_SETTINGS = 32
/** Bytes that a client may send ahead on one stream, and on all of them for each round trip. */
const STREAM_WINDOW_BYTES = 256 * 1024
const CONNECTION_WINDOW_BYTES = 1024 * 1024
/** A session that has said GOAWAY and has no stream may take so long to end. */
const CLOSE_MS = 2000
/** RFC 9113 6.5.2: a field counts its name, its value and these bytes. */
const FIELD_OVERHEAD_BYTES = 32

export class Http2Connection implements Waiting {
  deadline: number
  readonly info: ConnectionInfo
  readonly server: Http1Server
  readonly #socket: Socket
  readonly #session: ServerHttp2Session
  readonly #aborts: Allowance
  readonly #pings: Allowance
  readonly #settings: Allowance
  #open = 0
  #served = 0

  constructor(socket: Socket, info: ConnectionInfo, server: Http1Server, concurrentStreams: number) {
    this.info = info
    this.server = server
    this.#socket = socket
    // node:http2 does not end what a client has ended: such a connection would stay for ever.
    socket.allowHalfOpen = false
    const { limits, deadlines } = server
    const now = performance.now()
    this.#aborts = new Allowance(ABORT_BURST, ABORTS_PER_SECOND, now)
    this.#pings = new Allowance(PING_BURST, PINGS_PER_SECOND, now)
    this.#settings = new Allowance(SETTINGS_BURST, SETTINGS_PER_SECOND, now)
    this.deadline = deadlines.now + limits.headTimeoutMs
    deadlines.add(this)
    server.connections.add(this)
    this.#session = http2.performServerHandshake(socket, {
      // Somewhat more than the limits, so that a head just above them gets an answer; nghttp2 resets what is far above.
      maxHeaderListPairs: limits.fields * 2,
      maxSettings: MAX_SETTINGS,
      strictSingleValueFields: false,
      streamResetBurst: ABORT_BURST,
      streamResetRate: ABORTS_PER_SECOND,
      settings: {
        enablePush: false,
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxConcurrentStreams: concurrentStreams,
        maxHeaderListSize: limits.headBytes * 2 + limits.fields * FIELD_OVERHEAD_BYTES,
      },
    })
    this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
    this.#listen()
  }

  #listen(): void {
    const session = this.#session
    session.on('stream', (stream, _headers, _flags, raw) => this.#onStream(stream, raw as unknown as string[]))
    session.on('ping', () => this.#spend(this.#pings, 'pings'))
    session.on('remoteSettings', () => this.#spend(this.#settings, 'settings'))
    // nghttp2 has told the client by then; 'close' follows.
    session.on('error', (error) => this.#log(error.message))
    session.on('frameError', (_type, code) => this.#log(`a frame could not be sent: ${code}`))
    session.on('close', () => this.#onClose())
  }

  /** The thread drains: GOAWAY now, the streams under way may finish. */
  shutdown(): void {
    this.#goAway()
  }

  /** Nothing was asked for too long, or the client does not take our GOAWAY. */
  expire(): void {
    if (this.#session.closed) this.#session.destroy()
    else this.#goAway()
  }

  /** Bytes that the client has taken so far. */
  get sentBytes(): number {
    return this.#socket.bytesWritten
  }

  /** A stream is over. `complete`: with its response. */
  released(complete: boolean): void {
    this.#open--
    if (!complete) this.#spend(this.#aborts, 'streams that were given up')
    if (this.#open === 0)
      this.deadline =
        this.server.deadlines.now + (this.#session.closed ? CLOSE_MS : this.server.limits.keepaliveTimeoutMs)
  }

  #onStream(stream: ServerHttp2Stream, raw: readonly string[]): void {
    this.#open++
    this.deadline = Number.POSITIVE_INFINITY
    if (++this.#served >= this.server.limits.keepaliveRequests || this.server.draining) this.#goAway()
    new ClientStream(stream, this).begin(raw, endsWithHead(stream))
  }

  #goAway(): void {
    if (this.#open === 0) this.deadline = this.server.deadlines.now + CLOSE_MS
    if (!this.#session.closed && !this.#session.destroyed) this.#session.close()
  }

  #spend(allowance: Allowance, what: string): void {
    if (allowance.take(performance.now()) || this.#session.destroyed) return
    this.#session.destroy(new Error(`too many ${what}`), NGHTTP2_ENHANCE_YOUR_CALM)
  }

  #log(reason: string): void {
    this.server.log.info({ remote_addr: this.info.remoteAddr, reason }, 'closed an HTTP/2 connection')
  }

  #onClose(): void {
    this.server.deadlines.delete(this)
    this.server.connections.delete(this)
  }
}

/** True when the request has no body. Node tells it, its types do not know. */
function endsWithHead(stream: Http2Stream): boolean {
  return stream.endAfterHeaders
}
