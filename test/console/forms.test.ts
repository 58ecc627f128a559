// Resources made and changed by forms in a real browser: nested fields, secrets that are made, shown once and replaced, references, certificates.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { admin } from '../e2e/process.ts'
import { noBrowser, openConsole, picture, seriousFindings } from './browser.ts'

const { running, owner } = await openConsole()

async function open(page: Page, view: string): Promise<void> {
  await page.goto(new URL(`/#/${view}`, page.url()).href)
}

async function get(path: string): Promise<Record<string, unknown>> {
  const { status, body } = await admin(running, 'GET', `/${path}`)
  assert.equal(status, 200, path)
  return body.value as Record<string, unknown>
}

async function approve(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Applied.').waitFor()
}

test('a route by hand: from the empty table to being served', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/routes')
  await page.getByText('No routes yet').waitFor()
  await page.getByRole('link', { name: 'Add a route' }).click()
  await page.getByLabel('name', { exact: true }).fill('Speakers')
  await page.getByLabel('uris', { exact: true }).fill('/speakers\n/speaker/*')
  await page.getByLabel('GET', { exact: true }).check()
  await page.getByRole('button', { name: 'Set upstream', exact: true }).click()
  await page.getByLabel('Name 1 of nodes').fill(running.api.replace('http://', ''))
  await picture(page, 'new-route')
  assert.deepEqual(await seriousFindings(page), [])
  await page.getByRole('button', { name: 'Plan to create it' }).click()
  await approve(page)
  assert.equal((await fetch(`${running.gateway}/speakers`)).status, 200)
  await page.getByRole('link', { name: 'Open speakers' }).click()
  await page.getByRole('heading', { name: 'Speakers' }).waitFor()
})

test('nested fields: rules with upstreams in a list, then the same as JSON', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/routes/speakers')
  await page.getByLabel('Add a plugin').selectOption('traffic-split')
  const form = page.getByRole('region', { name: 'Plugin traffic-split' })
  await form.getByRole('button', { name: 'Set rules' }).click()
  await form.getByRole('button', { name: 'Add to rules' }).click()
  await form.getByRole('button', { name: 'Set weighted_upstreams' }).click()
  await form.getByRole('button', { name: 'Add to weighted_upstreams' }).click()
  await form.getByLabel('weight', { exact: true }).fill('3')
  await form.getByRole('button', { name: 'Add to weighted_upstreams' }).click()
  await form.getByRole('button', { name: 'Remove item 2 of weighted_upstreams' }).click()
  assert.deepEqual(await seriousFindings(page), [])
  await form.getByRole('button', { name: 'rules as JSON' }).click()
  const json = form.getByRole('textbox', { name: 'rules as JSON' })
  assert.deepEqual(JSON.parse(await json.inputValue()), [{ weighted_upstreams: [{ weight: 3 }] }])
  await json.fill('[{')
  await form.getByRole('button', { name: 'Plan to add it' }).click()
  const problem = await json.evaluate((one) => one.ownerDocument.activeElement === one && one.validationMessage)
  assert.match(String(problem), /^this is not JSON/, 'what is not JSON is not planned')
  await json.fill('[{"weighted_upstreams":[{"weight":2}]}]')
  await form.getByRole('button', { name: 'rules as fields' }).click()
  assert.equal(await form.getByLabel('weight', { exact: true }).inputValue(), '2')
  await form.getByRole('button', { name: 'Plan to add it' }).click()
  await approve(page)
  const { plugins } = await get('routes/speakers')
  assert.deepEqual((plugins as Record<string, unknown>)['traffic-split'], {
    rules: [{ weighted_upstreams: [{ weight: 2 }] }],
  })
})

test('fields that appear with a choice, names and values, and one of several forms', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/routes/speakers')
  await page.getByLabel('Add a plugin').selectOption('limit-count')
  const limit = page.getByRole('region', { name: 'Plugin limit-count' })
  await limit.getByLabel('policy', { exact: true }).selectOption('redis')
  await limit.getByLabel('redis_host', { exact: true }).waitFor()
  await limit.getByRole('button', { name: 'Close' }).click()
  await page.getByLabel('Add a plugin').selectOption('response-rewrite')
  const form = page.getByRole('region', { name: 'Plugin response-rewrite' })
  await form.getByRole('button', { name: 'Set headers' }).click()
  await form.getByLabel('Form of headers').selectOption({ index: 1 })
  await form.getByRole('button', { name: 'Add to headers' }).click()
  await form.getByLabel('Name 1 of headers').fill('X-Made')
  await form.getByLabel('X-Made', { exact: true }).fill('by a form')
  await form.getByRole('button', { name: 'Plan to add it' }).click()
  await approve(page)
  assert.equal((await fetch(`${running.gateway}/speakers`)).headers.get('x-made'), 'by a form')
})

