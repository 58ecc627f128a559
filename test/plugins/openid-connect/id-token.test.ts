// ID tokens that a provider must not give, and a provider behind TLS. The provider here signs whatever it is told to.
import assert from 'node:assert/strict'
import { request as ask, createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { after, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { makeCertificate } from '../../gateway/listening.ts'
import { type Echo, startBench } from '../harness.ts'
import { Browser, SITE } from '../openid-provider.ts'

const bench = await startBench()
const own = await generateKeyPair('RS256')
const other = await generateKeyPair('RS256')
const jwk = { ...(await exportJWK(own.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }

interface Provider {
  issuer: string
  /** The next ID token; undefined: none is given. */
  idToken: string | undefined
}

async function startProvider(server: Server, scheme: string): Promise<Provider> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider: Provider = { issuer, idToken: undefined }
  server.on('request', (request, response) => {
    const answers: Record<string, object> = {
      '/.well-known/openid-configuration': {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
      },
      '/keys': { keys: [jwk] },
      '/token': { access_token: 'opaque', token_type: 'Bearer', expires_in: 60, id_token: provider.idToken },
    }
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(answers[request.url ?? ''] ?? {}))
  })
  return provider
}

const plain = await startProvider(createServer(), 'http')
const secure = await startProvider(createSecureServer(makeCertificate('127.0.0.1')), 'https')
const now = Math.floor(Date.now() / 1000)

function sign({ issuer }: Provider, claims: JWTPayload = {}, key = own.privateKey): Promise<string> {
  const all = { iss: issuer, aud: 'client', sub: 'ann', iat: now, exp: now + 60, ...claims }
  return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key)
}

const confOf = ({ issuer }: Provider, more: object = {}): object => ({
  client_id: 'client',
  client_secret: 'secret',
  discovery: `${issuer}/.well-known/openid-configuration`,
  session: { secret: '0123456789abcdef' },
  iat_slack: 0,
  ...more,
})

/** A login that the provider ends with its ID token. */
async function logIn(conf: object): Promise<{ browser: Browser; status: number }> {
  bench.route({ 'openid-connect': conf })
  const browser = new Browser(bench)
  const begun = await browser.get('/app')
  if (begun.status !== 302) return { browser, status: begun.status }
  const state = new URL(String(begun.headers.location)).searchParams.get('state')
  const { status } = await browser.get(`/app/.apisix/redirect?code=c&state=${state}`)
  return { browser, status }
}

test('only an ID token of this provider, for this client, in its time and signed by it ends a login', async () => {
  const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ iss: plain.issuer, aud: 'client', sub: 'ann', iat: now, exp: now + 60 }))}.`
  const tokens: [string, string | undefined, number][] = [
    ['a good one', await sign(plain), 302],
    ['ended', await sign(plain, { exp: now - 5 }), 400],
    ['of another provider', await sign(plain, { iss: 'https://elsewhere.example' }), 400],
    ['for another client', await sign(plain, { aud: 'somebody' }), 400],
    ['for several, given to another', await sign(plain, { aud: ['client', 'b'], azp: 'b' }), 400],
    ['signed by another', await sign(plain, {}, other.privateKey), 400],
    ['not signed', unsigned.replaceAll('=', ''), 400],
    ['none', undefined, 400],
  ]
  for (const [what, token, wanted] of tokens) {
    plain.idToken = token
    const { browser, status } = await logIn(confOf(plain))
    assert.equal(status, wanted, what)
    assert.equal((await browser.get('/app')).status, wanted === 302 ? 200 : 302, what)
  }
})

test('the certificate of the provider is checked, unless it must not be', async () => {
  secure.idToken = await sign(secure)
  assert.equal((await logIn(confOf(secure))).status, 503)
  const { browser, status } = await logIn(confOf(secure, { ssl_verify: false }))
  assert.equal(status, 302)
  assert.equal((await browser.get('/app')).json<Echo>().headers['x-access-token'], 'opaque')
})

test('the provider is asked through a proxy', async () => {
  const asked: string[] = []
  const proof = `Basic ${btoa('user:pass:word')}`
  const proxy = createServer((request, response) => {
    if (request.headers['proxy-authorization'] !== proof) return void response.writeHead(407).end()
    asked.push(`${request.method} ${new URL(request.url ?? '').pathname}`)
    const { method, headers } = request
    const { 'proxy-authorization': _, ...others } = headers
    request.pipe(
      ask(request.url ?? '', { method, headers: others }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      }),
    )
  })
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.headers['proxy-authorization'] === proof}`)
    const [host, port] = (request.url ?? '').split(':')
    const server = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    socket.pipe(server).pipe(socket)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  after(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const proxy_opts = { http_proxy: address, http_proxy_authorization: proof }
  plain.idToken = await sign(plain)
  assert.equal((await logIn(confOf(plain, { proxy_opts }))).status, 302)
  assert.deepEqual(asked.splice(0), ['GET /.well-known/openid-configuration', 'POST /token', 'GET /keys'])
  assert.equal((await logIn(confOf(plain, { proxy_opts: { http_proxy: address } }))).status, 503)
  assert.equal((await logIn(confOf(plain, { proxy_opts: { ...proxy_opts, no_proxy: '127.0.0.1' } }))).status, 302)
  assert.deepEqual(asked, [])
  secure.idToken = await sign(secure)
  const secured = { https_proxy: address, https_proxy_authorization: proof }
  assert.equal((await logIn(confOf(secure, { proxy_opts: secured, ssl_verify: false }))).status, 302)
  assert.deepEqual(new Set(asked), new Set(['CONNECT true']))
  assert.equal((await logIn(confOf(secure, { proxy_opts: secured }))).status, 503, 'the certificate is checked')
})

