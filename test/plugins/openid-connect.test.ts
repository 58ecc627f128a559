// openid-connect against a real OpenID provider: bearer tokens in each way of checking them, the login of a browser, and what an attacker tries.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { calculateJwkThumbprint, exportJWK, exportPKCS8, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { type Echo, refusal, startBench } from './harness.ts'
import { Browser, SECRET, SITE, startProvider } from './openid-provider.ts'

const provider = await startProvider()
const bench = await startBench()
const { discovery } = provider

const base = { client_id: 'client_secret_basic', client_secret: SECRET, discovery }
const web = { ...base, session: { secret: '0123456789abcdef0123' } }
const possession = await generateKeyPair('ES256', { extractable: true })
const dpop = {
  enabled: true,
  private_key: await exportPKCS8(possession.privateKey),
  public_jwk: await exportJWK(possession.publicKey),
}
const plugin = (conf: object): void => bench.route({ 'openid-connect': conf })
const bearer = (token: string, more: Record<string, string> = {}) =>
  bench.send('/app', { headers: { Authorization: `Bearer ${token}`, ...more } })
const decode = (field: string | undefined): unknown => JSON.parse(Buffer.from(field ?? '', 'base64').toString())

/** A browser that has logged in; `location` is where it was sent at the end. */
async function loggedIn(path = '/app'): Promise<{ browser: Browser; location: unknown }> {
  const browser = new Browser(bench)
  const begun = await browser.get(path)
  assert.equal(begun.status, 302, begun.text)
  const back = await browser.logIn(String(begun.headers.location))
  const finished = await browser.get(back.pathname + back.search)
  assert.equal(finished.status, 302, finished.text)
  return { browser, location: finished.headers.location }
}

