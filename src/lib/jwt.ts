// JSON Web Tokens as they are signed (RFC 7515, 7518, 8037): taken apart, and their signature verified by a named algorithm.
import { constants, createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { parseJsonObject } from './parse-json.ts'
import { sameSecret } from './same-secret.ts'

export const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const

export interface Jwt {
  algorithm: (typeof ALGORITHMS)[number]
  claims: Record<string, unknown>
  /** The signed part: header and payload. */
  signed: string
  signature: Buffer
}

/** What a token is verified with. */
export interface JwtKey {
  secret?: string
  base64_secret?: boolean
  /** PEM. */
  public_key?: string
}

/** Undefined: not a signed token of a known algorithm, or one with extensions that must be understood (`crit`). */
export function parseJwt(token: string): Jwt | undefined {
  const parts = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token)
  if (!parts) return undefined
  const [, head, payload, signature] = parts as unknown as [string, string, string, string]
  const header = parseObject(head)
  const claims = parseObject(payload)
  const algorithm = ALGORITHMS.find((name) => name === header?.alg)
  if (!claims || !algorithm || header?.crit !== undefined) return undefined
  return { algorithm, claims, signed: `${head}.${payload}`, signature: Buffer.from(signature, 'base64url') }
}

/** True when the signature is the key's. A key that does not fit the algorithm verifies nothing. */
export function verifySignature(jwt: Jwt, algorithm: Jwt['algorithm'], key: JwtKey): boolean {
  const data = Buffer.from(jwt.signed)
  const hash = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('HS')) {
    if (key.secret === undefined) return false
    const secret = Buffer.from(key.secret, key.base64_secret ? 'base64' : 'utf8')
    const expected = createHmac(hash, secret).update(data).digest()
    return sameSecret(jwt.signature, expected)
  }
  const publicKey = toPublicKey(key.public_key)
  if (!publicKey || !fits(publicKey, algorithm)) return false
  if (algorithm === 'EdDSA') return verify(null, data, publicKey, jwt.signature)
  if (algorithm.startsWith('ES'))
    return verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, jwt.signature)
  const padding = algorithm.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  return verify(hash, data, { key: publicKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, jwt.signature)
}

const CURVES: Record<string, string> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }

function fits(key: KeyObject, algorithm: Jwt['algorithm']): boolean {
  const type = key.asymmetricKeyType
  if (algorithm === 'EdDSA') return type === 'ed25519' || type === 'ed448'
  if (algorithm.startsWith('ES')) return key.asymmetricKeyDetails?.namedCurve === CURVES[algorithm]
  return type === 'rsa' || (type === 'rsa-pss' && algorithm.startsWith('PS'))
}

/** Keys that were read, by their PEM text. Consumers hold them, so that only their number bounds this; it starts anew above it. */
const MAX_KEPT_KEYS = 1000
const keys = new Map<string, KeyObject | undefined>()

function toPublicKey(pem: string | undefined): KeyObject | undefined {
  if (pem === undefined) return undefined
  if (!keys.has(pem)) {
    if (keys.size >= MAX_KEPT_KEYS) keys.clear()
    keys.set(pem, readKey(pem))
  }
  return keys.get(pem)
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem)
  } catch {
    return undefined // the reference in the configuration led to something else than a key: it verifies nothing
  }
}

function parseObject(part: string): Record<string, unknown> | undefined {
  return parseJsonObject(Buffer.from(part, 'base64url').toString('utf8'))
}
