// One connection to an upstream: sends a request, parses the response, tells the handler, goes back to the pool.
//
// Reads land in a ReadBuffer; what must outlive the read is copied when small and handed over when large. An upstream is not trusted: its framing is
// checked like a client's, bytes behind a response close the connection, since the next request would take them for its own response.
import net from 'node:net'
import tls from 'node:tls'
import type { BodyError, BodySink } from '../body.ts'
import type { Deadlines, Waiting } from '../deadlines.ts'
import { HeaderList } from '../headers.ts'
import { ChunkScanner } from '../http1/chunked.ts'
import { type HeadLimits, ParseError } from '../http1/head-rules.ts'
import { type ParsedResponse, parseResponse } from '../http1/parser.ts'
import { JOIN_BYTES, Outbox } from '../outbox.ts'
import { hasSent, putBack, ReadBuffer, withCopy } from '../read-buffer.ts'
import type { Http1Transport } from './h1.ts'
import { toTlsOptions } from './tls-options.ts'
import {
  type Call,
  type Destination,
  type FailureReason,
  type OutgoingRequest,
  type PoolLimits,
  type ResponseHandler,
  type Timeouts,
  UpstreamError,
} from './transport.ts'

const LIMITS: HeadLimits = { headBytes: 64 * 1024, targetBytes: 0, fields: 1000 }
const EMPTY = Buffer.alloc(0)

type State = 'idle' | 'head' | 'length' | 'chunked' | 'close' | 'tunnel' | 'dead'

export class UpstreamConnection implements Call, BodySink, Waiting {
  deadline = Number.POSITIVE_INFINITY
  readonly destination: Destination
  readonly #socket: net.Socket
  readonly #out: Outbox
  readonly #deadlines: Deadlines
  readonly #owner: Http1Transport
  #state: State = 'idle'
  #connected = false
  #served = 0
  #gotBytes = false
  #pending: Buffer = EMPTY
  #left = 0
  #chunks: ChunkScanner | undefined
  #reusable = false
  #bodySent = false
  #request: OutgoingRequest | undefined
  #handler: ResponseHandler | undefined
  #timeouts: Timeouts = { connectMs: 0, sendMs: 0, readMs: 0 }
  #pool: PoolLimits = { size: 0, idleMs: 0, requests: 0 }
  #chunkBody = false
  /** Something refers to bytes of this read. */
  #kept = false

