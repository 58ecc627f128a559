// A real slapd with three users, for tests.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { freePort } from '../e2e/process.ts'
import { makeCertificate } from '../gateway/listening.ts'
import { until } from '../until.ts'

/** Below which the users are: `jack` (jacks:word), `a,b` (word) and `stranger` (word). */
export const BASE = 'ou=users,dc=example,dc=org'
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

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

/** Starts it on two ports of 127.0.0.1; it ends after the tests of the file. */
export async function startDirectory(): Promise<{ plain: number; secure: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-ldap-'))
  const [plain, secure] = [await freePort(), await freePort()]
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
  const server = spawn(
    'slapd',
    ['-h', `ldap://127.0.0.1:${plain}/ ldaps://127.0.0.1:${secure}/`, '-f', config, '-d', '0'],
    {
      env,
      stdio: 'ignore',
    },
  )
  after(() => {
    server.kill()
    rmSync(directory, { recursive: true, force: true })
  })
  for (const port of [plain, secure]) await until(() => isOpen(port))
  return { plain, secure }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
