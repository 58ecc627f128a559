// What is wrong with an ssl resource beyond its schema, in APISIX's words: certificates and keys that are none, or of which no handshake could
// be made. References are looked at once they are resolved, by those who use them.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { boundedRegex } from '../lib/bounded-regex.ts'
import { thrownBy } from '../lib/message-of.ts'
import { isReference } from '../lib/reference.ts'
import type { Resource } from './kinds.ts'

/** What a PEM text has at least. */
const MIN_CERTIFICATE_CHARACTERS = 128
const MIN_KEY_CHARACTERS = 64

/** Undefined: nothing is wrong. */
export function checkCertificates(ssl: Resource): string | undefined {
  const unserved = notServed(ssl)
  if (unserved !== undefined) return unserved
  const certs = [ssl.cert, ...((ssl.certs as unknown[]) ?? [])]
  const keys = [ssl.key, ...((ssl.keys as unknown[]) ?? [])]
  const short = tooShort('cert', certs, MIN_CERTIFICATE_CHARACTERS) ?? tooShort('key', keys, MIN_KEY_CHARACTERS)
  if (short !== undefined) return short
  const first = checkPair(certs[0], keys[0])
  if (first !== undefined) return first
  if (certs.length !== keys.length) return 'mismatched number of certs and keys'
  for (let i = 1; i < certs.length; i++) {
    const message = checkPair(certs[i], keys[i])
    if (message !== undefined) return `failed to handle cert-key pair[${i}]: ${message}`
  }
  return checkClientOf(ssl)
}

function notServed({ ocsp_stapling: stapling }: Resource): string | undefined {
  if (!(stapling as { enabled?: unknown } | undefined)?.enabled) return undefined
  return 'ocsp_stapling is not served here: leave it out, or set enabled to false'
}

/** In APISIX's words; the first of `texts` is the member `name`, the others are the items of `names`. */
function tooShort(name: string, texts: unknown[], least: number): string | undefined {
  const at = texts.findIndex((one) => typeof one === 'string' && !isReference(one) && one.length < least)
  if (at < 0) return undefined
  const problem = `string too short, expected at least ${least}, got ${(texts[at] as string).length}`
  const place = at === 0 ? '' : `failed to validate item ${at}: `
  return `invalid configuration: property "${at === 0 ? name : `${name}s`}" validation failed: ${place}${problem}`
}

/** Of one certificate with its key. */
export function checkPair(cert: unknown, key: unknown): string | undefined {
  const certificate = isReference(cert) ? undefined : parse(() => new X509Certificate(String(cert)))
  if (certificate === null) return 'failed to parse cert: PEM_read_bio_X509_AUX() failed'
  if (isReference(key)) return undefined
  // Anything else is taken for a key that was encrypted before.
  if (!String(key).startsWith('---')) return 'failed to decrypt previous encrypted key'
  const privateKey = parse(() => createPrivateKey(String(key)))
  if (!privateKey) return 'failed to parse key: PEM_read_bio_PrivateKey() failed'
  if (!certificate || certificate.checkPrivateKey(privateKey)) return undefined
  const { subject } = certificate
  return `the key does not belong to the certificate${subject ? ` of ${subject.replaceAll('\n', ', ')}` : ''}: a chain begins with the certificate of the server`
}

/** What an ssl resource asks of clients. */
function checkClientOf({ client }: Resource): string | undefined {
  const { ca, skip_mtls_uri_regex: skip = [] } = (client ?? {}) as { ca?: string; skip_mtls_uri_regex?: string[] }
  if (ca !== undefined && !parse(() => new X509Certificate(ca)))
    return 'failed to validate client_cert: failed to parse cert: PEM_read_bio_X509_AUX() failed'
  for (const pattern of skip) {
    const message = thrownBy(() => boundedRegex(pattern))
    if (message !== undefined) return `invalid regex in skip_mtls_uri_regex: ${message}`
  }
  return undefined
}

/** Null: it cannot be parsed; why is not for the answer, which would show parts of it. */
function parse<T>(run: () => T): T | null {
  try {
    return run()
  } catch {
    return null
  }
}
