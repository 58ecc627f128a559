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

test('what is not served is refused: stapled OCSP answers', async () => {
  const stapled = 'ocsp_stapling is not served here: leave it out, or set enabled to false'
  assert.deepEqual(await put({ ...ssl, ocsp_stapling: { enabled: true } }), [400, stapled])
  for (const nothing of [{ ssl_protocols: [] }, { ocsp_stapling: {} }, { ocsp_stapling: { enabled: false } }])
    assert.deepEqual(await put({ ...ssl, ...nothing }), [200, undefined])
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

test('a certificate may stand in the text of a body with its line ends, as `curl -d` with `$(cat FILE)` sends it', async () => {
  const body = (key: string): string =>
    `{\n "snis": ["a.example"],\n "cert": "${own.cert.trim()}",\n "key": "${key}"\n}`
  const write = async (method: string, path: string, text: string): Promise<[number, unknown]> => {
    const { status, body: answer } = await admin.call(method, path, text)
    return [status, answer.error_msg]
  }
  assert.deepEqual(await write('PUT', '/ssls/2', body(own.key.trim())), [201, undefined])
  const { body: stored } = await admin.call('GET', '/ssls/2')
  assert.equal((stored.value as { cert: string }).cert, own.cert.trim())
  assert.deepEqual(await write('PATCH', '/ssls/2/cert', `"${own.cert}"`), [200, undefined])
  assert.deepEqual(await write('PUT', '/ssls/2', '{"desc":"a\nb","desc":"c\nd"}'), [
    400,
    'invalid request body: "desc" stands twice in one object',
  ])
  assert.deepEqual(await write('PUT', '/ssls/2', '{"desc":"a\nb" "key"}'), [
    400,
    'invalid request body: Expected comma or object end but found T_STRING at character 15',
  ])
  assert.match(String((await write('PUT', '/ssls/2', '{"desc":"a\0b"}'))[1]), /found invalid token at character 9/)
})
