// One request on an HTTP/2 connection and its response: maps a stream of node:http2 onto the Exchange that the pipeline handles.
//
// The body is pushed as it comes and stops with the stream's flow-control window. A response of known length ends its stream with its last
// piece; one of unknown length waits for trailers. What ends early on either side is reset, so that it cannot be taken for a whole one.
import http2, { type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { hostOf } from '../authority.ts'
import { BodyError, type BodySource, RequestBody } from '../body.ts'
import type { Waiting } from '../deadlines.ts'
import { errorPage, SERVER } from '../error-page.ts'
import { type Downstream, Exchange, GatewayRequest, GatewayResponse, NO_CHAIN } from '../exchange.ts'
import type { HeaderList } from '../headers.ts'
import { ParseError } from '../http1/head-rules.ts'
import { normalisePath } from '../normalise.ts'
import type { Http2Connection } from './connection.ts'
import { type ReadHead, readHead } from './head.ts'
import { MAX_STATUS, toFields, toObject } from './wire-fields.ts'

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = http2.constants

export class ClientStream implements Downstream, BodySource, Waiting {
  deadline = Number.POSITIVE_INFINITY
  readonly #stream: ServerHttp2Stream
  readonly #connection: Http2Connection
  #ctx: Exchange | undefined
  #body: RequestBody | undefined
  #expectContinue = false
  #bodyless = false
  /** Bytes of body still to come by Content-Length; -1: not counted. */
  #left = -1
  #ended = false
  #trailers: HeaderList | undefined
  /** The client takes no more for now. */
  #blocked = false
  /** Bytes that the connection had sent when this stream began to wait for the client. */
  #sentBefore = 0

  constructor(stream: ServerHttp2Stream, connection: Http2Connection) {
    this.#stream = stream
    this.#connection = connection
    stream.on('error', () => {}) // 'close' follows and ends the exchange
    stream.on('close', () => this.#onClose())
  }

  // ---- the request

  /** `raw`: the head as received. */
  begin(raw: readonly string[], endsWithHead: boolean): void {
    const { server, info } = this.#connection
    try {
      const head = readHead(raw, server.limits)
      const mark = head.target.indexOf('?')
      const path = head.target === '*' ? '*' : normalisePath(mark < 0 ? head.target : head.target.slice(0, mark))
      if (path === undefined) throw new ParseError(400, 'the path has a malformed escape or climbs above the root')
      const { bodyBytes } = server.limits
      if (bodyBytes > 0 && head.contentLength > bodyBytes)
        throw new ParseError(413, `request body is larger than ${bodyBytes} bytes`)
      this.#start(head, path, endsWithHead)
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      server.log.info(
        { remote_addr: info.remoteAddr, status: error.status, reason: error.message },
        'refused a request',
      )
      this.#refuse(error.status)
    }
  }

  #start(head: ReadHead, path: string, endsWithHead: boolean): void {
    const { server, info } = this.#connection
    const announced = head.contentLength >= 0 ? head.contentLength : undefined
    const body = new RequestBody(endsWithHead ? 0 : announced, this)
    body.receivedBytes = body.headBytes = head.headBytes
    this.#body = body
    this.#expectContinue = head.expectContinue && !endsWithHead
    const ctx = new Exchange(
      new GatewayRequest(head, info.tls ? 'https' : 'http', hostOf(head.authority), path, body),
      new GatewayResponse(),
      info,
      this,
      NO_CHAIN,
      performance.now(),
    )
    const real = server.realIp?.(info.remoteAddr, head.headers)
    if (real !== undefined) ctx.remoteAddr = real
    this.#ctx = ctx
    // A stream without a body is left alone: node:http2 reads it out when it has been answered. One that is read before is destroyed with its last
    // frame still under way, for which node:http2 makes an error with its stack that nobody sees: a seventh of a request's time.
    if (!endsWithHead) this.#receive(body)
    server.pipeline.handle(ctx)
  }

  #receive(body: RequestBody): void {
    const { limits } = this.#connection.server
    this.#wait(limits.bodyTimeoutMs)
    this.#stream.on('data', (chunk: Buffer) => {
      if (limits.bodyBytes > 0 && body.receivedBytes + chunk.length > limits.bodyBytes + body.headBytes) {
        this.#failBody(new BodyError(413, `request body is larger than ${limits.bodyBytes} bytes`))
        return
      }
      if (this.deadline !== Number.POSITIVE_INFINITY) this.#wait(limits.bodyTimeoutMs)
      body.push(chunk)
    })
    this.#stream.on('end', () => {
      // A stream that was reset ends too, and its body is not whole.
      if (this.#stream.aborted || this.#stream.rstCode !== NGHTTP2_NO_ERROR) return
      this.#stopWaiting()
      this.#expectContinue = false
      body.finish()
    })
  }

  pause(): void {
    this.#stream.pause()
    this.#stopWaiting()
  }

  resume(): void {
    if (this.#body && !this.#body.ended) this.#wait(this.#connection.server.limits.bodyTimeoutMs)
    this.#stream.resume()
  }

  wanted(): void {
    if (!this.#expectContinue || this.closed || this.#stream.headersSent) return
    this.#expectContinue = false
    this.#stream.additionalHeaders({ ':status': 100 })
  }

  #failBody(error: BodyError): void {
    const ctx = this.#ctx
    this.#stopWaiting()
    this.#body?.fail(error)
    if (!ctx || ctx.finished) return
    if (ctx.committed) this.#connection.server.pipeline.abort(ctx)
    else this.#connection.server.pipeline.reply(ctx, { status: error.status })
  }

  /** Answers a request that never became an exchange. */
  #refuse(status: number): void {
    const page = errorPage(status)
    this.#ended = true
    this.#stream.resume()
    this.#stream.respond({
      ':status': status,
      server: SERVER,
      'content-type': 'text/html; charset=utf-8',
      'content-length': page.length,
    })
    this.#stream.end(page)
    this.#stream.close(NGHTTP2_NO_ERROR)
  }

  // ---- the response

  readonly sent = false // nghttp2 sends later

  get closed(): boolean {
    return this.#ended || this.#stream.closed || this.#stream.destroyed
  }

  writeHead(ctx: Exchange, length: number | undefined): void {
    if (this.closed) return
    const { response, request } = ctx
    const isHead = request.method === 'HEAD'
    // node:http2 sends no status above 599; an upstream that answers with one is not understood here.
    const status = response.status > MAX_STATUS ? 502 : response.status
    this.#bodyless = isHead || status === 204 || status === 205 || status === 304
    this.#left = this.#bodyless || length === undefined ? -1 : length
    const fields = toFields(status, response.headers)
    if (length !== undefined && !(this.#bodyless && !isHead) && !response.headers.has('grpc-status'))
      fields.push('content-length', String(length))
    const endStream = this.#bodyless || length === 0
    for (const field of fields) response.sentBytes += field.length
    // Only a body of unknown length may have trailers: what has a Content-Length came without.
    this.#stream.respond(fields, { endStream, waitForTrailers: !endStream && length === undefined })
    if (endStream) this.#left = 0
    else if (length === undefined) this.#stream.on('wantTrailers', () => this.#sendTrailers())
  }

  write(chunk: Buffer): boolean {
    if (this.#bodyless || chunk.length === 0 || this.closed) return true
    const { response } = this.#ctx as Exchange
    response.bodyBytes += chunk.length
    response.sentBytes += chunk.length
    if (this.#left >= 0) {
      this.#left -= chunk.length
      if (this.#left < 0) {
        this.destroy() // more body than announced
        return true
      }
      if (this.#left === 0) {
        this.#stream.end(chunk)
        return true
      }
    }
    const room = this.#stream.write(chunk)
    if (!room) this.#waitForClient()
    return room
  }

  end(trailers?: HeaderList): void {
    if (this.#ended) return
    if (this.#left > 0) {
      this.destroy() // less body than announced
      return
    }
    this.#ended = true
    this.#trailers = trailers
    if (this.#stream.destroyed || this.#stream.closed) return
    if (!this.#stream.writableEnded) this.#stream.end()
    if (this.#stream.writableLength > 0) this.#waitForClient()
    // RFC 9113 8.1: the rest of the request is not wanted.
    if (this.#body && !this.#body.ended) this.#stream.close(NGHTTP2_NO_ERROR)
  }

  flush(): void {} // nghttp2 sends what it has when the turn of the event loop ends

  destroy(): void {
    this.#ended = true
    if (!this.#stream.destroyed) this.#stream.close(NGHTTP2_INTERNAL_ERROR)
  }

  informational(status: number, headers: HeaderList): void {
    if (this.closed || this.#stream.headersSent || status === 101) return
    this.#stream.additionalHeaders({ ...toObject(headers), ':status': status } as OutgoingHttpHeaders)
  }

  #sendTrailers(): void {
    if (this.#stream.closed || this.#stream.destroyed) return
    this.#stream.sendTrailers(this.#trailers ? toObject(this.#trailers) : {})
  }

  // ---- time and ends

  #wait(ms: number): void {
    this.deadline = this.#connection.server.deadlines.now + ms
    this.#connection.server.deadlines.add(this)
  }

  #waitForClient(): void {
    // After the end nothing more is written, and 'close' comes when the client has taken all of it.
    if (!this.#blocked && !this.#ended) this.#stream.once('drain', () => this.#onDrain())
    this.#blocked = true
    this.#sentBefore = this.#connection.sentBytes
    this.#wait(this.#connection.server.limits.sendTimeoutMs)
  }

  #stopWaiting(): void {
    this.deadline = Number.POSITIVE_INFINITY
  }

  #onDrain(): void {
    this.#blocked = false
    this.#stopWaiting()
    if (!this.#ended) this.#ctx?.sender?.resume()
  }

  /** Too long without a piece of the body, or without the client taking any of the response. */
  expire(): void {
    const { server, sentBytes } = this.#connection
    if (this.#ctx && !this.#ctx.committed) {
      this.#failBody(new BodyError(408, 'the request body took too long'))
    } else if (sentBytes > this.#sentBefore) {
      // The connection as a whole goes on, such as a stream both ways whose client only listens.
      this.#sentBefore = sentBytes
      this.#wait(this.#blocked || this.#ended ? server.limits.sendTimeoutMs : server.limits.bodyTimeoutMs)
    } else {
      this.#stream.close(NGHTTP2_CANCEL)
    }
  }

  #onClose(): void {
    const { server } = this.#connection
    server.deadlines.delete(this)
    const ctx = this.#ctx
    const complete = this.#ended
    this.#ctx = undefined
    this.#connection.released(complete)
    if (!ctx || ctx.finished) return
    this.#ended = true
    this.#body?.fail(new BodyError(499, 'the client went away'))
    server.pipeline.clientClosed(ctx)
  }
}
