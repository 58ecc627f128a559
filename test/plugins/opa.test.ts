import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { freePort } from '../e2e/process.ts'
import { type Echo, refusal, startBench } from './harness.ts'

interface Input {
  type: string
  request: {
    method: string
    path: string
    host: string
    query: object
    headers: Record<string, string>
    body?: unknown
  }
  var: Record<string, unknown>
  route?: { id: string; plugins: Record<string, Record<string, unknown>> }
  service?: object
  consumer?: { username: string; plugins: object }
}

const bench = await startBench()
let asked: { url: string; input: Input } | undefined
let answer = '{"result":{"allow":true}}'
const agent = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  asked = { url: request.url ?? '', input: JSON.parse(body).input }
  response.end(answer)
})
await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve))
after(() => agent.close())
const host = `http://127.0.0.1:${(agent.address() as AddressInfo).port}`
const conf = { host, policy: 'gateway/orders' }

test('the policy is told of the request, and lets it pass', async () => {
  bench.route({ opa: conf })
  answer = '{"result":{"allow":true}}'
  const { status } = await bench.send('/a/b?x=1&x=2&y', {
    method: 'POST',
    headers: { Host: 'api.test', 'X-A': 'b' },
    body: 'text',
  })
  assert.equal(status, 200)
  assert.equal(asked?.url, '/v1/data/gateway/orders')
  const input = asked?.input as Input
  const { type, request, var: vars, ...resources } = input
  assert.deepEqual([type, request.method, request.path, request.host], ['http', 'POST', '/a/b', 'api.test'])
  assert.deepEqual([request.query, request.headers['x-a'], request.body], [{ x: ['1', '2'], y: true }, 'b', undefined])
  assert.equal(vars.remote_addr, '127.0.0.1')
  assert.deepEqual(resources, {}, 'no resource that was not asked for')
})

test('a refusal has the status, header fields and reason of the policy', async () => {
  bench.route({ opa: conf })
  const headers = { Location: 'http://a.test/login', 'X-Count': 3, 'X-Split': 'a\r\nSet-Cookie: b=c', 'Bad Name': 'x' }
  answer = JSON.stringify({ result: { allow: false, status_code: 302, reason: 'first log in', headers } })
  const refused = await bench.send('/a')
  assert.deepEqual([refused.status, refused.text], [302, 'first log in'])
  assert.deepEqual([refused.headers.location, refused.headers['x-count']], ['http://a.test/login', '3'])
  assert.deepEqual([refused.headers['x-split'], refused.headers['set-cookie']], [undefined, undefined])
  answer = '{"result":{"allow":false,"reason":{"code":7}}}'
  const plain = await bench.send('/a')
  assert.deepEqual([plain.status, plain.json()], [403, { code: 7 }])
  answer = '{"result":{"allow":"yes","status_code":99}}'
  assert.equal((await bench.send('/a')).status, 403, 'only true allows')
})

test('the upstream gets the fields that are named, from the policy alone', async () => {
  bench.route({ opa: { ...conf, send_headers_upstream: ['X-User', 'X-Role'] } })
  answer = '{"result":{"allow":true,"headers":{"x-user":"ann","X-Other":"no"}}}'
  const echo = (await bench.send('/a', { headers: { 'X-User': 'root', 'X-Role': 'admin' } })).json<Echo>()
  assert.deepEqual(
    [echo.headers['x-user'], echo.headers['x-role'], echo.headers['x-other']],
    ['ann', undefined, undefined],
  )
})

test('route, consumer and body when they are asked for, secrets hidden', async () => {
  bench.put('consumers/jack', { username: 'jack', plugins: { 'key-auth': { key: 'jacks-key' } } })
  const csrf = { key: 'a-secret-of-csrf' }
  bench.route({
    opa: { ...conf, with_route: true, with_consumer: true, with_body: true },
    'key-auth': {},
    csrf: { ...csrf, _meta: { disable: true } },
  })
  answer = '{"result":{"allow":true}}'
  assert.equal(
    (await bench.send('/a', { method: 'POST', headers: { apikey: 'jacks-key' }, body: '{"n":1}' })).status,
    200,
  )
  const input = asked?.input as Input
  const { route, consumer, request } = input
  assert.deepEqual([consumer?.username, consumer?.plugins], ['jack', { 'key-auth': { key: '***' } }])
  assert.equal(route?.plugins.csrf?.key, '***')
  assert.ok(!Object.hasOwn(route ?? {}, 'upstream'))
  assert.deepEqual(request.body, { n: 1 })
})

test('an agent that cannot be asked or understood refuses', async () => {
  bench.route({ opa: { ...conf, host: `http://127.0.0.1:${await freePort()}` } })
  assert.equal((await bench.send('/a')).status, 403)
  bench.route({ opa: conf })
  for (const bad of ['', '{}', '[1]', '{"result":true}', 'null']) {
    answer = bad
    assert.equal((await bench.send('/a')).status, 503, bad)
  }
})

test('bad configurations are refused', () => {
  assert.equal(refusal('opa', { host }), 'property "policy" is required')
  assert.match(refusal('opa', { ...conf, host: 'localhost:8181' }) ?? '', /http or https address/)
  assert.match(refusal('opa', { ...conf, policy: 'a/../../v1/config' }) ?? '', /without "\." and "\.\."/)
  assert.match(refusal('opa', { ...conf, timeout: 0 }) ?? '', /at least 1/)
  assert.equal(refusal('opa', conf), undefined)
})
