// "Let the chat use the conference API" as a person sees it: one sentence, approved; then an MCP client has the API's operations as tools, and a client
// of 2023's plugins finds the manifest, the document and, through the gateway, the API.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { startConferenceApi } from '../../src/lib/sample-api.ts'
import { type ChatEvent, Conversation } from '../../src/surfaces/chat/agent.ts'
import { createInterpreter } from '../../src/surfaces/chat/interpreter.ts'
import { gatewayForTest } from './gateway-for-test.ts'

const api = await startConferenceApi(0)
const g = await gatewayForTest(() => true, ['--store', 'memory'])
after(async () => {
  await g.close()
  await api.close()
})
const address = `http://127.0.0.1:${api.port}`

/** Says sentences in one conversation; what the last one led to. */
async function say(...sentences: string[]): Promise<ChatEvent[]> {
  const conversation = new Conversation(createInterpreter())
  let events: ChatEvent[] = []
  for (const sentence of sentences) {
    events = []
    for await (const event of conversation.say(sentence, g.ctx)) events.push(event)
  }
  return events
}

function warnings(events: ChatEvent[]): string[] {
  const planned = events.find((one) => one.type === 'result' && one.name === 'plan')
  return planned?.type === 'result' ? (planned.value.warnings as string[]) : []
}

function proofs(events: ChatEvent[]): string[] {
  const applied = events.find((one) => one.type === 'result' && one.name === 'apply')
  const lines = (applied?.type === 'result' ? applied.value.proof : []) as {
    title: string
    ok: boolean
    found: string
  }[]
  return lines.map((one) => `${one.ok ? 'ok' : 'NO'} ${one.title}${one.ok ? '' : `: ${one.found}`}`)
}

async function mcp(path: string, headers: Record<string, string> = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  const transport = new StreamableHTTPClientTransport(new URL(path, g.gateway), { requestInit: { headers } })
  await client.connect(transport)
  return client
}

async function called(client: Client, name: string, input: object): Promise<{ body: unknown; failed: boolean }> {
  const { content, isError } = await client.callTool({ name, arguments: input as Record<string, unknown> })
  const [part] = content as { text: string }[]
  return { body: JSON.parse(part?.text ?? '{}').body, failed: isError === true }
}

interface Manifest {
  name_for_model: string
  api: { type: string; url: string }
  auth: Record<string, unknown>
}

/** What a client of the manifest does: it reads the document, and calls a path at the server that the document names. */
async function byManifest(path: string): Promise<{ manifest: Manifest; document: string; answer: unknown }> {
  const manifest = (await (await fetch(new URL(path, g.gateway))).json()) as Manifest
  const read = await fetch(manifest.api.url, { headers: { 'Accept-Encoding': 'gzip' } })
  const text = await read.text()
  const [server] = (JSON.parse(text) as { servers: { url: string }[] }).servers
  const base = new URL(server?.url as string, manifest.api.url).href.replace(/\/$/, '')
  assert.ok(base.startsWith(g.gateway), `${base} is the gateway, not the API behind it`)
  assert.equal(read.headers.get('access-control-allow-origin'), '*')
  return { manifest, document: text, answer: await (await fetch(`${base}/speaker/2`)).json() }
}

test('chat API: one sentence makes tools, a manifest, a document and the paths', async () => {
  const events = await say(`Let the chat use the conference API at ${address}`)
  assert.deepEqual(proofs(events), [
    'ok the API answers',
    'ok MCP clients are answered',
    'ok its OpenAPI document',
    'ok its manifest',
  ])
  const client = await mcp('/mcp')
  const { tools } = await client.listTools()
  assert.equal(tools.length, 9)
  const one = tools.find((tool) => tool.description?.startsWith('One speaker')) as (typeof tools)[number]
  const { body, failed } = await called(client, one.name, { pathParameters: { id: 2 } })
  assert.deepEqual([body, failed], [{ id: 2, name: 'Speaker 2' }, false])
  await client.close()

  const { manifest, answer } = await byManifest('/.well-known/ai-plugin.json')
  assert.equal(manifest.name_for_model, 'conference')
  assert.deepEqual([manifest.auth, manifest.api.type], [{ type: 'none' }, 'openapi'])
  assert.deepEqual(answer, { id: 2, name: 'Speaker 2' })
})

test('chat API: undo takes away all that the sentence made', async () => {
  await say('undo')
  for (const path of ['/mcp', '/openapi.json', '/.well-known/ai-plugin.json', '/speaker/2'])
    assert.equal((await fetch(new URL(path, g.gateway))).status, 404, path)
})

