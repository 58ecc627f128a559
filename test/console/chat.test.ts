// The story of the chat in a real browser: first visit, a route by words, approval, proof, the limit, undo; reload, restart, two pages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../until.ts'
import { noBrowser, openConsole, picture, say, seriousFindings, visit } from './browser.ts'

const { browser, running, owner: first } = await openConsole()

test('without the owner session there is only the way in', { skip: noBrowser }, async () => {
  const stranger = await visit(browser, `${running.surface}/`)
  await stranger.page.getByText('one-time address').waitFor()
  await stranger.close()
})

test('first visit: the sample API is offered by one click, and nothing happens without an approval', {
  skip: noBrowser,
}, async () => {
  const { page } = first
  await page.getByRole('button', { name: 'Take the sample API' }).click()
  const plan = page.getByRole('region', { name: 'Plan on embedded' })
  await plan.getByText('routes/speaker').waitFor()
  const address = /127\.0\.0\.1:\d+/.exec((await plan.textContent()) ?? '')?.[0]
  assert.equal((await fetch(`http://${address}/speakers`)).status, 200)
  await plan.getByRole('button', { name: 'Reject' }).click()
  await plan.getByText('Rejected').waitFor()
  assert.equal((await fetch(`${running.gateway}/speaker/1/sessions`)).status, 404)
  await page.getByRole('button', { name: 'New conversation' }).click()
})

test('first visit: an API is added, approved and proved', { skip: noBrowser }, async () => {
  const { page } = first
  await page.getByRole('heading', { name: 'Put your first API behind the gateway' }).waitFor()
  await picture(page, 'first-visit')
  assert.deepEqual(await seriousFindings(page), [])
  await page.getByLabel('Where the API runs').fill(running.api)
  await page.getByRole('button', { name: 'Add it' }).click()
  const plan = page.getByRole('region', { name: 'Plan on embedded' })
  await plan.getByText('routes/speaker').waitFor()
  await picture(page, 'plan')
  await plan.getByRole('button', { name: 'Approve' }).click()
  await plan.getByText('Approved').waitFor()
  await page.getByRole('region', { name: 'Applied change' }).getByText('the API answers').waitFor()
  assert.equal((await fetch(`${running.gateway}/speaker/1/sessions`)).status, 200)
})

test('the new route is called by one click', { skip: noBrowser }, async () => {
  const { page } = first
  await page.getByRole('button', { name: 'Call /speaker/1' }).click()
  await page
    .getByText(/GET \/speaker\/1.*200/)
    .last()
    .waitFor()
})

test('a key and a limit: the key is shown once and works until the limit', { skip: noBrowser }, async () => {
  const { page } = first
  await page.getByRole('button', { name: 'Require an API key on it and allow 5 requests a minute' }).click()
  await page.getByRole('button', { name: 'Approve' }).click()
  const key = await page.getByRole('region', { name: 'New keys' }).locator('code').textContent()
  await page.getByRole('region', { name: 'Applied change' }).last().getByText('call 6 is refused').waitFor()
  await picture(page, 'applied')
  assert.deepEqual(await seriousFindings(page), [])
  const statuses = []
  for (let i = 0; i < 6; i++)
    statuses.push((await fetch(`${running.gateway}/speaker/1/sessions`, { headers: { apikey: key as string } })).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429])
  assert.equal((await fetch(`${running.gateway}/speaker/1/sessions`)).status, 401)
  await page.reload()
  await page.getByText('was shown once').waitFor()
  assert.ok(!(await page.content()).includes(key as string), 'the key is not in the kept conversation')
})

test('undo by its button', { skip: noBrowser }, async () => {
  const { page } = first
  await page.getByRole('button', { name: 'Undo', exact: true }).nth(1).click()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Taken back').waitFor()
  assert.equal((await fetch(`${running.gateway}/speaker/1/sessions`)).status, 200)
})

test('a page that is loaded in mid-turn, and a second one, show the question; one decides for both', {
  skip: noBrowser,
}, async () => {
  const { page, context } = first
  await say(page, 'Add a consumer bob')
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  await page.reload()
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  const second = await context.newPage()
  await second.goto(page.url())
  await second.getByRole('button', { name: 'Reject' }).click()
  await page.getByText('Rejected', { exact: true }).waitFor()
  await second.close()
})

test('edit: the plan is rejected, its words come back to be changed', { skip: noBrowser }, async () => {
  const { page } = first
  await say(page, 'Add a consumer carol')
  await page.getByRole('button', { name: 'Edit' }).click()
  const field = page.getByLabel('Say something to the gateway')
  await until(async () => (await field.inputValue()) === 'Add a consumer carol', 'its words are in the field')
  await page.getByText('Rejected').last().waitFor()
  await field.fill('')
})

