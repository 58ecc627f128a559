// Turns a response into HTTP/1.1 bytes on a client connection. The head waits for the first piece of the body or for `flush`, so that a small
// response is one write. This is the only place that decides the framing of a response (RFC 9112 6.3).
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { errorPage, SERVER } from '../error-page.ts'
import type { Downstream, Exchange } from '../exchange.ts'
import type { HeaderList } from '../headers.ts'
import { JOIN_BYTES } from '../outbox.ts'
import { hasSent } from '../read-buffer.ts'
import type { ClientConnection } from './connection.ts'

const LAST_CHUNK = '0\r\n\r\n'

export class ResponseWriter implements Downstream {
  ctx: Exchange | undefined
  readonly #connection: ClientConnection
  readonly #isHead: boolean
  readonly #minor: 0 | 1
  #keepAlive: boolean
  #chunked = false
  #bodyless = false
  /** Bytes of body still to come by Content-Length; -1: not counted. */
  #left = -1
  #head = ''
  #ended = false

  constructor(connection: ClientConnection, method: string, minor: 0 | 1, keepAlive: boolean) {
    this.#connection = connection
    this.#isHead = method === 'HEAD'
    this.#minor = minor
    this.#keepAlive = keepAlive
  }

  get closed(): boolean {
    return this.#ended || this.#connection.socket.destroyed
  }

  get sent(): boolean {
    const { socket, info } = this.#connection
    return hasSent(socket, info.tls !== undefined)
  }

  /** The connection must not be used again after this response. */
  closeAfter(): void {
    this.#keepAlive = false
  }

  writeHead(ctx: Exchange, length: number | undefined): void {
    const { status, headers } = ctx.response
    this.#bodyless = this.#isHead || status === 204 || status === 304 || (status >= 100 && status < 200)
    if (!this.#connection.reusable) this.#keepAlive = false
    let head = statusLine(status)
    const { list } = headers
    let hasDate = false
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i] as string
      if (isFraming(name)) continue
      if (name.length === 4 && (name === 'Date' || name.toLowerCase() === 'date')) hasDate = true
      head += `${name}: ${list[i + 1]}\r\n`
    }
    if (!hasDate) head += dateLine()
    head += this.#framing(status, length)
    if (!this.#keepAlive) head += 'Connection: close\r\n\r\n'
    else head += this.#minor === 0 ? 'Connection: keep-alive\r\n\r\n' : '\r\n'
    this.#head = head
  }

  #framing(status: number, length: number | undefined): string {
    if (status === 204 || status < 200) return ''
    if (length !== undefined) {
      this.#left = this.#bodyless ? -1 : length
      return `Content-Length: ${length}\r\n`
    }
    if (this.#bodyless) return ''
    if (this.#minor === 1) {
      this.#chunked = true
      return 'Transfer-Encoding: chunked\r\n'
    }
    this.#keepAlive = false // HTTP/1.0: the body ends with the connection
    return ''
  }

