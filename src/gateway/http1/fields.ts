// The header fields of a head: walked once byte by byte, kept as they are, and those noted that decide how its body is framed (RFC 9112 6.1, 6.3).
import { toAuthority } from '../authority.ts'
import { endOf, type HeadLimits, isBlank, isLineEnd, ParseError, TOKEN, tooLarge, VALUE } from './head-rules.ts'

const COLON = 58

export class Fields {
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

/** Whether the name at `at` is this lower-case one; its length has been compared. Bit 5 is the case of a letter; `-` has it set. */
function isName(bytes: Buffer, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) if (((bytes[at + i] as number) | 32) !== lower.charCodeAt(i)) return false
  return true
}
