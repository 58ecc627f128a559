// What the page of openapi-to-mcp in APISIX's documentation shows, driven by hand and by the official clients of both generations. The process has
// two threads, and every message may come to another one.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { startStories } from './story.ts'

const { story, stage, node } = await startStories()
const DOCUMENT = {
  openapi: '3.0.2',
  info: { title: 'Pets', version: '1' },
  paths: {
    '/pet': {
      put: { operationId: 'updatePet', summary: 'Update a pet', requestBody: { content: { 'application/json': {} } } },
    },
    '/pet/findByState': {
      get: {
        operationId: 'findPetsByState',
        parameters: [{ name: 'state', in: 'query', schema: { type: 'string', enum: ['available', 'sold'] } }],
      },
    },
    '/pet/{petId}': {
      get: {
        operationId: 'getPetById',
        parameters: [{ name: 'petId', in: 'path', required: true, schema: { type: 'integer' } }],
      },
    },
  },
}
const documents = createServer((_, response) => response.end(JSON.stringify(DOCUMENT)))
await new Promise<void>((resolve) => documents.listen(0, '127.0.0.1', resolve))
after(() => {
  documents.closeAllConnections()
  documents.close()
})
const openapi_url = `http://127.0.0.1:${(documents.address() as AddressInfo).port}/openapi.json`
const pets = { transport: 'streamable_http', openapi_url, base_url: `http://${node}/api/v3` }
const route = (conf: object, more: object = {}): [string, object] => [
  'routes/mcp',
  { uri: '/mcp', plugins: { 'openapi-to-mcp': { ...pets, ...conf }, ...more } },
]
const ACCEPT = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }
const sold = { name: 'findPetsByState', arguments: { queryParameters: { state: 'sold' } } }

interface Echo {
  method: string
  url: string
  headers: Record<string, string>
}
interface Result {
  isError?: boolean
  content: { type: string; text: string }[]
  tools: { name: string; description?: string }[]
}
type Caller = (name: string, input: object) => Promise<Result>

/** One message by hand; the answer is JSON, or one event that holds it. */
async function message(method: string, params: object = {}, headers: Record<string, string> = {}): Promise<Result> {
  const sent = await stage.send('/mcp', {
    method: 'POST',
    headers: { ...ACCEPT, ...headers },
    body: { jsonrpc: '2.0', id: 1, method, params },
  })
  assert.equal(sent.status, 200, JSON.stringify(sent.body))
  const text = typeof sent.body === 'string' ? (/^data: (.*)$/m.exec(sent.body)?.[1] ?? '') : JSON.stringify(sent.body)
  return (JSON.parse(text) as { result: Result }).result
}

/** What the API was asked by a call, as its answer tells it. */
function asked({ content, isError }: Result): Echo {
  assert.equal(isError ?? false, false, JSON.stringify(content))
  const told = JSON.parse(content[0]?.text as string) as { status: number; statusText: string; body: Echo }
  assert.deepEqual([told.status, told.statusText], [200, 'OK'])
  return told.body
}

async function callers(headers: Record<string, string> = {}): Promise<[string, Caller, () => Promise<void>][]> {
  const url = new URL('/mcp', stage.running.gateway)
  const init = { requestInit: { headers } }
  const second = new Client({ name: 'test', version: '1' })
  await second.connect(new StreamableHTTPClientTransport(url, init))
  const first = new FirstClient({ name: 'test', version: '1' })
  await first.connect(new FirstTransport(url, init) as Parameters<FirstClient['connect']>[0])
  const call =
    (client: { callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown> }): Caller =>
    (name, input) =>
      client.callTool({ name, arguments: input as Record<string, unknown> }) as Promise<Result>
  return [
    ['first', call(first), () => first.close()],
    ['second', call(second), () => second.close()],
  ]
}

story('one tool for each operation; a call is a request to the API', [route({})], async () => {
  const { tools } = await message('tools/list')
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['updatePet', 'findPetsByState', 'getPetById'],
  )
  assert.equal(tools[0]?.description, 'Update a pet')
  assert.equal(asked(await message('tools/call', sold)).url, '/api/v3/pet/findByState?state=sold')
  for (const [, call, close] of await callers()) {
    const { method, url } = asked(await call('getPetById', { pathParameters: { petId: 7 } }))
    assert.deepEqual([method, url], ['GET', '/api/v3/pet/7'])
    await close()
  }
})

story('what does not fit is told as a failed call', [route({})], async () => {
  for (const params of [
    { name: 'buyPet', arguments: {} },
    { name: 'getPetById', arguments: { pathParameters: { petId: 'x' } } },
    { name: 'findPetsByState', arguments: { queryParameters: { state: 'gone' } } },
  ])
    assert.equal((await message('tools/call', params)).isError, true, params.name)
})

story('parameters in the input itself', [route({ flatten_parameters: true })], async () => {
  const result = await message('tools/call', { name: 'getPetById', arguments: { petId: 7 } })
  assert.equal(asked(result).url, '/api/v3/pet/7')
})

story(
  'the address and the headers take variables of the request: a credential goes on to the API',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: variables in APISIX's words
  [route({ base_url: 'http://${http_x_backend}', headers: { Authorization: 'Bearer ${http_x_api_token}' } })],
  async () => {
    const { headers } = asked(await message('tools/call', sold, { 'X-Backend': node, 'X-Api-Token': 'secret' }))
    assert.deepEqual([headers.authorization, headers['x-api-token']], ['Bearer secret', undefined])
  },
)

story(
  'what stands before it holds for every message, whatever thread takes it',
  [
    ['consumers/bot', { username: 'bot', plugins: { 'key-auth': { key: 'bot-key' } } }],
    route(
      {},
      { 'key-auth': {}, 'limit-count': { count: 12, time_window: 60, rejected_code: 429, key: 'consumer_name' } },
    ),
  ],
  async ({ step, send }) => {
    await step({ get: '/mcp', method: 'POST', headers: ACCEPT, send: {}, status: 401 })
    await assert.rejects(callers(), /401|Missing API key/)
    // Two clients say hello with two messages each, and one asks for the versions first.
    const clients = await callers({ apikey: 'bot-key' })
    for (const [, call] of clients)
      assert.equal(asked(await call('getPetById', { pathParameters: { petId: 1 } })).method, 'GET')
    const more = await Promise.all(
      Array.from({ length: 30 }, () =>
        send('/mcp', {
          method: 'POST',
          headers: { ...ACCEPT, apikey: 'bot-key', Connection: 'close' },
          body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
        }),
      ),
    )
    const passed = more.filter(({ status }) => status === 200).length
    assert.ok(passed > 0 && passed <= 6, `${passed} of 12 were left for lists`)
    assert.equal(more.filter(({ status }) => status === 429).length, 30 - passed)
    const [, call] = clients[0] as (typeof clients)[number]
    await assert.rejects(call('getPetById', { pathParameters: { petId: 1 } }), /429|Too Many/i)
    for (const [, , close] of clients) await close()
  },
)

story('what cannot be is refused; so is the transport with sessions', [], async ({ refuses }) => {
  for (const [conf, message] of [
    [{ openapi_url: undefined }, /openapi_url/],
    [{ transport: 'sse' }, /use streamable_http/],
    [{ transport: 'other' }, /transport/],
    [{ base_url: 'ftp://a' }, /base_url/],
  ] as const)
    await refuses('routes/mcp', route(conf)[1], message)
})
