// Parses HTTP/1.1 heads, of requests and of upstreams' responses, to the letter of RFC 9112, and refuses what it would have to guess.
//
// A head is taken whole: found by its empty line and turned into one latin1 string, of which names and values are slices; its bytes are walked
// once with a table of legal ones (bytes of a buffer cost half of what characters of a string do: 0.2 us a request). The walk also decides the
// framing of the body, since a disagreement about that is how requests are smuggled (RFC 9112 6.1, 6.3).
// Longer than usual for one file: the rules for both kinds of head belong side by side.

import { toAuthority } from '../authority.ts'

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
  expectContinue: boolean
  /** Bytes of the head, its empty line included. */
  headLength: number
}

export interface ParsedResponse extends Framing {
  status: number
  headers: string[]
  headLength: number
  /** The head as latin1, and what was decoded with it of the bytes behind it. */
  text: string
}

const SPACE = 32
const COLON = 58

const TOKEN = table("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
// RFC 9110 5.5: field values hold visible characters, space, tab and obs-text; a control character is refused.
const VALUE = new Uint8Array(256).map((_, code) => (code === 9 || (code >= 32 && code !== 127) ? 1 : 0))
// RFC 9112 3.2: a request-target has no space or control character. Bytes above 127 are refused too: they must be percent-encoded.
export const TARGET = new Uint8Array(256).map((_, code) => (code > 32 && code < 127 && code !== 35 ? 1 : 0))
// RFC 9110 4.2.1, 7.2: a host, perhaps with a port; or nothing at all. A port without a host is neither.

function table(characters: string): Uint8Array {
  const legal = new Uint8Array(256)
  for (const character of characters) legal[character.charCodeAt(0)] = 1
  return legal
}

/** Bytes that are first decoded to look for the end of a head: nearly every head is shorter, and a body behind it is not decoded for nothing. */
const FIRST_LOOK_BYTES = 2048

/**
 * The bytes of `buffer` from `from` on as text, as far as the head goes at least; undefined when the head is not complete. Throws when it can no
 * longer become legal.
 */
function decodeHead(buffer: Buffer, from: number, limits: HeadLimits): string | undefined {
  const look = buffer.toString('latin1', from, Math.min(buffer.length, from + FIRST_LOOK_BYTES))
  if (endsHead(buffer, from + look.length) || look.includes('\r\n\r\n')) return look
  const end = look.length < FIRST_LOOK_BYTES ? -1 : buffer.indexOf('\r\n\r\n', from, 'latin1')
  if (end >= 0) return buffer.toString('latin1', from, end + 4)
  if (buffer.length - from > limits.headBytes) throw tooLarge(limits)
  for (let at = buffer.indexOf(10, from); at >= 0; at = buffer.indexOf(10, at + 1)) {
    if (at === from || buffer[at - 1] !== 13) throw new ParseError(400, 'line ends with a bare LF')
  }
  return undefined
}

/** A head without a body, come whole, is nearly every request: four bytes are compared faster than looked for. */
function endsHead(bytes: Buffer, end: number): boolean {
  return bytes[end - 1] === 10 && bytes[end - 2] === 13 && bytes[end - 3] === 10 && bytes[end - 4] === 13
}

function tooLarge(limits: HeadLimits): ParseError {
  return new ParseError(431, `head is larger than ${limits.headBytes} bytes`)
}

/** Bytes of empty lines before a request line, which RFC 9112 2.2 lets a server skip. */
export function skipEmptyLines(buffer: Buffer, from: number): number {
  let at = from
  while (buffer[at] === 13 && buffer[at + 1] === 10) at += 2
  return at
}

/** Parses the request head that begins at `from`; undefined when it is not complete. */
export function parseRequest(buffer: Buffer, from: number, limits: HeadLimits): ParsedRequest | undefined {
  const text = decodeHead(buffer, from, limits)
  if (text === undefined) return undefined
  const methodEnd = endOf(TOKEN, buffer, from)
  if (methodEnd === from || buffer[methodEnd] !== SPACE) throw new ParseError(400, 'method is not a token')
  const targetEnd = endOf(TARGET, buffer, methodEnd + 1)
  if (buffer[targetEnd] !== SPACE) throw new ParseError(400, 'illegal character in the request-target')
  if (targetEnd === methodEnd + 1) throw new ParseError(400, 'empty request-target')
  if (targetEnd - methodEnd - 1 > limits.targetBytes)
    throw new ParseError(414, `request-target is larger than ${limits.targetBytes} bytes`)
  const minor = parseVersion(buffer, targetEnd + 1)
  if (!isLineEnd(buffer, targetEnd + 9)) throw new ParseError(400, 'malformed request line')
  const fields = new Fields(text, buffer, from, targetEnd + 11, limits, true)
  const request: ParsedRequest = {
    method: methodAt(buffer, from, methodEnd),
    target: text.slice(methodEnd + 1 - from, targetEnd - from),
    minor,
    headers: fields.list,
    authority: fields.host ?? '',
    contentLength: fields.contentLength,
    chunked: fields.isChunked(minor, 400),
    keepAlive: fields.keepAlive(minor),
    connectionNames: fields.connectionNames,
    upgrade: fields.upgradeRequested(minor),
    expectContinue: false,
    headLength: fields.end,
  }
  if (fields.host === undefined && minor === 1) throw new ParseError(400, 'no Host header')
  if (fields.expect !== undefined && minor === 1) {
    if (fields.expect.toLowerCase() !== '100-continue') throw new ParseError(417, 'unknown expectation')
    request.expectContinue = true
  }
  resolveTarget(request)
  return request
}

/** Parses the response head that begins at `from`; undefined when it is not complete. */
export function parseResponse(buffer: Buffer, from: number, limits: HeadLimits): ParsedResponse | undefined {
  const text = decodeHead(buffer, from, limits)
  if (text === undefined) return undefined
  const minor = parseVersion(buffer, from)
  if (buffer[from + 8] !== SPACE) throw new ParseError(502, 'malformed status line')
  const status = statusAt(buffer, from + 9)
  if (status < 100) throw new ParseError(502, 'malformed status code')
  const lineEnd = endOf(VALUE, buffer, from + 12)
  if (!isLineEnd(buffer, lineEnd)) throw new ParseError(502, 'illegal character in the reason phrase')
  const fields = new Fields(text, buffer, from, lineEnd + 2, limits, false)
  return {
    status,
    headers: fields.list,
    contentLength: fields.contentLength,
    chunked: fields.isChunked(minor, 502),
    keepAlive: fields.keepAlive(minor),
    connectionNames: fields.connectionNames,
    upgrade: fields.upgradeRequested(minor),
    headLength: fields.end,
    text,
  }
}

/** Three digits before a space or the end of the line; 0 for anything else. `Number` would take `1e2` for 100. */
function statusAt(bytes: Buffer, from: number): number {
  let status = 0
  for (let at = from; at < from + 3; at++) {
    const digit = (bytes[at] as number) - 48
    if (!(digit >= 0 && digit <= 9)) return 0
    status = status * 10 + digit
  }
  const after = bytes[from + 3]
  return after === SPACE || after === 13 ? status : 0
}

/** Index of the first byte from `at` on that the table does not have: the CR of the empty line at the latest, which no table has. */
function endOf(legal: Uint8Array, bytes: Buffer, at: number): number {
  let end = at
  while (legal[bytes[end] as number]) end++
  return end
}

function isLineEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === 13 && bytes[at + 1] === 10
}