test('chat API: a route that is there already is used, with its own prefix; the tools obey what stands on the MCP route', async () => {
  await say(`Create a route for /conference/* to ${address} and strip the prefix /conference`)
  const events = await say('Let the chat use it at /conference/mcp')
  assert.equal(
    events.find((one) => one.type === 'error'),
    undefined,
  )
  const made = proofs(events)
  assert.deepEqual(made, ['ok MCP clients are answered', 'ok its OpenAPI document', 'ok its manifest'])
  const { answer } = await byManifest('/conference/.well-known/ai-plugin.json')
  assert.deepEqual(answer, { id: 2, name: 'Speaker 2' })

  await g.change({
    intents: [
      { do: 'require_key', route: 'conference-mcp' },
      { do: 'add_consumer', consumer: 'bot' },
    ],
  })
  await assert.rejects(mcp('/conference/mcp'), /Missing API key/)
  const { body } = await g.admin('GET', '/consumers/bot')
  const { key } = (body.value as { plugins: { 'key-auth': { key: string } } }).plugins['key-auth']
  const client = await mcp('/conference/mcp', { apikey: key })
  assert.equal((await client.listTools()).tools.length, 9)
  await client.close()
})

test('chat API: a second one at the same path is refused, with the way out', async () => {
  await g.clear()
  await g.change({ intents: [{ do: 'chat_api', url: address, mcp_only: true }] })
  await assert.rejects(
    g.run('plan', { intents: [{ do: 'chat_api', url: 'http://127.0.0.1:1' }] }),
    /routes\/mcp serves \/mcp already; give MCP clients another path, such as \/NAME\/mcp/,
  )
})

const PATHS = ['/mcp', '/openapi.json', '/.well-known/ai-plugin.json', '/speaker/2']

async function statuses(headers: Record<string, string> = {}): Promise<number[]> {
  return Promise.all(PATHS.map(async (path) => (await fetch(new URL(path, g.gateway), { headers })).status))
}

test('chat API: a key that is required on it is required on every route of the API', async () => {
  await g.clear()
  const events = await say(`Let the chat use the conference API at ${address}`, 'Require a key on it')
  assert.deepEqual(
    proofs(events).filter((one) => !one.startsWith('ok')),
    [],
  )
  assert.deepEqual(await statuses(), [401, 401, 200, 401])
  const { body } = await g.admin('GET', '/consumers/app')
  const { key } = (body.value as { plugins: { 'key-auth': { key: string } } }).plugins['key-auth']
  assert.deepEqual(await statuses({ apikey: key }), [405, 200, 200, 200])
})

test('chat API: the key in the same sentence is required everywhere too, and the proofs bring it', async () => {
  await g.clear()
  const events = await say(
    `Let the chat use the conference API at ${address}, require a key and allow 50 calls a minute`,
  )
  assert.deepEqual(
    proofs(events).filter((one) => !one.startsWith('ok')),
    [],
  )
  assert.deepEqual(await statuses(), [401, 401, 200, 401])
  await calledTill429(50)
})

/** Calls the API and its MCP route by turns, with the key: the limit is one for both. */
async function calledTill429(limit: number): Promise<void> {
  const { body } = await g.admin('GET', '/consumers/app')
  const { key } = (body.value as { plugins: { 'key-auth': { key: string } } }).plugins['key-auth']
  const seen: number[] = []
  for (let i = 0; i <= limit; i++) {
    const path = i % 2 ? '/mcp' : '/speaker/2'
    seen.push((await fetch(new URL(path, g.gateway), { headers: { apikey: key } })).status)
  }
  assert.deepEqual([seen.slice(0, -1).includes(429), seen.at(-1)], [false, 429], seen.join())
}

test('chat API: a limit on it is one limit for all of its routes', async () => {
  await g.clear()
  const said = [
    `Let the chat use the conference API at ${address}`,
    'Require a key on it',
    'Limit it to 7 calls a minute',
  ]
  const events = await say(...said)
  assert.deepEqual(
    proofs(events).filter((one) => !one.startsWith('ok')),
    [],
  )
  assert.ok(proofs(events).includes('ok call 8 is refused'), String(proofs(events)))
  await calledTill429(7)
  await g.clear()
  await say(...said, 'Make it 5')
  await calledTill429(5)
})

