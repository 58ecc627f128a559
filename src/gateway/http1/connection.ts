// One client connection speaking HTTP/1.1: reads requests one after the other, runs each through the pipeline, writes the responses in order.
//
// A request is read while its response is not finished only as far as its own body goes; what a client pipelines behind it waits, bounded,
// in `#rest`. The connection is closed, never guessed about, when its framing is in doubt: after a refused head, a broken body, or a response
// that ended before the request's body did.
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import { hostOf } from '../authority.ts'
import { BodyError, type BodySource, RequestBody } from '../body.ts'
import type { Waiting } from '../deadlines.ts'
import { type ConnectionInfo, Exchange, GatewayRequest, GatewayResponse, NO_CHAIN } from '../exchange.ts'
import { HeaderList } from '../headers.ts'
import { isPreface } from '../http2/preface.ts'
import { normalisePath } from '../normalise.ts'
import { Outbox } from '../outbox.ts'
import { withCopy } from '../read-buffer.ts'
import { ChunkScanner } from './chunked.ts'
import type { Reader } from './direct-socket.ts'
import { ParseError } from './head-rules.ts'
import { type ParsedRequest, parseRequest, skipEmptyLines } from './parser.ts'
import { ResponseWriter, refusal } from './response-writer.ts'
import type { Http1Server } from './server.ts'

/** Bytes that a client may send ahead of the request that is being answered. */
const MAX_AHEAD_BYTES = 64 * 1024
/** Bytes of a request body that are read and thrown away after its response, so that the client can read the response before a reset. */
const MAX_LINGER_BYTES = 1024 * 1024
const LINGER_MS = 2000
/** A client that ends its side this soon after its request still waits for the answer (`nc -N`); one that ends it later has left. */
const HALF_CLOSE_MS = 1000

const EMPTY = Buffer.alloc(0)
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

type State = 'head' | 'body' | 'response' | 'linger' | 'tunnel' | 'closed'
/** No request is taken any more. */
const OVER: ReadonlySet<State> = new Set(['closed', 'linger', 'tunnel'])

export class ClientConnection implements BodySource, Reader, Waiting {
  deadline = Number.POSITIVE_INFINITY
  kept = true
  readonly socket: Socket
  readonly out: Outbox
  readonly info: ConnectionInfo
  readonly #server: Http1Server
  #state: State = 'head'
  #rest: Buffer = EMPTY
  #ctx: Exchange | undefined
  #writer: ResponseWriter | undefined
  #body: RequestBody | undefined
  #bodyLeft = 0
  #chunks: ChunkScanner | undefined
  #requests = 0
  #startedAt = 0
  #expectContinue = false
  #lingered = 0
  #consuming = false
  /** The bytes that are being taken may be kept. */
  #owned = true
  #requestEndedAt = 0
  /** The client has ended its side; what it sent before is still answered. */
  #halfClosed = false

