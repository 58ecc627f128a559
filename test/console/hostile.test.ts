// Words of strangers and of models in a real browser: in every name and description, in requests, in what a model says. Nothing of it runs, nothing
// is fetched from outside, no link goes where it does not say.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type Running, start } from '../e2e/process.ts'
import { type FakeModel, startFakeModel } from '../surfaces/fake-model.ts'
import { until } from '../until.ts'
import { launch, noBrowser, put, say, ticketIn, type Visit, visit } from './browser.ts'

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
let model: FakeModel
const foreign: string[] = []

before(async () => {
  if (noBrowser) return
  model = await startFakeModel(() => ({ content: SAID }))
  browser = await launch()
  running = await start({
    env: {
      GATEWARD_MODEL_PROVIDER: 'openai-compatible',
      GATEWARD_MODEL_NAME: 'm',
      GATEWARD_MODEL_BASE_URL: model.baseUrl,
    },
  })
  const upstream = { nodes: { '127.0.0.1:1': 1 }, type: 'roundrobin' }
  await put(running, '/global_rules/1', { plugins: { prometheus: {} } })
  await put(running, '/upstreams/u', { ...upstream, name: TAG.slice(0, 100), desc: TAG })
  await put(running, '/services/s', { name: TAG.slice(0, 100), desc: TAG, upstream_id: 'u' })
  await put(running, '/consumers/c', {
    username: 'c',
    desc: TAG,
    labels: { a: '<b>' },
    plugins: { 'key-auth': { key: TAG } },
  })
  await put(running, '/consumers/c/credentials/x', {
    desc: TAG,
    plugins: { 'basic-auth': { username: TAG, password: TAG } },
  })
  await put(running, '/plugin_configs/p', { desc: TAG, plugins: { echo: { body: TAG } } })
  await put(running, '/protos/1', { desc: TAG, content: `syntax = "proto3"; message X {} // ${TAG}` })
  await put(running, '/routes/r', {
    name: TAG.slice(0, 100),
    desc: TAG,
    uri: `/${TAG.replaceAll(' ', '+')}`,
    plugins: {
      echo: { body: TAG, headers: { 'X-A': TAG } },
      'response-rewrite': { headers: { set: { 'X-B': TAG } } },
    },
    upstream_id: 'u',
  })
  owner = await visit(browser, ticketIn(running.output()))
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
})

async function nothingHappened(page: Page): Promise<void> {
  assert.equal(await page.evaluate(() => (globalThis as { hit?: number }).hit), undefined, 'no script of others ran')
  assert.deepEqual(foreign, [])
  assert.deepEqual(owner.complaints, [])
}

/** The views, and what each shows once it has loaded: most of them words of strangers. */
const VIEWS: [string, string | RegExp][] = [
  ['gateway', 'onerror'],
  ['gateway/findings', /^\d+ findings$/],
  ['gateway/routes', 'onerror'],
  ['gateway/routes/r', 'onerror'],
  ['gateway/services', 'onerror'],
  ['gateway/services/s', 'onerror'],
  ['gateway/upstreams', 'onerror'],
  ['gateway/upstreams/u', 'onerror'],
  ['gateway/consumers', /^c$/],
  ['gateway/consumers/c', 'onerror'],
  ['gateway/credentials/c%2Fx', 'onerror'],
  ['gateway/plugin_configs/p', 'onerror'],
  ['gateway/protos/1', 'onerror'],
  ['gateway/+/routes', 'onerror'],
  ['targets', 'One gateway is operated from here'],
  ['history', 'Nothing was changed yet'],
  ['settings', 'OpenAI-compatible server'],
  ['chat', 'What should the gateway do?'],
]

test('names, descriptions, paths and plugin values in every view', { skip: noBrowser }, async () => {
  const { page } = owner
  for (const [view, shown] of VIEWS) {
    await page.goto(new URL(`/#/${view}`, page.url()).href)
    const title = decodeURIComponent(view.split('/').at(-1) as string)
    await until(async () => (await page.title()).toLowerCase().startsWith(`${title} `), `${view} is open`)
    await page.locator('main').getByText(shown).first().waitFor({ state: 'attached' })
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
