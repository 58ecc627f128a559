import assert from 'node:assert'
import { test } from 'node:test'
import { makeCertificate, makeChain, makeRsaCertificate } from '../gateway/listening.ts'
import { createTestAdmin } from './admin-for-test.ts'

const own = makeCertificate('a.example')
const rsa = makeRsaCertificate('a.example')
const other = makeCertificate('other.example')
const ssl = { snis: ['a.example'], ...own }
const foreign = (name: string): string =>
  `the key does not belong to the certificate of CN=${name}: a chain begins with the certificate of the server`

const admin = await createTestAdmin()
const put = async (body: object): Promise<[number, unknown]> => {
  const { status, body: answer } = await admin.call('PUT', '/ssls/1', body)
  return [status, answer.error_msg]
}

test('a key that does not belong to its certificate is refused, with the name of the certificate', async () => {
  assert.deepEqual(await put({ ...ssl, key: other.key }), [400, foreign('a.example')])
  assert.deepEqual(await put({ ...ssl, key: rsa.key }), [400, foreign('a.example')])
  const pairs = { ...ssl, certs: [rsa.cert], keys: [other.key] }
  assert.deepEqual(await put(pairs), [400, `failed to handle cert-key pair[1]: ${foreign('a.example')}`])
  assert.deepEqual(await put({ ...pairs, keys: [rsa.key] }), [201, undefined])
})

test('a chain begins with the certificate of the key', async () => {
  const { cert, key } = makeChain('authority', 'between', 'a.example')
  assert.equal((await put({ ...ssl, cert, key }))[0], 200)
  const certificates = cert.split(/(?<=-----END CERTIFICATE-----\n)/)
  const turned = certificates.reverse().join('')
  assert.deepEqual(await put({ ...ssl, cert: turned, key }), [400, foreign('between')])
})

test('what is no key is refused in words of APISIX, which do not repeat it', async () => {
  const broken = own.key.replace(/\n.{8}/, '\n????????')
  assert.deepEqual(await put({ ...ssl, key: broken }), [400, 'failed to parse key: PEM_read_bio_PrivateKey() failed'])
  assert.deepEqual(await put({ ...ssl, key: 'hush'.repeat(30) }), [400, 'failed to decrypt previous encrypted key'])
  assert.deepEqual(await put({ ...ssl, certs: ['x'.repeat(200)], keys: [rsa.key] }), [
    400,
    'failed to handle cert-key pair[1]: failed to parse cert: PEM_read_bio_X509_AUX() failed',
  ])
})

test('a pair is renewed as a pair, and references are looked at later', async () => {
  assert.equal((await put(ssl))[0], 200)
  const patch = async (body: object): Promise<number> => (await admin.call('PATCH', '/ssls/1', body)).status
  assert.equal(await patch({ cert: other.cert }), 400)
  assert.equal(await patch(other), 200)
  assert.equal(await patch({ labels: { a: 'b' } }), 200)
  assert.equal((await put({ ...ssl, key: '$env://KEY' }))[0], 200)
  assert.equal((await put({ ...ssl, cert: '$env://CERT' }))[0], 200)
})
