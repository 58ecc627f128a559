// docs: certificate, ssl-protocol, mtls, FAQ (HTTPS by address), tutorials/client-to-apisix-mtls
import assert from 'node:assert/strict'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import tls from 'node:tls'
import { makeCertificate, makeRsaCertificate } from '../../gateway/listening.ts'
import { startStories } from './story.ts'

const { story, upstream, stage } = await startStories({ GATEWARD_GATEWAY_FALLBACK_SNI: 'a.wild.com' })
const [host, port] = (stage.running.env.GATEWARD_GATEWAY_HTTPS ?? '').split(':') as [string, string]
const [one, two, wild, client, stranger] = ['test.com', 'other.com', '*.wild.com', 'jack', 'stranger'].map(
  makeCertificate,
) as [ReturnType<typeof makeCertificate>, ...ReturnType<typeof makeCertificate>[]]
const rsa = makeRsaCertificate('rsa.com')
const ssl = (pair: { cert: string; key: string } | undefined, more: object): object => ({ ...pair, ...more })

/** Subject of the certificate that a name is answered with, or the failure of the handshake. */
function shown(servername: string, options: tls.ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host, port: Number(port), servername, rejectUnauthorized: false, ...options }, () => {
      resolve(String(socket.getPeerX509Certificate()?.subject))
      socket.destroy()
    })
    socket.on('error', () => resolve('broken'))
  })
}

interface Asked {
  status: number
  body: { headers?: Record<string, string> }
}

function ask(
  servername: string,
  path: string,
  pair?: { cert: string; key: string },
  name = servername || host,
): Promise<Asked> {
  return new Promise((resolve) => {
    const options = { host, port, servername, path, rejectUnauthorized: false, agent: false, ...pair }
    const request = https.get({ ...options, headers: { Host: name } }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : {} }),
      )
    })
    request.on('error', () => resolve({ status: 0, body: {} }))
  })
}

story(
  'one name, several names, a wildcard',
  [
    ['ssls/1', ssl(one, { sni: 'test.com' })],
    ['ssls/2', ssl(two, { snis: ['other.com', 'further.com'] })],
    ['ssls/3', ssl(wild, { snis: ['*.wild.com'] })],
    ['routes/1', { uri: '/*', upstream }],
  ],
  async () => {
    assert.match(await shown('test.com'), /CN=test\.com/)
    assert.match(await shown('further.com'), /CN=other\.com/)
    assert.match(await shown('a.wild.com'), /CN=\*\.wild\.com/)
    assert.equal(await shown('unknown.com'), 'broken')
    assert.equal((await ask('test.com', '/a')).status, 200)
  },
)

story(
  'an exact name before a wildcard; a certificate that is switched off',
  [
    ['ssls/1', ssl(wild, { snis: ['*.test.com'] })],
    ['ssls/2', ssl(one, { sni: 'a.test.com' })],
    ['ssls/3', ssl(two, { sni: 'off.example', status: 0 })],
  ],
  async () => {
    assert.match(await shown('a.test.com'), /CN=test\.com/)
    assert.match(await shown('b.test.com'), /CN=\*\.wild\.com/)
    assert.equal(await shown('off.example'), 'broken')
  },
)

story(
  'no name: the certificate of the fallback, when there is one',
  [
    ['ssls/1', ssl(wild, { snis: ['*.wild.com'] })],
    ['ssls/2', ssl(one, { sni: 'test.com', client: { ca: client?.cert, skip_mtls_uri_regex: ['^/open'] } })],
    ['routes/1', { uri: '/*', upstream }],
  ],
  async (own) => {
    assert.match(await shown(''), /CN=\*\.wild\.com/)
    assert.equal((await ask('', '/open')).status, 200)
    assert.equal((await ask('', '/open', undefined, 'test.com')).status, 400)
    await own.admin('DELETE', 'ssls/1')
    assert.equal(await shown(''), 'broken')
  },
)

story(
  'further pairs of certificate and key for the same name',
  [
    ['ssls/1', ssl(one, { sni: 'test.com', certs: [two?.cert], keys: [two?.key] })],
    ['ssls/2', ssl(one, { sni: 'both.com', certs: [rsa.cert], keys: [rsa.key] })],
  ],
  async (own) => {
    assert.match(await shown('both.com', { sigalgs: 'rsa_pss_rsae_sha256' }), /CN=rsa\.com/)
    assert.match(await shown('both.com', { sigalgs: 'ecdsa_secp256r1_sha256' }), /CN=test\.com/)
    assert.match(await shown('test.com'), /CN=other\.com/, 'the last of a kind')
    await own.refuses('ssls/3', { ...one, sni: 'x.com', certs: [two?.cert], keys: [] }, /keys|certs/)
  },
)

