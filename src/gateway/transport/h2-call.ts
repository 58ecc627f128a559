// One request to an upstream on an HTTP/2 session, and its response. Both bodies flow at the same time, so that gRPC streams both ways;
// backpressure is the stream's own window on either side. Trailers end the response.
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { BodyError, BodySink } from '../body.ts'
import type { Deadlines, Waiting } from '../deadlines.ts'
import { HeaderList } from '../headers.ts'
import { isForbidden } from '../http2/wire-fields.ts'
import {
  type Call,
  type FailureReason,
  type OutgoingRequest,
  type ResponseHandler,
  type Stale,
  type Timeouts,
  UpstreamError,
} from './transport.ts'

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants
const END_STREAM = http2.constants.NGHTTP2_FLAG_END_STREAM

export class UpstreamStream implements Call, BodySink, Waiting {
  deadline: number
  /** Called once, when the session is free of this call. `suspicious`: the upstream said nothing in time. */
  ended: (suspicious: boolean) => void = () => {}
  readonly #request: OutgoingRequest
  readonly #timeouts: Timeouts
  readonly #deadlines: Deadlines
  #handler: ResponseHandler | undefined
  #stream: ClientHttp2Stream | undefined
  #reused = false
  #bodySent = false
  #gotHead = false
  #over = false
  #trailers: HeaderList | undefined

  constructor(request: OutgoingRequest, timeouts: Timeouts, handler: ResponseHandler, deadlines: Deadlines) {
    this.#request = request
    this.#timeouts = timeouts
    this.#handler = handler
    this.#deadlines = deadlines
    this.deadline = deadlines.now + timeouts.connectMs
    deadlines.add(this)
  }

  // ---- sending