/** Methods that are usual: as constants they are compared by their address from here on. */
const USUAL = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

function methodAt(bytes: Buffer, from: number, end: number): string {
  for (const method of USUAL) if (method.length === end - from && isText(bytes, from, method)) return method
  return bytes.toString('latin1', from, end)
}

function parseVersion(bytes: Buffer, at: number): 0 | 1 {
  if (isText(bytes, at, 'HTTP/1.')) {
    const minor = bytes[at + 7]
    if (minor === 49) return 1
    if (minor === 48) return 0
  }
  throw new ParseError(
    /^HTTP\/\d\.\d/.test(bytes.toString('latin1', at, at + 8)) ? 505 : 400,
    'malformed or unsupported HTTP version',
  )
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
  const authority = absolute && toAuthority(absolute[2] as string)
  if (!authority) throw new ParseError(400, 'request-target is neither a path nor an absolute URL')
  if (request.minor === 1 && authority.toLowerCase() !== request.authority.toLowerCase()) {
    throw new ParseError(400, 'the absolute request-target and Host disagree')
  }
  const rest = absolute[3] ?? '/'
  request.target = rest.startsWith('?') ? `/${rest}` : rest
  request.authority = authority
}

/** Walks the header fields, keeps them as they are, and notes those that decide framing. */
class Fields {
  readonly list: string[] = []
  host: string | undefined
  contentLength = -1
  expect: string | undefined
  connectionNames: string[] | undefined
  /** Index after the empty line. */
  readonly end: number
  #transferEncoding: string | undefined
  #upgrade: string | undefined
  #close = false
  #keepAlive = false
  #listsUpgrade = false
  readonly #request: boolean

