// Findings with their plans, the audit line, targets compared and promoted, and a store that is away, in a real browser.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { freePort } from '../e2e/process.ts'
import { type Running, run } from '../surfaces/running.ts'
import { launch, noBrowser, picture, put, seriousFindings, type Visit, visit } from './browser.ts'

let browser: Browser
let running: Running
let second: Running
let owner: Visit

before(async () => {
  if (noBrowser) return
  browser = await launch()
  second = await run()
  running = await run(`  listen: '127.0.0.1:0'
targets:
  - name: staging
    admin_url: 'http://${second.gateward.admin}'
    key_file: '${join(second.directory, 'admin.key')}'
    gateway_url: '${second.gateway}'
  - { name: away, admin_url: 'http://127.0.0.1:${await freePort()}', key_env: NOBODY_SETS_THIS }`)
  const upstream = { nodes: { [running.api.replace('http://', '')]: 1 } }
  await put(running, '/routes/open', { uri: '/*', methods: ['GET', 'POST', 'DELETE'], upstream })
  await put(running, '/routes/talks', { uri: '/talks/*', upstream })
  await put(second, '/routes/talks', { uri: '/old-talks/*', upstream })
  await put(second, '/routes/extra', { uri: '/extra', upstream })
  owner = await visit(browser, running.gateward.ownerUrl() as string)
})

after(async () => {
  await browser?.close()
  await running?.close()
  await second?.close()
})

test('a finding is put right by one click, a plan and an approval', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.getByRole('link', { name: 'Gateway', exact: true }).click()
  await page.getByRole('link', { name: 'Findings' }).click()
  const fix = page.getByRole('button', { name: /^Plan the fix of / }).first()
  await fix.waitFor()
  const id = ((await fix.getAttribute('aria-label')) as string).replace('Plan the fix of ', '')
  await picture(page, 'findings')
  assert.deepEqual(await seriousFindings(page), [])
  await fix.click()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Applied.').waitFor()
  await page.getByRole('button', { name: `Plan the fix of ${id}` }).waitFor({ state: 'detached' })
})

test('the history says that its chain is whole', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.getByRole('link', { name: 'History' }).click()
  await page.getByText(/Audit log: \d+ entr.*, the chain is whole/).waitFor()
  assert.equal((await fetch(`${running.surface}/v1/console/audit`)).status, 403)
})

test('targets are compared, promoted and switched', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.getByRole('link', { name: 'Targets' }).click()
  await page.getByText('answers, 2 routes').first().waitFor()
  // The rail shows on every page which target is away, in words too.
  const rail = page.getByRole('banner')
  await rail.getByText(/away the Admin API of away .*does not answer \(ECONNREFUSED\)/).waitFor()
  assert.equal(await rail.locator('.dot.bad').count(), 1)
  const differences = page.getByRole('region', { name: 'From embedded to staging' })
  await differences.getByText('only on staging', { exact: true }).waitFor()
  await differences.getByText('"/old-talks/*"').waitFor()
  await picture(page, 'targets')
  assert.deepEqual(await seriousFindings(page), [])
  await differences.getByLabel('talks').check()
  await differences.getByRole('button', { name: 'Plan to promote 1 to staging' }).click()
  await page.getByRole('region', { name: 'Plan on staging' }).getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Applied.').waitFor()
  await differences.getByText('differs', { exact: true }).waitFor({ state: 'detached' })
  assert.notEqual((await fetch(`${second.gateway}/talks/1`)).status, 502)
  await page.getByRole('button', { name: 'Show staging' }).click()
  await page.getByRole('link', { name: 'Gateway', exact: true }).click()
  await page.getByRole('region', { name: 'What is served' }).getByText('/extra').first().waitFor()
})

test('two Gatewards of one machine in one browser leave each other their sessions', { skip: noBrowser }, async () => {
  const other = await owner.context.newPage()
  await other.goto(second.gateward.ownerUrl() as string)
  await other.getByRole('link', { name: 'Gateway', exact: true }).waitFor()
  await other.close()
  await owner.page.reload()
  await owner.page.getByRole('link', { name: 'Gateway', exact: true }).waitFor()
})

test('a store that is away is told on every view', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.route('**/v1/console/state', async (route) => {
    const state = (await (await route.fetch()).json()) as object
    await route.fulfill({ json: { ...state, trouble: 'etcd does not answer' } })
  })
  await page.reload()
  await page.getByText('changes are refused until it answers. etcd does not answer').waitFor()
  await page.unrouteAll()
})

test('dark, and on a phone', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.getByRole('button', { name: 'Switch to dark colours' }).click()
  await page.setViewportSize({ width: 390, height: 800 })
  const views = [
    ['targets', 'Compare and promote'],
    ['gateway/findings', 'Plan the fix'],
    ['gateway/routes/talks', 'Send a request'],
  ] as const
  for (const [view, shown] of views) {
    await page.goto(new URL(`/#/${view}`, page.url()).href)
    await page.getByText(shown).first().waitFor()
    await picture(page, `phone-${view.replaceAll('/', '-')}`)
    assert.deepEqual(await seriousFindings(page), [])
    const wide = await page.locator('html').evaluate((one) => one.scrollWidth - one.clientWidth)
    assert.equal(wide, 0, `${view} is not wider than the screen`)
  }
  assert.deepEqual(owner.complaints, [])
})
