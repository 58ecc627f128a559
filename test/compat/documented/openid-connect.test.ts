// openid-connect behaves as APISIX's page of it says, with a real provider in Keycloak's place.
import assert from 'node:assert/strict'
import type { JWTPayload } from 'jose'
import type { Answer } from '../../plugins/harness.ts'
import { Browser, SECRET, SITE, startProvider } from '../../plugins/openid-provider.ts'
import { type Config, type Stage, startStories } from './story.ts'

const provider = await startProvider()
const { story, upstream } = await startStories({ KEYCLOAK_CLIENT_SECRET: SECRET })

const client = { client_id: 'client_secret_basic', client_secret: SECRET, discovery: provider.discovery }
const session = { secret: 'your-session-secret-min-16-chars' }
const config = (conf: object): Config => [
  [
    'routes',
    {
      id: 'r',
      uris: ['/app*', '/callback', '/logout'],
      plugins: { 'openid-connect': { ...client, ...conf } },
      upstream,
    },
  ],
]

/** A browser that goes to the gateway over its socket. */
function browserOf({ send }: Stage): Browser {
  return new Browser({
    async send(target, request) {
      const { status, headers, body } = await send(target, { headers: request?.headers as Record<string, string> })
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return { status, headers: headers as Answer['headers'], text, json: () => JSON.parse(text) }
    },
  })
}

const decode = (field: unknown): Record<string, unknown> => JSON.parse(Buffer.from(String(field), 'base64').toString())
const headersOf = (answer: Answer): Record<string, string> => answer.json<{ headers: Record<string, string> }>().headers

async function logIn(stage: Stage, path: string): Promise<{ browser: Browser; address: URL }> {
  const browser = browserOf(stage)
  const begun = await browser.get(path)
  assert.equal(begun.status, 302, begun.text)
  const address = new URL(String(begun.headers.location))
  const back = await browser.logIn(address.href)
  const ended = await browser.get(back.pathname + back.search)
  assert.deepEqual([ended.status, ended.headers.location], [302, SITE + path])
  return { browser, address }
}

async function token(parameters: Record<string, string>): Promise<string> {
  const answer = await fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`client_secret_basic:${SECRET}`)}` },
    body: new URLSearchParams(parameters),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}
const credentials = { grant_type: 'client_credentials', scope: 'read' }

const code = { scope: 'openid email', redirect_uri: `${SITE}/callback`, session }
story('authorization code flow', config(code), async (stage) => {
  const { browser, address } = await logIn(stage, '/app/get?a=1')
  assert.equal(address.origin, provider.issuer)
  const asked = Object.fromEntries(address.searchParams)
  const { response_type, client_id, scope, redirect_uri, code_challenge } = asked
  assert.deepEqual(
    { response_type, client_id, scope, redirect_uri },
    {
      response_type: 'code',
      client_id: 'client_secret_basic',
      scope: 'openid email',
      redirect_uri: `${SITE}/callback`,
    },
  )
  assert.equal(code_challenge, undefined)
  const headers = headersOf(await browser.get('/app/get'))
  assert.ok(headers['x-access-token'])
  assert.equal(decode(headers['x-id-token']).sub, 'ann')
  assert.equal(decode(headers['x-userinfo']).email, 'ann@example.com')
  assert.equal(headers['x-refresh-token'], undefined)
})

story('the redirect address is made of the request when there is none', config({ session }), async (stage) => {
  const { address } = await logIn(stage, '/app')
  assert.equal(address.searchParams.get('redirect_uri'), `${SITE}/app/.apisix/redirect`)
})

story('PKCE', config({ ...code, use_pkce: true, use_nonce: true }), async (stage) => {
  const { address } = await logIn(stage, '/app')
  assert.equal(address.searchParams.get('code_challenge_method'), 'S256')
  assert.match(String(address.searchParams.get('nonce')), /^.{20,}$/)
})

const shown = {
  set_access_token_header: false,
  set_id_token_header: false,
  set_userinfo_header: false,
  set_refresh_token_header: true,
}
story('the upstream gets what is asked for', config({ ...code, ...shown }), async (stage) => {
  const { browser } = await logIn(stage, '/app')
  const headers = headersOf(await browser.get('/app'))
  const found = ['x-access-token', 'x-id-token', 'x-userinfo', 'x-refresh-token'].map(
    (name) => headers[name] !== undefined,
  )
  assert.deepEqual(found, [false, false, false, true])
})

story(
  'the access token in Authorization',
  config({ ...code, access_token_in_authorization_header: true }),
  async (stage) => {
    const { browser } = await logIn(stage, '/app')
    const headers = headersOf(await browser.get('/app'))
    assert.match(String(headers.authorization), /^Bearer /)
    assert.equal(headers['x-access-token'], undefined)
  },
)

story('a logout', config({ ...code, post_logout_redirect_uri: `${SITE}/bye` }), async (stage) => {
  const { browser } = await logIn(stage, '/app')
  const { status, headers } = await browser.get('/logout')
  assert.equal(status, 302)
  assert.equal(new URL(String(headers.location)).searchParams.get('post_logout_redirect_uri'), `${SITE}/bye`)
  assert.equal((await browser.get('/app')).status, 302)
})

story('without a session, denied', config({ ...code, unauth_action: 'deny' }), [{ get: '/app', status: 401 }])
story('without a session, let pass', config({ ...code, unauth_action: 'pass' }), [
  { get: '/app', headers: { 'X-Userinfo': 'forged' }, status: 200, seen: { 'x-userinfo': undefined } },
])

const bearer = (value: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${value}` },
})
const challenge = (more = ''): object => ({ 'www-authenticate': `Bearer realm="apisix"${more}` })