test('chat API: limits that cannot be one for all of its routes say so', async () => {
  await g.clear()
  const notesOf = async (...intents: object[]): Promise<string> => {
    const { plan_id, notes } = await g.run('plan', { intents: [{ do: 'chat_api', url: address }, ...intents] })
    await g.run('apply', { plan_id })
    await g.clear()
    return String(notes)
  }
  const apart = /each of its routes counts by itself/
  assert.match(
    await notesOf({ do: 'limit_rate', rate: 5 }),
    /^limit-req: each of its routes.*; limit counts all together$/,
  )
  assert.match(await notesOf({ do: 'limit_concurrency', count: 5 }), /^limit-conn: each of its routes[^;]*$/)
  assert.match(await notesOf({ do: 'limit', count: 5 }, { do: 'limit', count: 50, seconds: 3600 }), apart)
  assert.doesNotMatch(await notesOf({ do: 'limit', count: 5 }), apart)
  await g
    .run('plan', { intents: [{ do: 'chat_api', url: address }] })
    .then(({ plan_id }) => g.run('apply', { plan_id }))
  const { notes } = await g.run('plan', { intents: [{ do: 'limit_rate', route: 'root', rate: 5 }] })
  assert.doesNotMatch(String(notes), apart)
})

test('chat API: the manifest says what the API asks for, as long as it asks', async () => {
  await g.clear()
  await say(`Let the chat use the conference API at ${address}`)
  const auth = async (): Promise<Record<string, unknown>> =>
    ((await (await fetch(new URL('/.well-known/ai-plugin.json', g.gateway))).json()) as Manifest).auth
  const change = async (route: string, intent: object): Promise<string[]> =>
    (await g.run('plan', { intents: [{ route, ...intent }] }).then(async ({ plan_id, notes }) => {
      await g.run('apply', { plan_id })
      return notes
    })) as string[]
  const notes = await change('root', { do: 'require_key', header: 'X-Key' })
  assert.match(notes.join(), /ai-plugin-json, the manifest, stays open to everybody: it tells how to sign in/)
  const { type, custom_auth_header: header } = await auth()
  assert.deepEqual([type, header], ['service_http', 'X-Key'])
  const { body } = await g.admin('GET', '/consumers/app')
  const { key } = (body.value as { plugins: { 'key-auth': { key: string } } }).plugins['key-auth']
  const signedIn = await fetch(new URL('/speaker/2', g.gateway), { headers: { [String(header)]: key } })
  assert.equal(signedIn.status, 200)

  await change('root', { do: 'remove_plugin', plugin: 'key-auth' })
  assert.deepEqual(await auth(), { type: 'none' })
  await change('root', { do: 'require_jwt' })
  assert.deepEqual([(await auth()).type, (await auth()).authorization_type], ['user_http', 'bearer'])
  await g.run('undo', {})
  assert.deepEqual(await auth(), { type: 'none' })
  await change('root', { do: 'require_password' })
  assert.deepEqual([(await auth()).type, (await auth()).authorization_type], ['user_http', 'basic'])
  const both = await change('root', { do: 'add_plugin', plugin: 'hmac-auth', config: {} })
  assert.match(both.join(), /cannot say how to sign in with (?:basic-auth, hmac-auth|hmac-auth, basic-auth)/)
})

test('chat API: a way around the key is warned of, whichever was there first', async () => {
  await g.clear()
  const api = address.replace('http://', '')
  const closing = await say(`Let the chat use the conference API at ${address}`, 'Require a key on route root')
  assert.ok(
    warnings(closing).includes(
      `routes/mcp, routes/openapi-json lead to the same API (${api}) and would stay open: whoever calls there is not asked`,
    ),
    String(warnings(closing)),
  )
  await g.clear()
  const opening = await say(
    `Create a route for /conference/* to ${address}`,
    'Require a key on it',
    'Let the chat use it at /conference/mcp',
  )
  assert.ok(
    warnings(opening).includes(
      `routes/conference-mcp, routes/conference-openapi-json lead to ${api} and would not ask who is calling, which routes/conference does`,
    ),
    String(warnings(opening)),
  )
})

test('chat API: without an address, and without a route of that name, the address is asked for', async () => {
  await g.clear()
  await say(`Create a route for /orders/* to ${address}`)
  const events = await say('Let the chat use the conference API')
  assert.match(JSON.stringify(events), /Where does this API run\? Say its address/)
  assert.equal((await g.admin('GET', '/routes/mcp')).status, 404)
})
