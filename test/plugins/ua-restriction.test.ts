import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()
const as = async (...agents: string[]) => await bench.send('/a', { headers: { 'User-Agent': agents } })

test('an allowlist', async () => {
  bench.route({ 'ua-restriction': { allowlist: ['my-bot1', '(Baiduspider)/(\\d+)\\.(\\d+)'] } })
  for (const agent of ['my-bot1', 'x my-bot1 y', 'Baiduspider/3.0']) assert.equal((await as(agent)).status, 200)
  for (const agent of ['baiduspider/3.0', 'curl/8']) assert.equal((await as(agent)).status, 403)
  assert.deepEqual((await bench.send('/a')).json(), { message: 'Not allowed' })
})

test('a denylist, which a second field does not get around', async () => {
  bench.route({ 'ua-restriction': { denylist: ['bot', '^curl/'], message: 'no robots' } })
  assert.deepEqual((await as('Googlebot')).json(), { message: 'no robots' })
  assert.equal((await as('fine', 'bot')).status, 403)
  assert.equal((await as('my curl/8')).status, 200)
  assert.equal((await as('')).status, 200)
  assert.equal((await bench.send('/a')).status, 403)
})

test('bypass_missing', async () => {
  bench.route({ 'ua-restriction': { denylist: ['bot'], bypass_missing: true } })
  assert.equal((await bench.send('/a')).status, 200)
  assert.equal((await as('bot')).status, 403)
})

test('no agent takes a pattern long; what cannot be decided does not pass', async () => {
  const evil = `${'a'.repeat(4000)}!`
  const startedAt = performance.now()
  bench.route({ 'ua-restriction': { denylist: ['(a+)+$'] } })
  assert.equal((await as(evil)).status, 200)
  bench.route({ 'ua-restriction': { denylist: ['(?=a)(a+)+$'] } })
  assert.equal((await as(evil)).status, 500)
  assert.equal((await as('aaa')).status, 403)
  assert.ok(performance.now() - startedAt < 2000)
})

test('refuses a broken pattern and two lists', () => {
  assert.match(refusal('ua-restriction', { denylist: ['('] }) ?? '', /missing closing parenthesis/)
  assert.match(refusal('ua-restriction', { denylist: ['a'], allowlist: ['b'] }) ?? '', /matches both schemas/)
})