  /** `tunnel`: it will be upgraded, so that whoever takes the socket over must be able to read it as a stream. */
  constructor(
    destination: Destination,
    deadlines: Deadlines,
    connectMs: number,
    owner: Http1Transport,
    tunnel: boolean,
  ) {
    this.destination = destination
    this.#deadlines = deadlines
    this.#owner = owner
    this.deadline = deadlines.now + connectMs
    const reads = new ReadBuffer()
    const onread: net.OnReadOpts = {
      buffer: () =>
        reads.next(this.#state === 'length' || this.#state === 'chunked' || this.#state === 'close') as Buffer,
      callback: (bytes) => {
        this.#kept = false
        const view = reads.view(bytes)
        const given = reads.give(bytes)
        this.#onBytes(view, given !== undefined)
        if (given && !this.#kept) putBack(given)
        return true
      },
    }
    const { address, port, tls: secure } = destination
    // RFC 9112 9.6: the upstream ends its side to say that it will not take another request; a response may still be complete.
    const socket = secure
      ? tls.connect({
          ...toTlsOptions(destination, secure, 'http/1.1'),
          allowHalfOpen: tunnel,
        } as tls.ConnectionOptions)
      : net.connect({ host: address, port, noDelay: true, ...(tunnel ? { allowHalfOpen: true } : { onread }) })
    if (secure || tunnel) socket.on('data', (chunk: Buffer) => this.#onBytes(chunk, true))
    socket.on(secure ? 'secureConnect' : 'connect', () => this.#onConnect())
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#onEnd())
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(this.#connected ? 'closed' : 'connect', error.code ?? error.message),
    )
    socket.on('close', () => this.#fail('closed', 'the connection was closed'))
    this.#socket = socket
    this.#out = new Outbox(socket)
    deadlines.add(this)
  }

  // ---- sending

  send(request: OutgoingRequest, timeouts: Timeouts, pool: PoolLimits, handler: ResponseHandler): void {
    this.#state = 'head'
    this.#request = request
    this.#handler = handler
    this.#timeouts = timeouts
    this.#pool = pool
    this.#gotBytes = false
    this.#bodySent = false
    this.#pending = EMPTY
    if (!this.#connected) return
    this.#write()
  }

  #onConnect(): void {
    this.#connected = true
    if (this.#request) this.#write()
  }

  #write(): void {
    const request = this.#request as OutgoingRequest
    const { body } = request
    this.#handler?.connected(this.#served > 0)
    this.#served++
    this.deadline = this.#deadlines.now + this.#timeouts.readMs
    const whole = body.buffered()
    const length = whole ? whole.length : body.length
    this.#chunkBody = length === undefined
    const head = `${request.method} ${request.uri} HTTP/1.1\r\nHost: ${request.host}\r\n${request.headers}${this.#framing(request, length)}\r\n`
    if (whole) {
      this.#bodySent = true
      if (whole.length <= JOIN_BYTES) this.#out.text(head + whole.toString('latin1'))
      else {
        this.#out.text(head)
        this.#out.bytes(whole)
      }
      return
    }
    this.#out.text(head)
    body.pipe(this)
  }

  #framing(request: OutgoingRequest, length: number | undefined): string {
    if (request.upgrade) return `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`
    if (length === undefined) return 'Transfer-Encoding: chunked\r\n'
    if (length > 0) return `Content-Length: ${length}\r\n`
    // RFC 9110 8.6: a method that usually has content says that there is none.
    return request.saysEmpty || request.method === 'POST' || request.method === 'PUT' || request.method === 'PATCH'
      ? 'Content-Length: 0\r\n'
      : ''
  }

  /** BodySink: a piece of the request body. */
  data(chunk: Buffer): boolean {
    if (this.#state === 'dead') return true
    this.deadline = this.#deadlines.now + this.#timeouts.sendMs
    if (!this.#chunkBody) return this.#out.bytes(chunk)
    this.#socket.cork()
    this.#out.text(`${chunk.length.toString(16)}\r\n`)
    this.#out.bytes(chunk)
    this.#out.text('\r\n')
    const room = this.#out.flush()
    this.#socket.uncork()
    return room
  }

  /** BodySink */
  get sent(): boolean {
    return hasSent(this.#socket, this.destination.tls !== undefined)
  }

  /** BodySink: the request body is complete. */
  end(): void {
    this.#bodySent = true
    if (this.#state === 'dead') return
    if (this.#chunkBody) this.#out.text('0\r\n\r\n')
    if (this.#state !== 'idle') this.deadline = this.#deadlines.now + this.#timeouts.readMs
  }

  /** BodySink: the client's body cannot be completed, so neither can this request. */
  error(_error: BodyError): void {
    this.cancel()
  }

  #onDrain(): void {
    if (!this.#bodySent) this.#request?.body.resume()
  }

  // ---- receiving

  /** `owned`: the bytes may be handed on without a copy. */
  #onBytes(chunk: Buffer, owned: boolean): void {
    if (this.#state === 'dead') return
    if (this.#state === 'tunnel') return
    if (this.#state === 'idle') {
      this.destroy() // nobody asked
      return
    }
    if (this.#out.waits && !this.#gotBytes) {
      this.#fail('closed', 'the upstream has sent something before it was asked')
      return
    }
    this.#gotBytes = true
    this.deadline = this.#deadlines.now + this.#timeouts.readMs
    try {
      this.#take(chunk, owned)
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      this.#fail('protocol', error.message)
      return
    }
    this.#handler?.flush()
  }

  #take(chunk: Buffer, owned: boolean): void {
    let at = 0
    while (at < chunk.length) {
      switch (this.#state) {
        case 'head': {
          const head = this.#parseHead(chunk, at)
          if (head < 0) return
          at = head
          break
        }
        case 'length': {
          const end = Math.min(chunk.length, at + this.#left)
          this.#left -= end - at
          this.#deliver(chunk.subarray(at, end), owned)
          at = end
          if (this.#left === 0) this.#complete(undefined, at < chunk.length)
          break
        }
        case 'chunked': {
          const chunks = this.#chunks as ChunkScanner
          at = chunks.scan(chunk, at, (data) => this.#deliver(data, owned))
          if (chunks.done) this.#complete(chunks.trailers, at < chunk.length)
          break
        }
        case 'close':
          this.#deliver(chunk.subarray(at), owned)
          return
        default:
          return // the response is complete; #complete has dealt with what is left
      }
    }
  }

  /** Index after the head, or -1 when it is not complete yet. */
  #parseHead(chunk: Buffer, from: number): number {
    const joined = this.#pending.length ? Buffer.concat([this.#pending, chunk.subarray(from)]) : chunk
    const start = this.#pending.length ? 0 : from
    const head = parseResponse(joined, start, LIMITS)
    if (!head) {
      this.#pending = Buffer.from(joined.subarray(start))
      return -1
    }
    const consumed = from + head.headLength - this.#pending.length
    this.#pending = EMPTY
    return consumed + this.#onHead(head, chunk, consumed)
  }

  /** Bytes behind the head that it has taken too. */
  #onHead(head: ParsedResponse, chunk: Buffer, consumed: number): number {
    const request = this.#request as OutgoingRequest
    const headers = new HeaderList(head.headers)
    if (head.connectionNames) for (const name of head.connectionNames) headers.remove(name)
    if (head.status === 101) {
      this.#upgrade(head, headers, Buffer.from(chunk.subarray(consumed)))
      return 0
    }
    if (head.status < 200) {
      this.#handler?.informational(head.status, headers)
      return 0
    }
    this.#reusable = head.keepAlive
    const empty = request.method === 'HEAD' || head.status === 204 || head.status === 304
    const length = head.contentLength >= 0 ? head.contentLength : undefined
    if (empty || length === 0) {
      this.#handler?.head(head.status, headers, empty ? length : 0)
      this.#complete(undefined, consumed < chunk.length)
      return 0
    }
    this.#left = length ?? 0
    this.#chunks = head.chunked ? new ChunkScanner(502) : undefined
    this.#state = head.chunked ? 'chunked' : length === undefined ? 'close' : 'length'
    if (this.#state === 'close') this.#reusable = false
    this.#handler?.head(head.status, headers, length)
    if (length === undefined || head.text.length !== head.headLength + length) return 0
    if (!this.#handler?.text(head.text.slice(head.headLength))) return 0
    this.#left = 0
    if (this.#handler) this.#complete(undefined, consumed + length < chunk.length)
    return length
  }

  #upgrade(head: ParsedResponse, headers: HeaderList, rest: Buffer): void {
    if (!this.#request?.upgrade || head.upgrade?.toLowerCase() !== this.#request.upgrade.toLowerCase()) {
      throw new ParseError(502, 'the upstream switched to a protocol that was not asked for')
    }
    const handler = this.#handler
    this.#state = 'tunnel'
    this.#deadlines.delete(this)
    handler?.head(101, headers, undefined)
    this.#socket.removeAllListeners()
    handler?.upgraded(this.#socket, rest)
  }

  #deliver(data: Buffer, owned: boolean): void {
    if (owned) this.#kept = this.#hand(data) || this.#kept
    else withCopy(data, (copy) => this.#hand(copy))
  }

  /** Whether something still refers to the bytes. */
  #hand(data: Buffer): boolean {
    const handler = this.#handler
    if (!handler?.data(data)) this.#pause()
    return handler?.keeps() ?? false
  }

  #pause(): void {
    if (this.#state === 'idle' || this.#state === 'dead') return
    this.#socket.pause()
    this.deadline = Number.POSITIVE_INFINITY // the client is slow, not the upstream
  }

  resume(): void {
    if (this.#state === 'idle' || this.#state === 'dead') return
    this.deadline = this.#deadlines.now + this.#timeouts.readMs
    this.#socket.resume()
  }

  #complete(trailers: HeaderList | undefined, surplus: boolean): void {
    const handler = this.#handler
    this.#handler = undefined
    const complete = this.#bodySent
    this.#request?.body.unpipe()
    this.#request = undefined
    this.#state = 'idle'
    if (
      this.#reusable &&
      complete &&
      !surplus &&
      this.#served < this.#pool.requests &&
      this.#pool.size > 0 &&
      !this.#socket.destroyed
    ) {
      this.deadline = this.#deadlines.now + this.#pool.idleMs
      this.#socket.resume()
      this.#owner.release(this, this.#pool)
    } else {
      this.destroy()
    }
    handler?.end(trailers)
  }

  // ---- ends

  expire(): void {
    if (this.#state === 'idle') this.destroy()
    else if (!this.#connected) this.#fail('connect-timeout', 'connecting took too long')
    else
      this.#fail(
        this.#bodySent ? 'read-timeout' : 'send-timeout',
        this.#bodySent ? 'the answer took too long' : 'the upstream takes no more of the request',
      )
  }

  cancel(): void {
    this.#handler = undefined
    this.destroy()
  }

  destroy(): void {
    if (this.#state === 'idle') this.#owner.remove(this)
    this.#state = 'dead'
    this.#deadlines.delete(this)
    this.#socket.destroy()
  }

  #onEnd(): void {
    if (this.#state === 'close') this.#complete(undefined, false)
    else this.#fail('closed', 'the upstream closed the connection before its response was complete')
  }

  #fail(reason: FailureReason, message: string): void {
    if (this.#state === 'dead') return
    const handler = this.#handler
    const stale = this.#served > 1 && !this.#gotBytes && reason === 'closed' ? 'closed' : undefined
    this.#handler = undefined
    this.#request?.body.unpipe()
    this.destroy()
    handler?.failed(new UpstreamError(reason, message, stale))
  }
}
