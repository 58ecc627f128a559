// No program approves for a person. On every surface on which a model can speak, each way in which it could try to get an unapproved write is refused,
// and nothing is written.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { type Running, run } from './running.ts'

const MODEL_KEY = 'a-token-of-the-model'
const READER_KEY = 'a-token-of-a-reader'

let running: Running
before(async () => {
  process.env.APPROVALS_MODEL = MODEL_KEY
  process.env.APPROVALS_READER = READER_KEY
  running = await run(`  listen: '127.0.0.1:0'
  tokens:
    - { name: model, key_env: APPROVALS_MODEL, scopes: [read, plan, apply] }
    - { name: reader, key_env: APPROVALS_READER, scopes: [read] }`)
})
after(() => running?.close())

interface Answer {
  status: number
  text: string
}

async function send(
  path: string,
  method: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(running.surface + path, {
    method,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${MODEL_KEY}`, ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: response.status, text: await response.text() }
}

/** A surface: how a model plans there, and how it asks to apply. */
interface Surface {
  name: string
  plan(uri: string): Promise<string>
  apply(planId: string, more?: object): Promise<Answer>
}

const changes = (uri: string): object => ({
  changes: [
    {
      action: 'create',
      kind: 'routes',
      id: uri.slice(1),
      set: { uri, plugins: { mocking: { response_example: 'x' } } },
    },
  ],
})

async function overMcp(name: string, input: object): Promise<Answer> {
  const client = new Client({ name: 'model', version: '1' })
  const headers = { Authorization: `Bearer ${MODEL_KEY}` }
  await client.connect(
    new StreamableHTTPClientTransport(new URL('/mcp', running.surface), { requestInit: { headers } }),
  )
  const { content, isError } = await client.callTool({ name, arguments: input as Record<string, unknown> })
  await client.close()
  return { status: isError ? 403 : 200, text: (content as { text: string }[]).map((one) => one.text).join('\n') }
}

/** What is stored, or a write that needs no approval: the Admin API is the owner's own. */
function admin(path: string, body?: object): Promise<Response> {
  return fetch(running.admin + path, {
    method: body ? 'PUT' : 'GET',
    headers: { 'X-API-KEY': running.key },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

const idOf = ({ text }: Answer): string => /plan-[0-9a-f]+/.exec(text)?.[0] as string

const surfaces: Surface[] = [
  {
    name: 'MCP',
    plan: async (uri) => idOf(await overMcp('plan', changes(uri))),
    apply: (id, more) => overMcp('apply', { plan_id: id, ...more }),
  },
  {
    name: 'REST and GPT actions',
    plan: async (uri) => idOf(await send('/v1/operations/plan', 'POST', changes(uri))),
    apply: (id, more) => send('/v1/operations/apply', 'POST', { plan_id: id, ...more }),
  },
]

async function isWritten(uri: string): Promise<boolean> {
  return (await fetch(running.gateway + uri)).status !== 404
}

async function approve(id: string): Promise<void> {
  const { plans } = (await running.owner('GET', '/v1/plans')).body as { plans: { planId: string; digest: string }[] }
  const plan = plans.find((one) => one.planId === id)
  const { status } = await running.owner('POST', `/v1/plans/${id}`, { decision: 'approve', digest: plan?.digest })
  assert.equal(status, 200)
}

for (const [i, surface] of surfaces.entries()) {
  test(`${surface.name}: an unapproved plan is not applied, whatever the arguments claim`, async () => {
    const id = await surface.plan(`/unapproved-${i}`)
    const claims = [{}, { confirm: true }, { approved: true, approved_by: 'owner' }, { digest: 'x', person: 'owner' }]
    for (const claim of claims) {
      const { status, text } = await surface.apply(id, claim)
      assert.ok(status >= 400, `${JSON.stringify(claim)}: ${text}`)
      assert.equal(await isWritten(`/unapproved-${i}`), false, JSON.stringify(claim))
    }
  })

  test(`${surface.name}: an approval is for one plan and for one time`, async () => {
    const [wanted, other] = [await surface.plan(`/wanted-${i}`), await surface.plan(`/other-${i}`)]
    await approve(wanted)
    assert.ok((await surface.apply(other)).status >= 400)
    assert.equal(await isWritten(`/other-${i}`), false)
    assert.equal((await surface.apply(wanted)).status, 200)
    assert.equal(await isWritten(`/wanted-${i}`), true)
    const again = await surface.apply(wanted)
    assert.ok(again.status >= 400)
    assert.match(again.text, /it was used, rejected or has expired/)
  })

  test(`${surface.name}: what somebody has changed after the approval is not overwritten`, async () => {
    const id = await surface.plan(`/stale-${i}`)
    await approve(id)
    const theirs = await surface.plan(`/stale-${i}`)
    await approve(theirs)
    assert.equal((await surface.apply(theirs)).status, 200)
    const { status, text } = await surface.apply(id)
    assert.ok(status >= 400)
    assert.match(text, /somebody else has changed it/)
  })
  test(`${surface.name}: a plan that is not there cannot be applied`, async () => {
    for (const id of ['plan-00000000', '', '../plan', 'constructor', '__proto__'])
      assert.ok((await surface.apply(id)).status >= 400, id)
  })
}

test('the ways to approve are closed to everything but the owner', async () => {
  const id = await (surfaces[1] as Surface).plan('/closed')
  const { plans } = (await running.owner('GET', '/v1/plans')).body as { plans: { planId: string; digest: string }[] }
  const digest = plans.find((one) => one.planId === id)?.digest
  const callers: Record<string, Record<string, string>> = {
    'the token of a model': {},
    'the token of a reader': { Authorization: `Bearer ${READER_KEY}` },
    'no token': { Authorization: '' },
    'a forged session': { Authorization: '', Cookie: 'gateward_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
    'another scheme': { Authorization: `Basic ${Buffer.from('owner:owner').toString('base64')}` },
  }
  for (const [caller, headers] of Object.entries(callers)) {
    for (const [method, path, body] of [
      ['POST', `/v1/plans/${id}`, { decision: 'approve', digest }],
      ['GET', '/v1/plans', undefined],
      ['POST', '/v1/tickets', {}],
      ['GET', `/approve/${id}`, undefined],
    ] as const) {
      const { status, text } = await send(path, method, body, headers)
      assert.ok(status === 401 || status === 403, `${caller} ${method} ${path}: ${status} ${text.slice(0, 200)}`)
      assert.equal(text.includes(digest as string), false, `${caller} ${method} ${path} tells the digest`)
    }
  }
  assert.equal(await isWritten('/closed'), false)
})

test('the owner approves what was shown: another digest is refused', async () => {
  const id = await (surfaces[1] as Surface).plan('/digest')
  const forged = await running.owner('POST', `/v1/plans/${id}`, { decision: 'approve', digest: 'f'.repeat(64) })
  assert.equal(forged.status, 403)
  const none = await running.owner('POST', `/v1/plans/${id}`, { decision: 'approve' })
  assert.ok(none.status >= 400)
  assert.ok((await (surfaces[1] as Surface).apply(id)).status >= 400)
})

test('a reader can neither plan nor apply, on any surface', async () => {
  const reader = { Authorization: `Bearer ${READER_KEY}` }
  for (const [path, body] of [
    ['/v1/operations/plan', changes('/reader')],
    ['/v1/operations/apply', { plan_id: 'plan-1' }],
    ['/v1/operations/undo', {}],
  ] as const)
    assert.equal((await send(path, 'POST', body, reader)).status, 403, path)
})

test('the plugin of 2023: the same request again, another request, a changed request, each waits by itself', async () => {
  const put = (body: object): Promise<Answer> => send('/apisix/admin/routes/p', 'PUT', body)
  const route = { uri: '/p', plugins: { mocking: { response_example: 'x' } } }
  const first = await put(route)
  assert.equal(first.status, 403)
  assert.equal(idOf(await put(route)), idOf(first), 'the same request is the same plan')
  await approve(idOf(first))
  assert.equal((await put({ ...route, uri: '/elsewhere' })).status, 403)
  assert.equal((await send('/apisix/admin/routes/q', 'PUT', route)).status, 403)
  assert.equal(await isWritten('/p'), false)
  assert.equal((await put(route)).status, 201)
  assert.equal(await isWritten('/p'), true)
})

test('the plugin of 2023: a route that was read is put back with its secrets, and what it says is plain', async () => {
  const route = {
    uri: '/secret',
    desc: 'fine\u202E\u200B text',
    upstream: { type: 'roundrobin', nodes: { '127.0.0.1:1': 1 } },
    plugins: { 'http-logger': { uri: 'http://127.0.0.1:1', auth_header: 'Bearer of-the-logger' } },
  }
  const waiting = await send('/apisix/admin/routes/s', 'PUT', route)
  await approve(idOf(waiting))
  const created = await send('/apisix/admin/routes/s', 'PUT', route)
  assert.equal(created.status, 201)
  const read = await send('/apisix/admin/routes/s', 'GET')
  for (const { text } of [waiting, created, read]) {
    assert.equal(text.includes('of-the-logger'), false, text)
    assert.doesNotMatch(JSON.parse(text).value?.desc ?? '', /[\u202E\u200B]/)
  }
  const { value } = JSON.parse(read.text) as { value: object }
  const edited = { ...value, uri: '/secret2' }
  await approve(idOf(await send('/apisix/admin/routes/s', 'PUT', edited)))
  assert.equal((await send('/apisix/admin/routes/s', 'PUT', edited)).status, 200)
  const stored = await (await admin('/routes/s')).text()
  assert.match(stored, /"auth_header":"Bearer of-the-logger"/)
  assert.match(stored, /"uri":"\/secret2"/)
})

test('the plugin of 2023: a long list comes in pages', async () => {
  for (let i = 0; i < 60; i++)
    await admin(`/routes/many-${i}`, { uri: `/many/${i}`, plugins: { mocking: { response_example: 'x' } } })
  const pageOf = async (query: string): Promise<{ list: unknown[]; total: number }> =>
    JSON.parse((await send(`/apisix/admin/routes${query}`, 'GET')).text)
  const first = await pageOf('')
  assert.equal(first.list.length, 50)
  assert.ok(first.total >= 60)
  assert.equal((await pageOf('?page=2')).list.length, first.total - 50)
  assert.equal((await pageOf('?page_size=10&page=1')).list.length, 10)
})
