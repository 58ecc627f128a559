import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench({
  'consumers/jack': { username: 'jack', labels: { team: 'x' }, plugins: { 'key-auth': { key: 'jacks' } } },
})

test('labels of the consumer become headers; what the client sent is not believed', async () => {
  bench.route({ 'key-auth': {}, 'attach-consumer-label': { headers: { 'X-Team': '$team', 'X-Role': '$role' } } })
  const answer = await bench.send('/a', { headers: { apikey: 'jacks', 'X-Team': 'spoofed', 'X-Role': 'spoofed' } })
  const { headers } = answer.json<Echo>()
  assert.equal(headers['x-team'], 'x')
  assert.equal(headers['x-role'], undefined)
})

test('without a consumer the headers are taken away', async () => {
  bench.route({ 'attach-consumer-label': { headers: { 'X-Team': '$team' } } })
  const { headers } = (await bench.send('/a', { headers: { 'X-Team': 'spoofed' } })).json<Echo>()
  assert.equal(headers['x-team'], undefined)
})

test('bad configuration is refused', () => {
  assert.match(refusal('attach-consumer-label', { headers: {} }) ?? '', /at least 1 properties/)
  assert.match(refusal('attach-consumer-label', { headers: { 'X-A': 'team' } }) ?? '', /failed to match pattern/)
})
