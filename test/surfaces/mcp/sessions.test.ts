// Clients of 2025-11-25 over HTTP: within a session their person approves by elicitation or in the plan's card; nobody else gets or takes one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { build } from '../../../scripts/build.ts'
import { type Running, run } from '../running.ts'

const ENV = { SESSION_DESK: 'desk-token-0123456789', SESSION_OTHER: 'other-token-012345678' }
Object.assign(process.env, ENV)
const UI = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } }

let running: Running
before(async () => {
  assert.ok(await build())
  running = await run(`  listen: '127.0.0.1:0'
  tokens:
    - { name: desk, key_env: SESSION_DESK, scopes: [read, plan, apply, approve] }
    - { name: other, key_env: SESSION_OTHER, scopes: [read, plan, apply, approve] }`)
})
after(async () => {
  for (const client of clients) await client.close()
  await running?.close()
})

const clients: Client[] = []
async function connect(
  capabilities: object,
  token?: string,
): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: 'old', version: '1.0.0' }, { capabilities })
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const transport = new StreamableHTTPClientTransport(new URL(`${running.surface}/mcp`), { requestInit: { headers } })
  await client.connect(transport)
  clients.push(client)
  return { client, transport }
}

const plan = async (client: Client, path: string): Promise<Awaited<ReturnType<Client['callTool']>>> =>
  client.callTool({ name: 'plan', arguments: { intents: [{ do: 'publish', path, url: running.api }] } })
const planId = (answer: Record<string, unknown>): string =>
  String((answer.structuredContent as { plan_id: string }).plan_id)

test('mcp sessions: the person of a 2025 client approves by elicitation, or does not', async () => {
  const { client, transport } = await connect({ elicitation: {} }, ENV.SESSION_DESK)
  assert.ok(transport.sessionId)
  const asked: string[] = []
  const answers = [true, false]
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message)
    return { action: 'accept', content: { approve: answers.shift() === true } }
  })
  const applied = await client.callTool({ name: 'apply', arguments: { plan_id: planId(await plan(client, '/yes/*')) } })
  assert.equal((applied.structuredContent as { approved_by: string }).approved_by, 'person at old')
  assert.match(String(asked[0]), /\+ create routes\/yes/)
  const refused = await client.callTool({ name: 'apply', arguments: { plan_id: planId(await plan(client, '/no/*')) } })
  assert.equal(refused.isError, true)
  assert.match(JSON.stringify(refused.content), /the person rejected/)
})

test('mcp sessions: the card of a 2025 client decides; one that shows none has no such tool', async () => {
  for (const capabilities of [UI, {}]) {
    const { client } = await connect(capabilities, ENV.SESSION_DESK)
    const { tools } = await client.listTools()
    assert.equal(
      tools.some((tool) => tool.name === 'decide'),
      capabilities === UI,
    )
    const ticket = (await plan(client, '/card/*'))._meta?.['gateward/ticket']
    assert.equal(ticket !== undefined, capabilities === UI)
    if (ticket === undefined) continue
    const applied = await client.callTool({ name: 'decide', arguments: { ticket, approve: true } })
    assert.notEqual(applied.isError, true, JSON.stringify(applied.content))
  }
})

test('mcp sessions: a program of this machine gets none, and its word about a person does not count', async () => {
  const { client, transport } = await connect({ elicitation: {} })
  assert.equal(transport.sessionId, undefined)
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { approve: true } }))
  const refused = await client.callTool({
    name: 'apply',
    arguments: { plan_id: planId(await plan(client, '/local/*')) },
  })
  assert.match(JSON.stringify(refused.content), /gateward approve plan-/)
})

test('mcp sessions: one answers only who began it, and not for ever', async () => {
  const { client, transport } = await connect({}, ENV.SESSION_DESK)
  const id = String(transport.sessionId)
  const send = (token: string | undefined, session: string, method = 'POST'): Promise<Response> =>
    fetch(`${running.surface}/mcp`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'Mcp-Session-Id': session,
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(method === 'POST' ? { body: '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}' } : {}),
    })
  assert.equal((await send(ENV.SESSION_DESK, id)).status, 200)
  for (const token of [ENV.SESSION_OTHER, undefined]) {
    assert.equal((await send(token, id)).status, 404, String(token))
    assert.equal((await send(token, id, 'DELETE')).status, 404, String(token))
  }
  assert.equal((await send('wrong-token-0123456789', id)).status, 401)
  assert.equal((await send(ENV.SESSION_DESK, '00000000-0000-4000-8000-000000000000')).status, 404)
  await transport.terminateSession()
  assert.equal((await send(ENV.SESSION_DESK, id)).status, 404)
  await client.close()
})

test('mcp sessions: the one used longest ago ends for one too many', async () => {
  const { transport } = await connect({}, ENV.SESSION_OTHER)
  const first = String(transport.sessionId)
  for (let i = 0; i < 50; i++) await connect({}, ENV.SESSION_OTHER)
  const answer = await fetch(`${running.surface}/mcp`, {
    method: 'POST',
    headers: {
      'Mcp-Session-Id': first,
      Authorization: `Bearer ${ENV.SESSION_OTHER}`,
      'Content-Type': 'application/json',
    },
    body: '{}',
  })
  assert.equal(answer.status, 404)
})
