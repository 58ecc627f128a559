import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()
const NAME = 'apisix-csrf-token'
const tokenOf = (answer: { headers: Record<string, string | string[]> }): string =>
  /^apisix-csrf-token=([^;]+);path=\/;SameSite=Lax;Expires=/.exec(String(answer.headers['set-cookie']))?.[1] ?? ''
const post = async (headers: Record<string, string>) => await bench.send('/a', { method: 'POST', headers })

test('a safe request hands out the token; an unsafe one must return it twice', async () => {
  bench.route({ csrf: { key: 'unique-key' } })
  const first = await bench.send('/a')
  const token = tokenOf(first)
  assert.ok(token)
  assert.equal((await post({ [NAME]: token, Cookie: `${NAME}=${token}` })).status, 200)
  const refusals: [Record<string, string>, string][] = [
    [{}, 'no csrf token in headers'],
    [{ Cookie: `${NAME}=${token}` }, 'no csrf token in headers'],
    [{ [NAME]: token }, 'no csrf cookie'],
    [{ [NAME]: token, Cookie: `${NAME}=other` }, 'csrf token mismatch'],
    [{ [NAME]: 'bad', Cookie: `${NAME}=bad` }, 'Failed to verify the csrf token signature'],
  ]
  for (const [headers, error_msg] of refusals) {
    const refused = await post(headers)
    assert.equal(refused.status, 401)
    assert.deepEqual(refused.json(), { error_msg })
    assert.ok(tokenOf(refused))
  }
})

test('tokens of another key, and expired ones, are refused', async () => {
  bench.route({ csrf: { key: 'one', expires: 1 } })
  const token = tokenOf(await bench.send('/a'))
  const fields = JSON.parse(Buffer.from(token, 'base64').toString())
  const forged = { ...fields, expires: fields.expires - 60 }
  const old = Buffer.from(JSON.stringify(forged)).toString('base64')
  assert.equal((await post({ [NAME]: old, Cookie: `${NAME}=${old}` })).status, 401)
  bench.route({ csrf: { key: 'two' } })
  assert.equal((await post({ [NAME]: token, Cookie: `${NAME}=${token}` })).status, 401)
})

test('a token of APISIX with the same key is good until it ends', async () => {
  const made = { random: 0.42986319716139, expires: Math.floor(Date.now() / 1000) - 30, sign: '' }
  const text = `{expires:${made.expires},random:0.42986319716139,key:userkey}`
  made.sign = createHash('sha256').update(text).digest('hex')
  const token = Buffer.from(JSON.stringify(made)).toString('base64')
  const sent = { [NAME]: token, Cookie: `${NAME}=${token}` }
  bench.route({ csrf: { key: 'userkey' } })
  assert.equal((await post(sent)).status, 200)
  bench.route({ csrf: { key: 'userkey', expires: 1 } })
  assert.equal((await post(sent)).status, 401)
  bench.route({ csrf: { key: 'userkey', expires: 0 } })
  assert.equal((await post(sent)).status, 200)
})

test('needs a key and a name that a header can have', () => {
  assert.equal(refusal('csrf', {}), 'property "key" is required')
  assert.match(refusal('csrf', { key: 'k', name: 'a b' }) ?? '', /not the name of a header/)
})
