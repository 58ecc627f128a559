// The forms by keyboard alone, from the address to a protected route and back: every step is a key, and the keyboard is never lost on the way.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { until } from '../until.ts'
import { noBrowser, openConsole, picture, say, seriousFindings } from './browser.ts'

const { running, owner } = await openConsole()

/** More than any page has between two places. */
const MAX_TABS = 90

async function api(method: string, path: string, body?: object): Promise<Record<string, unknown> | undefined> {
  const response = await fetch(`http://${running.gateward.admin}/apisix/admin/${path}`, {
    method,
    headers: { 'X-API-KEY': readFileSync(join(running.directory, 'admin.key'), 'utf8').trim() },
    body: body && JSON.stringify(body),
  })
  if (response.status === 404) return undefined
  return ((await response.json()) as { value: Record<string, unknown> }).value
}

async function open(page: Page, view: string): Promise<void> {
  await page.goto(new URL(`/#/${view}`, page.url()).href)
}

/** What has the keyboard, as a screen reader says it: its role and its name. */
async function focused(page: Page): Promise<string> {
  const [, said = 'nothing'] = /^- (\S+(?: "[^"]*")?)/.exec(await page.locator(':focus').ariaSnapshot()) ?? []
  return said
}

/** Presses Tab until what has the keyboard is called so. */
async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  const seen: string[] = []
  for (let i = 0; i < MAX_TABS; i++) {
    await page.keyboard.press(key)
    assert.equal(await page.locator(':focus').count(), 1, `the keyboard is somewhere, after ${seen.join(', ')}`)
    const said = await focused(page)
    if (said.startsWith(name)) return
    seen.push(said)
  }
  assert.fail(`no Tab leads to ${name}, but to\n${seen.join('\n')}`)
}

async function press(page: Page, name: string, key = 'Enter'): Promise<void> {
  await tabTo(page, name)
  await page.keyboard.press(key)
}

async function fill(page: Page, name: string, text: string): Promise<void> {
  await tabTo(page, `textbox "${name}"`)
  await page.keyboard.type(text)
}

/** Approves the plan that is there, and waits for what came of it. */
async function approve(page: Page, done = 'Applied.'): Promise<void> {
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  await press(page, 'button "Approve"')
  await page.locator('.outcome').getByText(done, { exact: true }).first().waitFor()
  await until(() => page.locator('.outcome:focus').count(), 'the keyboard goes on at what came of it')
}

test('by keyboard: a route is made', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/routes')
  await page.getByText('No routes yet').waitFor()
  await press(page, 'link "Add a route"')
  await page.getByRole('heading', { name: 'New route' }).waitFor()
  assert.equal(await page.locator('main:focus').count(), 1, 'the link has gone: on with the page that it led to')
  await fill(page, 'name', 'Speakers')
  await fill(page, 'uris', '/speaker/*')
  await press(page, 'checkbox "GET"', 'Space')
  await press(page, 'button "Set upstream"')
  await press(page, 'button "Add to nodes"')
  assert.equal(await focused(page), 'textbox "Name 2 of nodes"', 'into the row that was added')
  await page.keyboard.type('gone.example:80')
  await press(page, 'button "Remove gone.example:80 of nodes"')
  assert.equal(await focused(page), 'button "Add to nodes"', 'back from the row that was removed')
  await tabTo(page, 'textbox "Name 1 of nodes"', 'Shift+Tab')
  await page.keyboard.type(running.api.replace('http://', ''))
  await press(page, 'button "Plan to create it"')
  await approve(page)
  await press(page, 'link "Open speakers"')
  await page.getByRole('heading', { name: 'Speakers' }).waitFor()
  assert.equal((await fetch(`${running.gateway}/speaker/1`)).status, 200)
})

test('by keyboard: a plugin is found in the list, its form filled and approved', { skip: noBrowser }, async () => {
  const { page } = owner
  await tabTo(page, 'combobox "Add a plugin"')
  await page.keyboard.press('ArrowDown')
  assert.equal(await page.getByRole('region', { name: /^Plugin / }).count(), 0, 'an arrow does not choose yet')
  await page.keyboard.press('Escape')
  // The list itself is the browser's own window: what it chooses is told as a change.
  await page.getByLabel('Add a plugin').selectOption('limit-count')
  await until(async () => (await focused(page)) === 'region "Plugin limit-count"', 'the keyboard is in the form')
  await picture(page, 'keyboard-plugin')
  await tabTo(page, 'button "Close"')
  await page.keyboard.press('Enter')
  assert.match(await focused(page), /^combobox "Add a plugin"/, 'back to where it was opened')
  await page.getByLabel('Add a plugin').selectOption('limit-count')
  await page.getByLabel('count', { exact: true }).waitFor()
  await tabTo(page, 'textbox "count"')
  await page.keyboard.type('3')
  await tabTo(page, 'textbox "time_window"')
  await page.keyboard.type('60')
  await page.keyboard.press('Enter')
  await approve(page)
  const { plugins } = (await api('GET', 'routes/speakers')) ?? {}
  assert.deepEqual(plugins, { 'limit-count': { count: 3, time_window: 60 } })
})

