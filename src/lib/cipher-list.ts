// Lists of TLS ciphers in the notation of OpenSSL: names and groups joined by `:`, with `!`, `-` and `+` before them, and `@STRENGTH`.
import { createSecureContext } from 'node:tls'

/** Node offers no TLS 1.3 to a list that names none of its suites; OpenSSL, and so nginx, keeps them apart. */
const SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'

/** Whether TLS can be served with the list. OpenSSL itself passes over what it does not know; here each part must stand for something. */
export function isCipherList(list: string): boolean {
  return isUsable(list) && list.split(':').every(isKnown)
}

/** The list with the suites of TLS 1.3, unless it names some. */
export function withSuites(list: string): string {
  return /(?:^|:)TLS_/.test(list) ? list : `${SUITES}:${list}`
}

/** Whether the list has ciphers that are not TLS 1.3's. */
export function hasUsualCiphers(list: string): boolean {
  return list.split(':').some((part) => !part.startsWith('TLS_'))
}

function isKnown(part: string): boolean {
  // What is taken away, or to the end, may be something that this OpenSSL does not have.
  return /^(?:[!+-].|@STRENGTH$|@SECLEVEL=[0-5]$)/.test(part) || isUsable(part)
}

function isUsable(list: string): boolean {
  try {
    createSecureContext({ ciphers: list })
    return list !== ''
  } catch {
    return false // OpenSSL finds no cipher in it
  }
}
