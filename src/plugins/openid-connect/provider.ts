// The provider as this client sees it: its discovery document and keys, kept for `jwk_expires_in`, and the client's authentication. All
// questions go through the gateway's HTTP client, which bounds their time and the size of answers; oauth4webapi makes and checks the messages.
//
// The issuer is what the discovery document says: its address is the operator's own, and some providers serve it under another name.
import { createPrivateKey } from 'node:crypto'
import { createRemoteJWKSet, customFetch, importPKCS8, type JWTVerifyGetKey } from 'jose'
import * as oauth from 'oauth4webapi'
import { HeaderList } from '../../gateway/headers.ts'
import { createHttpClient, type HttpClient } from '../../gateway/http-client.ts'
import type { PluginEnv } from '../../gateway/plugin.ts'
import { proofOf } from './dpop.ts'
import { proxyOf } from './proxy.ts'
import type { Conf } from './schema.ts'

const MAX_ANSWER_BYTES = 256 * 1024
/** Milliseconds before an unknown key may make the gateway ask for the keys again. */
const KEYS_PAUSE_MS = 30_000

export class Provider {
  readonly client: oauth.Client
  readonly #conf: Conf
  readonly #env: PluginEnv
  /** Of this configuration alone: it goes through proxies. */
  readonly #proxied: HttpClient | undefined
  #metadata: { server: Promise<oauth.AuthorizationServer>; until: number } | undefined
  #proof: Promise<oauth.DPoPHandle | undefined> | undefined
  #keys: { url: string; get: JWTVerifyGetKey } | undefined

  constructor(conf: Conf, env: PluginEnv) {
    this.#conf = conf
    this.#env = env
    this.#proxied = conf.proxy_opts && createHttpClient({ proxy: proxyOf(conf.proxy_opts) })
    this.client = {
      client_id: conf.client_id,
      [oauth.clockTolerance]: conf.iat_slack,
      ...(conf.token_signing_alg_values_expected
        ? { id_token_signed_response_alg: conf.token_signing_alg_values_expected }
        : {}),
    }
  }

  close(): void {
    this.#proxied?.close()
  }

  /** The discovery document. Rejects when it cannot be had; the next request asks again. */
  server(): Promise<oauth.AuthorizationServer> {
    const now = this.#env.now()
    if (this.#metadata && this.#metadata.until > now) return this.#metadata.server
    const server = this.#discover()
    const entry = { server, until: now + this.#conf.jwk_expires_in * 1000 }
    this.#metadata = entry
    server.catch(() => {
      if (this.#metadata === entry) this.#metadata = undefined
    })
    return server
  }

  /** The published keys. */
  async keys(): Promise<JWTVerifyGetKey> {
    const { jwks_uri: url } = await this.server()
    if (url === undefined) throw new Error('the discovery document names no jwks_uri')
    if (this.#keys?.url !== url) {
      const get = createRemoteJWKSet(new URL(url), {
        cacheMaxAge: this.#conf.jwk_expires_in * 1000,
        cooldownDuration: KEYS_PAUSE_MS,
        [customFetch]: this.#fetch,
      })
      this.#keys = { url, get }
    }
    return this.#keys.get
  }

  /** How the client proves who it is. */
  authentication(method: string): Promise<oauth.ClientAuth> | oauth.ClientAuth {
    const { client_secret: secret = '' } = this.#conf
    if (method === 'none' || (secret === '' && method !== 'private_key_jwt')) return oauth.None()
    if (method === 'client_secret_post') return oauth.ClientSecretPost(secret)
    if (method === 'client_secret_jwt') return oauth.ClientSecretJwt(secret, this.#assertion())
    if (method === 'private_key_jwt') return this.#privateKey()
    return oauth.ClientSecretBasic(secret)
  }

  /** What every call of oauth4webapi gets. `headers`: further fields of the question. */
  options(headers?: Headers) {
    return {
      [oauth.customFetch]: this.#fetch,
      [oauth.allowInsecureRequests]: true,
      ...(headers ? { headers } : {}),
    }
  }

  /** What signs the client's questions for tokens; undefined when nothing does. */
  proof(): Promise<oauth.DPoPHandle | undefined> {
    this.#proof ??= proofOf(this.#conf.dpop, this.client)
    return this.#proof
  }

  /** Asks with that proof; a second time when the provider wants a nonce of its own in it (RFC 9449 8). */
  async proven<T>(
    ask: (options: ReturnType<Provider['options']> & oauth.DPoPRequestOptions) => Promise<T>,
  ): Promise<T> {
    const DPoP = await this.proof()
    const options = { ...this.options(), ...(DPoP ? { DPoP } : {}) }
    try {
      return await ask(options)
    } catch (error) {
      if (!DPoP || !oauth.isDPoPNonceError(error)) throw error
      return ask(options)
    }
  }

  async #discover(): Promise<oauth.AuthorizationServer> {
    const { discovery, introspection_endpoint: introspection, par } = this.#conf
    const answer = await this.#fetch(discovery, { headers: { accept: 'application/json' } })
    if (answer.status !== 200) throw new Error(`the discovery document was answered with status ${answer.status}`)
    const document = (await answer.json()) as oauth.AuthorizationServer
    if (typeof document?.issuer !== 'string' || document.issuer === '')
      throw new Error('the discovery document names no issuer')
    return {
      ...document,
      ...(introspection === undefined ? {} : { introspection_endpoint: introspection }),
      ...(par?.endpoint === undefined ? {} : { pushed_authorization_request_endpoint: par.endpoint }),
    }
  }

  async #privateKey(): Promise<oauth.ClientAuth> {
    const { client_jwt_assertion_alg: alg = 'RS256', client_rsa_private_key: pem = '' } = this.#conf
    const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' })
    const key = await importPKCS8(pkcs8, alg)
    const kid = this.#conf.client_rsa_private_key_id
    return oauth.PrivateKeyJwt(kid === undefined ? key : { key, kid }, this.#assertion())
  }

  #assertion(): oauth.ModifyAssertionOptions {
    const { client_jwt_assertion_audience: audience, client_jwt_assertion_expires_in: lifetime } = this.#conf
    return {
      [oauth.modifyAssertion]: (_header, payload) => {
        payload.exp = (payload.iat as number) + lifetime
        if (audience !== undefined) payload.aud = audience
      },
    }
  }

  readonly #fetch = async (
    url: string,
    init: { method?: string; headers?: ConstructorParameters<typeof Headers>[0]; body?: unknown } = {},
  ): Promise<Response> => {
    const body = init.body === undefined || init.body === null ? undefined : String(init.body)
    const headers = HeaderList.from(Object.fromEntries(new Headers(init.headers)))
    if (body !== undefined) headers.set('Content-Length', String(Buffer.byteLength(body)))
    const answer = await (this.#proxied ?? this.#env.http).request(url, {
      method: init.method ?? 'GET',
      headers: headers.toObject(),
      ...(body === undefined ? {} : { body }),
      timeoutMs: this.#conf.timeout * 1000,
      tlsVerify: this.#conf.ssl_verify,
      maxBodyBytes: MAX_ANSWER_BYTES,
    })
    const fields = Object.entries(answer.headers.toObject()).map(
      ([name, value]) => [name, String(value)] as [string, string],
    )
    return new Response(answer.body.length ? new Uint8Array(answer.body) : null, {
      status: answer.status,
      headers: fields,
    })
  }
}
