// jwt-auth behaves as APISIX's page of it says, but for `claims_to_verify`: the page calls its claims optional, APISIX 3.18 itself asks for them.
import { generateKeyPairSync } from 'node:crypto'
import { serveVault } from '../../gateway/secret-managers/servers.ts'
import { configOf, type Shown, sharedStories } from './consumers.ts'
import { hs256, rs256 } from './jwt.ts'
import { type Config, startStories } from './story.ts'

const SECRET = 'jack-hs256-secret-that-is-very-long'
const { story, upstream, stage } = await startStories({ JACK_JWT_SECRET: SECRET, JACK_JWT_KEY: 'jack-key' })

/** As the page has it: nbf is in the past. */
const claims = { key: 'jack-key', nbf: 1729132271 }
const token = hs256(claims, SECRET)
const bearer = (text: string): { authorization: string } => ({ authorization: `Bearer ${text}` })
const shown: Shown = {
  plugin: 'jwt-auth',
  credential: { key: 'jack-key', secret: SECRET },
  carrier: 'authorization',
  valid: (target) => ({ target, request: { headers: { authorization: token } } }),
}
const jack = { 'x-consumer-username': 'jack', 'x-credential-identifier': 'one' }
const refused = { status: 401, body: { message: 'failed to verify jwt' } }
const seconds = (): number => Math.floor(Date.now() / 1000)

story('a token in the Authorization header, with or without its scheme', configOf(shown, upstream), [
  { get: '/anything', headers: { authorization: token }, status: 200, seen: { ...jack, authorization: token } },
  { get: '/anything', headers: bearer(token), status: 200, seen: jack },
  { get: '/anything', headers: { authorization: `${token.slice(0, -12)}random` }, ...refused },
  { get: '/anything', headers: { authorization: hs256({ ...claims, exp: seconds() - 30 }, SECRET) }, ...refused },
  { get: '/anything', headers: { authorization: hs256({ ...claims, nbf: seconds() + 60 }, SECRET) }, ...refused },
  { get: '/anything', headers: { authorization: hs256({ key: 'jack-key' }, SECRET) }, status: 200 },
  {
    get: '/anything',
    status: 401,
    body: { message: 'Missing JWT token in request' },
    fields: { 'www-authenticate': 'Bearer realm="jwt"' },
  },
])

const places = { header: 'jwt-auth-header', query: 'jwt-query', cookie: 'jwt-cookie' }
story(
  'a token in a header, an argument or a cookie of one’s choice, in this order',
  configOf(shown, upstream, places),
  [
    { get: '/anything', headers: { 'jwt-auth-header': token }, status: 200, seen: { 'jwt-auth-header': token } },
    { get: `/anything?jwt-query=${token}`, status: 200, url: `/anything?jwt-query=${token}` },
    { get: '/anything', headers: { cookie: `jwt-cookie=${token}` }, status: 200, seen: jack },
    { get: `/anything?jwt-query=${token}`, headers: { 'jwt-auth-header': 'a.b.c' }, status: 401 },
    { get: '/anything?jwt-query=a.b.c', headers: { cookie: `jwt-cookie=${token}` }, status: 401 },
    { get: '/anything', headers: bearer(token), status: 401 },
  ],
)

const hidden = { ...places, hide_credentials: true }
story('the token is hidden wherever it was', configOf(shown, upstream, hidden), [
  { get: '/anything', headers: { 'jwt-auth-header': token }, status: 200, seen: { 'jwt-auth-header': undefined } },
  { get: `/anything?a=1&jwt-query=${token}`, status: 200, url: '/anything?a=1' },
  { get: '/anything', headers: { cookie: `a=1; jwt-cookie=${token}` }, status: 200, seen: { cookie: 'a=1' } },
])

story('another claim names the key', configOf(shown, upstream, { key_claim_name: 'iss' }), [
  { get: '/anything', headers: bearer(hs256({ iss: 'jack-key' }, SECRET)), status: 200, seen: jack },
  { get: '/anything', headers: bearer(token), status: 401, body: { message: 'missing user key in JWT token' } },
])

const graceful = { key: 'jack-key', secret: SECRET, lifetime_grace_period: 60 }
story('clocks may differ by the grace period', configOf({ ...shown, credential: graceful }, upstream), [
  { get: '/anything', headers: bearer(hs256({ ...claims, exp: seconds() - 30 }, SECRET)), status: 200 },
  { get: '/anything', headers: bearer(hs256({ ...claims, exp: seconds() - 90 }, SECRET)), ...refused },
])

story('claims that are looked at', configOf(shown, upstream, { claims_to_verify: ['exp'] }), [
  { get: '/anything', headers: bearer(hs256({ ...claims, exp: seconds() + 60 }, SECRET)), status: 200 },
  { get: '/anything', headers: bearer(hs256({ ...claims, exp: seconds() - 1 }, SECRET)), ...refused },
  { get: '/anything', headers: bearer(token), ...refused },
])

const kept = { key: '$env://JACK_JWT_KEY', secret: '$env://JACK_JWT_SECRET', exp: 3600 }
story('key and secret are kept in the environment', configOf({ ...shown, credential: kept }, upstream), [
  { get: '/anything', headers: bearer(token), status: 200, seen: jack },
  { get: '/anything', headers: bearer(hs256({ key: '$env://JACK_JWT_KEY' }, SECRET)), status: 401 },
])

const { url: vaultUri } = await serveVault('root', undefined, { 'kv/apisix/jack': { 'jwt-key': 'jwt-vault-key' } })
const inVault = { key: '$secret://vault/jwt/jack/jwt-key', secret: 'vault-hs256-secret' }
const managed: Config = [
  ['secrets/vault/jwt', { uri: vaultUri, prefix: 'kv/apisix', token: 'root' }],
  ...configOf({ ...shown, credential: inVault }, upstream),
]
story('the key is kept in a secret manager', managed, [
  { get: '/anything', headers: bearer(hs256({ key: 'jwt-vault-key' }, 'vault-hs256-secret')), status: 200, seen: jack },
  { get: '/anything', headers: bearer(hs256({ key: inVault.key }, 'vault-hs256-secret')), status: 401 },
])

const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const asymmetric = { key: 'jack-key', algorithm: 'RS256', public_key: rsa.publicKey, private_key: rsa.privateKey }
story('a token signed with a private key', configOf({ ...shown, credential: asymmetric }, upstream), [
  { get: '/anything', headers: bearer(rs256({ key: 'jack-key' }, rsa.privateKey)), status: 200, seen: jack },
  { get: '/anything', headers: bearer(hs256({ key: 'jack-key' }, rsa.publicKey)), ...refused },
])

story('what a credential must have', [['consumers', { username: 'jack' }]], async () => {
  const write = (auth: object, message: RegExp) =>
    stage.refuses('consumers/jack/credentials', { id: 'one', plugins: { 'jwt-auth': auth } }, message)
  await write({ key: 'jack-key' }, /secret/)
  await write({ key: 'jack-key', algorithm: 'ES256' }, /algorithm/)
  await write({ key: '', secret: SECRET }, /key/)
  await write({ key: 'jack-key', secret: SECRET, exp: 0 }, /exp/)
})

sharedStories({ story, upstream }, shown)
