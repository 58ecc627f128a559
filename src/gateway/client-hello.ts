// Reads the server name of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3), before TLS itself gets the bytes.
//
// Only the common form is understood: one ClientHello in the first record. Any other gives no name, and the port's ordinary server then decides,
// which serves no name that asks for client certificates.

/** The largest TLS record: 5 bytes of header and 2^14 of payload. */
export const MAX_RECORD_BYTES = 5 + 16_384

const HANDSHAKE = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const HOST_NAME = 0

/** The name, lower case; undefined when there is none or it cannot be found; 'incomplete' while the record is not whole. */
export function serverNameOf(bytes: Buffer): string | undefined | 'incomplete' {
  if (bytes.length >= 1 && bytes[0] !== HANDSHAKE) return undefined
  if (bytes.length < 5) return 'incomplete'
  const length = bytes.readUInt16BE(3)
  if (length + 5 > MAX_RECORD_BYTES) return undefined
  if (bytes.length < length + 5) return 'incomplete'
  try {
    return readName(bytes.subarray(5, 5 + length))
  } catch (error) {
    if (error instanceof RangeError) return undefined // lengths that point beyond the record
    throw error
  }
}

function readName(hello: Buffer): string | undefined {
  if (hello.readUInt8(0) !== CLIENT_HELLO) return undefined
  let at = 4 + 2 + 32 // header, version, random
  at += 1 + hello.readUInt8(at) // session id
  at += 2 + hello.readUInt16BE(at) // cipher suites
  at += 1 + hello.readUInt8(at) // compression methods
  const end = at + 2 + hello.readUInt16BE(at)
  at += 2
  while (at < end) {
    const type = hello.readUInt16BE(at)
    const size = hello.readUInt16BE(at + 2)
    at += 4
    if (type === SERVER_NAME && hello.readUInt8(at + 2) === HOST_NAME) {
      const length = hello.readUInt16BE(at + 3)
      if (at + 5 + length > hello.length) return undefined
      return hello.toString('latin1', at + 5, at + 5 + length).toLowerCase()
    }
    at += size
  }
  return undefined
}