test('a consumer and its credential: the key is made, shown once, and replaced', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/+/consumers')
  await page.getByLabel('username', { exact: true }).fill('partner')
  await page.getByRole('button', { name: 'Plan to create it' }).click()
  await approve(page)
  await page.getByRole('link', { name: 'Open partner' }).click()
  await page.getByRole('link', { name: 'Add a credential' }).click()
  await page.getByLabel('id', { exact: true }).fill('web')
  await page.getByLabel('Add a plugin').selectOption('key-auth')
  await page.getByRole('button', { name: 'Make one for key' }).click()
  await picture(page, 'new-credential')
  assert.deepEqual(await seriousFindings(page), [])
  await page.getByRole('button', { name: 'Plan to create it' }).click()
  await page.getByRole('region', { name: 'Plan on embedded' }).getByText('***').first().waitFor()
  await approve(page)
  const shown = page.getByRole('region', { name: 'New keys' }).locator('code')
  const first = (await shown.textContent()) as string
  assert.match(first, /^gw_/)
  assert.deepEqual(await seriousFindings(page), [])

  await open(page, 'gateway/routes/speakers')
  await page.getByLabel('Add a plugin').selectOption('key-auth')
  await page.getByRole('button', { name: 'Plan to add it' }).click()
  await approve(page)
  const call = async (key: string): Promise<number> =>
    (await fetch(`${running.gateway}/speakers`, { headers: { apikey: key } })).status
  assert.equal(await call(first), 200)

  await open(page, 'gateway/consumers/partner')
  await page.getByRole('link', { name: 'web', exact: true }).click()
  assert.ok(!(await page.content()).includes(first), 'shown once')
  await page.getByRole('button', { name: 'New key for key-auth' }).click()
  await approve(page)
  const second = (await shown.textContent()) as string
  assert.notEqual(second, first)
  assert.equal(await call(first), 401)
  assert.equal(await call(second), 200)
  await picture(page, 'rotated')

  await page.reload()
  await page.getByRole('heading', { name: 'web' }).waitFor()
  assert.ok(!(await page.content()).includes(second))
  const kept = JSON.stringify([
    (await running.owner('GET', '/v1/console/changes')).body,
    (await running.owner('GET', '/v1/chats')).body,
  ])
  assert.ok(!kept.includes(first) && !kept.includes(second), 'no key in the history or the conversations')
})

test('a reference stands for a secret, and is shown as what it is', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/credentials/partner%2Fweb')
  await page.getByRole('button', { name: 'key-auth', exact: true }).click()
  const form = page.getByRole('region', { name: 'Plugin key-auth' })
  const field = form.getByLabel('key', { exact: true })
  assert.equal(await field.inputValue(), '', 'what is kept is not here')
  await field.fill('$env://PARTNER_KEY')
  await form.getByRole('button', { name: 'Plan the change' }).click()
  await page.getByRole('region', { name: 'Plan on embedded' }).getByText('$env://PARTNER_KEY').waitFor()
  await approve(page)
  assert.deepEqual((await get('consumers/partner/credentials/web')).plugins, {
    'key-auth': { key: '$env://PARTNER_KEY' },
  })
})

test('a certificate from files', { skip: noBrowser }, async () => {
  const { page } = owner
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(running.directory, name)) as [string, string]
  const subject = ['-subj', '/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...made, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
  await open(page, 'gateway/+/ssls')
  await page.getByLabel('id', { exact: true }).fill('shop')
  await page.getByLabel('snis', { exact: true }).fill('shop.example')
  await page.getByLabel('File for cert').setInputFiles(cert)
  await page.getByLabel('File for key').setInputFiles(key)
  assert.deepEqual(await seriousFindings(page), [])
  await page.getByRole('button', { name: 'Plan to create it' }).click()
  await approve(page)
  const stored = await get('ssls/shop')
  assert.equal(stored.cert, readFileSync(cert, 'utf8'))
  await page.getByRole('link', { name: 'Open shop' }).click()
  await page.getByRole('heading', { name: 'shop' }).waitFor()
  const [, line = ''] = readFileSync(key, 'utf8').split('\n')
  assert.ok(!(await page.content()).includes(line), 'the private key does not come back')
})

test('a route is changed by its form, switched off and deleted', { skip: noBrowser }, async () => {
  const { page } = owner
  await open(page, 'gateway/routes/speakers')
  await page.getByRole('button', { name: 'Edit as a form' }).click()
  await page.getByLabel('desc', { exact: true }).fill('Who speaks')
  await page.getByRole('button', { name: 'Plan the change' }).click()
  const plan = page.getByRole('region', { name: 'Plan on embedded' })
  await plan.getByText('"Who speaks"').waitFor()
  const seen = await plan.evaluate((one) => {
    const { top, bottom } = one.getBoundingClientRect()
    return top >= 0 && bottom <= one.ownerDocument.documentElement.clientHeight
  })
  assert.ok(seen, 'the plan is in sight of who asked for it at the foot of the page')
  assert.match(await page.title(), /^speakers · Gateway/)
  await approve(page)
  await page.getByRole('button', { name: 'Disable' }).click()
  await approve(page)
  await page.getByRole('button', { name: 'Enable' }).waitFor()
  assert.equal((await fetch(`${running.gateway}/speakers`)).status, 404)
  await page.getByRole('button', { name: 'Delete' }).click()
  await approve(page)
  await open(page, 'gateway/routes')
  await page.getByText('No routes yet').waitFor()
  // The page of what was deleted has asked for it again, which is answered 404.
  assert.deepEqual(
    owner.complaints.filter((one) => !one.includes('404')),
    [],
  )
})
