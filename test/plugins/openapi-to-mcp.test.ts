// Driven by the official MCP client over real sockets, in both eras of the protocol.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { listenForTest } from '../gateway/listen-for-test.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'
import { refusal } from './harness.ts'

const DOCUMENT = {
  openapi: '3.0.3',
  info: { title: 'Talks', version: '1' },
  servers: [{ url: 'https://api.example/v1' }],
  paths: {
    '/talks/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: { operationId: 'getTalk', summary: 'One talk' },
      put: {
        operationId: 'changeTalk',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Talk' } } },
        },
      },
    },
    '/talks': {
      get: {
        operationId: 'listTalks',
        parameters: [
          { name: 'tag', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
          { name: 'limit', in: 'query', required: true, schema: { type: 'integer', default: 10, maximum: 50 } },
          { name: 'Authorization', in: 'header', schema: { type: 'string' } },
          { name: 'X-Trace', in: 'header', schema: { type: 'string' } },
        ],
      },
    },
    '/large': { get: {} },
    '/broken': { get: { operationId: 'broken' } },
  },
  components: {
    schemas: {
      Talk: {
        type: 'object',
        required: ['title'],
        properties: {
          title: { type: 'string', example: 'x' },
          note: { type: 'string', nullable: true },
          next: { $ref: '#/components/schemas/Talk' },
        },
      },
    },
  },
}

interface Seen {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

let fetched = 0
const api = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    const { method, url, headers } = request
    response.setHeader('Content-Type', 'application/json')
    response.setHeader('Set-Cookie', 'session=secret')
    if (url === '/openapi.json') {
      fetched++
      response.end(JSON.stringify(DOCUMENT))
    } else if (url?.endsWith('/large')) response.end(JSON.stringify('a'.repeat(5000)))
    else if (url?.endsWith('/broken')) response.writeHead(500).end('{"no":1}')
    else response.end(JSON.stringify({ method, url, headers, body }))
  })
})
await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
const node = `127.0.0.1:${(api.address() as AddressInfo).port}`
const upstream = { type: 'roundrobin', nodes: { [node]: 1 } }
const threads = [threadForTest(), threadForTest()]
const ports = await Promise.all(threads.map(listenForTest))
after(() => {
  for (const thread of threads) thread.close()
  api.closeAllConnections()
  api.close()
})

function put(key: string, value: object): void {
  for (const thread of threads) thread.put(key, value)
}
const route = (conf: object, plugins: object = {}): void =>
  put('routes/talks', { uri: '/mcp', upstream, plugins: { 'openapi-to-mcp': conf, ...plugins } })

/** Every message goes to another thread than the one before. */
let turn = 0
const alternate = (input: string | URL, init?: RequestInit): Promise<Response> => {
  const url = new URL(input)
  url.port = String(ports[turn++ % ports.length])
  return fetch(url, init)
}

type Mode = 'legacy' | { pin: '2026-07-28' }
async function connect(mode: Mode = 'legacy', headers: Record<string, string> = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  const url = new URL(`http://127.0.0.1:${ports[0]}/mcp`)
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: alternate, requestInit: { headers } }))
  return client
}

interface Called<T> {
  failed: boolean
  text: string
  result: { status: number; headers: Record<string, string>; body: T }
}

async function call<T = Seen>(client: Client, name: string, input: object = {}): Promise<Called<T>> {
  const { content, isError } = await client.callTool({ name, arguments: input as Record<string, unknown> })
  const { text } = (content as { text: string }[])[0] as { text: string }
  return {
    failed: isError === true,
    text,
    get result() {
      return JSON.parse(text) as Called<T>['result']
    },
  }
}

for (const mode of ['legacy', { pin: '2026-07-28' }] as Mode[]) {
  test(`lists and calls tools, any thread answering (${JSON.stringify(mode)})`, async () => {
    route({ openapi_url: '/openapi.json' })
    fetched = 0
    const client = await connect(mode)
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['getTalk', 'changeTalk', 'listTalks', 'get_large', 'broken'],
    )
    assert.equal(tools[0]?.description, 'One talk')
    const got = await call(client, 'getTalk', { pathParameters: { id: 7 } })
    assert.equal(got.result.status, 200)
    assert.equal(got.result.body.url, '/v1/talks/7')
    assert.deepEqual(Object.keys(got.result.headers), ['content-type'])
    const changed = await call(client, 'changeTalk', {
      pathParameters: { id: 7 },
      requestBody: { title: 'a', note: null, next: { title: 'b' } },
    })
    assert.equal(changed.result.body.method, 'PUT')
    assert.equal(changed.result.body.headers['content-type'], 'application/json')
    assert.deepEqual(JSON.parse(changed.result.body.body), { title: 'a', note: null, next: { title: 'b' } })
    assert.ok(fetched <= 2, `the document was fetched ${fetched} times by two threads`)
    await client.close()
  })
}

test('parameters: lists, defaults, fields that a model may not set', async () => {
  route({ openapi: DOCUMENT, headers: { Authorization: 'Bearer $http_x_api_token' } })
  const client = await connect('legacy', { 'X-Api-Token': 't1', 'X-Secret': 'client' })
  const listed = await call(client, 'listTalks', {
    queryParameters: { tag: ['a b', 'c&d'] },
    headerParameters: { Authorization: 'Bearer stolen', 'X-Trace': '1' },
  })
  assert.equal(listed.result.body.url, '/v1/talks?tag=a%20b&tag=c%26d&limit=10')
  const { headers } = listed.result.body
  assert.equal(headers.authorization, 'Bearer t1')
  assert.equal(headers['x-trace'], '1')
  assert.equal(headers['x-secret'], undefined)
  await client.close()
})