async function accessToken(scope = 'read'): Promise<string> {
  const response = await fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`client_secret_basic:${SECRET}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  })
  return ((await response.json()) as { access_token: string }).access_token
}

test('a bearer token is checked with the published keys', async () => {
  plugin({ ...base, bearer_only: true, use_jwks: true, realm: 'orders' })
  const without = await bench.send('/app')
  assert.equal(without.status, 401)
  assert.equal(without.headers['www-authenticate'], 'Bearer realm="orders"')
  const token = await provider.sign({ scope: 'read' })
  const passed = await bearer(token, { 'X-Userinfo': 'forged', 'X-ID-Token': 'forged', 'X-Refresh-Token': 'forged' })
  assert.equal(passed.status, 200, passed.text)
  const { headers } = passed.json<Echo>()
  assert.equal(headers['x-access-token'], token)
  assert.equal((decode(headers['x-userinfo']) as { sub: string }).sub, 'ann')
  assert.equal(headers['x-id-token'], undefined)
  assert.equal(headers['x-refresh-token'], undefined)
})

test('forged, expired, foreign and unsigned tokens are refused', async () => {
  plugin({ ...base, bearer_only: true, use_jwks: true, iat_slack: 0 })
  const other = await generateKeyPair('RS256')
  const now = Math.floor(Date.now() / 1000)
  const unsigned =
    `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ iss: provider.issuer, exp: now + 60 }))}.`.replaceAll('=', '')
  const confused = await new SignJWT({ iss: provider.issuer, exp: now + 60 })
    .setProtectedHeader({ alg: 'HS256', kid: 'one' })
    .sign(Buffer.from(SECRET))
  const tokens: Record<string, string> = {
    'another key': await provider.sign({}, other.privateKey),
    expired: await provider.sign({ exp: now - 1 }),
    'not yet': await provider.sign({ nbf: now + 60 }),
    'another issuer': await provider.sign({ iss: 'https://elsewhere.example' }),
    'no signature': unsigned,
    'a shared secret': confused,
    'no token': 'abc',
  }
  for (const [what, token] of Object.entries(tokens)) {
    const answer = await bearer(token)
    assert.equal(answer.status, 401, what)
    const challenge = String(answer.headers['www-authenticate'])
    assert.match(
      challenge,
      /^Bearer realm="apisix", error="invalid_token", error_description="invalid jwt: [^"]+"$/,
      what,
    )
  }
})

test('an Authorization that is no scheme with something after it is a bad request', async () => {
  plugin({ ...base, bearer_only: true, use_jwks: true })
  assert.equal((await bench.send('/app', { headers: { Authorization: 'foo' } })).status, 400)
  const other = await bench.send('/app', { headers: { Authorization: 'Basic Zm9vOmJhcg==' } })
  assert.equal(other.headers['www-authenticate'], 'Bearer realm="apisix"')
})

test('a public key checks tokens, with the algorithm and issuers that are expected', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const conf = { ...base, bearer_only: true, public_key: await exportSPKI(publicKey) }
  const token = await provider.sign({ iss: 'https://own.example' }, privateKey)
  const issuer = { valid_issuers: ['https://own.example'] }
  plugin({ ...conf, claim_validator: { issuer }, token_signing_alg_values_expected: 'RS256' })
  assert.equal((await bearer(token)).status, 200)
  plugin({ ...conf, claim_validator: { issuer }, token_signing_alg_values_expected: 'PS256' })
  assert.equal((await bearer(token)).status, 401)
  plugin(conf)
  assert.equal((await bearer(token)).status, 401)
  // A provider that is away cannot say its name; the key does not depend on it.
  plugin({ ...conf, discovery: 'http://127.0.0.1:1/x' })
  assert.equal((await bearer(token)).status, 200)
  assert.equal((await bearer(await provider.sign({}))).status, 401)
})

test('audience, scopes and a schema of claims decide', async () => {
  const conf = { ...base, bearer_only: true, use_jwks: true }
  plugin({ ...conf, claim_validator: { audience: { match_with_client_id: true } } })
  assert.deepEqual((await bearer(await provider.sign({}))).json(), { error: 'required audience claim not present' })
  const foreign = await bearer(await provider.sign({ aud: 'another' }))
  assert.equal(foreign.status, 403)
  assert.deepEqual(foreign.json(), { error: 'mismatched audience' })
  assert.equal((await bearer(await provider.sign({ aud: ['x', base.client_id] }))).status, 200)
  plugin({ ...conf, required_scopes: ['read', 'write'] })
  const scopes = await bearer(await provider.sign({ scope: 'read' }))
  assert.equal(scopes.status, 403)
  assert.deepEqual(scopes.json(), { error: 'required scopes read, write not present' })
  plugin({ ...conf, claim_schema: { type: 'object', required: ['email'] } })
  assert.equal((await bearer(await provider.sign({}))).status, 401)
  assert.equal((await bearer(await provider.sign({ email: 'ann@example.com' }))).status, 200)
})

test('introspection asks once for a token, and refuses what is not active', async () => {
  const conf = { ...base, bearer_only: true, introspection_endpoint: `${provider.issuer}/token/introspection` }
  plugin(conf)
  const token = await accessToken()
  const asked = (): number => provider.asked.get('/token/introspection') ?? 0
  const before = asked()
  assert.equal((await bearer(token)).status, 200)
  assert.equal((await bearer(token)).status, 200)
  assert.equal(asked() - before, 1)
  assert.equal((await bearer('unknown')).status, 401)
  plugin({ ...conf, required_scopes: ['write'] })
  assert.equal((await bearer(token)).status, 403)
})

test('issuers that are listed count for introspection too: an answer without one is not enough', async () => {
  let told: object = {}
  const server = http.createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ active: true, ...told }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const introspection_endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const conf = { ...base, bearer_only: true, introspection_endpoint }
  const listed = { ...conf, claim_validator: { issuer: { valid_issuers: ['https://own.example'] } } }
  const cases: [conf: object, told: object, status: number][] = [
    [listed, { iss: 'https://own.example' }, 200],
    [listed, { iss: 'https://other.example' }, 401],
    [listed, {}, 401],
    [conf, {}, 200],
    [conf, { iss: 'https://other.example' }, 401],
  ]
  for (const [with_, answer, status] of cases) {
    plugin(with_)
    told = answer
    assert.equal((await bearer('opaque')).status, status, JSON.stringify([with_, answer]))
  }
})

test('the client proves itself in each way at the provider', async () => {
  const opaque = await accessToken()
  const key = { client_rsa_private_key: provider.clientKey }
  plugin({
    ...base,
    ...key,
    client_id: 'private_key_jwt',
    bearer_only: true,
    introspection_endpoint_auth_method: 'private_key_jwt',
  })
  assert.equal((await bearer(opaque)).status, 200)
  for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']) {
    const conf = { ...base, client_id: method, bearer_only: true, introspection_endpoint_auth_method: method }
    plugin(conf)
    assert.equal((await bearer(opaque)).status, 200, method)
    plugin({ ...conf, client_secret: 'wrong-secret-of-the-client-32-byte' })
    assert.equal((await bearer(opaque)).status, 503, method)
  }
})

test('a browser logs in with state, nonce and PKCE, and keeps a session that only the gateway can read', async () => {
  plugin({
    ...web,
    use_pkce: true,
    use_nonce: true,
    scope: 'openid email',
    set_refresh_token_header: true,
    set_raw_id_token_header: true,
  })
  const first = await new Browser(bench).get('/app?x=1')
  const url = new URL(String(first.headers.location))
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
  assert.ok(url.searchParams.get('nonce'))
  assert.equal(url.searchParams.get('redirect_uri'), `${SITE}/app/.apisix/redirect`)
  assert.match(String(first.headers['set-cookie']), /; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/)
  const { browser, location } = await loggedIn('/app?x=1')
  assert.equal(location, `${SITE}/app?x=1`)
  const passed = await browser.get('/app', {
    Cookie: `own=1; ${[...browser.cookies].map((one) => one.join('=')).join('; ')}`,
  })
  assert.equal(passed.status, 200, passed.text)
  const { headers } = passed.json<Echo>()
  assert.equal((decode(headers['x-userinfo']) as { email: string }).email, 'ann@example.com')
  assert.equal((decode(headers['x-id-token']) as { sub: string }).sub, 'ann')
  assert.equal(headers['x-raw-id-token']?.split('.').length, 3)
  assert.ok(headers['x-refresh-token'])
  assert.equal(headers.cookie, 'own=1')
  assert.ok(![...browser.cookies.values()].join().includes(headers['x-access-token'] as string))
})

test('a login is announced to the provider: the browser carries a reference to it', async () => {
  plugin({ ...web, use_pkce: true, par: { enabled: true }, authorization_params: { prompt: 'consent' } })
  const begun = new URL(String((await new Browser(bench).get('/app')).headers.location))
  assert.deepEqual([...begun.searchParams.keys()].sort(), ['client_id', 'request_uri'])
  assert.equal((await (await loggedIn()).browser.get('/app')).status, 200)
  plugin({ ...web, par: { enabled: true, endpoint: `${provider.issuer}/elsewhere` } })
  assert.equal((await bench.send('/app', { headers: { Host: 'site.test' } })).status, 503)
})

test('tokens are bound to a key of the client, with and without a pushed request, also when they are renewed', async () => {
  for (const par of [{ enabled: false }, { enabled: true }]) {
    plugin({ ...web, dpop, par, use_pkce: true, access_token_expires_leeway: 100_000 })
    const { browser } = await loggedIn()
    const token = async (): Promise<string> =>
      (await browser.get('/app')).json<Echo>().headers['x-access-token'] as string
    const first = await token()
    const question = { Authorization: `Basic ${btoa(`client_secret_basic:${SECRET}`)}` }
    const answer = await fetch(`${provider.issuer}/token/introspection`, {
      method: 'POST',
      headers: question,
      body: new URLSearchParams({ token: first }),
    })
    const { token_type, cnf } = (await answer.json()) as { token_type: string; cnf: { jkt: string } }
    assert.equal(token_type, 'DPoP')
    assert.equal(cnf.jkt, await calculateJwkThumbprint(dpop.public_jwk))
    const renewed = await token()
    assert.ok(renewed && renewed !== first)
    assert.equal((decode((await browser.get('/app')).json<Echo>().headers['x-userinfo']) as { sub: string }).sub, 'ann')
  }
})

test('over https cookies are Secure', async () => {
  plugin(web)
  const answer = await bench.send('/app', { scheme: 'https', headers: { Host: 'site.test' } })
  assert.match(String(answer.headers['set-cookie']), /; Secure$/)
})

test('a login counts only in the browser that began it, and once', async () => {
  plugin({ ...web, use_nonce: true })
  const victim = new Browser(bench)
  const attacker = new Browser(bench)
  const begun = await attacker.get('/app')
  const back = await attacker.logIn(String(begun.headers.location))
  const path = back.pathname + back.search
  assert.equal((await victim.get(path)).status, 400)
  await victim.get('/app')
  assert.equal((await victim.get(path)).status, 400)
  const login = [...attacker.cookies]
  assert.equal((await attacker.get(path)).status, 302)
  assert.equal((await attacker.get(path)).status, 400)
  const replayer = new Browser(bench)
  for (const [name, value] of login) replayer.cookies.set(name, value)
  assert.equal((await replayer.get(path)).status, 400)
})

test('the client proves itself in each way at the token endpoint', async () => {
  const methods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']
  const key = { client_rsa_private_key: provider.clientKey }
  for (const method of methods) {
    const conf = { ...web, client_id: method, token_endpoint_auth_method: method, ...key }
    plugin(conf)
    const { browser } = await loggedIn()
    assert.equal((await browser.get('/app')).status, 200, method)
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    const wrong = {
      client_secret: 'wrong-secret-of-the-client-32-byte',
      client_rsa_private_key: await exportPKCS8(privateKey),
    }
    plugin({ ...conf, ...wrong })
    const stranger = new Browser(bench)
    const back = await stranger.logIn(String((await stranger.get('/app')).headers.location))
    assert.equal((await stranger.get(back.pathname + back.search)).status, 400, method)
  }
})

test('another nonce, state or cookie is refused', async () => {
  plugin({ ...web, use_nonce: true })
  const browser = new Browser(bench)
  const url = new URL(String((await browser.get('/app')).headers.location))
  url.searchParams.set('nonce', 'of-another-login')
  const back = await browser.logIn(url.href)
  assert.equal((await browser.get(back.pathname + back.search)).status, 400)
  const again = new Browser(bench)
  const honest = await again.logIn(String((await again.get('/app')).headers.location))
  honest.searchParams.set('state', 'of-another-login')
  assert.equal((await again.get(honest.pathname + honest.search)).status, 400)
  const { browser: known } = await loggedIn()
  for (const [name, value] of known.cookies) known.cookies.set(name, `${value.slice(0, -4)}AAAA`)
  assert.equal((await known.get('/app')).status, 302)
})

test('a login begins anew when the provider is busy, but not for ever', async () => {
  plugin(web)
  const browser = new Browser(bench)
  const answers = []
  for (let i = 0; i < 4; i++) {
    const begun = new URL(String((await browser.get('/app?x=1')).headers.location))
    const query = new URLSearchParams({
      error: 'temporarily_unavailable',
      state: String(begun.searchParams.get('state')),
      iss: provider.issuer,
    })
    const { status, headers } = await browser.get(`/app/.apisix/redirect?${query}`)
    answers.push([status, headers.location])
  }
  const again = [302, `${SITE}/app?x=1`]
  assert.deepEqual(answers, [again, again, again, [400, undefined]])
})

test('a session is nothing to another client with the same secret', async () => {
  plugin(web)
  const { browser } = await loggedIn()
  assert.equal((await browser.get('/app')).status, 200)
  plugin({ ...web, client_id: 'client_secret_post', token_endpoint_auth_method: 'client_secret_post' })
  const renamed = new Browser(bench)
  const other = await renamed.get('/app')
  const [name = ''] = String(other.headers['set-cookie']).split('=', 1)
  const [value = ''] = browser.cookies.values()
  renamed.cookies.set(name.replace('login', 'session'), value)
  assert.equal((await renamed.get('/app')).status, 302)
})

test('a login cannot lead anywhere else', async () => {
  plugin({ ...web, redirect_uri: '/callback' })
  const { location } = await loggedIn('//elsewhere.example/x')
  assert.equal(location, `${SITE}//elsewhere.example/x`)
})

