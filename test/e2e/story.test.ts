import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { until } from '../until.ts'
import { admin, type Running, run, start } from './process.ts'

let running: Running
let api: string

before(async () => {
  running = await start({ args: ['--demo'] })
  api = /Sample API\s+(http:\S+)/.exec(running.output())?.[1] ?? ''
})
after(() => running.stop())

const chat = (lines: string[]) => run(['chat'], running.env, `${lines.join('\n')}\n`)

test('start says where everything is, and three sentences to try', () => {
  const output = running.output()
  assert.match(output, /Gateward serves http:\/\/127\.0\.0\.1:\d+/)
  assert.match(output, /admin\.key/)
  assert.match(output, /Browser\s+http:\/\/localhost:\d+\/\?ticket=/)
  assert.equal(output.split('Talk to it')[1]?.trim().split('\n').length, 4)
})

test('a sentence becomes a served route, is proved, protected, limited and taken back', async () => {
  const created = await chat(['Show all routes', `Create a route for /speaker/* to ${api}`, 'y'])
  assert.equal(created.code, 0, created.stderr)
  assert.match(created.stdout, /There are no routes yet/)
  assert.match(created.stdout, /\+ create routes\/speaker/)
  assert.match(created.stdout, /applied; served after [\d.]+ ms/)
  assert.match(created.stdout, /GET \/speaker\/1 -> 200/)
  const sessions = (await (await fetch(`${running.gateway}/speaker/1/sessions`)).json()) as { speakerId: number }[]
  assert.deepEqual([...new Set(sessions.map((one) => one.speakerId))], [1])

  const limited = await chat(['Require an API key on it and allow 5 requests a minute', 'y'])
  const key = /shown once: (gw_\S+)/.exec(limited.stdout)?.[1] ?? ''
  assert.match(limited.stdout, /"key":"\*\*\*"/)
  assert.match(limited.stdout, /ok {2}no key: GET \/speaker\/1 -> 401/)
  assert.equal((await fetch(`${running.gateway}/speaker/1`)).status, 401)
  const statuses: number[] = []
  for (let i = 0; i < 6; i++)
    statuses.push((await fetch(`${running.gateway}/speaker/1`, { headers: { apikey: key } })).status)
  assert.match(limited.stdout, /ok {2}call 6 is refused: GET \/speaker\/1 -> calls 1 to 5: 200; call 6: 429/)
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429], 'the proof has left all of it')

  const undone = await chat(['Undo', 'y'])
  assert.match(undone.stdout, /Taken back/)
  assert.equal((await fetch(`${running.gateway}/speaker/1`)).status, 200)
  const again = await chat(['Undo', 'y'])
  assert.equal(again.code, 0)
  assert.equal((await fetch(`${running.gateway}/speaker/1`)).status, 404)
})

test('only the line y approves', async () => {
  for (const answer of ['yes', 'Y', ' y', '']) {
    const { stdout } = await chat([`Create a route for /no/* to ${api}`, answer])
    assert.match(stdout, /rejected/, answer)
  }
  assert.deepEqual((await admin(running, 'GET', '/routes')).body.list, [])
  assert.match((await chat([`Create a route for /no/* to ${api}`])).stdout, /rejected|nothing was written/)
})

test('demo plays the story and ends with 0, also beside a gateway at the usual ports', async (t) => {
  for (const port of [9080, 9443, 9180]) {
    // Taken already will do as well.
    const usual = createServer().on('error', () => {})
    usual.listen(port, '127.0.0.1')
    t.after(() => usual.close())
  }
  const { code, stdout, stderr } = await run(['demo'])
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /on your behalf/)
  assert.match(stdout, /429 \{"error_msg":"too many requests"\}/)
})

test('the plugin surface: manifest, document, logo, preflight', async () => {
  const manifest = (await (await fetch(`${running.surface}/.well-known/ai-plugin.json`)).json()) as {
    api: { url: string }
    name_for_human: string
  }
  assert.equal(manifest.api.url, `${running.surface}/openapi.yaml`)
  assert.ok(manifest.name_for_human.length <= 20)
  const yaml = await fetch(`${running.surface}/openapi.yaml`)
  assert.match(yaml.headers.get('content-type') ?? '', /yaml/)
  assert.match(await yaml.text(), /operationId: getAllRoutes/)
  const json = await fetch(`${running.surface}/openapi.yaml`, { headers: { Accept: 'application/json' } })
  assert.equal(((await json.json()) as { openapi: string }).openapi, '3.0.1')
  const logo = Buffer.from(await (await fetch(`${running.surface}/logo.png`)).arrayBuffer())
  assert.equal(logo.subarray(1, 4).toString(), 'PNG')
  for (const origin of ['https://chat.openai.com', 'https://chatgpt.com']) {
    const preflight = await fetch(`${running.surface}/apisix/admin/routes/1`, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT' },
    })
    assert.equal(preflight.headers.get('access-control-allow-origin'), origin)
    assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PUT/)
  }
  assert.equal(
    (await fetch(`${running.surface}/openapi.yaml`, { headers: { Origin: 'https://evil.example' } })).status,
    403,
  )
})

