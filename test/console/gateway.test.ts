// The gateway's views in a real browser: tables, search, one resource edited as JSON through a plan, its history, explain, and ten thousand routes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type Running, run } from '../surfaces/running.ts'
import { launch, noBrowser, picture, put, seriousFindings, type Visit, visit } from './browser.ts'

let browser: Browser
let running: Running
let owner: Visit

before(async () => {
  if (noBrowser) return
  browser = await launch()
  running = await run()
  const node = running.api.replace('http://', '')
  const upstream = { type: 'roundrobin', nodes: { [node]: 1 } }
  await put(running, '/routes/speakers', {
    uri: '/speaker/*',
    methods: ['GET'],
    plugins: { cors: {}, 'key-auth': {} },
    upstream,
  })
  await put(running, '/routes/sessions', { uri: '/session/*', desc: '<img src=x onerror=alert(1)>', upstream })
  await put(running, '/routes/secret', { uri: '/s', plugins: { 'jwt-auth': {}, 'basic-auth': {} }, upstream })
  owner = await visit(browser, running.gateward.ownerUrl() as string)
})

after(async () => {
  await browser?.close()
  await running?.close()
})

async function openRoutes(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Gateway', exact: true }).click()
  await page
    .getByRole('navigation', { name: 'Kinds of resources' })
    .getByRole('link', { name: 'Routes', exact: true })
    .click()
}

test('a table with search, and explain', { skip: noBrowser }, async () => {
  const { page } = owner
  await openRoutes(page)
  const table = page.getByRole('region', { name: 'Routes' })
  await table.getByText('/speaker/*').waitFor()
  await page.getByLabel('Search routes').fill('cors')
  await table.getByText('/session/*').waitFor({ state: 'detached' })
  await page.getByLabel('Search routes').fill('')
  await page.getByLabel('Path').fill('/speaker/1')
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.getByText('takes it').waitFor()
  await picture(page, 'gateway')
  assert.deepEqual(await seriousFindings(page), [])
})

test('a resource is edited as JSON through a plan', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.getByRole('region', { name: 'Routes' }).getByRole('link', { name: 'sessions' }).click()
  await page.getByRole('button', { name: 'Edit as JSON' }).click()
  const field = page.getByLabel('Configuration as JSON')
  const value = JSON.parse(await field.inputValue()) as Record<string, unknown>
  await field.fill('{ no json')
  await page.getByRole('button', { name: 'Plan the change' }).click()
  await page.getByText('this is not JSON').waitFor()
  await field.fill(JSON.stringify({ ...value, uri: '/talks/*' }))
  await page.getByRole('button', { name: 'Plan the change' }).click()
  const plan = page.getByRole('region', { name: 'Plan on embedded' })
  await plan.getByText('"/talks/*"').waitFor()
  await picture(page, 'edit')
  assert.deepEqual(await seriousFindings(page), [])
  await plan.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Applied.').waitFor()
  await page.getByText('approved by owner').waitFor()
})

test('explain and send begin with a request that the route takes', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.locator('input[value="/talks/"]').first().waitFor()
  await page.getByLabel('Path to send').fill('/talks/1?a=b')
  await page.getByLabel('Headers to send').fill('X-Try: 1')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  const answer = page.getByRole('status', { name: 'Answer' })
  await answer.getByText('404').first().waitFor()
  await answer.getByText(/in [\d.]+ ms/).waitFor()
})

test('history: diff and undo', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.getByRole('link', { name: 'History' }).click()
  const change = page.getByRole('listitem').filter({ hasText: 'change routes/sessions' }).last()
  await change.getByText('change routes/sessions').click()
  await change.getByText('"/talks/*"').first().waitFor()
  await picture(page, 'history')
  assert.deepEqual(await seriousFindings(page), [])
  await change.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Taken back').waitFor()
})

test('a plugin is added and changed by the form of its schema, through a plan', { skip: noBrowser }, async () => {
  const { page } = owner
  await openRoutes(page)
  await page.getByRole('region', { name: 'Routes' }).getByRole('link', { name: 'speakers' }).click()
  const add = page.getByLabel('Add a plugin')
  await add.locator('option', { hasText: 'limit-count' }).waitFor({ state: 'attached' })
  await add.selectOption('limit-count')
  const form = page.getByRole('region', { name: 'Plugin limit-count' })
  await form.getByLabel('count', { exact: true }).fill('2')
  await form.getByLabel('time_window', { exact: true }).fill('60')
  await form.getByLabel('rejected_code', { exact: true }).fill('503')
  await picture(page, 'plugin-form')
  assert.deepEqual(await seriousFindings(page), [])
  await form.getByRole('button', { name: 'Plan to add it' }).click()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Applied.').waitFor()
  await page.getByRole('button', { name: 'limit-count' }).click()
  assert.equal(await form.getByLabel('rejected_code', { exact: true }).inputValue(), '503')
  await form.getByLabel('rejected_code', { exact: true }).fill('')
  await form.getByRole('button', { name: 'Plan the change' }).click()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Applied.').waitFor()
  await page.getByRole('button', { name: 'limit-count' }).click()
  await form.getByRole('button', { name: 'Plan to remove it' }).click()
  await page.getByRole('region', { name: 'Plan on embedded' }).getByText('limit-count').first().waitFor()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('button', { name: 'limit-count' }).waitFor({ state: 'detached' })
  await picture(page, 'resource')
})

test('ten thousand routes: few rows in the document, all of them in reach', { skip: noBrowser }, async () => {
  const { page } = owner
  const rows = Array.from({ length: 10_000 }, (_, i) => ({
    id: `r${i}`,
    name: '',
    methods: ['GET'],
    hosts: [],
    uris: [`/r/${i}/*`],
    upstream: ['127.0.0.1:1'],
    plugins: [],
    enabled: true,
  }))
  await page.route('**/v1/console/resources/routes?*', (route) => route.fulfill({ json: { total: rows.length, rows } }))
  await openRoutes(page)
  const table = page.getByRole('region', { name: 'Routes' })
  await table.getByText('/r/3/*').waitFor()
  assert.ok((await table.locator('tr').count()) < 60)
  await table.evaluate((one) => one.scrollTo({ top: one.scrollHeight }))
  await table.getByText('/r/9999/*').waitFor()
  await page.getByLabel('Search routes').fill('/r/7777/')
  await table.getByText('/r/7777/*').waitFor()
  await page.unrouteAll()
})

test('no complaint in the console of the browser', { skip: noBrowser }, () => {
  assert.deepEqual(owner.complaints, [])
})