test('by keyboard: conditions as rows, taken from the address of the page on', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/routes/speakers')
  await page.getByRole('heading', { name: 'Speakers' }).waitFor()
  await press(page, 'button "Edit as a form"')
  await until(() => page.locator('form:focus').count(), 'the keyboard is in the form')
  await page.getByText('more fields').first().waitFor()
  while ((await page.locator('details:has([aria-label="Set vars"]) > summary:focus').count()) === 0)
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await press(page, 'button "Set vars"')
  await tabTo(page, 'combobox "Variable 1 of vars"')
  await page.keyboard.type('arg_version')
  await tabTo(page, 'combobox "Operator 1 of vars"')
  await tabTo(page, 'textbox "Value 1 of vars"')
  await page.keyboard.type('2')
  await press(page, 'button "Add to vars"')
  assert.equal(await focused(page), 'combobox "Variable 2 of vars"')
  await page.keyboard.type('http_x_team')
  await page.getByLabel('Operator 2 of vars').selectOption('not in')
  await tabTo(page, 'textbox "Value 2 of vars"')
  await page.keyboard.type('red, blue')
  assert.equal(await page.getByLabel('script', { exact: true }).count(), 0, 'no Lua, which is refused')
  assert.deepEqual(await seriousFindings(page), [])
  await picture(page, 'conditions')
  await press(page, 'button "Plan the change"')
  await approve(page)
  assert.deepEqual((await api('GET', 'routes/speakers'))?.vars, [
    ['arg_version', '==', '2'],
    ['http_x_team', '!', 'in', ['red', 'blue']],
  ])
  await page.getByText('arg_version is 2').waitFor()
  const status = async (query: string): Promise<number> =>
    (await fetch(`${running.gateway}/speaker/1${query}`, { headers: { 'x-team': 'green' } })).status
  assert.deepEqual([await status('?version=2'), await status('?version=1')], [200, 404])
})

test('by keyboard: a form is left, and the change before it undone', { skip: noBrowser }, async () => {
  const { page } = owner
  await press(page, 'button "Edit as JSON"')
  await until(() => page.locator('form:focus').count(), 'the keyboard is in the form')
  await press(page, 'button "Cancel"')
  assert.equal(await focused(page), 'button "Edit as a form"', 'back at the buttons that open it')
  await press(page, 'button "Undo"')
  await page.getByRole('button', { name: 'Reject' }).waitFor()
  await press(page, 'button "Reject"')
  await until(async () => (await focused(page)) === 'button "Undo"', 'back at the button after a no')
  await page.keyboard.press('Enter')
  await approve(page, 'Taken back')
  assert.equal((await api('GET', 'routes/speakers'))?.vars, undefined)
})

test('back and forward go through the places', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/upstreams')
  await page.getByText('No upstreams yet').waitFor()
  await open(page, 'gateway/routes')
  await page.getByRole('link', { name: 'speakers' }).waitFor()
  await page.goBack()
  await page.getByText('No upstreams yet').waitFor()
  await page.goForward()
  await page.getByRole('link', { name: 'speakers' }).waitFor()
})

test('by keyboard: the chat goes on in its field after an approval', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'chat')
  await say(page, 'Disable route speakers')
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  await tabTo(page, 'button "Approve"', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await page.getByText('Done; "Undo" takes it back.').waitFor()
  assert.match(await focused(page), /^textbox "Say something to the gateway"/)
})

test('a change made elsewhere is seen without loading the page again, and a form does not take it back', {
  skip: noBrowser,
}, async () => {
  const { page } = owner
  await open(page, 'gateway/routes')
  await page.getByRole('link', { name: 'speakers' }).waitFor()
  await api('PUT', 'routes/elsewhere', { uri: '/elsewhere', upstream: { type: 'roundrobin', nodes: { 'a:80': 1 } } })
  await page.getByRole('link', { name: 'elsewhere' }).click()
  const panel = page.getByRole('region', { name: 'Configuration' })
  await panel.getByRole('button', { name: 'Edit as a form' }).click()
  await panel.getByLabel('desc', { exact: true }).fill('Mine')
  await api('PATCH', 'routes/elsewhere', { uri: '/moved', status: 0 })
  await page.getByRole('region', { name: 'Fields' }).getByText('/moved').waitFor()
  assert.equal(await panel.getByLabel('desc', { exact: true }).inputValue(), 'Mine', 'what was typed stays')
  await panel.getByRole('button', { name: 'Plan the change' }).click()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Applied.').waitFor()
  const { uri, desc, status } = (await api('GET', 'routes/elsewhere')) ?? {}
  assert.deepEqual({ uri, desc, status }, { uri: '/moved', desc: 'Mine', status: 0 })
})

test('while the server is away what was there stays, with what was typed', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/routes/speakers')
  const panel = page.getByRole('region', { name: 'Configuration' })
  await panel.getByRole('button', { name: 'Edit as a form' }).click()
  await panel.getByLabel('desc', { exact: true }).fill('Half a sen')
  await page.route('**/v1/console/**', (route) => route.abort())
  await page.getByText('Gateward does not answer.').first().waitFor()
  assert.equal(await panel.getByLabel('desc', { exact: true }).inputValue(), 'Half a sen')
  await page.unroute('**/v1/console/**')
  await page.getByText('Gateward does not answer.').first().waitFor({ state: 'detached' })
  assert.equal(await panel.getByLabel('desc', { exact: true }).inputValue(), 'Half a sen')
})

test('while the server is away a page that was not open yet opens, and says so', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'chat')
  await page.reload()
  await page.getByLabel('Say something to the gateway').waitFor()
  // A part that cannot be fetched leaves the rest of the page.
  await page.route(/settings-view/, (route) => route.abort())
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByText('This part of the console could not be shown').waitFor()
  await page.getByRole('link', { name: 'History' }).click()
  await page.getByRole('heading', { name: 'History' }).waitFor()
})
