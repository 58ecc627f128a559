// Walks a chunked body (RFC 9112 7.1) as it comes, in pieces of any size. It checks every byte of the framing; data is handed out piece by
// piece, and a caller that passes the body on as it is can take the bytes between two calls instead.
import { HeaderList } from '../headers.ts'
import { isHopByHop } from '../hop-by-hop.ts'
import { ParseError } from './head-rules.ts'

const SIZE = 0
const EXTENSION = 1
const SIZE_LF = 2
const DATA = 3
const DATA_CR = 4
const DATA_LF = 5
const TRAILER = 6
const TRAILER_LF = 7
const DONE = 8

/** Bytes of the extensions of all chunks, and of all trailers: both are text that nobody bounds otherwise. */
const MAX_EXTENSION_BYTES = 4096
const MAX_TRAILER_BYTES = 8192

// RFC 9112 7.1.1 without its bad whitespace, which llhttp refuses too: extensions that readers understand differently hide requests.
const EXTENSIONS =
  /^(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+$/

export class ChunkScanner {
  /** Fields after the last chunk; undefined when there were none. */
  trailers: HeaderList | undefined
  #state: number = SIZE
  #digits = 0
  #left = 0
  #extensionBytes = 0
  #line = ''
  #trailerBytes = 0
  readonly #status: number

  /** `status` is that of the ParseError for malformed framing: 400 for a client's body, 502 for an upstream's. */
  constructor(status: 400 | 502) {
    this.#status = status
  }

  get done(): boolean {
    return this.#state === DONE
  }

  /** Walks from `at`; calls `onData` with each piece of data. Returns the index after the last byte taken: less than the length only when done. */
  scan(buffer: Buffer, from: number, onData: ((data: Buffer) => void) | undefined): number {
    let at = from
    while (at < buffer.length && this.#state !== DONE) {
      if (this.#state === DATA) {
        const take = Math.min(this.#left, buffer.length - at)
        onData?.(buffer.subarray(at, at + take))
        at += take
        this.#left -= take
        if (this.#left === 0) this.#state = DATA_CR
        continue
      }
      this.#step(buffer[at] as number)
      at++
    }
    return at
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE:
        this.#size(byte)
        return
      case EXTENSION:
        this.#extend(byte)
        return
      case SIZE_LF:
        this.#expect(byte, 10)
        this.#state = this.#left > 0 ? DATA : TRAILER
        return
      case DATA_CR:
        this.#expect(byte, 13)
        this.#state = DATA_LF
        return
      case DATA_LF:
        this.#expect(byte, 10)
        this.#state = SIZE
        this.#digits = 0
        return
      case TRAILER:
        this.#trailer(byte)
        return
      default:
        this.#expect(byte, 10)
        this.#endLine()
    }
  }

  #size(byte: number): void {
    const digit = hex(byte)
    if (digit >= 0) {
      // 13 hexadecimal digits stay below 2^53.
      if (++this.#digits > 13) throw this.#error('chunk size is too large')
      this.#left = (this.#digits === 1 ? 0 : this.#left * 16) + digit
      return
    }
    if (this.#digits === 0) throw this.#error('malformed chunk size')
    if (byte === 13) this.#state = SIZE_LF
    else if (byte === 59) {
      this.#state = EXTENSION
      this.#extend(byte)
    } else throw this.#error('malformed chunk size')
  }

  #extend(byte: number): void {
    if (byte === 13) {
      if (!EXTENSIONS.test(this.#line)) throw this.#error('malformed chunk extension')
      this.#line = ''
      this.#state = SIZE_LF
      return
    }
    if (byte < 32 && byte !== 9) throw this.#error('illegal character in a chunk extension')
    if (++this.#extensionBytes > MAX_EXTENSION_BYTES)
      throw this.#error(`chunk extensions are larger than ${MAX_EXTENSION_BYTES} bytes`)
    this.#line += String.fromCharCode(byte)
  }

  #trailer(byte: number): void {
    if (byte === 13) {
      this.#state = TRAILER_LF
      return
    }
    if ((byte < 32 && byte !== 9) || byte === 127) throw this.#error('illegal character in a trailer')
    if (++this.#trailerBytes > MAX_TRAILER_BYTES)
      throw this.#error(`trailers are larger than ${MAX_TRAILER_BYTES} bytes`)
    this.#line += String.fromCharCode(byte)
  }

  #endLine(): void {
    if (this.#line === '') {
      this.#state = DONE
      return
    }
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(this.#line)
    if (!field) throw this.#error('malformed trailer')
    // RFC 9110 6.5.1: framing, routing and connection fields come too late here; a reader that merged them would be deceived.
    if (isHopByHop(field[1] as string)) throw this.#error(`${field[1]} in the trailers`)
    this.trailers ??= new HeaderList()
    this.trailers.list.push(field[1] as string, field[2] as string)
    this.#line = ''
    this.#state = TRAILER
  }

  #expect(byte: number, wanted: number): void {
    if (byte !== wanted) throw this.#error('malformed chunk framing')
  }

  #error(message: string): ParseError {
    return new ParseError(this.#status, message)
  }
}

function hex(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  if (byte >= 65 && byte <= 70) return byte - 55
  return byte >= 97 && byte <= 102 ? byte - 87 : -1
}
