// Fields that belong to one connection and are never passed on (RFC 9110 7.6.1), with those that the gateway writes itself for each message.

/**
 * By length first: nearly every field is decided by that alone. Framing fields written with an underscore are among them, since upstreams
 * that speak CGI or WSGI read both spellings as one.
 */
export function isHopByHop(name: string): boolean {
  switch (name.length) {
    case 2:
      return name.toLowerCase() === 'te'
    case 4:
      return name.toLowerCase() === 'host'
    case 6:
      return name.toLowerCase() === 'expect'
    case 7:
      return name.toLowerCase() === 'upgrade'
    case 10: {
      const lower = name.toLowerCase()
      return lower === 'connection' || lower === 'keep-alive'
    }
    case 14: {
      const lower = name.toLowerCase()
      return lower === 'content-length' || lower === 'content_length' || lower === 'http2-settings'
    }
    case 16:
      return name.toLowerCase() === 'proxy-connection'
    case 17: {
      const lower = name.toLowerCase()
      return lower === 'transfer-encoding' || lower === 'transfer_encoding'
    }
    case 19:
      return name.toLowerCase() === 'proxy-authorization'
    default:
      return false
  }
}
