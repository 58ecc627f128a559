// What a head may be: the bytes that are legal in its parts, its limits, and the error that it ends with.

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

export function tooLarge(limits: HeadLimits): ParseError {
  return new ParseError(431, `head is larger than ${limits.headBytes} bytes`)
}

export const SPACE = 32

export const TOKEN = table("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
// RFC 9110 5.5: field values hold visible characters, space, tab and obs-text; a control character is refused.
export const VALUE = new Uint8Array(256).map((_, code) => (code === 9 || (code >= 32 && code !== 127) ? 1 : 0))
// RFC 9112 3.2: a request-target has no space or control character. Bytes above 127 are refused too: they must be percent-encoded.
export const TARGET = new Uint8Array(256).map((_, code) => (code > 32 && code < 127 && code !== 35 ? 1 : 0))

function table(characters: string): Uint8Array {
  const legal = new Uint8Array(256)
  for (const character of characters) legal[character.charCodeAt(0)] = 1
  return legal
}

/** Index of the first byte from `at` on that the table does not have: the CR of the empty line at the latest, which no table has. */
export function endOf(legal: Uint8Array, bytes: Buffer, at: number): number {
  let end = at
  while (legal[bytes[end] as number]) end++
  return end
}

export function isLineEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === 13 && bytes[at + 1] === 10
}

export function isText(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}

export function isBlank(code: number | undefined): boolean {
  return code === SPACE || code === 9
}
