import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { consumerRefusal, type Echo, startBench } from './harness.ts'

const bench = await startBench({
  'consumers/jack': { username: 'jack', plugins: { 'hmac-auth': { key_id: 'jack-id', secret_key: 'hmac-secret' } } },
  'consumers/anon': { username: 'anon' },
})

interface Signing {
  key?: string
  secret?: string
  algorithm?: string
  names?: string[]
  offsetMs?: number
  headers?: Record<string, string>
  signedTarget?: string
}

function headersFor(method: string, target: string, signing: Signing): Record<string, string> {
  const {
    key = 'jack-id',
    secret = 'hmac-secret',
    algorithm = 'hmac-sha256',
    names = ['@request-target', 'date'],
  } = signing
  const headers: Record<string, string> = { ...signing.headers }
  if (names.includes('date')) headers.date = new Date(Date.now() + (signing.offsetMs ?? 0)).toUTCString()
  const lines = names.map((name) =>
    name === '@request-target' ? `${method} ${signing.signedTarget ?? target}` : `${name}: ${headers[name] ?? ''}`,
  )
  const hash = algorithm === 'hmac-md5' ? 'md5' : algorithm.slice(5)
  const signature = createHmac(hash, secret)
    .update(`${[key, ...lines].join('\n')}\n`)
    .digest('base64')
  headers.authorization = `Signature keyId="${key}",algorithm="${algorithm}",headers="${names.join(' ')}",signature="${signature}"`
  return headers
}
const signed = async (signing: Signing = {}, target = '/a') =>
  await bench.send(target, { headers: headersFor('GET', target, signing) })

test('a signature over target, date and other headers', async () => {
  bench.route({ 'hmac-auth': {} })
  assert.equal((await signed({}, '/a?x=1')).json<Echo>().headers['x-consumer-username'], 'jack')
  for (const algorithm of ['hmac-sha1', 'hmac-sha512']) assert.equal((await signed({ algorithm })).status, 200)
  const names = ['@request-target', 'date', 'x-custom']
  assert.equal((await signed({ names, headers: { 'x-custom': 'v' } })).status, 200)
})

test('names stand in the signed text as they are written, and absent headers do not', async () => {
  bench.route({ 'hmac-auth': { signed_headers: ['X-Custom'] } })
  const names = ['@request-target', 'date', 'X-Custom']
  assert.equal((await signed({ names, headers: { 'X-Custom': 'v' } })).status, 200)
  const { authorization } = headersFor('GET', '/a', {
    names: ['@request-target', 'X-Custom'],
    headers: { 'X-Custom': 'v' },
  })
  const absent = String(authorization).replace('X-Custom', 'X-Custom x-absent')
  const date = new Date().toUTCString()
  const answer = await bench.send('/a', { headers: { authorization: absent, 'X-Custom': 'v', date } })
  assert.equal(answer.status, 200)
  const added = await bench.send('/a', { headers: { authorization: absent, 'X-Custom': 'v', 'x-absent': '', date } })
  assert.equal(added.status, 401)
})

test('what is wrong is not told', async () => {
  bench.route({ 'hmac-auth': {} })
  const wrong: Signing[] = [
    { secret: 'other' },
    { key: 'nobody' },
    { algorithm: 'hmac-md5' },
    { offsetMs: -1_000_000 },
    { offsetMs: 1_000_000 },
    { names: ['@request-target'] },
    { names: ['@request-target', 'date', 'x-absent'] },
    { signedTarget: '/b' },
  ]
  for (const signing of wrong) {
    const answer = await signed(signing)
    assert.equal(answer.status, 401, JSON.stringify(signing))
    assert.deepEqual(answer.json(), { message: "client request can't be validated" })
  }
  for (const header of ['Signature', 'Signature x', 'Signature keyId="jack-id"'])
    assert.equal((await bench.send('/a', { headers: { Authorization: header } })).status, 401)
})

test('a missing or foreign header is told', async () => {
  bench.route({ 'hmac-auth': { realm: 'r' } })
  const missing = await bench.send('/a')
  assert.equal(missing.headers['www-authenticate'], 'hmac realm="r"')
  assert.deepEqual(missing.json(), { message: "client request can't be validated: missing Authorization header" })
  const foreign = await bench.send('/a', { headers: { Authorization: 'Bearer x' } })
  assert.match(foreign.text, /does not start with 'Signature'/)
})

test('bodies', async () => {
  bench.route({ 'hmac-auth': { validate_request_body: true, max_req_body_size: 10 } })
  const post = async (body: string, digestOf = body): Promise<number> => {
    const digest = `SHA-256=${createHash('sha256').update(digestOf).digest('base64')}`
    const headers = headersFor('POST', '/a', { headers: { digest } })
    return (await bench.send('/a', { method: 'POST', headers, body })).status
  }
  assert.equal(await post('hello'), 200)
  assert.equal(await post('hello', 'other'), 401)
  assert.equal(await post('longer than ten'), 413)
  assert.equal((await signed()).status, 401)
})

test('allowed algorithms, signed headers, hidden credentials, strangers', async () => {
  bench.route({ 'hmac-auth': { allowed_algorithms: ['hmac-sha512'] } })
  assert.equal((await signed()).status, 401)
  bench.route({ 'hmac-auth': { signed_headers: ['date', 'x-must'] } })
  assert.equal((await signed()).status, 401)
  bench.route({ 'hmac-auth': { hide_credentials: true, anonymous_consumer: 'anon' } })
  assert.equal((await signed()).json<Echo>().headers.authorization, undefined)
  assert.equal((await bench.send('/a')).json<Echo>().headers['x-consumer-username'], 'anon')
})

test('a consumer needs key id and secret', () => {
  assert.equal(consumerRefusal('hmac-auth', { key_id: 'a' }), 'property "secret_key" is required')
})
