// Parses HTTP/1.1 heads, of requests and of upstreams' responses, to the letter of RFC 9112, and refuses what it would have to guess.
//
// A head is taken whole: found by its empty line, turned into one latin1 string, then walked once with a table of legal characters. The
// walk also decides the framing of the body, since a disagreement about that is how requests are smuggled (RFC 9112 6.1, 6.3).
// Longer than usual for one file: the rules for both kinds of head belong side by side.

export interface HeadLimits {
  /** Bytes of the whole head. */
  headBytes: number
  /** Bytes of the request-target. */
  targetBytes: number
  /** Number of header fields. */
  fields: number
}

/** A head that must be refused; `status` is the answer to a client (an upstream's malformed head is a 502 whatever it says). */
export class ParseError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'ParseError'
    this.status = status
  }
}

interface Framing {
  /** Content-Length, -1 when absent. */
  contentLength: number
  chunked: boolean
  /** From HTTP version and Connection. */
  keepAlive: boolean
  /** Lower-case names that Connection lists, hop-by-hop ones apart; undefined in the common case. */
  connectionNames: string[] | undefined
  /** Upgrade is present and Connection lists it. */
  upgrade: string | undefined
}

export interface ParsedRequest extends Framing {
  method: string
  target: string
  minor: 0 | 1
  headers: string[]
  /** Host field or authority of the absolute form, as sent; '' in HTTP/1.0 without Host. */
  authority: string
  /** Scheme of an absolute-form target. */
  absoluteScheme: string | undefined
  expectContinue: boolean
  /** Bytes of the head, its empty line included. */
  headLength: number
}

export interface ParsedResponse extends Framing {
  status: number
  minor: 0 | 1
  headers: string[]
  headLength: number
}

