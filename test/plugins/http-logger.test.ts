import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { beforeEach, test } from 'node:test'
import { refusal, startBench } from './harness.ts'
import { arrived, startReceiver } from './logging/receiver.ts'

const bench = await startBench()
const receiver = await startReceiver()
const uri = `${receiver.url}/log`
beforeEach(() => {
  receiver.received.length = 0
  receiver.status = 200
  bench.put('plugin_metadata/http-logger', undefined)
})

async function logged(count = 1): Promise<Record<string, unknown>[]> {
  return (await arrived(receiver.received, count)).map(({ body }) => JSON.parse(body))
}

test('the default entry', async () => {
  bench.route({ 'http-logger': { uri, batch_max_size: 1, auth_header: 'Token 1' } })
  const headers = { Host: 'h.example:8080', 'X-A': ['1', '2'], 'X-Forwarded-Host': 'evil' }
  await bench.send('/a%20b?x=1&y&x=2', { headers })
  const [entry] = await logged()
  const { latency, upstream_latency, apisix_latency, start_time, request, response, ...rest } =
    entry as unknown as Record<'latency' | 'upstream_latency' | 'apisix_latency' | 'start_time', number> & {
      request: object
      response: { status: number; headers: Record<string, string> }
    }
  const [post] = receiver.received
  assert.equal(post?.headers.authorization, 'Token 1')
  assert.equal(post?.headers['content-type'], 'application/json')
  assert.equal(post?.url, '/log')
  assert.ok(Math.abs(start_time - Date.now()) < 60_000)
  assert.ok(latency > 0 && upstream_latency >= 0 && apisix_latency >= 0 && upstream_latency <= latency)
  assert.deepEqual(rest, {
    server: { hostname: hostname(), version: '0.1.0' },
    upstream: Object.keys((bench.upstream as { nodes: object }).nodes)[0],
    service_id: '',
    route_id: 'a',
    client_ip: '127.0.0.1',
  })
  assert.deepEqual(request, {
    url: 'http://h.example:0/a%20b?x=1&y&x=2',
    uri: '/a%20b?x=1&y&x=2',
    method: 'GET',
    headers: {
      host: 'h.example:8080',
      'x-a': ['1', '2'],
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'h.example:8080',
      'x-forwarded-port': '8080',
    },
    querystring: { x: ['1', '2'], y: true },
    size: 0,
  })
  const { status, headers: sent } = response
  assert.equal(status, 200)
  assert.equal(sent['content-type'], 'application/json')
  assert.equal(sent.connection, 'keep-alive')
})

test('a consumer, a refusal, a request without a route', async () => {
  bench.put('consumers/jack', { username: 'jack', plugins: { 'key-auth': { key: 'k' } } })
  bench.route({ 'key-auth': {}, 'http-logger': { uri, batch_max_size: 1 } }, { service_id: 's' })
  bench.put('services/s', { upstream: bench.upstream })
  await bench.send('/a', { headers: { apikey: 'k' } })
  await bench.send('/a')
  const [known, refused] = await logged(2)
  assert.deepEqual(known?.consumer, { username: 'jack' })
  assert.equal(known?.service_id, 's')
  assert.equal((refused as { response: { status: number } }).response.status, 401)
  assert.ok(!('upstream' in (refused ?? {})) && !('upstream_latency' in (refused ?? {})))
  bench.put('routes/a', undefined)
  bench.put('global_rules/1', { plugins: { 'http-logger': { uri, batch_max_size: 1 } } })
  assert.equal((await bench.send('/x', { headers: { Host: 'nowhere' } })).status, 404)
  bench.put('global_rules/1', undefined)
  const [, , unknown] = await logged(3)
  assert.equal(unknown?.service_id, 'nowhere')
  assert.equal(unknown?.route_id, 'no-matched')
})

test('bodies, cut off at their bound, on a condition', async () => {
  const conf = { uri, batch_max_size: 1, include_req_body: true, include_resp_body: true }
  const bodies = async (more: object, target = '/a?body=answer'): Promise<unknown[]> => {
    receiver.received.length = 0
    bench.route({ 'http-logger': { ...conf, ...more } })
    const answer = await bench.send(target, { method: 'POST', body: 'question' })
    assert.equal(answer.text, 'answer')
    const [entry] = await logged()
    return [entry?.request, entry?.response].map((part) => (part as { body?: string }).body)
  }
  assert.deepEqual(await bodies({}), ['question', 'answer'])
  assert.deepEqual(await bodies({ max_req_body_bytes: 2, max_resp_body_bytes: 3 }), ['qu', 'ans'])
  assert.deepEqual(
    await bodies({
      include_req_body_expr: [['arg_debug', '==', '1']],
      include_resp_body_expr: [['status', '==', 201]],
    }),
    [undefined, undefined],
  )
  assert.deepEqual(await bodies({ include_req_body_expr: [['arg_debug', '==', '1']] }, '/a?body=answer&debug=1'), [
    'question',
    'answer',
  ])
})

