// A response as a cache keeps it, and its form in bytes: the length of a JSON head in 4 bytes, the head, the body. A response that varies
// (RFC 9111 4.1) is kept under a second key, made of the request's fields that the mark under the first key names.

/** A response. Times in milliseconds since the epoch. */
export interface CacheEntry {
  status: number
  /** name, value, name, value, ... */
  headers: string[]
  storedAt: number
  expiresAt: number
  /** Seconds that it was old when it came. */
  ageSeconds: number
  body: Buffer
}

/** Stands in for responses that vary. A purge removes the mark: its id is never used again, so that nobody finds what it led to. */
export interface VaryMark {
  /** Names of request fields, in lower case. */
  vary: string[]
  id: string
}

const LENGTH_BYTES = 4

export function encodeEntry({ body, ...head }: CacheEntry): Buffer {
  return encode(head, body)
}

export function encodeMark(mark: VaryMark): Buffer {
  return encode(mark, Buffer.alloc(0))
}

/** Throws when the bytes are no entry. */
export function decodeCached(bytes: Buffer): CacheEntry | VaryMark {
  const end = LENGTH_BYTES + bytes.readUInt32BE(0)
  const head = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)) as Omit<CacheEntry, 'body'> | VaryMark
  return 'vary' in head ? head : { ...head, body: bytes.subarray(end) }
}

function encode(head: object, body: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text, body])
}