const TOKEN = table("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
// RFC 9110 5.5: field values hold visible characters, space, tab and obs-text; a control character is refused.
const VALUE = new Uint8Array(256).map((_, code) => (code === 9 || (code >= 32 && code !== 127) ? 1 : 0))
// RFC 9112 3.2: a request-target has no space or control character. Bytes above 127 are refused too: they must be percent-encoded.
export const TARGET = new Uint8Array(256).map((_, code) => (code > 32 && code < 127 && code !== 35 ? 1 : 0))
// RFC 9110 4.2.1, 7.2: a host, perhaps with a port; or nothing at all. A port without a host is neither.
export const HOST = /^(?:(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::\d{0,5})?)?$/

function table(characters: string): Uint8Array {
  const legal = new Uint8Array(256)
  for (const character of characters) legal[character.charCodeAt(0)] = 1
  return legal
}

/** Where the head in `buffer` ends (past its empty line), -1 when it is not complete. Throws when it can no longer become legal. */
export function findHeadEnd(buffer: Buffer, from: number, limits: HeadLimits): number {
  const end = buffer.indexOf('\r\n\r\n', from, 'latin1')
  if (end >= 0) {
    if (end + 4 - from > limits.headBytes) throw new ParseError(431, `head is larger than ${limits.headBytes} bytes`)
    return end + 4
  }
  if (buffer.length - from > limits.headBytes)
    throw new ParseError(431, `head is larger than ${limits.headBytes} bytes`)
  for (let at = buffer.indexOf(10, from); at >= 0; at = buffer.indexOf(10, at + 1)) {
    if (at === from || buffer[at - 1] !== 13) throw new ParseError(400, 'line ends with a bare LF')
  }
  return -1
}

/** Bytes of empty lines before a request line, which RFC 9112 2.2 lets a server skip. */
export function skipEmptyLines(buffer: Buffer, from: number): number {
  let at = from
  while (buffer[at] === 13 && buffer[at + 1] === 10) at += 2
  return at
}

/** Parses the request head in buffer[from, end). */
export function parseRequest(buffer: Buffer, from: number, end: number, limits: HeadLimits): ParsedRequest {
  const text = buffer.toString('latin1', from, end)
  const lineEnd = text.indexOf('\r\n')
  const firstSpace = text.indexOf(' ')
  const secondSpace = text.indexOf(' ', firstSpace + 1)
  if (firstSpace <= 0 || firstSpace > lineEnd || secondSpace < 0 || secondSpace > lineEnd)
    throw new ParseError(400, 'malformed request line')
  const method = text.slice(0, firstSpace)
  for (let i = 0; i < firstSpace; i++)
    if (!TOKEN[text.charCodeAt(i)]) throw new ParseError(400, 'method is not a token')
  const target = text.slice(firstSpace + 1, secondSpace)
  if (target.length > limits.targetBytes)
    throw new ParseError(414, `request-target is larger than ${limits.targetBytes} bytes`)
  if (target === '') throw new ParseError(400, 'empty request-target')
  for (let i = 0; i < target.length; i++)
    if (!TARGET[target.charCodeAt(i)]) throw new ParseError(400, 'illegal character in the request-target')
  const minor = parseVersion(text, secondSpace + 1, lineEnd)
  const fields = new Fields(text, lineEnd + 2, limits, true)
  const request: ParsedRequest = {
    method,
    target,
    minor,
    headers: fields.list,
    authority: fields.host ?? '',
    absoluteScheme: undefined,
    contentLength: fields.contentLength,
    chunked: fields.isChunked(minor, 400),
    keepAlive: fields.keepAlive(minor),
    connectionNames: fields.connectionNames,
    upgrade: fields.upgradeRequested(minor),
    expectContinue: false,
    headLength: end - from,
  }
  if (fields.host === undefined && minor === 1) throw new ParseError(400, 'no Host header')
  if (fields.expect !== undefined && minor === 1) {
    if (fields.expect.toLowerCase() !== '100-continue') throw new ParseError(417, 'unknown expectation')
    request.expectContinue = true
  }
  resolveTarget(request)
  return request
}

/** Parses the response head in buffer[from, end); `method` is the request's. */
export function parseResponse(buffer: Buffer, from: number, end: number, limits: HeadLimits): ParsedResponse {
  const text = buffer.toString('latin1', from, end)
  const lineEnd = text.indexOf('\r\n')
  const minor = parseVersion(text, 0, Math.min(8, lineEnd))
  if (text.charCodeAt(8) !== 32) throw new ParseError(502, 'malformed status line')
  const status = statusAt(text, 9)
  if (status < 100) throw new ParseError(502, 'malformed status code')
  for (let i = 12; i < lineEnd; i++)
    if (!VALUE[text.charCodeAt(i)]) throw new ParseError(502, 'illegal character in the reason phrase')
  const fields = new Fields(text, lineEnd + 2, limits, false)
  return {
    status,
    minor,
    headers: fields.list,
    contentLength: fields.contentLength,
    chunked: fields.isChunked(minor, 502),
    keepAlive: fields.keepAlive(minor),
    connectionNames: fields.connectionNames,
    upgrade: fields.upgradeRequested(minor),
    headLength: end - from,
  }
}

/** Three digits before a space or the end of the line; 0 for anything else. `Number` would take `1e2` for 100. */
function statusAt(text: string, from: number): number {
  let status = 0
  for (let at = from; at < from + 3; at++) {
    const digit = text.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) return 0
    status = status * 10 + digit
  }
  const after = text.charCodeAt(from + 3)
  return after === 32 || after === 13 ? status : 0
}

function parseVersion(text: string, from: number, end: number): 0 | 1 {
  const version = text.slice(from, end)
  if (version === 'HTTP/1.1') return 1
  if (version === 'HTTP/1.0') return 0
  throw new ParseError(/^HTTP\/\d\.\d$/.test(version) ? 505 : 400, 'malformed or unsupported HTTP version')
}

