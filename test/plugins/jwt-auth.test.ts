import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { consumerRefusal, type Echo, refusal, startBench } from './harness.ts'

const SECRET = 'my-secret-key-of-32-characters!!'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const pem = (pair: { publicKey: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer } }): string =>
  String(pair.publicKey.export({ type: 'spki', format: 'pem' }))
const consumer = (username: string, more: object): object => ({
  username,
  plugins: { 'jwt-auth': { key: username, ...more } },
})

const bench = await startBench({
  'consumers/jack': consumer('jack', { secret: SECRET }),
  'consumers/b': consumer('b', { secret: Buffer.from(SECRET).toString('base64'), base64_secret: true }),
  'consumers/rsa': consumer('rsa', { algorithm: 'RS256', public_key: pem(rsa) }),
  'consumers/ec': consumer('ec', { algorithm: 'ES256', public_key: pem(ec) }),
  'consumers/ed': consumer('ed', { algorithm: 'EdDSA', public_key: pem(ed) }),
  'consumers/late': consumer('late', { secret: SECRET, lifetime_grace_period: 3600 }),
  'consumers/anon': { username: 'anon' },
})

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const unsigned = (alg: string, claims: object): string => `${encode({ typ: 'JWT', alg })}.${encode(claims)}`
function hs(claims: object, secret = SECRET, alg = 'HS256'): string {
  const text = unsigned(alg, claims)
  return `${text}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(text)
    .digest('base64url')}`
}
const ask = async (token: string) => await bench.send('/a', { headers: { Authorization: token } })
const nowS = Math.floor(Date.now() / 1000)

test('takes a token from header, query and cookie', async () => {
  bench.route({ 'jwt-auth': {} })
  const token = hs({ key: 'jack', exp: nowS + 60 })
  for (const answer of [
    await ask(token),
    await ask(`Bearer ${token}`),
    await bench.send(`/a?jwt=${token}`),
    await bench.send('/a', { headers: { Cookie: `x=1; jwt=${token}` } }),
  ])
    assert.equal(answer.json<Echo>().headers['x-consumer-username'], 'jack')
})

test('says why a token is refused', async () => {
  bench.route({ 'jwt-auth': {} })
  const missing = await bench.send('/a')
  assert.equal(missing.headers['www-authenticate'], 'Bearer realm="jwt"')
  assert.deepEqual(missing.json(), { message: 'Missing JWT token in request' })
  const reasons: [string, string][] = [
    ['abc', 'JWT token invalid'],
    ['a.b.c', 'JWT token invalid'],
    [`${unsigned('none', { key: 'jack' })}.`, 'JWT token invalid'],
    [hs({ exp: nowS + 60 }), 'missing user key in JWT token'],
    [hs({ key: 'nobody' }), 'Invalid user key in JWT token'],
    [hs({ key: 5 }), 'Invalid user key in JWT token'],
    [hs({ key: 'jack' }, 'another'), 'failed to verify jwt'],
    [hs({ key: 'jack' }, SECRET, 'HS512'), 'failed to verify jwt'],
    [hs({ key: 'jack', exp: nowS - 1 }), 'failed to verify jwt'],
    [hs({ key: 'jack', nbf: nowS + 60 }), 'failed to verify jwt'],
    [hs({ key: 'jack', exp: 'soon' }), 'failed to verify jwt'],
    // The public key of another consumer is no secret: it must not verify an HMAC (RFC 8725 2.1).
    [hs({ key: 'rsa' }, pem(rsa)), 'failed to verify jwt'],
  ]
  for (const [token, message] of reasons) {
    const answer = await ask(token)
    assert.equal(answer.status, 401)
    assert.deepEqual(answer.json(), { message }, token)
  }
})

