import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { CompactEncrypt } from 'jose'
import { consumerRefusal, type Echo, startBench } from './harness.ts'

const SECRET = 'key-length-should-be-32-chars123'
const CLAIMS = '{"uid":10000,"uname":"test"}'
/** The token of APISIX's documentation. */
const DOCUMENTED =
  'eyJraWQiOiJqYWNrLWtleSIsImFsZyI6ImRpciIsImVuYyI6IkEyNTZHQ00ifQ..vi29KBCQKcVmPwTT.VToyPMFbq-ZY05MIpntP1N3AmYeq3zELQ0B6iQ.vuTPG2ODc-DjUTjNCzfA2A'

const encoded = randomBytes(32)
const bench = await startBench({
  'consumers/jack': { username: 'jack', plugins: { 'jwe-decrypt': { key: 'jack-key', secret: SECRET } } },
  'consumers/jane': {
    username: 'jane',
    plugins: { 'jwe-decrypt': { key: 'jane-key', secret: encoded.toString('base64url'), is_base64_encoded: true } },
  },
})

/** `bound`: the header is authenticated too, as RFC 7516 has it. */
function token(
  plaintext: string | Buffer,
  head: unknown = { kid: 'jack-key' },
  key: string | Buffer = SECRET,
  bound = false,
): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  if (bound) cipher.setAAD(Buffer.from(Buffer.from(JSON.stringify(head)).toString('base64url')))
  const text = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const parts = [JSON.stringify(head), '', iv, text, cipher.getAuthTag()]
  return parts.map((part) => Buffer.from(part).toString('base64url')).join('.')
}

const send = (headers: Record<string, string>) => bench.send('/a', { headers })

test("the token of APISIX's documentation, bare and after Bearer", async () => {
  bench.route({ 'jwe-decrypt': {} })
  for (const authorization of [DOCUMENTED, `Bearer ${DOCUMENTED}`, `bearer ${DOCUMENTED}`]) {
    const answer = await send({ authorization })
    const { headers } = answer.json<Echo>()
    assert.equal(headers.authorization, CLAIMS)
    assert.equal(headers['x-consumer-username'], undefined)
  }
})

test('a JWE of a library that keeps to RFC 7516', async () => {
  bench.route({ 'jwe-decrypt': {} })
  const head = { alg: 'dir', enc: 'A256GCM', kid: 'jack-key' } as const
  const made = await new CompactEncrypt(Buffer.from(CLAIMS)).setProtectedHeader(head).encrypt(Buffer.from(SECRET))
  assert.equal((await send({ authorization: made })).json<Echo>().headers.authorization, CLAIMS)
  const other = Buffer.from(JSON.stringify({ ...head, typ: 'x' })).toString('base64url')
  assert.equal((await send({ authorization: made.replace(/^[^.]+/, other) })).status, 400, 'its header is bound to it')
})

test('a base64url secret, other headers, UTF-8 as it is', async () => {
  bench.route({ 'jwe-decrypt': { header: 'X-Token', forward_header: 'X-Claims' } })
  const given = token('Zoë', { kid: 'jane-key' }, encoded)
  const { headers } = (await send({ 'x-token': given, 'x-claims': 'forged' })).json<Echo>()
  assert.equal(Buffer.from(headers['x-claims'] ?? '', 'latin1').toString(), 'Zoë')
  assert.equal(headers['x-token'], given)
})

test('without a token: 403, or on without what the client wrote when not strict', async () => {
  const missing = '{"message":"missing JWE token in request"}'
  bench.route({ 'jwe-decrypt': {} })
  const refused = await send({})
  assert.deepEqual([refused.status, refused.text.trim()], [403, missing])
  bench.route({ 'jwe-decrypt': { strict: false, forward_header: 'X-Claims' } })
  const answer = await send({ 'x-claims': 'forged' })
  assert.equal(answer.status, 200)
  assert.equal(answer.json<Echo>().headers['x-claims'], undefined)
})

const parts = DOCUMENTED.split('.')
const refusals: [what: string, token: string, message: string][] = [
  ['not five parts', 'a.b.c', 'JWE token invalid'],
  ['six parts', `${DOCUMENTED}.x`, 'JWE token invalid'],
  ['a header that is not JSON', `e30x${DOCUMENTED}`, 'JWE token invalid'],
  ['a header that is null', token('x', null), 'JWE token invalid'],
  ['no kid', token('x', {}), 'missing kid in JWE token'],
  ['a kid that is no text', token('x', { kid: ['jack-key'] }), 'missing kid in JWE token'],
  ['an unknown kid', token('x', { kid: 'nobody' }), 'invalid kid in JWE token'],
  ['another algorithm', token('x', { kid: 'jack-key', alg: 'A256KW', enc: 'A256GCM' }), 'JWE token invalid'],
  ['another encryption', token('x', { kid: 'jack-key', enc: 'A128GCM' }, SECRET, true), 'JWE token invalid'],
  ['another key', token('x', { kid: 'jack-key' }, encoded), 'failed to decrypt JWE token'],
  ['a changed text', token('x').replace(/\.[^.]+(\.[^.]+)$/, '.AA$1'), 'failed to decrypt JWE token'],
  ['a short tag', [...parts.slice(0, 4), parts[4]?.slice(0, 6)].join('.'), 'failed to decrypt JWE token'],
  ['no initial vector', [...parts.slice(0, 2), '', ...parts.slice(3)].join('.'), 'failed to decrypt JWE token'],
  ['a plaintext with line ends', token('a\r\nX-Admin: yes'), 'failed to decrypt JWE token'],
]
for (const [what, given, message] of refusals) {
  test(`refused with 400: ${what}`, async () => {
    bench.route({ 'jwe-decrypt': {} })
    const answer = await send({ authorization: given })
    assert.deepEqual([answer.status, answer.json()], [400, { message }])
  })
}

test('a secret that is not of 32 bytes is refused when it is written, a reference is not', () => {
  const problem = (bytes: number): string => `property "secret" validation failed: found ${bytes} bytes, expected 32`
  assert.equal(consumerRefusal('jwe-decrypt', { key: 'k', secret: 'short' }), problem(5))
  assert.equal(consumerRefusal('jwe-decrypt', { key: 'k', secret: SECRET, is_base64_encoded: true }), problem(24))
  assert.equal(consumerRefusal('jwe-decrypt', { key: 'k', secret: '$env://JWE' }), undefined)
  assert.equal(consumerRefusal('jwe-decrypt', { key: 'k' }), 'property "secret" is required')
})
