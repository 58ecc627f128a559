// What the schema cannot say: fields that need each other, keys that are none, and fields of APISIX's that are refused with the reason.
import { createPublicKey } from 'node:crypto'
import { Ajv, type ValidateFunction } from 'ajv'
import { BOUNDED_PATTERNS } from '../../lib/bounded-regex.ts'
import { isReference } from '../../lib/reference.ts'
import { UNIQUE_ITEMS } from '../../lib/unique-items.ts'
import { checkDpop, checkSigningKey } from './dpop.ts'
import { checkProxy } from './proxy.ts'
import type { Conf } from './schema.ts'
import { checkSession } from './session.ts'

/** Asymmetric only: with a shared secret whoever checks could also sign, and a public key could be taken for one. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

const LEAST_RSA_BITS = 2048
const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none']
/** Parameters of the login that are the gateway's own. */
const OWN_PARAMETERS = [
  'client_id',
  'response_type',
  'response_mode',
  'scope',
  'redirect_uri',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
  'request',
  'request_uri',
]

const UNSUPPORTED: Partial<Record<keyof Conf, string>> = {
  accept_none_alg: 'a token without a signature proves nothing; leave it out',
  accept_unsupported_alg: 'what cannot be checked is refused; leave it out',
  force_reauthorize: 'use session.absolute_timeout for shorter sessions',
  cache_segment: 'no two configurations share a cache; leave it out',
}

/** Names of a library's own that stand for members of `par` and `dpop`: nothing would come of them. */
const ELSEWHERE: Record<string, string> = {
  use_par: 'par.enabled',
  pushed_authorization_request_endpoint: 'par.endpoint',
  pushed_authorization_request_endpoint_auth_method: 'par.endpoint_auth_method',
  use_dpop: 'dpop.enabled',
  dpop_signing_alg: 'dpop.signing_alg',
  dpop_private_key: 'dpop.private_key',
  dpop_public_jwk: 'dpop.public_jwk',
}

/** Throws with what a configuration must have instead. */
export function check(conf: Conf): void {
  if (!conf.bearer_only && !conf.session)
    throw new Error('property "session.secret" is required when "bearer_only" is false')
  for (const [field, instead] of Object.entries(UNSUPPORTED))
    if (conf[field as keyof Conf]) throw new Error(`property "${field}" is not supported: ${instead}`)
  for (const [field, instead] of Object.entries(ELSEWHERE))
    if (Object.hasOwn(conf, field)) throw new Error(`property "${field}" is not allowed, use "${instead}" instead`)
  if (conf.session) checkSession(conf.session)
  if (conf.proxy_opts) checkProxy(conf.proxy_opts)
  checkSecret(conf)
  for (const field of ['discovery', 'introspection_endpoint', 'post_logout_redirect_uri'] as const)
    checkAddress(field, conf[field])
  if (conf.par) checkPar(conf, conf.par)
  if (conf.dpop) checkDpop(conf.dpop)
  if (conf.redirect_uri !== undefined && !/^\/(?![/\\])/.test(conf.redirect_uri))
    checkAddress('redirect_uri', conf.redirect_uri)
  checkAuthentication(conf, 'token_endpoint_auth_method')
  checkAuthentication(conf, 'introspection_endpoint_auth_method')
  checkTokens(conf)
  const taken = Object.keys(conf.authorization_params ?? {}).find((name) => OWN_PARAMETERS.includes(name))
  if (taken) throw new Error(`property "authorization_params" cannot have ${taken}: the gateway sets it`)
}

/** The check of `claim_schema`; undefined without one. Throws when it is no JSON Schema. */
export function compileClaimSchema(conf: Pick<Conf, 'claim_schema'>): ValidateFunction | undefined {
  if (!conf.claim_schema) return undefined
  const ajv = new Ajv({ strict: false, logger: false, code: { regExp: BOUNDED_PATTERNS } })
  return ajv.removeKeyword('uniqueItems').addKeyword(UNIQUE_ITEMS).compile(conf.claim_schema)
}

function checkPar(conf: Conf, { enabled, endpoint, endpoint_auth_method: method }: NonNullable<Conf['par']>): void {
  if (endpoint !== undefined) checkAddress('par.endpoint', endpoint)
  if (!enabled || conf.bearer_only || method === undefined) return
  const needed = method === 'private_key_jwt' ? 'client_rsa_private_key' : 'client_secret'
  if (conf[needed] === undefined)
    throw new Error(`property "par.endpoint_auth_method" "${method}" requires "${needed}" when "par.enabled" is true`)
}

/** Every way of asking the provider needs a secret of the client, but for those that have another proof. */
function checkSecret(conf: Conf): void {
  const { bearer_only, public_key, use_jwks, use_pkce, introspection_endpoint_auth_method: introspection } = conf
  const keyed = ['private_key_jwt', 'none']
  const spared = bearer_only
    ? public_key !== undefined || use_jwks || keyed.includes(introspection)
    : use_pkce || keyed.includes(conf.token_endpoint_auth_method)
  if (!spared && conf.client_secret === undefined) throw new Error('property "client_secret" is required')
}

function checkAddress(field: string, value: string | undefined): void {
  if (value === undefined || isReference(value)) return
  const protocol = URL.parse(value)?.protocol
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new Error(`property "${field}" must be an http or https address, such as https://login.example.com/`)
}

function checkAuthentication(
  conf: Conf,
  field: 'token_endpoint_auth_method' | 'introspection_endpoint_auth_method',
): void {
  const method = conf[field] ?? 'client_secret_basic'
  if (isReference(method)) return
  if (!AUTH_METHODS.includes(method)) throw new Error(`property "${field}" must be one of ${AUTH_METHODS.join(', ')}`)
  const alg = conf.client_jwt_assertion_alg
  if (method === 'client_secret_jwt' && (alg ?? 'HS256') !== 'HS256')
    throw new Error('property "client_jwt_assertion_alg" must be HS256 for client_secret_jwt')
  if (method !== 'private_key_jwt') return
  if (alg?.startsWith('HS')) throw new Error('property "client_jwt_assertion_alg" must not be HS* for private_key_jwt')
  const key = conf.client_rsa_private_key
  if (key === undefined) throw new Error('property "client_rsa_private_key" is required for private_key_jwt')
  if (!isReference(key)) checkSigningKey('client_rsa_private_key', key, 'client_jwt_assertion_alg', alg ?? 'RS256')
}

function checkTokens(conf: Conf): void {
  const { public_key: key, token_signing_alg_values_expected: alg } = conf
  if (alg !== undefined && !isReference(alg) && !ALGORITHMS.includes(alg))
    throw new Error(`property "token_signing_alg_values_expected" must be one of ${ALGORITHMS.join(', ')}`)
  if (key !== undefined && !isReference(key)) readable('public_key', () => checkPublicKey(key))
  readable('claim_schema', () => compileClaimSchema(conf))
}

function checkPublicKey(pem: string): void {
  const { modulusLength: bits = LEAST_RSA_BITS } = createPublicKey(pem).asymmetricKeyDetails ?? {}
  if (bits < LEAST_RSA_BITS) throw new Error(`it has ${bits} bits, a key of RSA needs ${LEAST_RSA_BITS} (RFC 7518 3.3)`)
}

function readable(field: string, read: () => unknown): void {
  try {
    read()
  } catch (error) {
    throw new Error(`property "${field}" cannot be used: ${(error as Error).message}`)
  }
}
