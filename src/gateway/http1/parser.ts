// Parses HTTP/1.1 heads, of requests and of upstreams' responses, to the letter of RFC 9112, and refuses what it would have to guess.
//
// A head is taken whole: found by its empty line and turned into one latin1 string, of which names and values are slices; its bytes are walked
// once with a table of legal ones (bytes of a buffer cost half of what characters of a string do: 0.2 us a request). The walk also decides the
// framing of the body, since a disagreement about that is how requests are smuggled (RFC 9112 6.1, 6.3).
import { toAuthority } from '../authority.ts'
import { Fields } from './fields.ts'
import {
  endOf,
  type HeadLimits,
  isLineEnd,
  isText,
  ParseError,
  SPACE,
  TARGET,
  TOKEN,
  tooLarge,
  VALUE,
} from './head-rules.ts'

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