test('the plugin surface: a write waits for the person, then is forwarded with its own status', async () => {
  const put = (body: object, method = 'PUT') =>
    fetch(`${running.surface}/apisix/admin/routes/p1`, {
      method,
      headers: { 'Content-Type': 'application/json', Origin: 'https://chatgpt.com' },
      body: JSON.stringify(body),
    })
  const route = { uri: '/p', upstream: { type: 'roundrobin', nodes: { [new URL(api).host]: 1 } } }
  const waiting = await put(route)
  assert.equal(waiting.status, 403)
  const { plan_id: planId, approve_url: url } = (await waiting.json()) as { plan_id: string; approve_url: string }
  assert.equal((await fetch(url)).status, 403, 'the page needs the owner, knowing its address is not enough')
  assert.equal((await admin(running, 'GET', '/routes/p1')).status, 404)
  const approved = await run(['approve', planId], running.env, 'y\n')
  assert.equal(approved.code, 0, approved.stderr)
  const created = await put(route)
  assert.equal(created.status, 201)
  assert.equal(((await created.json()) as { value: { uri: string } }).value.uri, '/p')
  const again = await put({ ...route, uri: '/p2' })
  assert.equal(again.status, 403, 'an approval holds for one request only')
  const read = await fetch(`${running.surface}/apisix/admin/routes/p1`)
  assert.equal(((await read.json()) as { value: { uri: string } }).value.uri, '/p')
  assert.equal((await fetch(`${running.surface}/apisix/admin/routes/none`)).status, 404)
  assert.equal((await fetch(`${running.surface}/apisix/admin/upstreams`)).status, 404, 'only documented operations')
  assert.equal((await put({ uri: 5 }, 'PUT')).status, 400)
  assert.equal((await fetch(`${running.surface}/apisix/admin/routes/none`, { method: 'DELETE' })).status, 404)
})

test('the browser: a one-time address, then the chat with approval by a click', async () => {
  const address = /(http:\/\/localhost:\d+)(\/\?ticket=\S+)/.exec(running.output()) as RegExpExecArray
  const base = running.surface
  assert.match(await (await fetch(base)).text(), /one-time address/)
  const login = await fetch(base + address[2], { redirect: 'manual' })
  const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] as string
  assert.match(login.headers.get('set-cookie') ?? '', /HttpOnly.*SameSite=Strict/i)
  assert.equal((await fetch(base + address[2], { redirect: 'manual' })).status, 403, 'the ticket is used up')
  const home = await fetch(base, { headers: { cookie } })
  assert.match(await home.text(), /assets\/|not built/)
  assert.match(home.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  const headers = { cookie, 'Content-Type': 'application/json', Origin: base }
  assert.equal(
    (
      await fetch(`${base}/v1/chat`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"message":"hi"}',
      })
    ).status,
    403,
  )
  assert.equal(
    (
      await fetch(`${base}/v1/chat`, {
        method: 'POST',
        headers: { ...headers, Origin: 'http://localhost:1' },
        body: '{"message":"hi"}',
      })
    ).status,
    403,
  )
  const talk = await fetch(`${base}/v1/chat`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ message: `Create a route for /web/* to ${api}` }),
  })
  let seen = ''
  for await (const part of talk.body as ReadableStream<Uint8Array>) {
    seen += Buffer.from(part).toString()
    const ask = /^\{"type":"ask".*$/m.exec(seen)
    if (!ask || seen.includes('decided')) continue
    seen += 'decided'
    const { request } = JSON.parse(ask[0]) as { request: { planId: string; digest: string } }
    const wrong = await fetch(`${base}/v1/plans/${request.planId}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ digest: 'x', decision: 'approve' }),
    })
    assert.equal(wrong.status, 403)
    const decided = await fetch(`${base}/v1/plans/${request.planId}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ digest: request.digest, decision: 'approve' }),
    })
    assert.equal(decided.status, 200)
  }
  assert.match(seen, /"type":"result".*"name":"apply"/)
  assert.equal((await admin(running, 'GET', '/routes/web')).status, 200)
})

test('the audit log is a whole chain; the metrics are served', async () => {
  assert.match((await run(['audit', 'verify'], running.env)).stdout, /\d+ entries, the chain is whole/)
  await admin(running, 'PUT', '/routes/m', {
    uri: '/m',
    plugins: { prometheus: {} },
    upstream: { nodes: { [new URL(api).host]: 1 } },
  })
  await fetch(`${running.gateway}/m`)
  // The log phase comes after the response, and a new series reaches the main thread as a message.
  const counted = /apisix_http_status\{code="404",route="m"/
  await until(async () => counted.test(await (await fetch(running.metrics)).text()), 'the request is counted')
})