story(
  'a token that the client fetched itself is checked with the published keys',
  config({ bearer_only: true, use_jwks: true }),
  async ({ step }) => {
    const good = await provider.sign({ scope: 'read' })
    await step({ get: '/app', ...bearer(good), status: 200, seen: { 'x-access-token': good } })
    await step({ get: '/app', headers: { 'X-Access-Token': good }, status: 200 })
    await step({
      get: '/app',
      ...bearer('a.b.c'),
      status: 401,
      fields: { 'www-authenticate': /error="invalid_token"/ },
    })
    await step({ get: '/app', status: 401, fields: { ...challenge() } })
  },
)

const introspection = { bearer_only: true, introspection_endpoint: `${provider.issuer}/token/introspection` }
story('introspection', config({ ...introspection, required_scopes: ['read'] }), async ({ step, put }) => {
  const good = await token(credentials)
  await step({ get: '/app', ...bearer(good), status: 200, seen: { 'x-access-token': good } })
  await step({ get: '/app', ...bearer('unknown'), status: 401 })
  const [[path, body]] = config({ ...introspection, required_scopes: ['read', 'write'] }) as [Config[number]]
  await put(path, body)
  await step({ get: '/app', ...bearer(good), status: 403, body: { error: 'required scopes read, write not present' } })
})

story(
  'the secret of the client is kept in the environment',
  config({ ...introspection, client_secret: '$ENV://KEYCLOAK_CLIENT_SECRET' }),
  async ({ step }) => {
    await step({ get: '/app', ...bearer(await token(credentials)), status: 200 })
  },
)

const validator = { bearer_only: true, use_jwks: true }
story(
  'issuer and audience',
  config({ ...validator, claim_validator: { audience: { required: true, match_with_client_id: true } } }),
  async ({ step }) => {
    const signed = async (claims: JWTPayload) => bearer(await provider.sign(claims))
    await step({ get: '/app', ...(await signed({ aud: 'client_secret_basic' })), status: 200 })
    await step({ get: '/app', ...(await signed({ aud: ['a', 'client_secret_basic'] })), status: 200 })
    await step({ get: '/app', ...(await signed({ aud: 'a' })), status: 403, body: { error: 'mismatched audience' } })
    await step({
      get: '/app',
      ...(await signed({})),
      status: 403,
      body: { error: 'required audience claim not present' },
    })
    await step({
      get: '/app',
      ...(await signed({ iss: 'https://a.example', aud: 'client_secret_basic' })),
      status: 401,
    })
  },
)

const claim_schema = { type: 'object', properties: { access_token: { type: 'string' } }, required: ['access_token'] }
story(
  'a user that is not what the schema asks for',
  config({ ...code, claim_schema: { required: ['nothing'] } }),
  async (stage) => {
    const { browser } = await logIn(stage, '/app')
    const { status, headers } = await browser.get('/app')
    assert.equal(status, 401)
    assert.match(
      String(headers['www-authenticate']),
      /^Bearer realm="apisix", error="invalid_token", error_description="[^"]+"$/,
    )
  },
)

story('a schema for what is known of a user', config({ ...code, claim_schema }), async (stage) => {
  const { browser } = await logIn(stage, '/app')
  assert.equal((await browser.get('/app')).status, 200)
})
