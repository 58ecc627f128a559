// Reads the head of an HTTP/2 request, and refuses what HTTP/1.1 would refuse, since it may go to an upstream as HTTP/1.1.
//
// nghttp2 has checked the form before (RFC 9113 8.2, 8.3): legal names and values, pseudo-header fields complete, once and in front, no
// fields of a connection, Content-Length equal to the body. What is left: the target, the authority, their sizes, and what is not served.

import { toAuthority } from '../authority.ts'
import type { RequestHead } from '../exchange.ts'
import { HeaderList } from '../headers.ts'
import { type HeadLimits, ParseError, TARGET } from '../http1/head-rules.ts'

export interface ReadHead extends RequestHead {
  /** Content-Length, -1 when absent. */
  contentLength: number
  expectContinue: boolean
  /** Bytes of all names and values. */
  headBytes: number
}

/** `raw`: name, value, name, value, ... as received. Throws a ParseError. */
export function readHead(raw: readonly string[], limits: HeadLimits): ReadHead {
  const fields = new Fields(raw, limits)
  const { method, path } = fields
  if (method === 'CONNECT' || method === 'TRACE') throw new ParseError(405, `${method} is not served`)
  if (fields.scheme !== 'http' && fields.scheme !== 'https')
    throw new ParseError(400, 'the scheme is not http or https')
  checkTarget(path, method, limits)
  const authority = toAuthority(fields.authority ?? fields.host ?? '')
  if (!authority) throw new ParseError(400, 'malformed authority')
  if (fields.host !== undefined && fields.host.toLowerCase() !== authority.toLowerCase())
    throw new ParseError(400, ':authority and Host disagree')
  if (fields.expect !== undefined && fields.expect.toLowerCase() !== '100-continue')
    throw new ParseError(417, 'unknown expectation')
  return {
    method,
    target: path,
    httpVersion: '2.0',
    headers: new HeaderList(fields.toList(authority)),
    authority,
    contentLength: fields.contentLength,
    expectContinue: fields.expect !== undefined,
    headBytes: fields.bytes,
  }
}

function checkTarget(path: string, method: string, limits: HeadLimits): void {
  if (path.length > limits.targetBytes)
    throw new ParseError(414, `request-target is larger than ${limits.targetBytes} bytes`)
  for (let i = 0; i < path.length; i++)
    if (!TARGET[path.charCodeAt(i)]) throw new ParseError(400, 'illegal character in the request-target')
  if (path.charCodeAt(0) !== 47 && !(path === '*' && method === 'OPTIONS'))
    throw new ParseError(400, 'request-target is not a path')
}

class Fields {
  method = ''
  scheme = ''
  path = ''
  authority: string | undefined
  host: string | undefined
  expect: string | undefined
  contentLength = -1
  bytes = 0
  readonly #list: string[] = []
  #cookie: string | undefined

  constructor(raw: readonly string[], limits: HeadLimits) {
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string
      const value = raw[i + 1] as string
      this.bytes += name.length + value.length
      this.#take(name, value)
    }
    if (this.bytes > limits.headBytes) throw new ParseError(431, `head is larger than ${limits.headBytes} bytes`)
    if (this.#list.length > limits.fields * 2) throw new ParseError(431, `more than ${limits.fields} header fields`)
  }

  /** The fields with Host in front, as HTTP/1.1 has them. */
  toList(authority: string): string[] {
    const list = ['host', authority, ...this.#list]
    if (this.#cookie !== undefined) list.push('cookie', this.#cookie)
    return list
  }

  #take(name: string, value: string): void {
    switch (name) {
      case ':method':
        this.method = value
        return
      case ':scheme':
        this.scheme = value
        return
      case ':path':
        this.path = value
        return
      case ':authority':
        this.authority = value
        return
      case 'host':
        if (this.host !== undefined) throw new ParseError(400, 'repeated Host')
        this.host = value
        return
      case 'cookie':
        // RFC 9113 8.2.3: a client may split it for the sake of compression; everybody else expects one field.
        this.#cookie = this.#cookie === undefined ? value : `${this.#cookie}; ${value}`
        return
      case 'content-length':
        this.contentLength = Number(value)
        break
      case 'expect':
        this.expect = value
        break
    }
    this.#list.push(name, value)
  }
}
