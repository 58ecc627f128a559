// Against a real slapd, with and without TLS.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../e2e/process.ts'
import { needs } from '../needs.ts'
import { consumerRefusal, type Echo, refusal, startBench } from './harness.ts'
import { BASE, startDirectory } from './ldap-server.ts'

const bench = await startBench({
  'consumers/jack': { username: 'jack', plugins: { 'ldap-auth': { user_dn: `cn=jack,${BASE}` } } },
  'consumers/comma': { username: 'comma', plugins: { 'ldap-auth': { user_dn: `cn=a\\2cb,${BASE}` } } },
  'consumers/guest': { username: 'guest' },
})
const withServer = needs('slapd')
const { plain, secure } = withServer.skip ? { plain: 0, secure: 0 } : await startDirectory()

const as = (credentials: string) =>
  bench.send('/a', { headers: { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } })
const route = (more: object = {}) =>
  bench.route({ 'ldap-auth': { base_dn: BASE, ldap_uri: `127.0.0.1:${plain}`, ...more } })

test('the right password makes the request that consumer’s', withServer, async () => {
  route()
  const answer = await as('jack:jacks:word')
  assert.equal(answer.status, 200)
  assert.equal(answer.json<Echo>().headers['x-consumer-username'], 'jack')
  assert.ok(answer.json<Echo>().headers.authorization)
  assert.equal((await as('a,b:word')).json<Echo>().headers['x-consumer-username'], 'comma')
  route({ ldap_uri: `ldaps://127.0.0.1:${secure}`, hide_credentials: true })
  assert.equal((await as('jack:jacks:word')).json<Echo>().headers.authorization, undefined)
})

test('wrong, empty, unknown and crafted names are refused alike', withServer, async () => {
  route()
  const none = await bench.send('/a')
  assert.deepEqual(
    [none.status, none.json(), none.headers['www-authenticate']],
    [401, { message: 'Missing authorization in request' }, 'Basic realm="ldap"'],
  )
  assert.deepEqual((await bench.send('/a', { headers: { Authorization: 'Bearer x' } })).json(), {
    message: 'Invalid authorization in request',
  })
  for (const wrong of [
    'jack:no',
    'jack:',
    ':',
    'nobody:word',
    'stranger:word',
    'jack,ou=users:jacks:word',
    'jack\0:jacks:word',
  ])
    assert.deepEqual(
      [(await as(wrong)).status, (await as(wrong)).json()],
      [401, { message: 'Invalid user authorization' }],
      wrong,
    )
  route({ anonymous_consumer: 'guest' })
  assert.equal((await as('jack:no')).json<Echo>().headers['x-consumer-username'], 'guest')
})

test('a server that is away or not trusted is 503, not a wrong password', withServer, async () => {
  route({ ldap_uri: `127.0.0.1:${await freePort()}`, anonymous_consumer: 'guest' })
  assert.equal((await as('jack:jacks:word')).status, 503)
  route({ ldap_uri: `127.0.0.1:${secure}`, use_tls: true, tls_verify: true })
  assert.equal((await as('jack:jacks:word')).status, 503)
})

test('configurations', () => {
  assert.equal(refusal('ldap-auth', { base_dn: BASE }), 'property "ldap_uri" is required')
  assert.match(refusal('ldap-auth', { base_dn: BASE, ldap_uri: 'http://x' }) ?? '', /ldap_uri/)
  assert.equal(consumerRefusal('ldap-auth', {}), 'property "user_dn" is required')
})
