import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { freePort } from '../e2e/process.ts'
import { type Echo, refusal, startBench } from './harness.ts'

interface Question {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

const bench = await startBench()
let asked: Question | undefined
const service = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
  const allowed = request.headers.authorization === 'ok'
  response.writeHead(allowed ? 200 : 403, { 'X-User-Id': 'ann', 'X-Reason': 'policy', 'X-Inner': 'kept' })
  response.end(allowed ? '' : '{"error":"no"}')
})
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
after(() => service.close())
const uri = `http://127.0.0.1:${(service.address() as AddressInfo).port}/auth`

test('the service is told of the request, and lets it pass', async () => {
  bench.route({
    'forward-auth': {
      uri,
      request_headers: ['Authorization'],
      upstream_headers: ['X-User-Id', 'X-Role'],
      extra_headers: { 'X-Route': 'route $route_id' },
    },
  })
  const headers = {
    Host: 'api.test:9080',
    Authorization: 'ok',
    'X-Role': 'admin',
    'X-Secret': 's',
    'X-Forwarded-Uri': '/b',
  }
  const echo = (await bench.send('/a?q=1', { headers })).json<Echo>()
  assert.equal(echo.headers['x-user-id'], 'ann')
  assert.equal(echo.headers['x-role'], undefined, 'only the service may write this field')
  const told = asked?.headers ?? {}
  assert.deepEqual(
    ['proto', 'method', 'host', 'uri'].map((name) => told[`x-forwarded-${name}`]),
    ['http', 'GET', 'api.test', '/a?q=1'],
  )
  assert.deepEqual([told['x-route'], told['x-secret'], told.authorization], ['route a', undefined, 'ok'])
})

test('a refusal is the client’s, with the fields that are named', async () => {
  bench.route({ 'forward-auth': { uri, client_headers: ['X-Reason', 'X-Missing'] } })
  const { status, headers, text } = await bench.send('/a')
  assert.deepEqual([status, text], [403, '{"error":"no"}'])
  assert.deepEqual([headers['x-reason'], headers['x-inner'], headers['x-missing']], ['policy', undefined, undefined])
})

test('POST carries the body, up to its bound', async () => {
  const conf = { uri, request_method: 'POST', request_headers: ['Authorization'], max_req_body_size: 10 }
  bench.route({ 'forward-auth': conf })
  const request = { method: 'POST', headers: { Authorization: 'ok', 'Content-Encoding': 'gzip' } }
  const echo = (await bench.send('/a', { ...request, body: 'payload' })).json<Echo>()
  assert.equal(asked?.headers['content-encoding'], 'gzip')
  assert.deepEqual([asked?.method, asked?.body, echo.body], ['POST', 'payload', 'payload'])
  assert.equal((await bench.send('/a', { ...request, body: 'a long payload' })).status, 413)
})

test('fields of the service from the body, however it is written', async () => {
  const extra_headers = { 'X-Tenant': '$post_arg.tenant', 'X-Id': 'id $post_arg.user.id.' }
  bench.route({ 'forward-auth': { uri, request_headers: ['Authorization'], extra_headers } })
  const send = (type: string, body: string) =>
    bench.send('/a', { method: 'POST', headers: { Authorization: 'ok', 'Content-Type': type }, body })
  const json = '{"tenant":"t1","user":{"id":7}}'
  assert.equal((await send('application/json', json)).json<Echo>().body, json)
  assert.deepEqual([asked?.method, asked?.body, asked?.headers['x-tenant']], ['GET', '', 't1'])
  assert.equal(asked?.headers['x-id'], 'id 7.')
  await send('application/x-www-form-urlencoded', 'tenant=t2%0d%0aX-Admin:+1')
  assert.deepEqual([asked?.headers['x-tenant'], asked?.headers['x-admin']], ['t2%0D%0AX-Admin: 1', undefined])
  await send('text/plain', json)
  assert.equal(asked?.headers['x-tenant'], '', 'of no type that is looked into')
  assert.equal((await send('application/json', `"${'a'.repeat(1024 * 1024)}"`)).status, 413)
})

test('a service that cannot be asked', async () => {
  const dead = { uri: `http://127.0.0.1:${await freePort()}/auth` }
  bench.route({ 'forward-auth': dead })
  assert.equal((await bench.send('/a')).status, 403)
  bench.route({ 'forward-auth': { ...dead, status_on_error: 503 } })
  assert.equal((await bench.send('/a')).status, 503)
  bench.route({ 'forward-auth': { ...dead, allow_degradation: true } })
  assert.equal((await bench.send('/a')).status, 200)
})

test('the service names the consumer, whose plugins join', async () => {
  const limit = { count: 1, time_window: 60, rejected_code: 429 }
  bench.put('consumers/ann', { username: 'ann', labels: { custom_id: '7' }, plugins: { 'limit-count': limit } })
  bench.put('consumers/policy', { username: 'policy', plugins: { 'proxy-rewrite': { uri: '/of-policy' } } })
  const conf = { uri, request_headers: ['Authorization'], consumer_header: 'X-User-Id' }
  bench.route({ 'forward-auth': conf })
  const headers = { Authorization: 'ok', 'X-Consumer-Username': 'root' }
  const first = (await bench.send('/a', { headers })).json<Echo>()
  assert.deepEqual([first.headers['x-consumer-username'], first.headers['x-consumer-custom-id']], ['ann', '7'])
  assert.equal((await bench.send('/a', { headers })).status, 429, 'the limit is the consumer’s')
  assert.equal((await bench.send('/a')).status, 403, 'refused by the service')
  bench.route({ 'forward-auth': { ...conf, consumer_header: 'x-reason' } })
  assert.equal(
    (await bench.send('/a', { headers })).json<Echo>().url,
    '/of-policy',
    'rewritten by the consumer’s plugin',
  )
})

test('an answer without a consumer that is known is a refusal', async () => {
  const refused = async (consumer_header: string): Promise<[number, string]> => {
    bench.route({ 'forward-auth': { uri, request_headers: ['Authorization'], consumer_header } })
    const { status, text } = await bench.send('/a', { headers: { Authorization: 'ok' } })
    return [status, text]
  }
  assert.deepEqual(await refused('X-None'), [403, 'consumer header missing in auth response'])
  assert.deepEqual(await refused('X-Inner'), [403, 'consumer not found'])
})

test('bad configurations are refused', () => {
  const fault = (conf: object) => refusal('forward-auth', conf)
  assert.equal(fault({}), 'property "uri" is required')
  assert.match(fault({ uri: 'ftp://a' }) ?? '', /http or https address/)
  assert.match(fault({ uri, timeout: 0 }) ?? '', /at least 1/)
  assert.match(fault({ uri, extra_headers: { 'a b': 'c' } }) ?? '', /extra_headers/)
  assert.match(fault({ uri, consumer_header: '' }) ?? '', /consumer_header/)
  assert.equal(fault({ uri }), undefined)
})