  /** `text` is what stands in `bytes` from `base` on; the fields begin at `from`. */
  constructor(text: string, bytes: Buffer, base: number, from: number, limits: HeadLimits, request: boolean) {
    this.#request = request
    const { list } = this
    let at = from
    while (!isLineEnd(bytes, at)) {
      const colon = endOf(TOKEN, bytes, at)
      // A space before the colon, a fold at the start of the line and an empty name all end here (RFC 9112 5.1, 5.2).
      if (colon === at || bytes[colon] !== COLON) throw this.#error('malformed header field')
      let first = colon + 1
      while (isBlank(bytes[first])) first++
      const lineEnd = endOf(VALUE, bytes, first)
      if (!isLineEnd(bytes, lineEnd)) throw this.#error('illegal character in a header field')
      let last = lineEnd
      while (last > first && isBlank(bytes[last - 1])) last--
      const value = text.slice(first - base, last - base)
      const { length } = list
      list[length] = text.slice(at - base, colon - base)
      list[length + 1] = value
      if (list.length > limits.fields * 2) throw new ParseError(431, `more than ${limits.fields} header fields`)
      this.#note(bytes, at, colon - at, value)
      at = lineEnd + 2
    }
    this.end = at + 2 - base
    if (this.end > limits.headBytes) throw tooLarge(limits)
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

  #note(bytes: Buffer, at: number, length: number, value: string): void {
    switch (length) {
      case 4:
        if (this.#request && isName(bytes, at, 'host')) this.#noteHost(value)
        break
      case 6:
        if (isName(bytes, at, 'expect')) this.expect = this.expect === undefined ? value : `${this.expect}, ${value}`
        break
      case 7:
        if (isName(bytes, at, 'upgrade')) this.#upgrade = value
        break
      case 10:
        if (isName(bytes, at, 'connection')) this.#noteConnection(value)
        break
      case 14:
        if (isName(bytes, at, 'content-length')) this.#noteContentLength(value)
        break
      case 17:
        if (isName(bytes, at, 'transfer-encoding')) {
          if (this.#transferEncoding !== undefined) throw this.#error('repeated Transfer-Encoding')
          this.#transferEncoding = value
        }
    }
  }

  #noteHost(value: string): void {
    if (this.host !== undefined) throw this.#error('repeated Host')
    this.host = toAuthority(value)
    if (this.host === undefined) throw this.#error('malformed Host')
  }

  #noteConnection(value: string): void {
    if (value === 'keep-alive') {
      this.#keepAlive = true
      return
    }
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
    const length = digits(value)
    if (length < 0) throw this.#error('malformed Content-Length')
    this.contentLength = length
  }

  #error(message: string): ParseError {
    return new ParseError(this.#request ? 400 : 502, message)
  }
}

/** Up to 15 decimal digits as a number; -1 for anything else. */
function digits(text: string): number {
  if (text.length === 0 || text.length > 15) return -1
  let number = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    number = number * 10 + digit
  }
  return number
}

function isText(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}

/** Whether the name at `at` is this lower-case one; its length has been compared. Bit 5 is the case of a letter; `-` has it set. */
function isName(bytes: Buffer, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) if (((bytes[at + i] as number) | 32) !== lower.charCodeAt(i)) return false
  return true
}

function isBlank(code: number | undefined): boolean {
  return code === SPACE || code === 9
}
