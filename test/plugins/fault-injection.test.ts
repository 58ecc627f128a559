import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()
const inject = (conf: object): void => bench.route({ 'fault-injection': conf })

test('aborts with status, body and headers, variables filled in', async () => {
  inject({
    abort: {
      http_status: 503,
      body: 'broken for $remote_addr',
      headers: { 'X-F': '$arg_x', 'X-N': 5, 'Content-Type': 'text/html' },
    },
  })
  const answer = await bench.send('/a?x=1')
  assert.equal(answer.status, 503)
  assert.equal(answer.text, 'broken for 127.0.0.1')
  assert.equal(answer.headers['x-f'], '1')
  assert.equal(answer.headers['x-n'], '5')
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
})

test('aborts without a body', async () => {
  inject({ abort: { http_status: 200 } })
  const empty = await bench.send('/a')
  assert.equal(empty.text, '')
  assert.equal(empty.headers['content-type'], 'text/plain; charset=utf-8')
  inject({ abort: { http_status: 404, body: '' } })
  assert.equal((await bench.send('/a')).text, '')
  inject({ abort: { http_status: 500 } })
  assert.match((await bench.send('/a')).text, /500 Internal Server Error/)
})

test('one group of conditions is enough, and holds as a whole', async () => {
  const vars = [
    [
      ['arg_a', '==', '1'],
      ['arg_b', '==', '2'],
    ],
    [['http_x', '==', '3']],
  ]
  inject({ abort: { http_status: 403, body: 'f', vars } })
  assert.equal((await bench.send('/a?a=1&b=2')).status, 403)
  assert.equal((await bench.send('/a?a=1')).status, 200)
  assert.equal((await bench.send('/a', { headers: { X: '3' } })).status, 403)
})

test('delays, then aborts; percentages', async () => {
  inject({ delay: { duration: 0.05 }, abort: { http_status: 500 } })
  const began = performance.now()
  assert.equal((await bench.send('/a')).status, 500)
  assert.ok(performance.now() - began >= 45)
  inject({ abort: { http_status: 500, percentage: 0 } })
  assert.equal((await bench.send('/a')).status, 200)
  inject({ abort: { http_status: 500, percentage: 100 } })
  assert.equal((await bench.send('/a')).status, 500)
})

test('refuses what cannot work', () => {
  assert.equal(refusal('fault-injection', {}), 'expect object to have at least 1 properties')
  assert.match(refusal('fault-injection', { abort: { http_status: 100 } }) ?? '', /expected 100 to be at least 200/)
  assert.match(
    refusal('fault-injection', { delay: { duration: 1, vars: [[['a', '??', 1]]] } }) ?? '',
    /invalid operator/,
  )
})

test('an empty list of conditions never holds, as in APISIX', async () => {
  bench.route({ 'fault-injection': { abort: { http_status: 403, vars: [] } } })
  assert.equal((await bench.send('/a')).status, 200)
})
