// What configurations and variables may bring into header fields, over all plugins that write them: nothing that would have to fail later, and
// nothing that splits a message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

type Make = (headers: Record<string, string>) => object

const WRITING: [plugin: string, make: Make][] = [
  ['proxy-rewrite', (headers) => ({ headers })],
  ['proxy-rewrite', (headers) => ({ headers: { add: headers } })],
  ['response-rewrite', (headers) => ({ headers })],
  ['response-rewrite', (headers) => ({ headers: { set: headers } })],
  ['echo', (headers) => ({ body: 'x', headers })],
  ['mocking', (headers) => ({ response_example: 'x', response_headers: headers })],
  ['fault-injection', (headers) => ({ abort: { http_status: 200, body: 'x', headers } })],
  ['traffic-label', (headers) => ({ rules: [{ actions: [{ set_headers: headers }] }] })],
  ['forward-auth', (headers) => ({ uri: 'http://127.0.0.1', extra_headers: headers })],
  ['elasticsearch-logger', (headers) => ({ endpoint_addrs: ['http://a'], field: { index: 'a' }, headers })],
  [
    'api-breaker',
    (headers) => ({
      break_response_code: 502,
      break_response_body: 'x',
      break_response_headers: Object.entries(headers).map(([key, value]) => ({ key, value })),
    }),
  ],
]

for (const [plugin, make] of WRITING) {
  test(`${plugin}: a name that is none and a value of two lines are refused when they are written`, () => {
    assert.equal(refusal(plugin, make({ 'X-Good': 'value' })), undefined)
    for (const name of ['a b', 'a:b', 'ä', 'a\r\nb'])
      assert.notEqual(refusal(plugin, make({ [name]: 'x' })), undefined, name)
    for (const value of ['a\r\nX: b', 'a\nb', 'a\0b'])
      assert.match(refusal(plugin, make({ 'X-A': value })) ?? '', /CR, LF or NUL/, JSON.stringify(value))
  })
}

const bench = await startBench()

for (const [plugin, make] of WRITING.filter(
  ([name]) => !['echo', 'forward-auth', 'elasticsearch-logger', 'api-breaker'].includes(name),
)) {
  test(`${plugin}: a line end in a variable stays inside its field`, async () => {
    bench.route({ [plugin]: make({ 'X-A': '$arg_a' }) })
    const answer = await bench.send('/x?a=1%0d%0aX-Evil:%201%00')
    assert.equal(answer.status, 200)
    const { headers = {} } = answer.text.startsWith('{') ? answer.json<{ headers?: Record<string, string> }>() : {}
    const all = { ...headers, ...answer.headers }
    assert.deepEqual([all['x-a'], all['x-evil']], ['1%0D%0AX-Evil: 1%00', undefined])
  })
}
