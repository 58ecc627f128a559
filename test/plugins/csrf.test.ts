import assert from 'node:assert/strict'
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
  const old = token.replace(/\.\d+\./, '.1000000000.')
  assert.equal((await post({ [NAME]: old, Cookie: `${NAME}=${old}` })).status, 401)
  bench.route({ csrf: { key: 'two' } })
  assert.equal((await post({ [NAME]: token, Cookie: `${NAME}=${token}` })).status, 401)
})

test('needs a key and a name that a header can have', () => {
  assert.equal(refusal('csrf', {}), 'property "key" is required')
  assert.match(refusal('csrf', { key: 'k', name: 'a b' }) ?? '', /not the name of a header/)
})