/** Reduces an absolute-form target to origin form and checks it against Host (RFC 9112 3.2.2); refuses CONNECT, authority form and HTTP/2's PRI. */
function resolveTarget(request: ParsedRequest): void {
  const { target, method } = request
  if (method === 'CONNECT' || method === 'TRACE' || method === 'PRI')
    throw new ParseError(405, `${method} is not served`)
  if (target.charCodeAt(0) === 47) return
  if (target === '*') {
    if (method !== 'OPTIONS') throw new ParseError(400, 'only OPTIONS may have the target *')
    return
  }
  const absolute = /^(https?):\/\/([^/?#]+)(\/[^#]*|\?[^#]*)?$/i.exec(target)
  const authority = absolute?.[2] as string
  if (!absolute || !HOST.test(authority))
    throw new ParseError(400, 'request-target is neither a path nor an absolute URL')
  if (request.minor === 1 && authority.toLowerCase() !== request.authority.toLowerCase()) {
    throw new ParseError(400, 'the absolute request-target and Host disagree')
  }
  const rest = absolute[3] ?? '/'
  request.target = rest.startsWith('?') ? `/${rest}` : rest
  request.authority = authority
  request.absoluteScheme = (absolute[1] as string).toLowerCase()
}

/** Walks the header fields, keeps them as they are, and notes those that decide framing. */
class Fields {
  readonly list: string[] = []
  host: string | undefined
  contentLength = -1
  expect: string | undefined
  connectionNames: string[] | undefined
  #transferEncoding: string | undefined
  #upgrade: string | undefined
  #close = false
  #keepAlive = false
  #listsUpgrade = false
  readonly #request: boolean

  constructor(text: string, from: number, limits: HeadLimits, request: boolean) {
    this.#request = request
    let at = from
    const end = text.length - 2
    while (at < end) {
      const lineEnd = text.indexOf('\r\n', at)
      let colon = at
      while (TOKEN[text.charCodeAt(colon)]) colon++
      // A space before the colon, a fold at the start of the line and an empty name all end here (RFC 9112 5.1, 5.2).
      if (colon === at || text.charCodeAt(colon) !== 58) throw this.#error('malformed header field')
      let first = colon + 1
      let last = lineEnd
      while (first < last && isBlank(text.charCodeAt(first))) first++
      while (last > first && isBlank(text.charCodeAt(last - 1))) last--
      for (let i = first; i < last; i++)
        if (!VALUE[text.charCodeAt(i)]) throw this.#error('illegal character in a header field')
      const name = text.slice(at, colon)
      const value = text.slice(first, last)
      this.list.push(name, value)
      if (this.list.length > limits.fields * 2) throw new ParseError(431, `more than ${limits.fields} header fields`)
      this.#note(name, value)
      at = lineEnd + 2
    }
  }

  /** True when the body is chunked; refuses whatever would let two readers see different bodies. */
  isChunked(minor: 0 | 1, status: number): boolean {
    const coding = this.#transferEncoding
    if (coding === undefined) return false
    if (minor === 0) throw new ParseError(status, 'Transfer-Encoding in HTTP/1.0')
    if (this.contentLength >= 0) throw new ParseError(status, 'both Content-Length and Transfer-Encoding')
    if (coding.toLowerCase() !== 'chunked') {
      throw new ParseError(status === 400 ? 501 : status, 'the only transfer coding served is a single chunked')
    }
    return true
  }

  keepAlive(minor: 0 | 1): boolean {
    if (this.#close) return false
    return minor === 1 || this.#keepAlive
  }

  upgradeRequested(minor: 0 | 1): string | undefined {
    return minor === 1 && this.#listsUpgrade ? this.#upgrade : undefined
  }

  #note(name: string, value: string): void {
    switch (name.length) {
      case 4:
        if (this.#request && name.toLowerCase() === 'host') this.#noteHost(value)
        break
      case 6:
        if (name.toLowerCase() === 'expect')
          this.expect = this.expect === undefined ? value : `${this.expect}, ${value}`
        break
      case 7:
        if (name.toLowerCase() === 'upgrade') this.#upgrade = value
        break
      case 10:
        if (name.toLowerCase() === 'connection') this.#noteConnection(value)
        break
      case 14:
        if (name.toLowerCase() === 'content-length') this.#noteContentLength(value)
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') {
          if (this.#transferEncoding !== undefined) throw this.#error('repeated Transfer-Encoding')
          this.#transferEncoding = value
        }
    }
  }

  #noteHost(value: string): void {
    if (this.host !== undefined) throw this.#error('repeated Host')
    if (!HOST.test(value)) throw this.#error('malformed Host')
    this.host = value
  }

  #noteConnection(value: string): void {
    for (const part of value.split(',')) {
      const option = part.trim().toLowerCase()
      if (option === 'close') this.#close = true
      else if (option === 'keep-alive') this.#keepAlive = true
      else if (option === 'upgrade') this.#listsUpgrade = true
      else if (option) {
        this.connectionNames ??= []
        this.connectionNames.push(option)
      }
    }
  }

  #noteContentLength(value: string): void {
    if (this.contentLength >= 0) throw this.#error('repeated Content-Length')
    if (!/^\d{1,15}$/.test(value)) throw this.#error('malformed Content-Length')
    this.contentLength = Number(value)
  }

  #error(message: string): ParseError {
    return new ParseError(this.#request ? 400 : 502, message)
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