  write(chunk: Buffer): boolean {
    if (chunk.length <= JOIN_BYTES) return this.writeText(chunk.toString('latin1'))
    if (!this.#mayWrite(chunk.length)) return true
    const { socket, out } = this.#connection
    socket.cork()
    const before = this.#takeHead() + (this.#chunked ? `${chunk.length.toString(16)}\r\n` : '')
    if (before) this.#sendText(before)
    this.#send(chunk)
    if (this.#chunked) this.#sendText('\r\n')
    const room = out.flush()
    socket.uncork()
    return this.#hasRoom(room)
  }

  writeText(text: string): boolean {
    if (!this.#mayWrite(text.length)) return true
    const framed = this.#chunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text
    return this.#hasRoom(this.#sendText(this.#takeHead() + framed))
  }

  /** Counts a piece of the body; false: it must not be sent. */
  #mayWrite(bytes: number): boolean {
    if (this.#bodyless || bytes === 0) return false
    ;(this.ctx as Exchange).response.bodyBytes += bytes
    if (this.#left < 0) return true
    this.#left -= bytes
    if (this.#left >= 0) return true
    this.destroy() // more body than announced: the client would take it for the next response
    return false
  }

  #hasRoom(room: boolean): boolean {
    if (!room && !this.#connection.socket.destroyed) this.#connection.blocked()
    return room
  }

  end(trailers?: HeaderList): void {
    if (this.#ended) return
    if (this.#left > 0) {
      this.destroy() // less body than announced
      return
    }
    this.#ended = true
    const rest = this.#takeHead() + (this.#chunked ? lastChunk(trailers) : '')
    if (rest) this.#sendText(rest)
    this.#connection.responded(this.#keepAlive)
  }

  flush(): void {
    const head = this.#takeHead()
    if (head) this.#sendText(head)
  }

  destroy(): void {
    this.#ended = true
    this.#connection.destroy()
  }

  informational(status: number, headers: HeaderList): void {
    if (this.#minor === 0) return // RFC 9110 15.2: HTTP/1.0 knows no 1xx
    let text = statusLine(status)
    for (let i = 0; i < headers.list.length; i += 2)
      if (!isFraming(headers.list[i] as string)) text += `${headers.list[i]}: ${headers.list[i + 1]}\r\n`
    this.#sendText(`${text}\r\n`)
  }

  upgrade(ctx: Exchange): { socket: Duplex; rest: Buffer } {
    const { headers, status } = ctx.response
    let text = statusLine(status)
    for (let i = 0; i < headers.list.length; i += 2)
      if (!isFraming(headers.list[i] as string)) text += `${headers.list[i]}: ${headers.list[i + 1]}\r\n`
    this.#sendText(`${text}Connection: Upgrade\r\nUpgrade: ${ctx.upgrade}\r\n\r\n`)
    this.#ended = true
    return this.#connection.tunnel()
  }

  #takeHead(): string {
    const head = this.#head
    this.#head = ''
    return head
  }

  #send(bytes: Buffer): boolean {
    ;(this.ctx as Exchange).response.sentBytes += bytes.length
    return this.#connection.out.bytes(bytes)
  }

  #sendText(text: string): boolean {
    ;(this.ctx as Exchange).response.sentBytes += text.length
    return this.#connection.out.text(text)
  }
}

/** The answer to a request that never became an exchange; the last one of its connection. latin1. */
export function refusal(status: number): string {
  const page = errorPage(status)
  return (
    `${statusLine(status)}Server: ${SERVER}\r\nDate: ${new Date().toUTCString()}\r\n` +
    `Content-Type: text/html; charset=utf-8\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page.toString('latin1')}`
  )
}

/** By status. */
const statusLines: (string | undefined)[] = []

/** The first line of a response, its CRLF included. */
function statusLine(status: number): string {
  statusLines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`
  return statusLines[status]
}

/** Headers that belong to one connection; the writer sets its own. */
function isFraming(name: string): boolean {
  switch (name.length) {
    case 7:
      return name.toLowerCase() === 'upgrade'
    case 10: {
      if (name === 'Connection') return true
      const lower = name.toLowerCase()
      return lower === 'connection' || lower === 'keep-alive'
    }
    case 14:
      return name === 'Content-Length' || name.toLowerCase() === 'content-length'
    case 16:
      return name.toLowerCase() === 'proxy-connection'
    case 17:
      return name.toLowerCase() === 'transfer-encoding'
    default:
      return false
  }
}

function lastChunk(trailers: HeaderList | undefined): string {
  if (!trailers?.list.length) return LAST_CHUNK
  let text = '0\r\n'
  for (let i = 0; i < trailers.list.length; i += 2) text += `${trailers.list[i]}: ${trailers.list[i + 1]}\r\n`
  return `${text}\r\n`
}

let date = ''
let dateAt = 0

/** The Date field, made anew once a second. */
function dateLine(): string {
  const now = Date.now()
  if (now - dateAt >= 1000 || now < dateAt) {
    dateAt = now - (now % 1000)
    date = `Date: ${new Date(now).toUTCString()}\r\n`
  }
  return date
}
