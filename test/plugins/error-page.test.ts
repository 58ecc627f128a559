import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBench } from './harness.ts'

const bench = await startBench({ 'global_rules/1': { plugins: { 'error-page': {} } } })
const metadata = (value: object): void => bench.put('plugin_metadata/error-page', value)

test('own pages for the gateway’s errors, not for the upstream’s', async () => {
  metadata({
    enable: true,
    error_404: { body: '<h1>own</h1>' },
    error_503: { body: '{"e":503}', content_type: 'application/json' },
  })
  const none = await bench.send('/none')
  assert.deepEqual([none.status, none.text], [404, '<h1>own</h1>'])
  assert.equal(none.headers['content-type'], 'text/html; charset=utf-8')
  bench.route({ 'ip-restriction': { blacklist: ['127.0.0.1'], response_code: 404 } })
  assert.equal((await bench.send('/refused')).text, '<h1>own</h1>')
  bench.route({ 'fault-injection': { abort: { http_status: 503 } } })
  const injected = await bench.send('/fault')
  assert.deepEqual([injected.text, injected.headers['content-type']], ['{"e":503}', 'application/json'])
  bench.route({})
  assert.equal((await bench.send('/a?status=404&body=theirs')).text, 'theirs')
})

test('a page without a body of its own, a status without a page, and switched off', async () => {
  bench.put('routes/a', undefined)
  metadata({ enable: true, error_404: {} })
  assert.match((await bench.send('/none')).text, /<h1>404 Not Found<\/h1>/)
  metadata({ enable: true })
  assert.match((await bench.send('/none')).text, /404 Route Not Found/)
  metadata({ error_404: { body: 'x' } })
  assert.match((await bench.send('/none')).text, /404 Route Not Found/)
})
