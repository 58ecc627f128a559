// Against a real slapd, with and without TLS.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort } from '../e2e/process.ts'
import { makeCertificate } from '../gateway/listening.ts'
import { needs } from '../needs.ts'
import { consumerRefusal, type Echo, refusal, startBench } from './harness.ts'

const BASE = 'ou=users,dc=example,dc=org'
const bench = await startBench({
  'consumers/jack': { username: 'jack', plugins: { 'ldap-auth': { user_dn: `cn=jack,${BASE}` } } },
  'consumers/comma': { username: 'comma', plugins: { 'ldap-auth': { user_dn: `cn=a\\2cb,${BASE}` } } },
  'consumers/guest': { username: 'guest' },
})
const directory = mkdtempSync(join(tmpdir(), 'gateward-ldap-'))
const withServer = needs('slapd')
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`
let server: ChildProcess | undefined
let [plain, secure] = [0, 0]

const LDIF = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: example

dn: ${BASE}
objectClass: organizationalUnit
ou: users

dn: cn=jack,${BASE}
objectClass: person
cn: jack
sn: jack
userPassword: jacks:word

dn: cn=a\\2cb,${BASE}
objectClass: person
cn: a,b
sn: b
userPassword: word

dn: cn=stranger,${BASE}
objectClass: person
cn: stranger
sn: stranger
userPassword: word
`

async function startServer(): Promise<void> {
  ;[plain, secure] = [await freePort(), await freePort()]
  mkdirSync(join(directory, 'data'))
  const [key, cert, config, ldif] = ['key.pem', 'cert.pem', 'slapd.conf', 'users.ldif'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string]
  const pair = makeCertificate('127.0.0.1')
  writeFileSync(key, pair.key)
  writeFileSync(cert, pair.cert)
  writeFileSync(
    config,
    `include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${directory}/slapd.pid
TLSCertificateFile ${cert}
TLSCertificateKeyFile ${key}
database mdb
suffix "dc=example,dc=org"
directory ${directory}/data
maxsize 10485760
`,
  )
  writeFileSync(ldif, LDIF)
  const env = { ...process.env, PATH }
  execFileSync('slapadd', ['-f', config, '-l', ldif], { env, stdio: 'ignore' })
  server = spawn('slapd', ['-h', `ldap://127.0.0.1:${plain}/ ldaps://127.0.0.1:${secure}/`, '-f', config, '-d', '0'], {
    env,
    stdio: 'ignore',
  })
  for (const port of [plain, secure])
    while (!(await isOpen(port))) await new Promise((resolve) => setTimeout(resolve, 50))
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

before(async () => {
  if (!withServer.skip) await startServer()
})
after(() => {
  server?.kill()
  rmSync(directory, { recursive: true, force: true })
})

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
