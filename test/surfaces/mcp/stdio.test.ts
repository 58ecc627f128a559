import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { type Running, run } from '../running.ts'

const BIN = fileURLToPath(new URL('../../../bin/gateward.js', import.meta.url))

let running: Running
before(async () => {
  running = await run()
})
after(async () => {
  for (const client of clients) await client.close()
  await running?.close()
})

const clients: { close(): Promise<void> }[] = []
function opened<T extends { close(): Promise<void> }>(client: T): T {
  clients.push(client)
  return client
}

const server = (): { command: string; args: string[] } => ({
  command: process.execPath,
  args: [BIN, 'mcp', '--data-dir', running.directory, '--surface-listen', running.surface.replace('http://', '')],
})

const publish = (path: string): Record<string, unknown> => ({ intents: [{ do: 'publish', path, url: running.api }] })

function structured(answer: Record<string, unknown>): Record<string, unknown> {
  assert.notEqual(answer.isError, true, JSON.stringify(answer.content))
  return answer.structuredContent as Record<string, unknown>
}

test('gateward mcp: the v2 client on 2026-07-28 plans, approves by elicitation, applies and sees the proof', async () => {
  const client = opened(
    new Client(
      { name: 'modern', version: '1.0.0' },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: { pin: '2026-07-28' } } },
    ),
  )
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { approve: true } }))
  await client.connect(new StdioClientTransport(server()))
  const plan = structured(await client.callTool({ name: 'plan', arguments: publish('/modern/*') }))
  const applied = structured(await client.callTool({ name: 'apply', arguments: { plan_id: plan.plan_id } }))
  assert.equal(applied.approved_by, 'owner')
  assert.ok((applied.proof as { ok: boolean }[]).length > 0)
})

test("gateward mcp: the v1 SDK's client on 2025-11-25 does the same, and a rejected undo writes nothing", async () => {
  const client = opened(new OldClient({ name: 'old', version: '1.0.0' }, { capabilities: { elicitation: {} } }))
  const answers = [true, false]
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { approve: answers.shift() === true },
  }))
  await client.connect(new OldStdio(server()))
  const plan = structured(await client.callTool({ name: 'plan', arguments: publish('/old/*') }))
  const applied = structured(await client.callTool({ name: 'apply', arguments: { plan_id: plan.plan_id } }))
  assert.equal(applied.approved_by, 'owner')
  const undo = await client.callTool({ name: 'undo', arguments: { change_id: applied.change_id } })
  assert.match(JSON.stringify(undo.content), /the person rejected/)
  const rows = structured(await client.callTool({ name: 'look', arguments: { search: '/old' } }))
  assert.equal(rows.total, 1)
})

test("gateward mcp: a client without elicitation leaves the plan where the owner's page shows it", async () => {
  const client = opened(new OldClient({ name: 'plain', version: '1.0.0' }))
  await client.connect(new OldStdio(server()))
  const plan = structured(await client.callTool({ name: 'plan', arguments: publish('/plain/*') }))
  const refused = await client.callTool({ name: 'apply', arguments: { plan_id: plan.plan_id } })
  assert.match(
    JSON.stringify(refused.content),
    /http:\/\/localhost:\d+\/approve\/plan-\w+ in a browser .*gateward approve plan-/,
  )
  const { plans } = (await running.owner('GET', '/v1/plans')).body as { plans: { planId: string }[] }
  assert.ok(plans.some((one) => one.planId === plan.plan_id))
})
