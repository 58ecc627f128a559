// The page of settings in a real browser: another model is tried, kept and used; its key stays on the server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { type FakeModel, startFakeModel } from '../surfaces/fake-model.ts'
import { type Running, run } from '../surfaces/running.ts'
import { launch, noBrowser, picture, say, seriousFindings, type Visit, visit } from './browser.ts'

const KEY = 'sk-of-the-test-0123456789'
let browser: Browser
let running: Running
let model: FakeModel
let owner: Visit

before(async () => {
  if (noBrowser) return
  model = await startFakeModel(() => ({ content: 'Hello from the other model.' }), KEY)
  browser = await launch()
  running = await run()
  owner = await visit(browser, running.gateward.ownerUrl() as string)
})

after(async () => {
  await browser?.close()
  await running?.close()
  model?.close()
})

test('another model: tried with a wrong key and the right one, kept, used from the next sentence on', {
  skip: noBrowser,
}, async () => {
  const { page } = owner
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByLabel('OpenAI-compatible server').check()
  await page.getByLabel('Address').fill(model.baseUrl)
  await page.getByLabel('Model', { exact: true }).fill('m')
  await page.getByLabel('Key', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText(/It does not answer: 401: /).waitFor()
  await page.getByLabel('Key', { exact: true }).fill(KEY)
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText(/It answers, in .* s: “Hello/).waitFor()
  assert.deepEqual(await seriousFindings(page), [])
  await picture(page, 'settings')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved').waitFor()
  await page.getByPlaceholder('kept on the server').waitFor()
  assert.ok(!(await page.content()).includes(KEY))

  await page.getByRole('link', { name: 'Chat', exact: true }).click()
  await say(page, 'hello')
  await page.getByText('Hello from the other model.').waitFor()
  // Sooner than the page asks by itself.
  await page.getByText('Answers come from openai-compatible').waitFor({ timeout: 10_000 })
})

test('back to the built-in interpreter; dark and on a phone', { skip: noBrowser }, async () => {
  const { page, complaints } = owner
  await page.getByRole('button', { name: 'Switch to dark colours' }).click()
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByLabel('Built-in interpreter').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved').waitFor()
  assert.deepEqual(await seriousFindings(page), [])
  await picture(page, 'settings-phone')
  assert.equal((await running.owner('GET', '/v1/console/state')).body.model, 'builtin')
  assert.deepEqual(complaints, [])
})