test('a log format: variables with their types, constants, lists, objects five levels deep', async () => {
  const deep = { a: { b: { c: { d: { e: '$host' } } } } }
  const log_format = {
    m: '$request_method',
    s: '$status',
    line: '$request_method $uri',
    constant: 'cost $5',
    number: 5,
    absent: '$consumer_name',
    list: ['$arg_q', 'text', { u: '$uri' }],
    nested: { q: '$arg_q', deep },
    body: '$request_body',
    answer: '$resp_body',
  }
  bench.route({ 'http-logger': { uri, batch_max_size: 1, log_format, include_resp_body: true } })
  await bench.send('/a?q=5&body=out', { method: 'POST', body: 'in' })
  assert.deepEqual(await logged(), [
    {
      m: 'POST',
      s: 200,
      line: 'POST /a',
      constant: 'cost $5',
      number: 5,
      list: ['5', 'text', { u: '/a' }],
      nested: { q: '5', deep: { a: { b: { c: {} } } } },
      body: 'in',
      answer: 'out',
      route_id: 'a',
    },
  ])
})

test('the metadata’s format applies at once; the route’s own wins; extra fields are added to the default entry', async () => {
  bench.route({ 'http-logger': { uri, batch_max_size: 1 } })
  bench.put('plugin_metadata/http-logger', { log_format: { r: '$route_id' } })
  await bench.send('/a')
  assert.deepEqual((await logged())[0], { r: 'a', route_id: 'a' })
  bench.put('plugin_metadata/http-logger', { log_format: { u: '$uri' } })
  await bench.send('/a')
  assert.deepEqual((await logged(2))[1], { u: '/a', route_id: 'a' })
  bench.route({ 'http-logger': { uri, batch_max_size: 1, log_format: { own: 1 } } })
  await bench.send('/a')
  assert.deepEqual((await logged(3))[2], { own: 1, route_id: 'a' })
  bench.put('plugin_metadata/http-logger', undefined)
  bench.route({ 'http-logger': { uri, batch_max_size: 1, log_format_extra: { extra: '$arg_q' } } })
  await bench.send('/a?q=6')
  const extended = (await logged(4))[3]
  assert.equal(extended?.extra, '6')
  assert.equal(extended?.client_ip, '127.0.0.1')
})

test('an empty log format leaves what always stands in an entry', async () => {
  bench.route({ 'http-logger': { uri, batch_max_size: 1, log_format: {} } })
  await bench.send('/a')
  assert.deepEqual(await logged(), [{ route_id: 'a' }])
})

test('batches as a list and as lines; a change of the route sends what waits', async () => {
  const conf = { uri, log_format: { u: '$uri' } }
  bench.route({ 'http-logger': { ...conf, batch_max_size: 2 } })
  for (const target of ['/a1', '/a2', '/a3']) await bench.send(target)
  assert.deepEqual(await logged(), [
    [
      { u: '/a1', route_id: 'a' },
      { u: '/a2', route_id: 'a' },
    ],
  ])
  bench.route({ 'http-logger': { ...conf, batch_max_size: 2, concat_method: 'new_line' } })
  for (const target of ['/a4', '/a5']) await bench.send(target)
  await arrived(receiver.received, 3)
  assert.deepEqual(receiver.received.map(({ body }) => body).slice(1), [
    '[{"u":"/a3","route_id":"a"}]',
    '{"u":"/a4","route_id":"a"}\n{"u":"/a5","route_id":"a"}',
  ])
  assert.equal(receiver.received[2]?.headers['content-type'], 'text/plain')
})

test('a batch that was refused is sent again; a receiver that is away costs no request anything', async () => {
  receiver.status = 500
  bench.route({ 'http-logger': { uri, batch_max_size: 1, max_retry_count: 5, retry_delay: 1, log_format: { a: 1 } } })
  await bench.send('/a')
  await arrived(receiver.received)
  receiver.status = 200
  await arrived(receiver.received, 2)
  bench.route({ 'http-logger': { uri: 'http://127.0.0.1:1/', batch_max_size: 1, max_retry_count: 1000 } })
  bench.put('plugin_metadata/http-logger', { max_pending_entries: 2 })
  for (let i = 0; i < 5; i++) assert.equal((await bench.send('/a')).status, 200)
})

test('configurations that are refused', () => {
  assert.equal(refusal('http-logger', {}), 'property "uri" is required')
  assert.match(refusal('http-logger', { uri: 'x' }) ?? '', /failed to match pattern/)
  assert.match(refusal('http-logger', { uri: 'ftp://a' }) ?? '', /must be an address that begins with http/)
  assert.equal(
    refusal('http-logger', { uri: 'http://a', include_resp_body: true, include_resp_body_expr: [['a']] }),
    "failed to validate the 'include_resp_body_expr' expression: invalid expression",
  )
  assert.match(
    refusal('http-logger', { uri: 'http://a', include_req_body_expr: [['a', 'x', 'b']] }) ?? '',
    /'include_req_body_expr' expression: invalid operator/,
  )
})
