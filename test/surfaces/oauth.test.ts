// This server as an OAuth 2.1 resource server of an identity provider outside (npm's oidc-provider): metadata, audience, expiry, scopes, and that
// nothing but a token of that issuer for this server opens it.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import Provider from 'oidc-provider'
import { freePort } from '../e2e/process.ts'
import { type Running, run } from './running.ts'

const RESOURCE = 'https://gateway.example/mcp'

let running: Running
let issuer: string
let provider: http.Server
const { privateKey } = await generateKeyPair('RS256', { extractable: true })
const jwk = { ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' }

before(async () => {
  const port = await freePort()
  issuer = `http://127.0.0.1:${port}`
  const oidc = new Provider(issuer, {
    jwks: { keys: [jwk] },
    clients: [
      {
        client_id: 'chat',
        client_secret: 'a-secret-of-the-client',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    scopes: ['gateward:read', 'gateward:plan', 'gateward:apply'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: async (_: unknown, resource: string) => ({
          scope: 'gateward:read gateward:plan gateward:apply',
          audience: resource,
          accessTokenFormat: 'jwt' as const,
          jwt: { sign: { alg: 'RS256' as const } },
        }),
      },
    },
  })
  provider = http.createServer(oidc.callback()).listen(port, '127.0.0.1')
  running = await run(
    `  listen: '127.0.0.1:0'\n  public_url: 'https://gateway.example'\n  oauth: { issuer: '${issuer}' }`,
  )
})
after(async () => {
  await running?.close()
  provider?.close()
  provider?.closeAllConnections()
})

async function tokenFor(scope: string, resource = RESOURCE): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${btoa('chat:a-secret-of-the-client')}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource }),
  })
  const answer = (await response.json()) as { access_token?: string }
  assert.ok(answer.access_token, JSON.stringify(answer))
  return answer.access_token
}

/** A token of our own making, with the issuer's key, to change one thing at a time. */
const forged = (claims: JWTPayload, key = privateKey): Promise<string> =>
  new SignJWT({
    iss: issuer,
    aud: RESOURCE,
    sub: 'x',
    scope: 'gateward:read',
    exp: Math.floor(Date.now() / 1000) + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .sign(key)

const rest = (token: string, name = 'look', body = '{}'): Promise<Response> =>
  fetch(`${running.surface}/v1/operations/${name}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body,
  })
const mcp = (token: string | undefined, method: string, params: object = {}): Promise<Response> =>
  fetch(`${running.surface}/mcp`, {
    method: 'POST',
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })

test('oauth: the metadata tells where to get a token and which scopes there are', async () => {
  for (const path of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp']) {
    const response = await fetch(running.surface + path)
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), {
      resource: RESOURCE,
      authorization_servers: [issuer],
      scopes_supported: ['gateward:read', 'gateward:plan', 'gateward:apply', 'gateward:approve'],
      bearer_methods_supported: ['header'],
      resource_name: 'Gateward',
    })
  }
})

test("oauth: the issuer's token opens what its scopes say, over REST and MCP", async () => {
  const token = await tokenFor('gateward:read')
  assert.equal((await rest(token)).status, 200)
  const names = [...(await (await mcp(token, 'tools/list')).text()).matchAll(/"name":"(\w+)","title"/g)].map(
    (one) => one[1],
  )
  assert.ok(names.includes('look') && !names.includes('apply') && !names.includes('plan'), String(names))
})

test('oauth: what a token lacks is told as insufficient_scope, for the client to ask for', async () => {
  const token = await tokenFor('gateward:read')
  const plan = await rest(token, 'plan')
  assert.equal(plan.status, 403)
  assert.match(
    String(plan.headers.get('www-authenticate')),
    /error="insufficient_scope", scope="gateward:plan", resource_metadata="https:\/\/gateway\.example\/\.well-known\/oauth-protected-resource\/mcp"/,
  )
  const call = await mcp(token, 'tools/call', { name: 'apply', arguments: { plan_id: 'x' } })
  assert.equal(call.status, 403)
  assert.match(String(call.headers.get('www-authenticate')), /insufficient_scope", scope="gateward:apply"/)
  assert.equal((await mcp(await forged({ scope: 'email' }), 'tools/list')).status, 403)
})

test('oauth: no person is behind a scope: a plan of a token with apply still waits', async () => {
  const token = await tokenFor('gateward:read gateward:plan gateward:apply')
  const input = {
    changes: [
      {
        action: 'create',
        kind: 'routes',
        id: 'o',
        set: { uri: '/o', upstream: { type: 'roundrobin', nodes: { 'a:1': 1 } } },
      },
    ],
  }
  const { plan_id: id } = (await (await rest(token, 'plan', JSON.stringify(input))).json()) as { plan_id: string }
  const applied = await rest(token, 'apply', JSON.stringify({ plan_id: id }))
  assert.equal(applied.status, 403)
  assert.match(await applied.text(), /waits for a person/)
})

test('oauth: any other token is refused with where to get one', async () => {
  const other = await generateKeyPair('RS256')
  const wrong: Record<string, string> = {
    'for another server': await tokenFor('gateward:read', 'https://other.example/'),
    'of another issuer': await forged({ iss: 'https://evil.example' }),
    'over its time': await forged({ exp: Math.floor(Date.now() / 1000) - 60 }),
    'without an end': await forged({ exp: undefined }),
    'without audience': await forged({ aud: undefined }),
    'signed by another key': await forged({}, other.privateKey),
    'signed with a public secret': await new SignJWT({ iss: issuer, aud: RESOURCE, sub: 'x', exp: 9_999_999_999 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(JSON.stringify(jwk.n))),
    unsigned: `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ iss: issuer, aud: RESOURCE, sub: 'x', exp: 9_999_999_999 }))}.`,
    'no token at all': 'nonsense',
  }
  for (const [what, token] of Object.entries(wrong)) {
    const response = await rest(token)
    assert.equal(response.status, 401, what)
    assert.match(String(response.headers.get('www-authenticate')), /error="invalid_token", resource_metadata=/, what)
    assert.equal((await mcp(token, 'tools/list')).status, 401, what)
  }
})

test('oauth: an issuer that is away is an error of ours, not of the token, and is asked again', async () => {
  const port = await freePort()
  const alone = await run(
    `  listen: '127.0.0.1:0'\n  oauth: { issuer: 'http://127.0.0.1:${port}', audience: '${RESOURCE}' }`,
  )
  const ask = (token: string): Promise<Response> =>
    fetch(`${alone.surface}/v1/operations/look`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: '{}',
    })
  const token = await forged({ iss: `http://127.0.0.1:${port}` })
  assert.equal((await ask(token)).status, 500)
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...pub } = jwk as Record<string, unknown>
  const back = http.createServer((request, response) =>
    response.end(
      JSON.stringify(
        request.url?.includes('keys')
          ? { keys: [pub] }
          : { issuer: `http://127.0.0.1:${port}`, jwks_uri: `http://127.0.0.1:${port}/keys` },
      ),
    ),
  )
  await new Promise<void>((resolve) => back.listen(port, '127.0.0.1', resolve))
  assert.equal((back.address() as AddressInfo).port, port)
  assert.equal((await ask(token)).status, 200)
  back.close()
  back.closeAllConnections()
  await alone.close()
})
