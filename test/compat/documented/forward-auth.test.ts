// forward-auth behaves as APISIX's page of it says. The authorization service is the one that the page writes as a Lua function.
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { freePort } from '../../e2e/process.ts'
import { type Config, startStories } from './story.ts'

const { story, upstream } = await startStories()

let asked: { method: string | undefined; headers: IncomingHttpHeaders; body: string }
const service = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  asked = { method: request.method, headers: request.headers, body }
  if (request.url === '/tenant') {
    const tenant = request.headers.tenant_id
    response.statusCode = tenant === '123' ? 200 : 403
    response.end(tenant === '123' ? '' : `tenant_id is ${tenant} but expecting 123`)
    return
  }
  const { authorization } = request.headers
  if (authorization === '321') response.setHeader('X-User-ID', 'i-am-user')
  if (authorization !== '123' && authorization !== '321') response.writeHead(403, { 'X-Forward-Auth': 'Fail' })
  response.end()
})
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
after(() => service.close())
const uri = `http://127.0.0.1:${(service.address() as AddressInfo).port}/auth`

const config = (conf: object): Config => [
  ['routes', { id: 'r', uri: '/headers', plugins: { 'forward-auth': { uri, ...conf } }, upstream }],
]

const passed = config({ request_headers: ['Authorization'], upstream_headers: ['X-User-ID'] })
story('headers of the service go to the upstream', passed, async ({ step }) => {
  await step({ get: '/headers?a=1', headers: { authorization: '123' }, status: 200, seen: { 'x-user-id': undefined } })
  const { method, headers } = asked
  assert.equal(method, 'GET')
  assert.equal(headers.authorization, '123')
  assert.equal(headers['x-forwarded-proto'], 'http')
  assert.equal(headers['x-forwarded-method'], 'GET')
  assert.match(String(headers['x-forwarded-host']), /^127\.0\.0\.1/)
  assert.equal(headers['x-forwarded-uri'], '/headers?a=1')
  assert.equal(headers['x-forwarded-for'], '127.0.0.1')
  await step({ get: '/headers', headers: { authorization: '321' }, status: 200, seen: { 'x-user-id': 'i-am-user' } })
})

story(
  'headers of the service go to a client that is refused',
  config({ request_headers: ['Authorization'], client_headers: ['X-Forward-Auth'] }),
  [{ get: '/headers', status: 403, fields: { 'x-forward-auth': 'Fail' } }],
)

story('nothing of the request goes along unless it is named', config({}), async ({ step }) => {
  const sent = { get: '/headers', headers: { authorization: '123', 'x-other': 'a' } }
  await step({ ...sent, status: 403, fields: { 'x-forward-auth': undefined } })
  assert.deepEqual([asked.headers.authorization, asked.headers['x-other']], [undefined, undefined])
})

const tenant: Config = config({
  uri: uri.replace('/auth', '/tenant'),
  request_method: 'GET',
  extra_headers: { tenant_id: '$post_arg.tenant_id' },
})
const post = (type: string, send: string) => ({
  get: '/headers',
  method: 'POST',
  headers: { 'content-type': type },
  send,
})
story('a field of the body decides', tenant, [
  { ...post('application/x-www-form-urlencoded', 'tenant_id=123'), status: 200, body: { body: 'tenant_id=123' } },
  { ...post('application/json', '{"tenant_id":"123"}'), status: 200 },
  { ...post('application/json', '{"tenant_id":"000"}'), status: 403, body: 'tenant_id is 000 but expecting 123' },
])

story(
  'the body goes along',
  config({ request_method: 'POST', request_headers: ['Authorization'] }),
  async ({ step }) => {
    const headers = { authorization: '123', 'content-type': 'text/plain' }
    await step({ get: '/headers', method: 'POST', headers, send: 'payload', status: 200, body: { body: 'payload' } })
    assert.deepEqual([asked.method, asked.body], ['POST', 'payload'])
  },
)

const away = { uri: `http://127.0.0.1:${await freePort()}/auth` }
story('a service that is away refuses', config(away), [{ get: '/headers', status: 403 }])
story('a service that is away is answered with a status of one’s choice', config({ ...away, status_on_error: 503 }), [
  { get: '/headers', status: 503 },
])
story('a service that is away lets pass', config({ ...away, allow_degradation: true }), [
  { get: '/headers', status: 200 },
])