test('calls that cannot be made, and answers that are no success, are failed results', async () => {
  route({ openapi: JSON.stringify(DOCUMENT), max_response_body_size: 1024 })
  const client = await connect()
  const wrong = await call(client, 'listTalks', { queryParameters: { limit: 500 } })
  assert.ok(wrong.failed)
  assert.match(wrong.text, /\/queryParameters\/limit must be <= 50/)
  assert.match((await call(client, 'getTalk', { pathParameters: {} })).text, /required property 'id'/)
  assert.match((await call(client, 'getTalks', {})).text, /there is no tool getTalks; did you mean getTalk/)
  const broken = await call<object>(client, 'broken')
  assert.deepEqual([broken.failed, broken.result.status, broken.result.body], [true, 500, { no: 1 }])
  assert.match((await call(client, 'get_large')).text, /RESPONSE_TOO_LARGE/)
  await client.close()
})

test('a path parameter cannot lead to another path', async () => {
  const text = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
  const paths = { '/files/{id}': { get: { operationId: 'file', parameters: [text] } } }
  route({ openapi: { openapi: '3.1.0', info: {}, paths }, flatten_parameters: true })
  const client = await connect()
  for (const id of ['..', 'a/../../admin', 'a\\b', ''])
    assert.match((await call(client, 'file', { id })).text, /path parameter id must not/)
  assert.equal((await call(client, 'file', { id: 'a?b#c' })).result.body.url, '/files/a%3Fb%23c')
  await client.close()
})

test('what stands before it on the route holds for every message, and the consumer is told to the API', async () => {
  put('consumers/jack', { username: 'jack', plugins: { 'key-auth': { key: 'k1' } } })
  route({ openapi: DOCUMENT }, { 'key-auth': {}, 'limit-count': { count: 4, time_window: 60, rejected_code: 429 } })
  await assert.rejects(connect('legacy', { apikey: 'wrong' }))
  const client = await connect('legacy', { apikey: 'k1' })
  const got = await call(client, 'getTalk', { pathParameters: { id: 1 } })
  assert.equal(got.result.body.headers['x-consumer-username'], 'jack')
  assert.equal(got.result.body.headers.apikey, undefined)
  await assert.rejects(async () => {
    for (let i = 0; i < 8; i++) await call(client, 'getTalk', { pathParameters: { id: 1 } })
  }, /429/)
  await client.close()
})

test('plugins of a lower priority still decide about a message in access, and nothing of it goes to a mirror', async () => {
  const mirrored: unknown[] = []
  const mirror = createServer((request, response) => {
    mirrored.push(request.url)
    response.end()
  })
  await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve))
  after(() => mirror.close())
  const limit = { count: 3, time_window: 60, rejected_code: 429, _meta: { priority: 1 } }
  const copies = { host: `http://127.0.0.1:${(mirror.address() as AddressInfo).port}` }
  const plugins = { 'limit-count': limit, 'proxy-mirror': copies }
  const mcp = { openapi: DOCUMENT, base_url: `http://${node}/$arg_to/`, headers: { 'X-Limit': '$limit' } }
  put('routes/talks', { uri: '/mcp', plugins: { 'openapi-to-mcp': mcp, ...plugins } })
  const send = (): Promise<Response> => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'listTalks', arguments: {} } }
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }
    return fetch(`http://127.0.0.1:${ports[0]}/mcp?to=v2`, { method: 'POST', headers, body: JSON.stringify(body) })
  }
  for (let i = 0; i < 3; i++) {
    const answer = await send()
    assert.deepEqual([answer.status, answer.headers.get('x-ratelimit-remaining')], [200, String(2 - i)])
    assert.match(await answer.text(), /\/v2\/talks/)
  }
  assert.equal((await send()).status, 429)
  assert.deepEqual(mirrored, [])
})

test('an API at another address; a document that cannot be had', async () => {
  put('routes/talks', {
    uri: '/mcp',
    plugins: { 'openapi-to-mcp': { openapi: DOCUMENT, base_url: `http://${node}/other/` } },
  })
  const client = await connect()
  assert.equal((await call(client, 'getTalk', { pathParameters: { id: 3 } })).result.body.url, '/other/talks/3')
  await client.close()
  route({ openapi_url: '/nothing' })
  const lost = await connect()
  await assert.rejects(lost.listTools(), /OpenAPI/)
  await lost.close()
})

test('configurations that are refused', () => {
  assert.match(refusal('openapi-to-mcp', { transport: 'sse', openapi: DOCUMENT }) ?? '', /use streamable_http/)
  assert.match(refusal('openapi-to-mcp', {}) ?? '', /exactly one of openapi_url and openapi/)
  assert.match(refusal('openapi-to-mcp', { openapi: '{"openapi":"4.0.0"}' }) ?? '', /OpenAPI 4\.0\.0/)
  assert.match(refusal('openapi-to-mcp', { openapi: DOCUMENT, nope: 1 }) ?? '', /additional properties|nope/)
})
