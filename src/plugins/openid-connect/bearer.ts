// Bearer tokens (RFC 6750): checked with a key, with the provider's published keys, or by asking the provider (RFC 7662). What was found valid is
// kept for as long as the token is, under a digest of it, at most MAX_KEPT of them.
import { createPublicKey, hash } from 'node:crypto'
import type { ValidateFunction } from 'ajv'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import type { Exchange } from '../../gateway/exchange.ts'
import type { PluginEnv, Reply } from '../../gateway/plugin.ts'
import { setBounded } from '../../lib/set-bounded.ts'
import { ALGORITHMS } from './check.ts'
import { refuseAudience, refuseScopes } from './claims.ts'
import type { Provider } from './provider.ts'
import type { Conf } from './schema.ts'

const MAX_KEPT = 10_000
const BEARER = /^bearer +(\S+) *$/i

/** The token of a request: of Authorization, else of X-Access-Token; undefined when it has none. */
export function bearerToken(ctx: Exchange): string | undefined {
  const { headers } = ctx.request
  const field = headers.get('authorization')
  return field === undefined ? headers.get('x-access-token') : BEARER.exec(field)?.[1]
}

/** True for an Authorization field that is no scheme with something after it. */
export function isMalformed(ctx: Exchange): boolean {
  return ctx.request.headers.get('authorization')?.includes(' ') === false
}

export class BearerTokens {
  readonly #conf: Conf
  readonly #env: PluginEnv
  readonly #provider: Provider
  readonly #claimSchema: ValidateFunction | undefined
  readonly #kept = new Map<string, { claims: JWTPayload; until: number }>()

  constructor(conf: Conf, env: PluginEnv, provider: Provider, claimSchema: ValidateFunction | undefined) {
    this.#conf = conf
    this.#env = env
    this.#provider = provider
    this.#claimSchema = claimSchema
  }

  /** What is known of a token's user, or why the request is refused. Rejects when the provider cannot be asked. */
  async check(ctx: Exchange, token: string): Promise<{ claims: JWTPayload } | { refusal: Reply }> {
    const claims = this.#recall(ctx, token) ?? (await this.#verify(ctx, token))
    if (typeof claims === 'string') return { refusal: this.refuse(claims) }
    if (this.#claimSchema && !this.#claimSchema(claims))
      return { refusal: this.refuse('the claims do not fit the schema that they must have') }
    const refusal = refuseAudience(this.#conf, claims) ?? refuseScopes(this.#conf, claims.scope)
    return refusal ? { refusal } : { claims }
  }

  /** 401 for a request without a token. */
  challenge(): Reply {
    return this.#answer(`Bearer realm="${this.#conf.realm}"`)
  }

  /** 401 for a token that is not good (RFC 6750 3). */
  refuse(why: string): Reply {
    const description = why.replaceAll('"', "'").replace(/[^ -~]/g, '')
    return this.#answer(`Bearer realm="${this.#conf.realm}", error="invalid_token", error_description="${description}"`)
  }

  #answer(challenge: string): Reply {
    return { status: 401, headers: { 'WWW-Authenticate': challenge } }
  }

  get #local(): boolean {
    return this.#conf.public_key !== undefined || this.#conf.use_jwks
  }

  /** A text says what is wrong with the token. */
  async #verify(ctx: Exchange, token: string): Promise<JWTPayload | string> {
    const claims = this.#local ? await this.#verifySignature(token) : await this.#introspect(ctx, token)
    if (typeof claims !== 'string') this.#keep(ctx, token, claims)
    return claims
  }

  async #verifySignature(token: string): Promise<JWTPayload | string> {
    const { public_key: key, token_signing_alg_values_expected: expected } = this.#conf
    const issuer = await this.#issuers()
    const options = {
      ...(issuer === undefined ? {} : { issuer }),
      algorithms: expected === undefined ? ALGORITHMS : [expected],
      clockTolerance: this.#conf.iat_slack,
      requiredClaims: ['exp'],
    }
    try {
      const checked = key
        ? await jwtVerify(token, createPublicKey(key), options)
        : await jwtVerify(token, await this.#provider.keys(), options)
      return checked.payload
    } catch (error) {
      if (isTokensFault(error)) return `invalid jwt: ${(error as Error).message}`
      throw error
    }
  }

  /** Who may have made a token. Undefined: a key of the configuration alone says so, while the provider cannot be asked for its name. */
  async #issuers(): Promise<string | string[] | undefined> {
    const { public_key: key, claim_validator: validator } = this.#conf
    if (validator?.issuer?.valid_issuers) return validator.issuer.valid_issuers
    try {
      return (await this.#provider.server()).issuer
    } catch (error) {
      if (key === undefined) throw error
      this.#env.log.warn({ error: (error as Error).message }, 'the issuer of a token is not checked: it is not known')
      return undefined
    }
  }

  async #introspect(ctx: Exchange, token: string): Promise<JWTPayload | string> {
    const conf = this.#conf
    const provider = this.#provider
    const server = await provider.server()
    const headers = new Headers()
    for (const name of conf.introspection_addon_headers ?? []) {
      const value = ctx.request.headers.get(name.toLowerCase())
      if (value !== undefined) headers.set(name, value)
    }
    const proof = await provider.authentication(conf.introspection_endpoint_auth_method)
    const answer = await oauth.introspectionRequest(server, provider.client, proof, token, provider.options(headers))
    const claims = await oauth.processIntrospectionResponse(server, provider.client, answer)
    const { exp, nbf, iss } = claims
    const now = this.#env.now() / 1000
    const listed = conf.claim_validator?.issuer?.valid_issuers
    // Without a list an answer need not name the issuer: the provider was asked itself.
    const foreign = iss === undefined ? listed !== undefined : !(listed ?? [server.issuer]).includes(iss)
    const ended = typeof exp === 'number' && exp + conf.iat_slack <= now
    const early = typeof nbf === 'number' && nbf - conf.iat_slack > now
    return claims.active && !foreign && !ended && !early ? claims : 'invalid token'
  }

  #recall(ctx: Exchange, token: string): JWTPayload | undefined {
    const kept = this.#kept.get(this.#digest(ctx, token))
    return kept && kept.until > this.#env.now() ? kept.claims : undefined
  }

  /** A token whose end is not known is not kept, unless the interval bounds it. */
  #keep(ctx: Exchange, token: string, claims: JWTPayload): void {
    const { introspection_interval: interval, introspection_expiry_claim: claim = 'exp' } = this.#conf
    if (this.#local && this.#conf.jwt_verification_cache_ignore) return
    const end = this.#local ? claims.exp : claims[claim]
    const longest = interval > 0 && !this.#local ? this.#env.now() + interval * 1000 : Number.POSITIVE_INFINITY
    const until = Math.min(longest, typeof end === 'number' ? end * 1000 : longest)
    if (!Number.isFinite(until)) return
    setBounded(this.#kept, this.#digest(ctx, token), { claims, until }, MAX_KEPT)
  }

  /** Of the token and of what else the provider decides by. */
  #digest(ctx: Exchange, token: string): string {
    const names = this.#conf.introspection_addon_headers ?? []
    const asked = [token, ...names.map((name) => ctx.request.headers.get(name.toLowerCase()) ?? null)]
    return hash('sha256', JSON.stringify(asked), 'base64')
  }
}

/** False: the keys could not be had, which is not the client's fault. */
function isTokensFault(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC'
}
