// The traffic's charts in a real browser, with real requests.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOwnerKey } from '../../src/surfaces/owner.ts'
import { admin, type Running, start } from '../e2e/process.ts'
import { launch, noBrowser, picture, seriousFindings, ticketIn, visit } from './browser.ts'

test('requests are counted, drawn and listed', { skip: noBrowser }, async () => {
  const browser = await launch()
  const running = await start()
  try {
    const body = { uri: '/hello', plugins: { prometheus: {}, mocking: { response_example: 'hi' } } }
    assert.equal((await admin(running, 'PUT', '/routes/hello', body)).status, 201)
    assert.equal((await fetch(`${running.gateway}/hello`)).status, 200)
    const { page, complaints } = await visit(browser, ticketIn(running.output()))
    await page.getByRole('link', { name: 'Traffic' }).click()
    await page.getByRole('img', { name: /Requests per second/ }).waitFor()
    for (let i = 0; i < 40; i++) await (await fetch(`${running.gateway}/hello`)).text()
    await page.getByRole('cell', { name: 'hello' }).waitFor()
    await page.getByRole('button', { name: 'by status' }).click()
    await page.getByRole('cell', { name: '200', exact: true }).waitFor()
    await page.getByRole('img', { name: /Bandwidth over time/ }).waitFor()
    await page.getByRole('button', { name: 'by route' }).click()
    await page
      .getByRole('cell', { name: /^[\d.]+ K?B$/ })
      .first()
      .waitFor()
    await page.getByRole('button', { name: '7 days' }).click()
    await page.getByText('Measured for').waitFor()
    await page.getByRole('button', { name: '5 min', exact: true }).click()
    await page.getByRole('cell', { name: 'hello' }).waitFor()
    await picture(page, 'traffic')
    const live = page.getByRole('region', { name: 'Live requests' })
    await live.getByRole('button', { name: 'Watch' }).click()
    await live.getByText('Waiting for a request').waitFor()
    // A thread begins to show what it serves a moment after the server has asked it to.
    while (!(await live.getByText(/\/hello$/).count()) || !(await live.getByText(/\/nothing$/).count())) {
      await (await fetch(`${running.gateway}/hello?secret=1`)).text()
      await (await fetch(`${running.gateway}/nothing`)).text()
    }
    assert.equal(await live.getByText('secret').count(), 0, 'query strings are not shown')
    await live.getByLabel('Statuses').selectOption('4xx')
    await live
      .getByText(/\/hello$/)
      .first()
      .waitFor({ state: 'detached' })
    await live
      .getByText(/\/nothing$/)
      .first()
      .waitFor()
    await picture(page, 'tail')
    assert.deepEqual(await seriousFindings(page), [])
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save Latency as picture' }).click()
    assert.equal((await saved).suggestedFilename(), 'latency.png')
    assert.deepEqual(await seriousFindings(page), [])
    await page.getByRole('button', { name: 'Switch to dark colours' }).click()
    await page.setViewportSize({ width: 390, height: 800 })
    await picture(page, 'phone-traffic')
    assert.deepEqual(await seriousFindings(page), [])
    const wide = await page.locator('html').evaluate((one) => one.scrollWidth - one.clientWidth)
    assert.equal(wide, 0, 'nothing is wider than the screen')
    assert.deepEqual(complaints, [])
  } finally {
    await browser.close()
    await running.stop()
  }
})

test('what was counted is still there after a restart', async () => {
  const before = await start()
  const body = { uri: '/hello', plugins: { prometheus: {}, mocking: { response_example: 'hi' } } }
  assert.equal((await admin(before, 'PUT', '/routes/hello', body)).status, 201)
  const requests = async (of: Running): Promise<number> => {
    const answer = await fetch(`${of.surface}/v1/console/traffic?seconds=86400&by=route`, {
      headers: { Authorization: `Bearer ${readOwnerKey(of.directory)}` },
    })
    const { rows } = (await answer.json()) as { rows: { name: string; requests: number }[] }
    return rows.find((one) => one.name === 'hello')?.requests ?? 0
  }
  for (let i = 0; i < 5; i++) await (await fetch(`${before.gateway}/hello`)).text()
  // Asking about the last minutes takes a moment, which is handed over when the process stops.
  await fetch(`${before.surface}/v1/console/traffic?seconds=60`, {
    headers: { Authorization: `Bearer ${readOwnerKey(before.directory)}` },
  })
  before.child.kill('SIGTERM')
  await new Promise((resolve) => before.child.once('exit', resolve))
  const after = await start({ directory: before.directory, env: before.env })
  assert.equal(await requests(after), 5)
  await after.stop()
})
