// Access tokens of an identity provider outside: this server as an OAuth 2.1 resource server. A token counts when the issuer signed it, it is for this
// server (audience), and it has not expired; its scopes become ours. Tokens are never passed on to a gateway.
//
// The provider's keys are found by its metadata (RFC 8414 or OpenID Connect) when a token first comes, and kept; jose fetches new ones when a
// token names a key that is not known, with a pause between two fetches.
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { parseJsonObject } from '../../lib/parse-json.ts'
import { plainText } from '../../lib/text.ts'
import { SCOPES, type Scope } from '../scopes.ts'

export interface OAuthSettings {
  /** The issuer's address, as it stands in tokens. */
  issuer: string
  /** What a token must be for; the address of `/mcp` when absent. */
  audience?: string
  /** Where the issuer's keys are, when its metadata does not say. */
  jwks_url?: string
  /** Before the names of our scopes: `gateward:` makes `gateward:read`. */
  scope_prefix: string
}

export interface Bearer {
  subject: string
  scopes: ReadonlySet<Scope>
}

/** Asymmetric only: with a shared secret whoever checks could also sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const TIMEOUT_MS = 5000
const CLOCK_TOLERANCE_S = 5
const MAX_METADATA_BYTES = 256 * 1024

export class OAuth {
  readonly #settings: OAuthSettings
  readonly #resource: string
  #keys: Promise<JWTVerifyGetKey> | undefined

  /** `resource`: the address of `/mcp`, as clients know it. */
  constructor(settings: OAuthSettings, resource: string) {
    this.#settings = settings
    this.#resource = resource
  }

  /** Who a token stands for; undefined when it is not valid. Rejects when the issuer cannot be asked for its keys. */
  async verify(token: string): Promise<Bearer | undefined> {
    const { issuer, audience = this.#resource } = this.#settings
    const keys = await this.#getKeys()
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_S,
      })
      return { subject: `oauth:${plainText(String(payload.sub), 100)}`, scopes: this.#toScopes(payload) }
    } catch (error) {
      if (isKeyTrouble(error)) throw error
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }

  /** RFC 9728: what a client must know to get a token. */
  metadata(): object {
    return {
      resource: this.#resource,
      authorization_servers: [this.#settings.issuer],
      scopes_supported: SCOPES.map((one) => this.named(one)),
      bearer_methods_supported: ['header'],
      resource_name: 'Gateward',
    }
  }

  /** Where the metadata is, for `WWW-Authenticate`. */
  metadataUrl(): string {
    const { origin, pathname } = new URL(this.#resource)
    return `${origin}/.well-known/oauth-protected-resource${pathname}`
  }

  /** A scope as it stands in tokens. */
  named(scope: Scope): string {
    return `${this.#settings.scope_prefix}${scope}`
  }

  #toScopes({ scope, scp }: JWTPayload): ReadonlySet<Scope> {
    const listed = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scp) ? scp.map(String) : []
    return new Set(SCOPES.filter((one) => listed.includes(this.named(one))))
  }

  #getKeys(): Promise<JWTVerifyGetKey> {
    this.#keys ??= this.#findKeys().catch((error: unknown) => {
      this.#keys = undefined // the issuer was away: asked again with the next token
      throw error
    })
    return this.#keys
  }

  async #findKeys(): Promise<JWTVerifyGetKey> {
    const { issuer, jwks_url: given } = this.#settings
    const url = given ?? (await findJwksUrl(issuer))
    return createRemoteJWKSet(new URL(url), { timeoutDuration: TIMEOUT_MS })
  }
}

function isKeyTrouble(error: unknown): boolean {
  return (
    error instanceof errors.JWKSTimeout ||
    (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC') ||
    error instanceof TypeError
  )
}

async function findJwksUrl(issuer: string): Promise<string> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
  for (const place of places) {
    const metadata = await readMetadata(place)
    if (metadata?.issuer === issuer && typeof metadata.jwks_uri === 'string') return metadata.jwks_uri
  }
  throw new Error(
    `reading the metadata of the token issuer ${issuer}: neither ${places.join(' nor ')} names its keys; set surface.oauth.jwks_url`,
  )
}

async function readMetadata(url: string): Promise<Record<string, unknown> | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' }).catch(
    () => undefined,
  )
  if (!response?.ok || Number(response.headers.get('content-length') ?? 0) > MAX_METADATA_BYTES) return undefined
  const text = await response.text()
  return parseJsonObject(text.slice(0, MAX_METADATA_BYTES)) // undefined: the next place is tried
}