test('without a session a request is refused or passes, as unauth_action says', async () => {
  plugin({ ...web, unauth_action: 'deny' })
  assert.equal((await bench.send('/app')).status, 401)
  plugin({ ...web, unauth_action: 'pass' })
  const passed = await bench.send('/app', { headers: { 'X-Userinfo': 'forged', 'X-Access-Token': 'forged' } })
  assert.equal(passed.status, 200)
  assert.equal(passed.json<Echo>().headers['x-userinfo'], undefined)
  assert.equal(passed.json<Echo>().headers['x-access-token'], undefined)
})

test('an access token that ends is renewed and the session goes on', async () => {
  plugin({ ...web, set_refresh_token_header: true, access_token_expires_leeway: 100_000 })
  const { browser } = await loggedIn()
  const before = [...browser.cookies.values()].join()
  const first = (await browser.get('/app')).json<Echo>().headers['x-access-token']
  assert.notEqual([...browser.cookies.values()].join(), before)
  const second = (await browser.get('/app')).json<Echo>().headers['x-access-token']
  assert.ok(first && second && first !== second)
})

test('a session that is old enough is looked at by the provider, without the user while that will do', async () => {
  const session = { ...web.session, absolute_timeout: 3600 }
  plugin({ ...web, session })
  const { browser } = await loggedIn()
  // As if the login were an hour ago.
  plugin({ ...web, session: { ...session, absolute_timeout: 7200 }, refresh_session_interval: 1800 })
  assert.equal((await browser.get('/app', { 'Sec-Fetch-Dest': 'image' })).status, 200)
  const stranger = new Browser(bench)
  for (const [name, value] of browser.cookies) stranger.cookies.set(name, value)

  const asked = String((await browser.get('/app?x=1')).headers.location)
  assert.equal(new URL(asked).searchParams.get('prompt'), 'none')
  assert.equal((await browser.get('/app', { 'Sec-Fetch-Dest': 'image' })).status, 200)
  const back = await browser.logIn(asked)
  assert.equal((await browser.get(back.pathname + back.search)).headers.location, `${SITE}/app?x=1`)
  assert.equal((await browser.get('/app')).status, 200)

  const silent = await stranger.logIn(String((await stranger.get('/app?x=2')).headers.location))
  assert.equal(silent.searchParams.get('error'), 'login_required')
  const login = new URL(String((await stranger.get(silent.pathname + silent.search)).headers.location))
  assert.equal(login.origin, provider.issuer)
  assert.equal(login.searchParams.get('prompt'), null)
  const home = await stranger.logIn(login.href)
  assert.equal((await stranger.get(home.pathname + home.search)).headers.location, `${SITE}/app?x=2`)
  assert.equal((await stranger.get('/app')).status, 200)
})

