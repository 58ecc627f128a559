// The widgets in a host page that speaks the standard bridge: each shows its answer, and a plan is approved in its card.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Browser, FrameLocator } from 'playwright-core'
import { rolldown } from 'rolldown'
import { type Running, run } from '../surfaces/running.ts'
import { until } from '../until.ts'
import { launch, noBrowser, picture, seriousFindings, type Visit, visit } from './browser.ts'

const UI = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } }
process.env.WIDGET_HOST = 'host-token-0123456789'

let browser: Browser
let running: Running
let host: http.Server
let client: Client
let shown: Visit
const told: string[] = []
/** What the tool answers where a gateway has metrics. */
const TRAFFIC = {
  target: 'embedded',
  seconds: 60,
  rows: [{ name: 'speaker', requests: 240, per_second: 4, client_errors: 3, server_errors: 0, p95_ms: 12 }],
  over_time: [1, 3, 2, 4].map((per_second, i) => ({
    at: new Date(Date.UTC(2026, 0, 1, 12, 0, i * 15)).toISOString(),
    per_second,
    server_errors: 0,
  })),
}

before(async () => {
  if (noBrowser) return
  browser = await launch()
  running = await run(
    "  listen: '127.0.0.1:0'\n  tokens:\n    - { name: host, key_env: WIDGET_HOST, scopes: [read, plan, apply, approve] }",
  )
  const script = await bundle()
  host = http.createServer((request, response) => {
    const isScript = request.url === '/host.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript
        ? script
        : '<!doctype html><html lang="en"><title>host</title><body><script src="/host.js"></script></body></html>',
    )
  })
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  client = new Client(
    { name: 'test-host', version: '1.0.0' },
    { capabilities: UI, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  const requestInit = { headers: { Authorization: `Bearer ${process.env.WIDGET_HOST}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${running.surface}/mcp`), { requestInit }))
  shown = await visit(browser, `http://127.0.0.1:${(host.address() as AddressInfo).port}/`)
  await shown.page.exposeFunction('callTool', (params: { name: string; arguments: Record<string, unknown> }) =>
    client.callTool(params),
  )
  await shown.page.exposeFunction('told', (params: object) => void told.push(JSON.stringify(params)))
})

after(async () => {
  await client?.close()
  await browser?.close()
  await running?.close()
  host?.close()
})

async function bundle(): Promise<string> {
  const input = fileURLToPath(new URL('widget-host.ts', import.meta.url))
  const made = await rolldown({ input, platform: 'browser', logLevel: 'silent' })
  const { output } = await made.generate({ format: 'iife' })
  return output[0].code
}

type Theme = 'light' | 'dark'

/** As widget-host.ts defines it. */
interface Host {
  show(html: string, answer: object, theme: Theme): Promise<void>
}

interface Styled {
  getComputedStyle(one: unknown): { borderRadius: string }
}

/** Calls a tool and shows its widget beside the answer, as a host does. */
async function show(name: string, args: Record<string, unknown>, theme: Theme = 'light'): Promise<FrameLocator> {
  return showAnswer(name, await client.callTool({ name, arguments: args }), theme)
}

async function showAnswer(name: string, answer: object, theme: Theme = 'light'): Promise<FrameLocator> {
  const { tools } = await client.listTools()
  const meta = tools.find((tool) => tool.name === name)?._meta
  assert.ok(meta, `${name} names its widget`)
  const { ui } = meta as { ui: { resourceUri: string } }
  const { contents } = await client.readResource({ uri: ui.resourceUri })
  const { text } = contents[0] as { text: string }
  await shown.page.evaluate(([html, result, how]) => (globalThis as unknown as Host).show(html, result, how), [
    text,
    answer,
    theme,
  ] as const)
  return shown.page.frameLocator('iframe')
}

/** The card tells the model after it has shown the person. */
async function modelWasTold(what: RegExp): Promise<void> {
  await until(
    () => told.some((one) => what.test(one)),
    () => `the model was told ${what}, not only ${told}`,
  )
}

test('the plan is approved in its card, applied and proved; the model is told', { skip: noBrowser }, async () => {
  const card = await show('plan', { intents: [{ do: 'publish', path: '/speaker/*', url: running.api }] })
  await card.getByText('routes/speaker').waitFor()
  await picture(shown.page, 'widget-plan')
  const region = card.getByRole('region', { name: 'Plan on embedded' })
  const box = await region.evaluate((one) => (globalThis as unknown as Styled).getComputedStyle(one).borderRadius)
  assert.equal(box, '12px', 'its style is there')
  assert.equal((await fetch(`${running.gateway}/speaker/1`)).status, 404, 'shown is not done')
  await card.getByRole('button', { name: 'Approve' }).click()
  await card.getByRole('cell', { name: 'an answer' }).waitFor()
  assert.equal((await fetch(`${running.gateway}/speaker/1`)).status, 200)
  await picture(shown.page, 'widget-applied')
  await modelWasTold(/The person has approved plan-\w+ in its card: create routes\/speaker/)
  assert.deepEqual(await seriousFindings(shown.page), [])
})

test('a rejected plan is gone', { skip: noBrowser }, async () => {
  const card = await show('plan', { intents: [{ do: 'publish', path: '/topic/*', url: running.api }] }, 'dark')
  await card.getByRole('button', { name: 'Reject' }).click()
  await card.getByText('Rejected').waitFor()
  await modelWasTold(/has rejected plan-\w+/)
  assert.equal((await fetch(`${running.gateway}/topic/1`)).status, 404)
})

test('routes as a table, a request explained, traffic as a chart, in the colours of the host', {
  skip: noBrowser,
}, async () => {
  const table = await show('look', { kind: 'routes' }, 'dark')
  await table.getByRole('cell', { name: 'speaker', exact: true }).waitFor()
  assert.equal(await table.locator('html').getAttribute('data-theme'), 'dark')
  assert.equal(await table.getByRole('link').count(), 0, 'the console is not there')
  await picture(shown.page, 'widget-table')
  const explained = await show('explain', { path: '/speaker/1' })
  await explained.getByText(/Route speaker takes it/).waitFor()
  await picture(shown.page, 'widget-explain')
  const traffic = await showAnswer('traffic', { content: [], structuredContent: TRAFFIC })
  await traffic.getByRole('img', { name: 'Requests per second over time; now requests/s 4' }).waitFor()
  await traffic.getByRole('cell', { name: 'speaker' }).waitFor()
  await picture(shown.page, 'widget-traffic')
  assert.deepEqual(await seriousFindings(shown.page), [])
})

test('no complaint in the console of the browser', { skip: noBrowser }, () => {
  assert.deepEqual(shown.complaints, [])
})
