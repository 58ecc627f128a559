// A request's body between the connection that receives it and whoever wants it: the upstream, a plugin that reads it whole, or nobody.
//
// The wire pushes pieces; they are kept up to KEEP_BYTES, then the wire is told to pause until a reader comes. A body that came whole and
// small stays, so that a failed try can be repeated on another node.

/** Bytes kept before anybody reads; more makes the client wait. */
const KEEP_BYTES = 64 * 1024

/** The wire's side: told when to stop and go on reading from the client. */
export interface BodySource {
  pause(): void
  resume(): void
  /** The first reader has come; for `Expect: 100-continue`. */
  wanted(): void
}

export interface BodySink {
  /** True when nothing refers any more to the bytes that `data` was given. */
  readonly sent: boolean
  /** False: call `resume()` on the body when there is room again. */
  data(chunk: Buffer): boolean
  end(): void
  error(error: BodyError): void
}

/** Sees pieces beside whoever reads the body, for copies and logs. It must not change them. */
export interface BodyTap {
  data(chunk: Buffer): void
  end?(): void
}

/** The client's body cannot be had: it went away, was malformed, too slow or too large. */
export class BodyError extends Error {
  readonly status: 400 | 408 | 413 | 499
  constructor(status: BodyError['status'], message: string) {
    super(message)
    this.name = 'BodyError'
    this.status = status
  }
}

const NOTHING: readonly Buffer[] = []

export class RequestBody {
  /** Bytes announced by Content-Length; undefined for a chunked body; 0 when there is none. */
  length: number | undefined
  /** Bytes received, head included once the wire has said so. */
  receivedBytes = 0
  /** Those of them that are the head's. */
  headBytes = 0
  ended: boolean
  #taps: BodyTap[] | undefined
  #kept: readonly Buffer[] = NOTHING
  #keptBytes = 0
  /** True once a piece was handed out and not kept: the body cannot be sent a second time. */
  #consumed = false
  #sink: BodySink | undefined
  #error: BodyError | undefined
  readonly #source: BodySource | undefined
  #waiting: { resolve(body: Buffer): void; reject(error: Error): void; maxBytes: number } | undefined

  constructor(length: number | undefined, source?: BodySource) {
    this.length = length
    this.ended = length === 0
    this.#source = source
  }

  /** A body that is already there. */
  static of(bytes: Buffer): RequestBody {
    const body = new RequestBody(bytes.length)
    if (bytes.length) body.#kept = [bytes]
    body.#keptBytes = bytes.length
    body.ended = true
    return body
  }

  // ---- the wire's side

  /** A piece of the body. True: something may still refer to its bytes afterwards. */
  push(chunk: Buffer): boolean {
    this.receivedBytes += chunk.length
    if (this.#taps) for (const tap of this.#taps) tap.data(chunk)
    if (this.#waiting) {
      this.#keep(chunk)
      if (this.#keptBytes > this.#waiting.maxBytes) this.#tooLarge()
      return true
    }
    if (this.#sink) {
      this.#consumed = true
      if (!this.#sink.data(chunk)) this.#source?.pause()
      return this.#taps !== undefined || !this.#sink?.sent
    }
    this.#keep(chunk)
    if (this.#keptBytes > KEEP_BYTES) this.#source?.pause()
    return true
  }

  finish(): void {
    if (this.ended) return
    this.ended = true
    if (this.#taps) for (const tap of this.#taps) tap.end?.()
    if (this.#waiting) this.#settle()
    else this.#sink?.end()
  }

  fail(error: BodyError): void {
    if (this.ended || this.#error) return
    this.#error = error
    this.#waiting?.reject(error)
    this.#waiting = undefined
    this.#sink?.error(error)
  }

  // ---- the reader's side

  /** True when the whole body is here and can be sent again. */
  get replayable(): boolean {
    return this.ended && !this.#consumed
  }

  /** The whole body when it is here, else undefined. */
  buffered(): Buffer | undefined {
    if (!this.replayable) return undefined
    if (this.#kept.length > 1) this.#kept = [Buffer.concat(this.#kept)]
    return this.#kept[0] ?? EMPTY
  }

  /** Shows `tap` each piece that comes from now on, and the end. */
  addTap(tap: BodyTap): void {
    this.#taps = [...(this.#taps ?? []), tap]
  }

  removeTap(tap: BodyTap): void {
    this.#taps = this.#taps?.filter((one) => one !== tap)
  }

  /** What has come and was not handed out yet. */
  get pieces(): readonly Buffer[] {
    return this.#kept
  }

  /** The whole body. Rejects with a BodyError, 413 when it is larger than `maxBytes`. It can still be forwarded afterwards. */
  read(maxBytes: number): Promise<Buffer> {
    const body = this.buffered()
    if (body && body.length <= maxBytes) return Promise.resolve(body)
    if (this.#error) return Promise.reject(this.#error)
    const announced = this.length ?? this.#keptBytes
    if (body || announced > maxBytes)
      return Promise.reject(new BodyError(413, `request body is larger than ${maxBytes} bytes`))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, maxBytes }
      this.#source?.wanted()
      this.#source?.resume()
    })
  }

  /** What goes to the upstream instead of the client's body. */
  replace(bytes: Buffer): void {
    this.#kept = bytes.length ? [bytes] : []
    this.#keptBytes = bytes.length
    this.length = bytes.length
    this.ended = true
    this.#consumed = false
  }

  /** Hands the body to `sink`: what has come, then what comes. A second call is legal only while `replayable`, or before any piece was handed out. */
  pipe(sink: BodySink): void {
    this.#source?.wanted()
    if (this.ended && !this.#consumed) {
      for (const chunk of this.#kept) sink.data(chunk)
      sink.end()
      return
    }
    if (this.#error) {
      sink.error(this.#error)
      return
    }
    this.#sink = sink
    const kept = this.#kept
    this.#kept = NOTHING
    this.#keptBytes = 0
    let room = true
    for (const chunk of kept) {
      this.#consumed = true
      room = sink.data(chunk)
    }
    if (room) this.#source?.resume()
  }

  /** True while a second `pipe` would send the same bytes as the first. */
  get untouched(): boolean {
    return !this.#consumed
  }

  /** The sink has room again. */
  resume(): void {
    this.#source?.resume()
  }

  /** Stops handing the body to a sink that has failed; what comes is kept for the next one, as far as it goes. */
  unpipe(): void {
    this.#sink = undefined
  }

  #keep(chunk: Buffer): void {
    if (this.#kept === NOTHING) this.#kept = []
    ;(this.#kept as Buffer[]).push(chunk)
    this.#keptBytes += chunk.length
  }

  #settle(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(this.buffered() ?? EMPTY)
  }

  #tooLarge(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    this.#source?.pause()
    waiting?.reject(new BodyError(413, `request body is larger than ${waiting.maxBytes} bytes`))
  }
}

const EMPTY = Buffer.alloc(0)

/** The whole body, or why it cannot be had. */
export async function readBody(body: RequestBody, maxBytes: number): Promise<Buffer | BodyError> {
  try {
    return await body.read(maxBytes)
  } catch (error) {
    if (error instanceof BodyError) return error
    throw error
  }
}