test('an example of what can be said is taken into the field', { skip: noBrowser }, async () => {
  const { page } = first
  await say(page, 'Frobnicate the whatsit')
  const examples = page.getByRole('list', { name: 'Examples' }).last()
  await examples.getByRole('button', { name: 'Create a route for /orders/* to http://127.0.0.1:8080' }).click()
  const field = page.getByLabel('Say something to the gateway')
  const taken = 'Create a route for /orders/* to http://127.0.0.1:8080'
  await until(async () => (await field.inputValue()) === taken, 'it is in the field')
  assert.ok(await field.evaluate((one) => one === one.ownerDocument.activeElement))
  await page.getByText('"Help" shows more.').last().waitFor()
  assert.deepEqual(await seriousFindings(page), [])
  await field.fill('')
})

test('stop ends a turn that waits', { skip: noBrowser }, async () => {
  const { page } = first
  await say(page, 'Add a consumer carol')
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByRole('button', { name: 'Send' }).waitFor()
  await page.getByRole('button', { name: 'Approve' }).waitFor({ state: 'detached' })
})

test('what is said right after a new conversation was begun belongs to it', { skip: noBrowser }, async () => {
  const { page } = first
  const old = page.url()
  await page.getByLabel('Say something to the gateway').fill('Show all services')
  await page.getByRole('button', { name: 'New conversation' }).evaluate(async (begin) => {
    begin.click()
    await Promise.resolve()
    begin.ownerDocument.querySelector('form.composer').requestSubmit()
  })
  const list = page.getByRole('complementary', { name: 'Conversations' })
  await list.getByText('Show all services').waitFor()
  assert.notEqual(page.url(), old)
})

test('conversations are listed, searched, renamed and removed', { skip: noBrowser }, async () => {
  const { page } = first
  await page.getByRole('button', { name: 'New conversation' }).click()
  await say(page, 'Show all routes')
  const list = page.getByRole('complementary', { name: 'Conversations' })
  await list.getByText('Show all routes').waitFor()
  await list.getByText('Show all routes').hover()
  await list.getByRole('button', { name: 'Rename Show all routes' }).click()
  await list.getByLabel('New title').fill('What is there')
  await page.keyboard.press('Enter')
  await list.getByText('What is there').waitFor()
  await list.getByLabel('Search conversations').fill('bob')
  await list.getByText('What is there').waitFor({ state: 'detached' })
  await list.getByText('Create a route for').waitFor()
  await list.getByLabel('Search conversations').fill('')
  await list.getByText('What is there').hover()
  await list.getByRole('button', { name: 'Remove What is there' }).click()
  await list.getByText('What is there').waitFor({ state: 'detached' })
})

test('keyboard only, dark, on a phone', { skip: noBrowser }, async () => {
  const phone = await visit(browser, running.gateward.ownerUrl() as string, { width: 390, height: 800 })
  const { page } = phone
  await page.getByRole('heading', { name: 'What should the gateway do?' }).waitFor()
  await page.getByRole('button', { name: 'Switch to dark colours' }).focus()
  await page.keyboard.press('Enter')
  await page.getByLabel('Say something to the gateway').focus()
  await page.keyboard.type('Enable CORS on route speaker')
  await page.keyboard.press('Enter')
  const approve = page.getByRole('button', { name: 'Approve' })
  await approve.waitFor()
  await picture(page, 'phone-dark')
  assert.deepEqual(await seriousFindings(page), [])
  for (let i = 0; i < 30 && !(await approve.evaluate((one) => one.matches(':focus'))); i++)
    await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Applied change' }).waitFor()
  const wide = await page.locator('html').evaluate((one) => one.scrollWidth - one.clientWidth)
  assert.equal(wide, 0, 'nothing is wider than the screen')
  await say(page, 'What is wrong?')
  const findings = page.locator('table.wide').last()
  await findings.getByRole('cell', { name: 'open-writes' }).first().waitFor()
  await findings.scrollIntoViewIfNeeded()
  await picture(page, 'phone-findings-dark')
  assert.deepEqual(await seriousFindings(page), [])
  const sideways = await page
    .locator('.scroll')
    .evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth))
  assert.deepEqual(
    sideways.filter((one) => one > 0),
    [],
    'no table scrolls sideways',
  )
  await page.getByRole('button', { name: 'Switch to light colours' }).click()
  await picture(page, 'phone-findings-light')
  assert.deepEqual(await seriousFindings(page), [])
  assert.deepEqual(phone.complaints, [])
  await phone.close()
})

test('no complaint in the console of the browser', { skip: noBrowser }, () => {
  assert.deepEqual(first.complaints, [])
})