test('the cookie of the session is set as it is configured', async () => {
  plain.idToken = await sign(plain)
  const session = {
    secret: '0123456789abcdef',
    cookie_name: 'sid',
    cookie_path: '/app',
    cookie_domain: 'site.test',
    cookie_secure: true,
    cookie_http_only: false,
    cookie_same_site: 'Strict',
    absolute_timeout: 60,
  }
  bench.route({ 'openid-connect': confOf(plain, { session }) })
  const begun = await bench.send('/app?a=">', { headers: { Host: 'site.test' } })
  const attributes = 'Path=/app; Max-Age=(?:600|599); Domain=site.test; SameSite=Lax; Secure'
  assert.match(String(begun.headers['set-cookie']), new RegExp(`^sid_login=[^;]+; ${attributes}$`))
  const state = new URL(String(begun.headers.location)).searchParams.get('state')
  const [cookie = ''] = String(begun.headers['set-cookie']).split('; ')
  const ended = await bench.send(`/app/.apisix/redirect?code=c&state=${state}`, {
    headers: { Host: 'site.test', Cookie: cookie },
  })
  assert.equal(ended.text, `<meta http-equiv="refresh" content="0; url=${SITE}/app?a=&#34;&#62;">\n`)
  const field = [ended.headers['set-cookie'] ?? []].flat().find((one) => one.startsWith('sid='))
  assert.match(field ?? '', /; Path=\/app; Max-Age=\d\d; Domain=site\.test; SameSite=Strict; Secure$/)
  const passed = await bench.send('/app', { headers: { Cookie: `own=1; ${field?.split('; ')[0]}; sidx=2` } })
  assert.equal(passed.json<Echo>().headers.cookie, 'own=1; sidx=2')
})

test('a session keeps of the login what it is told to', async () => {
  plain.idToken = await sign(plain)
  const headersWith = async (contents: object, more: object = {}) => {
    const { browser } = await logIn(confOf(plain, { session_contents: contents, ...more }))
    const { headers } = (await browser.get('/app')).json<Echo>()
    return ['x-access-token', 'x-id-token', 'x-raw-id-token'].map((name) => headers[name] !== undefined)
  }
  assert.deepEqual(await headersWith({ access_token: true }), [true, false, false])
  assert.deepEqual(await headersWith({ id_token: true }), [false, true, false])
  assert.deepEqual(await headersWith({ user: true }, { set_raw_id_token_header: true }), [false, false, true])
})
