import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { type Running, run } from '../running.ts'

const SURFACE = `  listen: '127.0.0.1:0'
  tokens:
    - { name: reader, key_env: READER, scopes: [read] }
    - { name: desk, key_env: DESK, scopes: [read, plan, apply, approve] }`
const ENV = { READER: 'reader-token-0123456789', DESK: 'desk-token-0123456789' }
Object.assign(process.env, ENV)

let running: Running
before(async () => {
  running = await run(SURFACE)
})
after(() => running?.close())

interface ClientOptions {
  mode?: 'legacy' | { pin: '2026-07-28' }
  token?: string
  /** The person's answer to the question. */
  person?: (message: string) => { action: 'accept' | 'decline' | 'cancel'; content?: Record<string, boolean> }
  /** What the client makes of a body before it sends it. */
  sent?: (body: string) => string
}

async function connect({ mode = { pin: '2026-07-28' }, token, person, sent }: ClientOptions): Promise<Client> {
  const client = new Client(
    { name: 'test-client', version: '1.0.0' },
    { capabilities: person ? { elicitation: { form: {} } } : {}, versionNegotiation: { mode } },
  )
  if (person)
    client.setRequestHandler('elicitation/create', (request) => person((request.params as { message: string }).message))
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const changing = (url: string | URL | Request, init?: RequestInit): Promise<Response> =>
    fetch(url, sent && typeof init?.body === 'string' ? { ...init, body: sent(init.body) } : init)
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${running.surface}/mcp`), { requestInit: { headers }, fetch: changing }),
  )
  return client
}

async function call(
  client: Client,
  name: string,
  args: object,
): Promise<{ text: string; value: Record<string, unknown>; isError: boolean }> {
  const result = await client.callTool({ name, arguments: args as Record<string, unknown> })
  const [first] = result.content as { text: string }[]
  return {
    text: first?.text ?? '',
    value: (result.structuredContent ?? {}) as Record<string, unknown>,
    isError: result.isError === true,
  }
}

const publish = (path: string): object => ({ intents: [{ do: 'publish', path, url: running.api }] })

test('mcp over HTTP: a 2026-07-28 client plans, its person approves by elicitation, the gateway serves and proves it', async () => {
  const asked: string[] = []
  const client = await connect({
    token: ENV.DESK,
    person: (message) => {
      asked.push(message)
      return { action: 'accept', content: { approve: true } }
    },
  })
  const planned = await call(client, 'plan', publish('/topic/*'))
  assert.match(String(planned.value.diff), /\/topic\/\*/)
  const applied = await call(client, 'apply', { plan_id: planned.value.plan_id })
  assert.equal(applied.isError, false, applied.text)
  assert.equal(applied.value.approved_by, 'person at test-client')
  assert.equal(asked.length, 1)
  assert.ok(asked[0]?.includes(String(planned.value.diff)), 'the person sees the diff')
  assert.ok((applied.value.proof as { ok: boolean }[]).every((line) => line.ok))
  const trial = await call(client, 'plan', publish('/trial/*'))
  const onTrial = await call(client, 'apply', { plan_id: trial.value.plan_id, confirm_seconds: 600 })
  assert.ok(Date.parse(String(onTrial.value.confirm_by)) > Date.now(), onTrial.text)
  assert.equal((await call(client, 'confirm', {})).isError, false)
  const again = await call(client, 'apply', { plan_id: planned.value.plan_id })
  assert.match(again.text, /^not_found: .*was used/)

  const undone = await call(client, 'undo', { change_id: applied.value.change_id })
  assert.equal(undone.isError, false, undone.text)
  assert.equal((await fetch(`${running.gateway}/topic/1`)).status, 404)
  await client.close()
})

test('mcp over HTTP: what was approved on trial stays on trial, whatever the repeated call says', async () => {
  let asked = ''
  const client = await connect({
    token: ENV.DESK,
    person: (message) => {
      asked = message
      return { action: 'accept', content: { approve: true } }
    },
    sent: (body) =>
      body.includes('inputResponses') ? body.replace('"confirm_seconds":600', '"confirm_seconds":3600') : body,
  })
  const plan = await call(client, 'plan', publish('/on-trial/*'))
  const { value, text } = await call(client, 'apply', { plan_id: plan.value.plan_id, confirm_seconds: 600 })
  assert.match(asked, /on trial: it takes itself back after 600 s/)
  assert.ok(Date.parse(String(value.confirm_by)) < Date.now() + 700_000, text)
  assert.equal((await call(client, 'undo', { change_id: value.change_id })).isError, false)
  await client.close()
})

for (const answer of [
  { action: 'decline' },
  { action: 'cancel' },
  { action: 'accept', content: { approve: false } },
] as const) {
  test(`mcp over HTTP: ${JSON.stringify(answer)} ends the plan and writes nothing`, async () => {
    const client = await connect({ token: ENV.DESK, person: () => answer })
    const { value } = await call(client, 'plan', publish('/declined/*'))
    const applied = await call(client, 'apply', { plan_id: value.plan_id })
    assert.equal(applied.isError, true)
    assert.match(applied.text, /^refused: the person rejected .*nothing was written/)
    assert.equal((await call(client, 'look', { search: '/declined' })).value.total, 0)
    assert.match((await call(client, 'apply', { plan_id: value.plan_id })).text, /^not_found/)
    await client.close()
  })
}

test('mcp over HTTP: without a way to ask, apply names the ways to approve; no argument approves; then the owner does', async () => {
  for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
    const client = await connect({ mode })
    const { value } = await call(client, 'plan', publish('/waiting/*'))
    const id = String(value.plan_id)
    const refused = await call(client, 'apply', { plan_id: id })
    assert.equal(refused.isError, true)
    // A whole address: the person clicks it in the client.
    const page = `${running.surface.replace('127.0.0.1', 'localhost')}/approve/${id}`
    assert.ok(refused.text.includes(`at ${page} `) && refused.text.includes(`gateward approve ${id}`), refused.text)
    assert.equal((await call(client, 'apply', { plan_id: id, confirm: true })).isError, true)
    assert.equal((await call(client, 'look', { search: '/waiting' })).value.total, 0)
    const decision = { digest: value.digest, decision: 'approve' }
    assert.equal(
      (await fetch(`${running.surface}/v1/plans/${id}`, { method: 'POST', body: JSON.stringify(decision) })).status,
      403,
    )
    assert.equal((await running.owner('POST', `/v1/plans/${id}`, decision)).status, 200)
    const applied = await call(client, 'apply', { plan_id: id })
    assert.equal(applied.value.approved_by, 'owner', applied.text)
    const undo = await running.owner('POST', '/v1/operations/undo', {})
    const request = undo.body.approval as { planId: string; digest: string }
    await running.owner('POST', `/v1/plans/${request.planId}`, { digest: request.digest, decision: 'approve' })
    assert.equal((await running.owner('POST', '/v1/operations/apply', { plan_id: request.planId })).status, 200)
    await client.close()
  }
})

test('mcp over HTTP: a program of this machine that claims a person cannot approve', async () => {
  let asked = 0
  const client = await connect({
    person: () => {
      asked++
      return { action: 'accept', content: { approve: true } }
    },
  })
  const { value } = await call(client, 'plan', publish('/claimed/*'))
  assert.match((await call(client, 'apply', { plan_id: value.plan_id })).text, /^refused: .*waits for a person/)
  assert.equal(asked, 0)
  await client.close()
})

test('mcp over HTTP: tools follow the scopes of the token; a wrong token is refused', async () => {
  const client = await connect({ token: ENV.READER })
  const { tools } = await client.listTools()
  assert.deepEqual(tools.map((tool) => tool.name).sort(), [
    'describe_plugins',
    'explain',
    'history',
    'lint',
    'look',
    'prove',
    'traffic',
  ])
  await assert.rejects(client.callTool({ name: 'plan', arguments: publish('/no/*') as Record<string, unknown> }))
  await client.close()
  const wrong = await fetch(`${running.surface}/mcp`, { method: 'POST', headers: { Authorization: 'Bearer wrong' } })
  assert.equal(wrong.status, 401)
  assert.match(wrong.headers.get('www-authenticate') ?? '', /^Bearer/)
})

test('mcp over HTTP: pages of other sites and other host names are refused', async () => {
  const post = (headers: Record<string, string>) =>
    fetch(`${running.surface}/mcp`, { method: 'POST', headers, body: '{}' })
  assert.equal((await post({ Origin: 'https://evil.example' })).status, 403)
  assert.equal((await post({ Origin: 'http://localhost:1' })).status, 403)
})

test('mcp over HTTP: resources, completions and prompts', async () => {
  const client = await connect({})
  const { resources } = await client.listResources()
  assert.ok(resources.some((one) => one.uri === 'gateward://config/routes'))
  const read = await client.readResource({ uri: 'gateward://plugins/key-auth' })
  assert.match((read.contents[0] as { text: string }).text, /key-auth/)
  await assert.rejects(client.readResource({ uri: 'gateward://config/routes/none' }), /there is no routes\/none/)
  const { completion } = await client.complete({
    ref: { type: 'ref/resource', uri: 'gateward://plugins/{name}' },
    argument: { name: 'name', value: 'key-' },
  })
  assert.ok(completion.values.includes('key-auth'))
  const make = (id: string): object => ({
    action: 'create',
    kind: 'upstreams',
    id,
    set: { nodes: { 'a.example:1': 1 } },
  })
  const changes = [...Array.from({ length: 60 }, (_, i) => make(`first-${i}`)), make('zz-last')]
  const owner = async (path: string, body: object): Promise<Record<string, unknown>> =>
    (await running.owner('POST', `/v1/${path}`, body)).body
  const { plan_id: id, digest } = await owner('operations/plan', { changes })
  await owner(`plans/${id}`, { digest, decision: 'approve' })
  await owner('operations/apply', { plan_id: id })
  const last = await client.complete({
    ref: { type: 'ref/resource', uri: 'gateward://config/{kind}/{id}' },
    argument: { name: 'id', value: 'zz' },
    context: { arguments: { kind: 'upstreams' } },
  })
  assert.deepEqual(last.completion.values, ['zz-last'], 'also behind the first page')
  const prompt = await client.getPrompt({
    name: 'publish_api',
    arguments: { url: 'http://127.0.0.1:8080', limit: '100' },
  })
  assert.match(JSON.stringify(prompt.messages), /allow 100 calls a minute/)
  await client.close()
})

test('mcp over HTTP: lists that come as JSON text are read; wrong arguments are told by field', async () => {
  const client = await connect({})
  const planned = await call(client, 'plan', {
    intents: JSON.stringify([{ do: 'publish', path: '/text/*', url: running.api }]),
  })
  assert.equal(planned.isError, false, planned.text)
  const wrong = await call(client, 'look', { kind: 'rutes' })
  assert.equal(wrong.isError, true)
  assert.match(wrong.text, /kind/)
  await client.close()
})