test('the logout ends the session here and at the provider', async () => {
  plugin({ ...web, post_logout_redirect_uri: `${SITE}/bye`, revoke_tokens_on_logout: true })
  const { browser } = await loggedIn()
  const before = provider.asked.get('/token/revocation') ?? 0
  const answer = await browser.get('/logout')
  const url = new URL(String(answer.headers.location))
  assert.equal(url.origin, provider.issuer)
  assert.equal(url.searchParams.get('post_logout_redirect_uri'), `${SITE}/bye`)
  assert.ok(url.searchParams.get('id_token_hint'))
  assert.ok((provider.asked.get('/token/revocation') ?? 0) > before)
  assert.equal(browser.cookies.size, 0)
  assert.equal((await browser.get('/app')).status, 302)
})

test('a session of one scope too few is refused', async () => {
  plugin({ ...web, required_scopes: ['email'] })
  const { browser } = await loggedIn()
  assert.equal((await browser.get('/app')).status, 403)
})

test('a provider that is away lets nothing pass', async () => {
  plugin({ ...web, discovery: 'http://127.0.0.1:1/x' })
  assert.equal((await bench.send('/app')).status, 503)
})

test('what cannot be done is refused when it is written', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const shortKey = publicKey.export({ type: 'spki', format: 'pem' })
  for (const [conf, message] of [
    [{ ...base }, /"session.secret" is required when "bearer_only" is false/],
    [{ ...web, session: { secret: 'short' } }, /string too short, expected at least 16, got 5/],
    [{ ...web, session: { ...web.session, storage: 'redis' } }, /"session.redis" is required/],
    [{ ...web, proxy_opts: { http_proxy: 'p:3128' } }, /"proxy_opts.http_proxy" must be an address/],
    [{ ...web, proxy_opts: { https_proxy_authorization: 'Basic a' } }, /must be Basic and base64 of user:password/],
    [{ ...web, par: { endpoint: 'x' } }, /"par.endpoint" must be an http or https address/],
    [
      { ...web, par: { enabled: true, endpoint_auth_method: 'private_key_jwt' } },
      /"par.endpoint_auth_method" "private_key_jwt" requires "client_rsa_private_key" when "par.enabled" is true/,
    ],
    [{ ...web, use_par: true }, /"use_par" is not allowed, use "par.enabled" instead/],
    [{ ...web, dpop: { enabled: true } }, /"dpop.private_key" is required when "dpop.enabled" is true/],
    [{ ...web, dpop_private_key: 'x' }, /"dpop_private_key" is not allowed, use "dpop.private_key" instead/],
    [
      { ...web, dpop: { enabled: true, private_key: 'x', public_jwk: { kty: 'oct', k: 'x' } } },
      /"dpop.public_jwk" validation failed: kty "oct" is not supported/,
    ],
    [{ ...web, dpop: { ...dpop, private_key: 'x' } }, /"dpop.private_key" is not a valid key/],
    [{ ...web, dpop: { ...dpop, signing_alg: 'RS256' } }, /"RS256" requires an RSA "dpop.public_jwk"/],
    [{ ...web, dpop: { ...dpop, public_jwk: { ...dpop.public_jwk, d: 'x' } } }, /it has the private member "d"/],
    [
      { ...web, dpop: { ...dpop, public_jwk: { ...dpop.public_jwk, x: 'x' } } },
      /"dpop.public_jwk" is not the public key of "dpop.private_key": x is/,
    ],
    [{ ...web, client_secret: undefined }, /"client_secret" is required/],
    [{ ...base, client_secret: undefined, bearer_only: true }, /"client_secret" is required/],
    [{ ...web, session: { ...web.session, cookie_name: 'a b' } }, /"cookie_name" validation failed/],
    [{ ...web, session: { ...web.session, cookie_path: '/; HttpOnly' } }, /"cookie_path" validation failed/],
    [{ ...web, session: { ...web.session, cookie_domain: 'a;b' } }, /"cookie_domain" validation failed/],
    [{ ...web, accept_none_alg: true }, /"accept_none_alg" is not supported/],
    [{ ...web, force_reauthorize: true }, /"force_reauthorize" is not supported/],
    [{ ...web, discovery: 'file:///x' }, /"discovery" must be an http or https address/],
    [{ ...web, redirect_uri: '//elsewhere.example' }, /"redirect_uri" must be an http or https address/],
    [{ ...web, public_key: 'x' }, /"public_key" cannot be used/],
    [{ ...web, public_key: shortKey }, /"public_key" cannot be used: it has 1024 bits/],
    [{ ...web, claim_schema: { type: 'x' } }, /"claim_schema" cannot be used/],
    [{ ...web, token_signing_alg_values_expected: 'HS256' }, /"token_signing_alg_values_expected" must be one of/],
    [{ ...web, token_endpoint_auth_method: 'private_key_jwt' }, /"client_rsa_private_key" is required/],
    [{ ...web, token_endpoint_auth_method: 'x' }, /"token_endpoint_auth_method" must be one of/],
    [{ ...web, authorization_params: { state: 'x' } }, /"authorization_params" cannot have state/],
  ] as const)
    assert.match(refusal('openid-connect', conf) ?? '', message)
})

test('what another way of proof makes needless may be absent', () => {
  const { client_secret: _secret, ...public_client } = web
  const key = { token_endpoint_auth_method: 'private_key_jwt', client_rsa_private_key: provider.clientKey }
  const bearer_only = { client_id: 'a', discovery, bearer_only: true }
  for (const conf of [
    { ...public_client, use_pkce: true },
    { ...public_client, ...key },
    { ...bearer_only, use_jwks: true },
    { ...web, par: { enabled: false, endpoint_auth_method: 'private_key_jwt' }, dpop: { enabled: false } },
    { ...web, dpop },
  ])
    assert.equal(refusal('openid-connect', conf), undefined)
})
