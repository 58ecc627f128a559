// Widgets of MCP Apps as a client sees them: pages to read, and a decision that only the plan's own card can bring.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { build } from '../../../scripts/build.ts'
import { type Running, run } from '../running.ts'

const TYPE = 'text/html;profile=mcp-app'
const UI = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: [TYPE] } } }
const BIN = fileURLToPath(new URL('../../../bin/gateward.js', import.meta.url))
const MAX_PAGE_BYTES = 170_000
const SURFACE = `  listen: '127.0.0.1:0'
  tokens:
    - { name: desk, key_env: WIDGET_DESK, scopes: [read, plan, apply, approve] }
    - { name: other, key_env: WIDGET_OTHER, scopes: [read, plan, apply, approve] }
    - { name: worker, key_env: WIDGET_WORKER, scopes: [read, plan, apply] }`
const ENV = {
  WIDGET_DESK: 'desk-token-0123456789',
  WIDGET_OTHER: 'other-token-012345678',
  WIDGET_WORKER: 'worker-token-01234567',
}
Object.assign(process.env, ENV)

let running: Running
before(async () => {
  assert.ok(await build())
  running = await run(SURFACE)
})
after(() => running?.close())

async function connect(token: string, capabilities: object = UI): Promise<Client> {
  const client = new Client(
    { name: 'host', version: '1.0.0' },
    { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  const requestInit = { headers: { Authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${running.surface}/mcp`), { requestInit }))
  return client
}

interface Answer {
  text: string
  value: Record<string, unknown>
  isError: boolean
  ticket: unknown
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<Answer> {
  const result = await client.callTool({ name, arguments: args })
  return {
    text: (result.content as { text: string }[])[0]?.text ?? '',
    value: (result.structuredContent ?? {}) as Record<string, unknown>,
    isError: result.isError === true,
    ticket: result._meta?.['gateward/ticket'],
  }
}

/** The sample API has few paths: its own 404 is another than the gateway's. */
async function isServed(path: string): Promise<boolean> {
  return !(await (await fetch(running.gateway + path)).text()).includes('Route Not Found')
}

const publish = (path: string) => ({ intents: [{ do: 'publish', path, url: running.api }] })

test('widgets: tools name pages that are whole in themselves and need nothing from outside', async () => {
  const client = await connect(ENV.WIDGET_DESK)
  const { tools } = await client.listTools()
  const uris = tools.flatMap((tool) => (tool._meta?.ui as { resourceUri?: string } | undefined)?.resourceUri ?? [])
  assert.equal(uris.length, 4)
  for (const uri of uris) {
    assert.match(uri, /^ui:\/\/gateward\/\w+-[0-9a-f]{8}$/)
    const { contents } = await client.readResource({ uri })
    const [page] = contents as unknown as { mimeType: string; text: string; _meta: { ui: object } }[]
    assert.equal(page?.mimeType, TYPE)
    assert.deepEqual(page?._meta.ui, { csp: {}, prefersBorder: false })
    assert.doesNotMatch(page?.text.slice(0, 400) ?? '', /<(?:script|link|img)[^>]+(?:src|href)=/)
    assert.ok(gzipSync(page?.text ?? '').length <= MAX_PAGE_BYTES, uri)
  }
  const decide = tools.find((tool) => tool.name === 'decide')
  assert.deepEqual(decide?._meta?.ui, { visibility: ['app'] })
  await client.close()
})

test('widgets: approved with the ticket of the plan, applied, proved; a second time there is no plan', async () => {
  const client = await connect(ENV.WIDGET_DESK)
  const { ticket, text } = await call(client, 'plan', publish('/card/*'))
  assert.ok(typeof ticket === 'string' && !text.includes(ticket), 'the model does not see it')
  const applied = await call(client, 'decide', { ticket, approve: true })
  assert.equal(applied.isError, false, applied.text)
  assert.equal(applied.value.approved_by, 'person at host')
  assert.equal(await isServed('/card/1'), true)
  assert.match((await call(client, 'decide', { ticket, approve: true })).text, /^not_found/)
  await client.close()
})

test('widgets: rejected, the plan is gone and nothing is written', async () => {
  const client = await connect(ENV.WIDGET_DESK)
  const { ticket, value } = await call(client, 'plan', publish('/rejected/*'))
  assert.match((await call(client, 'decide', { ticket, approve: false })).text, /the person rejected/)
  assert.match((await call(client, 'apply', { plan_id: value.plan_id })).text, /^not_found/)
  await client.close()
})

test('widgets: no ticket, a forged one, one of another caller, one of the other channel decide nothing', async () => {
  const client = await connect(ENV.WIDGET_DESK)
  const other = await connect(ENV.WIDGET_OTHER)
  const { ticket, value } = await call(client, 'plan', publish('/forged/*'))
  const id = String(value.plan_id)
  for (const wrong of ['', id, String(value.digest), `${String(ticket).slice(0, -3)}AAA`])
    assert.match((await call(client, 'decide', { ticket: wrong, approve: true })).text, /^refused: this card/, wrong)
  assert.match((await call(other, 'decide', { ticket, approve: true })).text, /^refused: this card/)
  assert.equal(
    (await call(client, 'decide', { plan_id: id, approve: true }).catch(() => ({ isError: true }))).isError,
    true,
  )
  assert.equal(await isServed('/forged/1'), false)
  await Promise.all([client.close(), other.close()])
})

test('widgets: a plan that has changed hands is not decided by an older ticket', async () => {
  const client = await connect(ENV.WIDGET_DESK)
  const first = await call(client, 'plan', publish('/first/*'))
  const second = await call(client, 'plan', publish('/second/*'))
  assert.equal((await call(client, 'decide', { ticket: first.ticket, approve: true })).isError, false)
  assert.equal(await isServed('/second/1'), false, 'only what the ticket was made for')
  assert.notEqual(first.ticket, second.ticket)
  await client.close()
})

test('widgets: without the extension, or without the right to approve, there is neither tool nor ticket', async () => {
  const plain = await connect(ENV.WIDGET_DESK, {})
  const worker = await connect(ENV.WIDGET_WORKER)
  const { ticket } = await call(await connect(ENV.WIDGET_DESK), 'plan', publish('/lent/*'))
  for (const client of [plain, worker]) {
    assert.ok(!(await client.listTools()).tools.some((tool) => tool.name === 'decide'))
    assert.equal((await call(client, 'plan', publish('/none/*'))).ticket, undefined)
    const used = await call(client, 'decide', { ticket, approve: true }).catch((error: Error) => error)
    assert.ok(used instanceof Error || used.isError)
  }
  assert.equal(await isServed('/lent/1'), false)
  await Promise.all([plain.close(), worker.close()])
})

test('widgets: a client of 2025 on stdio that shows them decides too; one that does not has no such tool', async () => {
  const args = [BIN, 'mcp', '--data-dir', running.directory, '--surface-listen', running.surface.replace('http://', '')]
  for (const capabilities of [UI, {}]) {
    const client = new OldClient({ name: 'old-host', version: '1.0.0' }, { capabilities })
    await client.connect(new OldStdio({ command: process.execPath, args, stderr: 'ignore' }))
    const { tools } = await client.listTools()
    assert.equal(
      tools.some((tool) => tool.name === 'decide'),
      capabilities === UI,
    )
    const plan = await client.callTool({ name: 'plan', arguments: publish('/stdio/*') })
    const ticket = plan._meta?.['gateward/ticket']
    assert.equal(ticket !== undefined, capabilities === UI)
    if (ticket !== undefined) {
      const applied = await client.callTool({ name: 'decide', arguments: { ticket, approve: true } })
      assert.notEqual(applied.isError, true, JSON.stringify(applied.content))
    }
    await client.close()
  }
})