test('all kinds of algorithms; the consumer decides which', async () => {
  bench.route({ 'jwt-auth': {} })
  assert.equal((await ask(hs({ key: 'b' }))).status, 200)
  const text = unsigned('RS256', { key: 'rsa' })
  assert.equal(
    (await ask(`${text}.${sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64url')}`)).status,
    200,
  )
  const es = unsigned('ES256', { key: 'ec' })
  const signature = sign('sha256', Buffer.from(es), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' })
  assert.equal((await ask(`${es}.${signature.toString('base64url')}`)).status, 200)
  const eddsa = unsigned('EdDSA', { key: 'ed' })
  assert.equal(
    (await ask(`${eddsa}.${sign(null, Buffer.from(eddsa), ed.privateKey).toString('base64url')}`)).status,
    200,
  )
})

test('a token that names another algorithm than its consumer has is none, whatever its signature is', async () => {
  bench.route({ 'jwt-auth': {} })
  const signed = (alg: string, hash: string): string => {
    const text = unsigned(alg, { key: 'jack' })
    return `${text}.${createHmac(hash, SECRET).update(text).digest('base64url')}`
  }
  assert.equal((await ask(signed('HS256', 'sha256'))).status, 200)
  for (const [alg, hash] of [
    ['HS512', 'sha512'],
    ['HS512', 'sha256'],
    ['RS256', 'sha256'],
  ] as const)
    assert.equal((await ask(signed(alg, hash))).status, 401, `${alg} by ${hash}`)
})

test('grace period, required claims, other names', async () => {
  bench.route({ 'jwt-auth': { claims_to_verify: ['exp'] } })
  assert.equal((await ask(hs({ key: 'late', exp: nowS - 60 }))).status, 200)
  assert.equal((await ask(hs({ key: 'late' }))).status, 401)
  assert.equal((await ask(hs({ key: 'late', exp: nowS + 60, nbf: nowS + 600 }))).status, 200, 'nbf is not in the list')
  bench.route({ 'jwt-auth': { claims_to_verify: [] } })
  assert.equal((await ask(hs({ key: 'jack', exp: nowS - 1 }))).status, 401, 'an empty list is none')
  bench.route({ 'jwt-auth': { header: 'X-Jwt', key_claim_name: 'iss' } })
  assert.equal((await bench.send('/a', { headers: { 'x-jwt': hs({ iss: 'jack' }) } })).status, 200)
})

test('hides the token, and lets strangers be the anonymous consumer', async () => {
  bench.route({ 'jwt-auth': { hide_credentials: true, anonymous_consumer: 'anon' } })
  const token = hs({ key: 'jack' })
  assert.equal((await ask(token)).json<Echo>().headers.authorization, undefined)
  assert.equal((await bench.send(`/a?x=1&jwt=${token}`)).json<Echo>().url, '/a?x=1')
  const inCookie = await bench.send('/a', { headers: { Cookie: `a=1; jwt=${token}; b=2` } })
  assert.equal(inCookie.json<Echo>().headers.cookie, 'a=1; b=2')
  const stranger = (await ask('abc')).json<Echo>()
  assert.equal(stranger.headers['x-consumer-username'], 'anon')
  assert.equal(stranger.headers.authorization, undefined)
  const other = await bench.send('/a?x=1', { headers: { Cookie: 'a=1;b=2' } })
  assert.equal(other.json<Echo>().headers.cookie, 'a=1;b=2')
})

test('refuses what cannot work', () => {
  assert.equal(
    consumerRefusal('jwt-auth', { key: 'k' }),
    'property "secret" is required when using HS based algorithms',
  )
  assert.match(consumerRefusal('jwt-auth', { key: 'k', algorithm: 'RS256' }) ?? '', /dependent schema for "algorithm"/)
  assert.match(consumerRefusal('jwt-auth', { key: 'k', algorithm: 'RS256', public_key: 'x' }) ?? '', /not a public key/)
  assert.match(consumerRefusal('jwt-auth', { key: 'k', secret: 's', exp: 0 }) ?? '', /"exp".*at least 1/)
  assert.match(
    consumerRefusal('jwt-auth', { key: 'k', secret: '!', base64_secret: true }) ?? '',
    /not in base64 format/,
  )
  assert.match(refusal('jwt-auth', { store_in_ctx: true }) ?? '', /"store_in_ctx" is not supported/)
})