story(
  'protocols by name',
  [
    ['ssls/1', ssl(one, { sni: 'test.com', ssl_protocols: ['TLSv1.2', 'TLSv1.3'] })],
    ['ssls/2', ssl(two, { sni: 'other.com', ssl_protocols: ['TLSv1.3'] })],
  ],
  async () => {
    assert.match(await shown('test.com', { maxVersion: 'TLSv1.2' }), /CN=/)
    assert.equal(await shown('other.com', { maxVersion: 'TLSv1.2' }), 'broken')
    assert.match(await shown('other.com', { minVersion: 'TLSv1.3' }), /CN=/)
  },
)

const facts = {
  'proxy-rewrite': {
    headers: {
      set: {
        'X-Ssl-Client-S-Dn': '$ssl_client_s_dn',
        'X-Verify': '$ssl_client_verify',
        'X-Serial': '$ssl_client_serial',
        'X-Issuer': '$ssl_client_i_dn',
        'X-Fingerprint': '$ssl_client_fingerprint',
        'X-Escaped': '$ssl_client_escaped_cert',
        'X-Until': '$ssl_client_v_end',
        'X-Days': '$ssl_client_v_remain',
        'X-Tls': '$ssl_protocol $ssl_server_name $ssl_cipher',
      },
    },
  },
}
story(
  'clients show a certificate, and the upstream is told about it',
  [
    ['ssls/1', ssl(one, { sni: 'test.com', client: { ca: client?.cert, depth: 5 } })],
    ['routes/1', { uri: '/*', upstream, plugins: facts }],
  ],
  async () => {
    const known = await ask('test.com', '/anything', client)
    assert.equal(known.status, 200)
    const { headers = {} } = known.body
    assert.deepEqual([headers['x-ssl-client-s-dn'], headers['x-verify']], ['CN=jack', 'SUCCESS'])
    assert.match(headers['x-serial'] ?? '', /^[0-9A-F]+$/)
    assert.equal(headers['x-issuer'], 'CN=jack')
    assert.match(headers['x-fingerprint'] ?? '', /^[0-9a-f]{40}$/)
    assert.equal(decodeURIComponent(headers['x-escaped'] ?? ''), client?.cert)
    assert.match(headers['x-until'] ?? '', /^[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4} GMT$/)
    assert.equal(headers['x-days'], '1', 'whole days')
    assert.match(headers['x-tls'] ?? '', /^TLSv1\.3 test\.com TLS_\w+$/)
    assert.notEqual((await ask('test.com', '/anything')).status, 200)
    assert.notEqual((await ask('test.com', '/anything', stranger)).status, 200)
  },
)

story(
  'paths without a certificate of the client',
  [
    ['ssls/1', ssl(one, { sni: 'test.com', client: { ca: client?.cert, skip_mtls_uri_regex: ['/anything.*'] } })],
    ['routes/1', { uri: '/*', upstream }],
  ],
  async () => {
    assert.equal((await ask('test.com', '/anything/foobar')).status, 200)
    assert.equal((await ask('test.com', '/other')).status, 400)
    assert.equal((await ask('test.com', '/other', client)).status, 200)
  },
)

const strict = https.createServer(
  { ...two, ca: client?.cert, requestCert: true, rejectUnauthorized: false },
  (request, response) => response.end(String((request.socket as tls.TLSSocket).getPeerX509Certificate()?.subject)),
)
await new Promise<void>((resolve) => strict.listen(0, '127.0.0.1', resolve))
after(() => strict.close())
const secure = { scheme: 'https', nodes: { [`127.0.0.1:${(strict.address() as AddressInfo).port}`]: 1 } }

story(
  'the gateway shows a certificate to the upstream, its own or that of an ssl resource',
  [
    ['ssls/c', { ...client, type: 'client' }],
    ['routes/1', { uri: '/own', upstream: { ...secure, tls: { client_cert: client?.cert, client_key: client?.key } } }],
    ['routes/2', { uri: '/by-id', upstream: { ...secure, tls: { client_cert_id: 'c' } } }],
    ['routes/3', { uri: '/none', upstream: secure }],
    ['routes/4', { uri: '/checked', upstream: { ...secure, tls: { verify: true } } }],
  ],
  [
    { get: '/own', status: 200, body: /CN=jack/ },
    { get: '/by-id', status: 200, body: /CN=jack/ },
    { get: '/none', status: 200, body: 'undefined' },
    { get: '/checked', status: 502 },
  ],
)

story(
  'a certificate that is needed is not deleted',
  [
    ['ssls/c', { ...client, type: 'client' }],
    ['routes/1', { uri: '/a', upstream: { ...secure, tls: { client_cert_id: 'c' } } }],
  ],
  async (own) => {
    assert.equal((await own.admin('DELETE', 'ssls/c')).status, 400)
  },
)
