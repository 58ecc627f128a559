// A real OpenID provider (npm's oidc-provider) whose only user logs in and consents at once, and a browser that keeps cookies.
import assert from 'node:assert/strict'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { after } from 'node:test'
import { exportJWK, exportPKCS8, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import Provider from 'oidc-provider'
import { freePort } from '../e2e/process.ts'
import type { Answer, PluginBench } from './harness.ts'

export const SITE = 'http://site.test'
export const SECRET = 'a-secret-of-the-client-with-32-bytes'

export interface ProviderForTest {
  issuer: string
  discovery: string
  /** PEM of the key with which the client `private_key_jwt` signs. */
  clientKey: string
  /** Questions that arrived, by path. */
  asked: Map<string, number>
  /** A token of our own making, with the provider's key unless another is given. */
  sign(claims: JWTPayload, key?: CryptoKey): Promise<string>
}

export async function startProvider(): Promise<ProviderForTest> {
  const issuer = `http://127.0.0.1:${await freePort()}`
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const clientKey = await exportJWK(publicKey)
  const jwk = { ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const client = {
    client_secret: SECRET,
    redirect_uris: [`${SITE}/app/.apisix/redirect`, `${SITE}/callback`],
    post_logout_redirect_uris: [`${SITE}/bye`],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  }
  const methods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'] as const
  const oidc = new Provider(issuer, {
    jwks: { keys: [jwk] },
    clients: methods.map((method) => ({
      ...client,
      client_id: method,
      token_endpoint_auth_method: method,
      ...(method === 'private_key_jwt' ? { jwks: { keys: [clientKey] } } : {}),
    })),
    cookies: { keys: ['for tests'] },
    clientAuthMethods: [...methods],
    claims: { openid: ['sub'], email: ['email'] },
    scopes: ['openid', 'email', 'read'],
    pkce: { required: () => false },
    issueRefreshToken: async () => true,
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id, email: `${id}@example.com` }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 1), requireNonce: () => true },
    },
  })
  const asked = new Map<string, number>()
  const answer = oidc.callback()
  const server = http.createServer((request, response) => {
    const path = new URL(request.url ?? '/', issuer).pathname
    asked.set(path, (asked.get(path) ?? 0) + 1)
    if (path.startsWith('/interaction/')) return interact(oidc, request, response)
    return answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(Number(new URL(issuer).port), '127.0.0.1', resolve))
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  const sign = (claims: JWTPayload, key: CryptoKey = privateKey): Promise<string> =>
    new SignJWT({ iss: issuer, sub: 'ann', exp: Math.floor(Date.now() / 1000) + 600, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(key)
  return {
    issuer,
    discovery: `${issuer}/.well-known/openid-configuration`,
    asked,
    sign,
    clientKey: await exportPKCS8(privateKey),
  }
}

/** The user's part: a login as ann, then the consent to everything. */
async function interact(oidc: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await oidc.interactionDetails(request, response)
  if (prompt.name === 'login') return oidc.interactionFinished(request, response, { login: { accountId: 'ann' } })
  const grant = new oidc.Grant({ accountId: session?.accountId ?? 'ann', clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope))
  return oidc.interactionFinished(
    request,
    response,
    { consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true },
  )
}

/** A browser: requests to SITE go through the gateway, others over the network. Cookies are kept by origin. */
export class Browser {
  readonly #bench: Pick<PluginBench, 'send'>
  readonly #jars = new Map<string, Map<string, string>>()

  constructor(bench: Pick<PluginBench, 'send'>) {
    this.#bench = bench
  }

  /** The cookies that the site has set. */
  get cookies(): Map<string, string> {
    return this.#jar(SITE)
  }

  /** One request to the site, redirects not followed. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const jar = this.cookies
    const cookie: Record<string, string> = jar.size ? { Cookie: toField(jar) } : {}
    const answer = await this.#bench.send(path, { headers: { Host: 'site.test', ...cookie, ...headers } })
    keep(jar, [answer.headers['set-cookie'] ?? []].flat())
    return answer
  }

  /** Follows the provider from an address of its own to the one that leads back to the site. */
  async logIn(address: string): Promise<URL> {
    let url = new URL(address)
    for (let hops = 0; url.origin !== SITE; hops++) {
      assert.ok(hops < 10, `no way back from ${url.href}`)
      const jar = this.#jar(url.origin)
      const answer = await fetch(url, { redirect: 'manual', headers: { Cookie: toField(jar) } })
      keep(jar, answer.headers.getSetCookie())
      const next = answer.headers.get('location')
      assert.ok(next, `${url.href}: ${answer.status} ${await answer.text()}`)
      url = new URL(next, url)
    }
    return url
  }

  #jar(origin: string): Map<string, string> {
    const jar = this.#jars.get(origin) ?? new Map<string, string>()
    this.#jars.set(origin, jar)
    return jar
  }
}

function toField(jar: Map<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}

function keep(jar: Map<string, string>, fields: string[]): void {
  for (const field of fields) {
    const [pair = '', ...attributes] = field.split('; ')
    const [name = '', value = ''] = pair.split('=', 2)
    if (attributes.includes('Max-Age=0') || value === '') jar.delete(name)
    else jar.set(name, value)
  }
}