  constructor(socket: Socket, info: ConnectionInfo, server: Http1Server) {
    this.socket = socket
    this.out = new Outbox(socket)
    this.info = info
    this.#server = server
    this.deadline = server.deadlines.now + server.limits.headTimeoutMs
    server.deadlines.add(this)
    server.connections.add(this)
    socket.on('data', (chunk: Buffer) => this.received(chunk, true))
    socket.on('end', () => this.#onEnd())
    socket.on('close', () => this.#onClose())
    socket.on('error', () => {}) // 'close' follows and ends the exchange
    socket.on('drain', () => this.#onDrain())
  }

  // ---- what the connection is told from outside

  /** The thread drains: an idle connection closes now, a busy one after its response. */
  shutdown(): void {
    if (this.#state === 'head' && this.#rest.length === 0 && this.#requests > 0) this.#close()
  }

  expire(): void {
    if (this.#state === 'head' && this.#rest.length > 0)
      this.#refuse(new ParseError(408, 'the request head took too long'))
    else if (this.#state === 'body' && this.#ctx && !this.#ctx.committed)
      this.#failBody(new BodyError(408, 'the request body took too long'))
    else this.destroy()
  }

  pause(): void {
    this.socket.pause()
    this.deadline = Number.POSITIVE_INFINITY
  }

  resume(): void {
    if (this.#state === 'body') this.deadline = this.#server.deadlines.now + this.#server.limits.bodyTimeoutMs
    this.socket.resume()
  }

  wanted(): void {
    if (!this.#expectContinue) return
    this.#expectContinue = false
    this.out.text(CONTINUE)
  }

  // ---- what the response writer tells it

  /** The response is complete. `keep`: its framing allows another request. */
  responded(keep: boolean): void {
    this.#ctx = undefined
    this.#writer = undefined
    const bodyComplete = this.#body?.ended ?? true
    this.#body = undefined
    if (keep && bodyComplete && !this.#server.draining) {
      this.#state = 'head'
      this.deadline = this.#server.deadlines.now + this.#server.limits.keepaliveTimeoutMs
      this.socket.resume()
      if (this.#rest.length && !this.#consuming) this.#consume(EMPTY)
      else if (this.#halfClosed && !this.#consuming) this.#close()
    } else if (bodyComplete) this.#close()
    else this.#linger()
  }

  /** Whether the connection can go on after the current response, as far as is known when its head is written. */
  get reusable(): boolean {
    const { draining, limits } = this.#server
    return (this.#body?.ended ?? true) && !draining && this.#requests < limits.keepaliveRequests
  }

  /** A response waits for the client to take it. */
  blocked(): void {
    this.deadline = this.#server.deadlines.now + this.#server.limits.sendTimeoutMs
  }

  /** Hands the socket over after a 101; `rest` are bytes that the client has sent already. */
  tunnel(): { socket: Duplex; rest: Buffer } {
    const rest = this.#rest
    this.out.flush()
    this.#rest = EMPTY
    this.#state = 'tunnel'
    this.deadline = Number.POSITIVE_INFINITY
    this.socket.removeAllListeners('data').removeAllListeners('drain').removeAllListeners('end')
    return { socket: this.socket, rest }
  }

  // ---- bytes in

  get streaming(): boolean {
    return this.#state === 'body'
  }

  received(chunk: Buffer, owned: boolean): boolean {
    this.kept = this.#state === 'tunnel'
    if (this.#state === 'tunnel') return this.socket.push(owned ? chunk : Buffer.from(chunk))
    if (this.#state === 'linger') {
      this.#lingered += chunk.length
      if (this.#lingered > MAX_LINGER_BYTES) this.destroy()
    } else {
      this.#owned = owned
      this.#consume(chunk)
    }
    return true
  }

  /** Takes as many bytes as the current state can; the rest waits. */
  #consume(chunk: Buffer): void {
    let buffer = chunk
    if (this.#rest.length) {
      buffer = chunk.length ? Buffer.concat([this.#rest, chunk]) : this.#rest
      this.#rest = EMPTY
      this.#owned = true
    }
    this.#consuming = true
    try {
      while (buffer.length) {
        const before: State = this.#state
        const taken = before === 'head' ? this.#takeHead(buffer) : before === 'body' ? this.#takeBody(buffer, 0) : 0
        if (OVER.has(this.#state)) return
        if (taken === 0 && this.#state === before) break
        buffer = taken === buffer.length ? EMPTY : buffer.subarray(taken)
      }
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      if (error.status === 505 && this.#handOver(buffer)) return
      // A body that is malformed in the piece that came with its head: there is no exchange yet to answer.
      if (this.#state === 'body' && this.#ctx)
        this.#failBody(new BodyError(error.status === 413 ? 413 : 400, error.message))
      else this.#refuse(error)
      return
    } finally {
      this.#consuming = false
    }
    if (this.#halfClosed && this.#state !== 'response') this.#onEnd()
    if (buffer.length === 0) return
    this.kept = true
    this.#rest = this.#owned ? buffer : Buffer.from(buffer)
    if (this.#state === 'response' && buffer.length > MAX_AHEAD_BYTES) this.socket.pause()
  }

  /** A client that speaks HTTP/2 without asking (RFC 9113 3.3) begins with what looks like a request of an unknown version. */
  #handOver(buffer: Buffer): boolean {
    const { http2, deadlines, connections } = this.#server
    if (!http2 || this.info.tls || this.#requests > 0 || !isPreface(buffer)) return false
    this.#state = 'closed'
    deadlines.delete(this)
    connections.delete(this)
    for (const event of ['data', 'end', 'close', 'error', 'drain']) this.socket.removeAllListeners(event)
    this.socket.pause()
    this.socket.unshift(buffer)
    http2(this.socket, this.info)
    return true
  }

  #takeHead(buffer: Buffer): number {
    const { limits, deadlines } = this.#server
    const from = skipEmptyLines(buffer, 0)
    if (from === buffer.length) return from
    if (this.#startedAt === 0) {
      this.#startedAt = performance.now()
      this.deadline = deadlines.now + limits.headTimeoutMs
    }
    const request = parseRequest(buffer, from, limits)
    if (!request) return 0
    const end = from + request.headLength
    this.#begin(request)
    const taken = this.#state === 'body' ? end + this.#takeBody(buffer, end) : end
    this.#start(request)
    return taken
  }

  /** Builds the exchange; its body may follow in the same buffer. */
  #begin(head: ParsedRequest): void {
    this.#requests++
    const { limits } = this.#server
    if (limits.bodyBytes > 0 && head.contentLength > limits.bodyBytes) {
      throw new ParseError(413, `request body is larger than ${limits.bodyBytes} bytes`)
    }
    const hasBody = head.chunked || head.contentLength > 0
    this.#body = new RequestBody(head.chunked ? undefined : Math.max(0, head.contentLength), this)
    this.#body.receivedBytes = this.#body.headBytes = head.headLength
    this.#bodyLeft = Math.max(0, head.contentLength)
    this.#chunks = head.chunked ? new ChunkScanner(400) : undefined
    this.#expectContinue = head.expectContinue && hasBody
    this.#state = hasBody ? 'body' : 'response'
    this.#requestEndedAt = this.#server.deadlines.now
    this.deadline = hasBody ? this.#server.deadlines.now + limits.bodyTimeoutMs : Number.POSITIVE_INFINITY
  }

  #start(head: ParsedRequest): void {
    const mark = head.target.indexOf('?')
    const path = head.target === '*' ? '*' : normalisePath(mark < 0 ? head.target : head.target.slice(0, mark))
    if (path === undefined) throw new ParseError(400, 'the path has a malformed escape or climbs above the root')
    const headers = new HeaderList(head.headers)
    if (head.connectionNames) for (const name of head.connectionNames) headers.remove(name)
    const httpVersion = head.minor === 1 ? '1.1' : '1.0'
    const request = new GatewayRequest(
      { method: head.method, target: head.target, httpVersion, headers, authority: head.authority },
      this.info.tls ? 'https' : 'http',
      hostOf(head.authority),
      path,
      this.#body as RequestBody,
      mark,
    )
    const writer = new ResponseWriter(this, head.method, head.minor, head.keepAlive)
    const ctx = new Exchange(request, new GatewayResponse(), this.info, writer, NO_CHAIN, this.#startedAt)
    ctx.upgrade = head.upgrade
    const real = this.#server.realIp?.(this.info.remoteAddr, headers)
    if (real !== undefined) ctx.remoteAddr = real
    this.#startedAt = 0
    this.#ctx = ctx
    this.#writer = writer
    writer.ctx = ctx
    this.#server.pipeline.handle(ctx)
  }

  #takeBody(buffer: Buffer, from: number): number {
    const body = this.#body as RequestBody
    if (this.#chunks) {
      const taken = this.#chunks.scan(buffer, from, (data) => this.#push(body, data)) - from
      if (this.#chunks.done) this.#endBody()
      else this.#touchBody()
      return taken
    }
    const take = Math.min(this.#bodyLeft, buffer.length - from)
    if (take > 0) {
      this.#bodyLeft -= take
      this.#push(body, buffer.subarray(from, from + take))
    }
    if (this.#bodyLeft === 0) this.#endBody()
    else this.#touchBody()
    return take
  }

  #push(body: RequestBody, data: Buffer): void {
    const { bodyBytes } = this.#server.limits
    if (bodyBytes > 0 && body.receivedBytes + data.length > bodyBytes + body.headBytes) {
      throw new ParseError(413, `request body is larger than ${bodyBytes} bytes`)
    }
    if (!this.#owned) withCopy(data, (copy) => body.push(copy))
    else if (body.push(data)) this.kept = true
  }

  #touchBody(): void {
    if (this.deadline !== Number.POSITIVE_INFINITY)
      this.deadline = this.#server.deadlines.now + this.#server.limits.bodyTimeoutMs
  }

  #endBody(): void {
    // A response may have ended while the body still came; then the state has moved on.
    if (this.#state === 'body') this.#state = 'response'
    this.deadline = Number.POSITIVE_INFINITY
    this.#requestEndedAt = this.#server.deadlines.now
    this.#expectContinue = false
    this.#body?.finish()
    if (this.socket.isPaused()) this.socket.resume() // or we would not see the client leave
  }

  // ---- ends

  #failBody(error: BodyError): void {
    const ctx = this.#ctx
    this.#body?.fail(error)
    if (ctx && !ctx.committed) {
      this.#writer?.closeAfter()
      this.#server.pipeline.reply(ctx, { status: error.status })
    } else {
      this.destroy()
    }
  }

  /** Answers a request that never became an exchange, and closes. */
  #refuse(error: ParseError): void {
    this.#server.log.info(
      { remote_addr: this.info.remoteAddr, status: error.status, reason: error.message },
      'refused a request',
    )
    this.out.text(refusal(error.status))
    this.#linger()
  }

  /** Ends our side and reads on for a moment: closing with unread bytes would reset the connection and lose the response. */
  #linger(): void {
    this.#state = 'linger'
    this.#rest = EMPTY
    this.deadline = this.#server.deadlines.now + LINGER_MS
    this.out.flush()
    this.socket.end()
    this.socket.resume()
  }

  #close(): void {
    this.#state = 'closed'
    this.out.flush()
    this.socket.end()
    this.socket.destroySoon()
  }

  destroy(): void {
    this.out.flush()
    this.socket.destroy()
  }

  #onDrain(): void {
    if (this.#state === 'response' || this.#state === 'body') this.deadline = Number.POSITIVE_INFINITY
    this.#ctx?.sender?.resume()
  }

  /**
   * The client has ended its side. An incomplete body is not a request. After a whole one it may be half-closing, which is legal and
   * done at once, or have left, which is the rule later: then the upstream would work for nobody (nginx's 499).
   */
  #onEnd(): void {
    if (this.#state === 'body') this.#failBody(new BodyError(400, 'the request body ended early'))
    else if (this.#state !== 'response') this.#close()
    else if (this.#server.deadlines.now - this.#requestEndedAt > HALF_CLOSE_MS) this.destroy()
    else {
      this.#halfClosed = true
      if (!this.#rest.length) this.#writer?.closeAfter()
    }
  }

  #onClose(): void {
    this.#server.deadlines.delete(this)
    this.#server.connections.delete(this)
    if (this.#state === 'tunnel') return
    this.#state = 'closed'
    const ctx = this.#ctx
    this.#ctx = undefined
    if (!ctx) return
    this.#body?.fail(new BodyError(499, 'the client went away'))
    this.#server.pipeline.clientClosed(ctx)
  }
}
