import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, refusal, startBench } from './harness.ts'

const bench = await startBench({
  'plugin_metadata/cors': { id: 'cors', allow_origins: { partners: 'https://a.example,https://b.example' } },
})
const A = 'https://a.example'
const from = (origin: string, request: object = {}) => bench.send('/a', { headers: { Origin: origin }, ...request })
const allowed = (answer: Answer): unknown => answer.headers['access-control-allow-origin']
const openTo = async (conf: object, origin: string): Promise<unknown> => {
  bench.route({ cors: conf })
  return allowed(await from(origin))
}

test('without options everybody may read, without credentials', async () => {
  bench.route({ cors: {} })
  const { headers, status } = await from(A)
  assert.equal(status, 200)
  assert.equal(headers['access-control-allow-origin'], '*')
  assert.equal(headers['access-control-allow-methods'], '*')
  assert.equal(headers['access-control-allow-headers'], '*')
  assert.equal(headers['access-control-max-age'], '5')
  for (const name of [
    'access-control-allow-credentials',
    'access-control-expose-headers',
    'vary',
    'timing-allow-origin',
  ])
    assert.equal(headers[name], undefined, name)
})

test('a preflight is answered here, before authentication; another request is not', async () => {
  bench.route({ cors: { allow_headers: '**', allow_origins: A }, 'key-auth': {} })
  const wished = { Origin: A, 'Access-Control-Request-Method': 'PUT', 'Access-Control-Request-Headers': 'x-a, x-b' }
  const preflight = await bench.send('/a', { method: 'OPTIONS', headers: wished })
  assert.deepEqual([preflight.status, preflight.text], [200, ''])
  assert.equal(preflight.headers['access-control-allow-headers'], 'x-a, x-b')
  const refused = await from(A)
  assert.deepEqual([refused.status, allowed(refused)], [401, A], 'a browser may read the refusal')
})

test('origins: a list, everybody with credentials, none at all', async () => {
  const list = { allow_origins: `${A},http://b.example:8080` }
  assert.equal(await openTo(list, A), A)
  assert.equal(await openTo(list, 'http://b.example:8080'), 'http://b.example:8080')
  for (const other of ['https://b.example', 'https://a.example.evil.example', 'https://A.example', 'null', ''])
    assert.equal(await openTo(list, other), undefined, other)
  assert.equal((await from('https://evil.example')).headers.vary, 'Origin')
  assert.equal(
    await openTo({ allow_origins: '**', allow_methods: '**', allow_headers: '**', allow_credential: true }, A),
    A,
  )
  assert.equal((await from(A)).headers['access-control-allow-credentials'], 'true')
  assert.equal(
    (await from(A)).headers['access-control-allow-methods'],
    'GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE',
  )
})

test('origins by pattern and by name', async () => {
  const pattern = { allow_origins_by_regex: ['^https://[\\w-]+\\.example$'] }
  assert.equal(await openTo(pattern, A), A)
  assert.equal(await openTo(pattern, 'https://a.example.evil'), undefined)
  const named = { allow_origins: 'https://own.example', allow_origins_by_metadata: ['partners', 'none'] }
  assert.equal(await openTo(named, 'https://own.example'), 'https://own.example')
  assert.equal(await openTo(named, 'https://b.example'), 'https://b.example')
  assert.equal(await openTo(named, 'https://c.example'), undefined)
  assert.equal(await openTo({ ...named, allow_origins_by_metadata: ['constructor'] }, A), undefined)
})

test('the other headers; the upstream’s own are replaced', async () => {
  bench.route({
    cors: {
      allow_methods: 'GET,POST',
      allow_headers: 'X-A',
      expose_headers: 'X-Total',
      max_age: -1,
      timing_allow_origins: A,
    },
    'response-rewrite': { headers: { set: { 'Access-Control-Allow-Origin': 'https://upstream.example' } } },
  })
  const { headers } = await from(A)
  assert.equal(headers['access-control-allow-methods'], 'GET,POST')
  assert.equal(headers['access-control-allow-headers'], 'X-A')
  assert.equal(headers['access-control-expose-headers'], 'X-Total')
  assert.equal(headers['access-control-max-age'], '-1')
  assert.equal(headers['timing-allow-origin'], A)
  bench.route({ cors: { timing_allow_origins_by_regex: ['example$'] } })
  assert.equal((await from('https://evil.test')).headers['timing-allow-origin'], undefined)
  assert.equal((await from(A)).headers['timing-allow-origin'], A)
})

test('what cannot be is refused when it is written', () => {
  const star = "you can not set '*' for other option when 'allow_credential' is true"
  assert.equal(refusal('cors', { allow_credential: true }), star)
  assert.equal(
    refusal('cors', { allow_credential: true, allow_origins: A, allow_methods: 'GET', allow_headers: '*' }),
    star,
  )
  for (const conf of [
    { allow_origins: 'a.example' },
    { allow_origins: `${A}, ${A}` },
    { allow_origins_by_regex: [] },
    { allow_origins_by_regex: ['('] },
    { max_age: '5' },
    { timing_allow_origins: 'x' },
    { allow_origins_by_metadata: [''] },
  ])
    assert.notEqual(refusal('cors', conf), undefined, JSON.stringify(conf))
})

test('an expression sees the whole of an origin', async () => {
  bench.route({ cors: { allow_origins_by_regex: ['\\.test\\.com$'] } })
  const start = `https://${'a'.repeat(4096 - 'https://.test.com'.length)}.test.com`
  const allowed = async (Origin: string) =>
    (await bench.send('/a', { headers: { Origin } })).headers['access-control-allow-origin']
  assert.equal(await allowed(start), start)
  assert.equal(await allowed(`${start}.evil.com`), undefined)
})
