import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()
const from = async (referer: string) => await bench.send('/a', { headers: { Referer: referer } })

test('a whitelist of hosts and wildcards', async () => {
  bench.route({ 'referer-restriction': { whitelist: ['xx.com', '*.xx.com'] } })
  for (const good of ['http://xx.com/x', 'https://a.b.xx.com', 'http://xx.com:8080/'])
    assert.equal((await from(good)).status, 200, good)
  for (const bad of [
    'http://yy.com',
    'xx.com',
    'http://XX.com',
    '',
    'http://xx.com.evil.com',
    'http://xx.com@evil.com',
  ])
    assert.equal((await from(bad)).status, 403, bad)
  assert.deepEqual((await bench.send('/a')).json(), { message: 'Your referer host is not allowed' })
})

test('a blacklist, a message, requests without', async () => {
  bench.route({ 'referer-restriction': { blacklist: ['*.bad.com'], message: 'bad referer', bypass_missing: true } })
  assert.deepEqual((await from('http://a.bad.com')).json(), { message: 'bad referer' })
  assert.equal((await from('http://bad.com')).status, 200)
  assert.equal((await bench.send('/a')).status, 200)
})

test('refuses what is no host', () => {
  assert.match(refusal('referer-restriction', { whitelist: ['a b'] }) ?? '', /failed to match pattern/)
})