  /** The session is there. `reused`: it has served others before. */
  begin(session: ClientHttp2Session, reused: boolean): void {
    this.#reused = reused
    if (session.closed || session.destroyed) {
      this.fail('connect', 'the connection was closed')
      return
    }
    this.#handler?.connected(reused)
    const { body } = this.#request
    const whole = body.buffered()
    this.deadline = this.#deadlines.now + this.#timeouts.readMs
    const stream = session.request(toFields(this.#request), { endStream: whole?.length === 0 })
    this.#stream = stream
    this.#listen(stream)
    if (!whole) {
      body.pipe(this)
      return
    }
    this.#bodySent = true
    if (whole.length) stream.end(whole)
  }

  /** BodySink: node:http2 sends later. */
  readonly sent = false

  /** BodySink: a piece of the request body. */
  data(chunk: Buffer): boolean {
    if (this.#over) return true
    this.deadline = this.#deadlines.now + this.#timeouts.sendMs
    return this.#stream?.write(chunk) ?? true
  }

  /** BodySink: the request body is complete. */
  end(): void {
    if (this.#over) return
    this.#bodySent = true
    this.deadline = this.#deadlines.now + this.#timeouts.readMs
    this.#stream?.end()
  }

  /** BodySink: the client's body cannot be completed, so neither can this request. */
  error(_error: BodyError): void {
    this.cancel()
  }

  // ---- receiving

  #listen(stream: ClientHttp2Stream): void {
    stream.on('headers', (headers, _flags, raw) =>
      this.#handler?.informational(Number(headers[':status']), toList(raw as unknown as string[])),
    )
    stream.on('response', (headers, flags, raw) =>
      this.#onHead(Number(headers[':status']), flags, raw as unknown as string[]),
    )
    stream.on('trailers', (_headers, _flags, raw) => {
      this.#trailers = toList(raw as unknown as string[])
    })
    stream.on('data', (chunk: Buffer) => this.#onData(chunk))
    stream.on('end', () => this.#onEnd())
    stream.on('drain', () => this.#request.body.resume())
    stream.on('error', () => {}) // 'close' follows
    stream.on('close', () => this.#onClose())
  }

  #onHead(status: number, flags: number, raw: readonly string[]): void {
    this.#gotHead = true
    this.deadline = this.#deadlines.now + this.#timeouts.readMs
    const headers = toList(raw)
    const announced = headers.get('content-length')
    const empty = (flags & END_STREAM) !== 0 && this.#request.method !== 'HEAD'
    const length = announced !== undefined && /^\d{1,15}$/.test(announced) ? Number(announced) : undefined
    this.#handler?.head(status, headers, empty ? 0 : length)
    this.#handler?.flush()
  }

  #onData(chunk: Buffer): void {
    this.deadline = this.#deadlines.now + this.#timeouts.readMs
    if (this.#handler && !this.#handler.data(chunk)) {
      this.#stream?.pause()
      this.deadline = Number.POSITIVE_INFINITY // the client is slow, not the upstream
    }
    this.#handler?.flush()
  }

  resume(): void {
    if (this.#over) return
    this.deadline = this.#deadlines.now + this.#timeouts.readMs
    this.#stream?.resume()
  }

  #onEnd(): void {
    const stream = this.#stream as ClientHttp2Stream
    // A stream that was reset ends too, before its response is whole.
    if (this.#over || !this.#gotHead || stream.aborted || stream.rstCode !== NGHTTP2_NO_ERROR) return
    const handler = this.#handler
    this.#finish(false)
    // RFC 9113 8.1: an upstream may answer before it has the whole request.
    if (!this.#bodySent) stream.close(NGHTTP2_NO_ERROR)
    handler?.end(this.#trailers)
  }

  // ---- ends

  expire(): void {
    if (!this.#stream) this.fail('connect-timeout', 'connecting took too long')
    else if (this.#bodySent) this.fail('read-timeout', 'the answer took too long')
    else this.fail('send-timeout', 'the upstream takes no more of the request')
  }

  cancel(): void {
    this.#finish(false)
    this.#reset()
  }

  /** The try has failed. */
  fail(reason: FailureReason, message: string, stale?: Stale): void {
    if (this.#over) return
    const handler = this.#handler
    this.#finish(reason.endsWith('timeout'))
    this.#reset()
    handler?.failed(new UpstreamError(reason, message, stale))
  }

  #onClose(): void {
    if (this.#over) return
    const code = this.#stream?.rstCode ?? NGHTTP2_NO_ERROR
    // A refused stream was not looked at (RFC 9113 8.7); a session that was idle may have ended at the same moment.
    const lost = this.#reused && this.#stream?.session?.destroyed !== false
    const stale = code === NGHTTP2_REFUSED_STREAM ? 'refused' : lost ? 'closed' : undefined
    this.fail('closed', `the upstream reset the stream with code ${code}`, this.#gotHead ? undefined : stale)
  }

  #reset(): void {
    if (this.#stream && !this.#stream.destroyed) this.#stream.close(NGHTTP2_CANCEL)
  }

  #finish(suspicious: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#handler = undefined
    this.#deadlines.delete(this)
    this.#request.body.unpipe()
    this.ended(suspicious)
  }
}

/** The request as `session.request` takes it. A gRPC server wants `te` and a type of its own, as APISIX sends them. */
function toFields({ method, uri, host, headers }: OutgoingRequest): string[] {
  const fields = [':method', method, ':authority', host, ':path', uri]
  let type = 'application/grpc'
  for (const line of headers.split('\r\n')) {
    const colon = line.indexOf(': ')
    if (colon < 0) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 2)
    if (name === 'content-type') type = value.startsWith('application/grpc') ? value : type
    else if (!isForbidden(name)) fields.push(name, value)
  }
  fields.push('content-type', type, 'te', 'trailers')
  return fields
}

/** Fields as received, without pseudo-header fields. */
function toList(raw: readonly string[]): HeaderList {
  const list: string[] = []
  for (let i = 0; i < raw.length; i += 2)
    if (!(raw[i] as string).startsWith(':')) list.push(raw[i] as string, raw[i + 1] as string)
  return new HeaderList(list)
}
