// Proof of possession (RFC 9449): each question for tokens is signed with a key of the client, and the tokens are worth nothing without it.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { importJWK, importPKCS8, type JWK } from 'jose'
import * as oauth from 'oauth4webapi'
import Type, { type Static } from 'typebox'
import { isReference } from '../../lib/reference.ts'
import { oneOfTexts } from '../../lib/schema-types.ts'

export const dpopSchema = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({
        title: 'Enabled',
        description: 'sign questions for tokens; an upstream that uses them at another server needs the key too',
        default: false,
        examples: [true],
      }),
    ),
    signing_alg: Type.Optional(
      oneOfTexts(['ES256', 'RS256', 'PS256'], {
        title: 'Algorithm',
        description: 'of the signatures',
        default: 'ES256',
        examples: ['ES256'],
      }),
    ),
    private_key: Type.Optional(
      Type.String({
        title: 'Private key',
        description: 'PEM; signs',
        minLength: 1,
        examples: ['-----BEGIN PRIVATE KEY-----...'],
      }),
    ),
    public_jwk: Type.Optional(
      Type.Record(Type.String(), Type.Any(), {
        title: 'Public key',
        description: 'the other half of that key, as a JWK without private members',
        examples: [{ kty: 'EC', crv: 'P-256', x: '...', y: '...' }],
      }),
    ),
  },
  {
    title: 'DPoP',
    description: "tokens that count with the client's key only",
    additionalProperties: false,
    examples: [{ enabled: false }],
  },
)
type DpopConf = Static<typeof dpopSchema>

/** What a key must be for an algorithm. */
const KEYS: Record<string, { kty: string; crv?: string }> = {
  RS256: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES512: { kty: 'EC', crv: 'P-521' },
}
const MEMBERS: Record<string, readonly ('crv' | 'x' | 'y' | 'e' | 'n')[]> = { EC: ['crv', 'x', 'y'], RSA: ['e', 'n'] }
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** The public half of a private key. Throws when it is none. */
function publicJwk(pem: string): JWK {
  return createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' })
}

/** Throws when the private key in the field `name` cannot sign with this algorithm, which stands in the field `algField`. */
export function checkSigningKey(name: string, pem: string, algField: string, alg: string): void {
  let key: JWK
  try {
    key = publicJwk(pem)
  } catch (error) {
    throw new Error(`property "${name}" is not a valid key: ${(error as Error).message}`)
  }
  checkKind(name, key, algField, alg)
}

function checkKind(name: string, key: JWK, algField: string, alg: string): void {
  const wanted = KEYS[alg]
  if (wanted && wanted.kty !== key.kty)
    throw new Error(`property "${algField}" "${alg}" requires an ${wanted.kty} "${name}"`)
  if (wanted?.crv !== undefined && wanted.crv !== key.crv)
    throw new Error(`property "${algField}" "${alg}" requires "${name}" crv "${wanted.crv}", got "${key.crv}"`)
}

/** Throws when no proof can be made in this way. What is not enabled may be anything. */
export function checkDpop(conf: DpopConf): void {
  if (!conf.enabled) return
  const { private_key: pem, public_jwk: jwk, signing_alg: alg = 'ES256' } = conf
  for (const [field, value] of Object.entries({ private_key: pem, public_jwk: jwk }))
    if (value === undefined) throw new Error(`property "dpop.${field}" is required when "dpop.enabled" is true`)
  const at = 'property "dpop.public_jwk" validation failed:'
  const members = MEMBERS[String(jwk?.kty)]
  if (!members) throw new Error(`${at} kty "${jwk?.kty}" is not supported`)
  const secret = PRIVATE_MEMBERS.find((name) => jwk?.[name] !== undefined)
  if (secret !== undefined) throw new Error(`${at} it has the private member "${secret}", give the public key only`)
  const bad = members.find((name) => typeof jwk?.[name] !== 'string' || jwk[name] === '')
  if (bad !== undefined) throw new Error(`${at} kty "${jwk?.kty}" requires "${bad}", a non-empty string`)
  checkKind('dpop.public_jwk', jwk as JWK, 'dpop.signing_alg', alg)
  if (pem === undefined || isReference(pem)) return
  checkSigningKey('dpop.private_key', pem, 'dpop.signing_alg', alg)
  const derived = publicJwk(pem)
  const other = members.find((name) => derived[name] !== jwk?.[name])
  if (other !== undefined)
    throw new Error(
      `property "dpop.public_jwk" is not the public key of "dpop.private_key": ${other} is "${derived[other]}"`,
    )
}

/** What signs; undefined when the configuration wants no proofs. */
export async function proofOf(conf: DpopConf | undefined, client: oauth.Client): Promise<oauth.DPoPHandle | undefined> {
  if (!conf?.enabled) return undefined
  const { private_key: pem = '', signing_alg: alg = 'ES256' } = conf
  const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' })
  const [privateKey, publicKey] = await Promise.all([
    importPKCS8(pkcs8, alg),
    importJWK(publicJwk(pem), alg, { extractable: true }) as Promise<CryptoKey>,
  ])
  return oauth.DPoP(client, { privateKey, publicKey })
}
