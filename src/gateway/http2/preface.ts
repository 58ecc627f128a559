const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Whether a connection that begins with these bytes speaks HTTP/2, as far as they go (RFC 9113 3.4). */
export function isPreface(bytes: Buffer): boolean {
  return bytes.subarray(0, PREFACE.length).equals(PREFACE.subarray(0, bytes.length))
}
