// The picture of what is served, in a real browser: health, rates, ranges of ten thousand routes that open without a long task, and the saved file.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { admin, type Running, start } from '../e2e/process.ts'
import { launch, noBrowser, picture, put, seriousFindings, ticketIn, type Visit, visit } from './browser.ts'

const MAX_TASK_MS = 50

let browser: Browser
let running: Running
let owner: Visit

before(async () => {
  if (noBrowser) return
  browser = await launch()
  running = await start()
  const upstream = { nodes: { '127.0.0.1:1': 1 }, retries: 0 }
  await put(running, '/upstreams/orders', { ...upstream, name: 'orders' })
  await put(running, '/routes/hello', {
    uri: '/hello',
    methods: ['GET'],
    plugins: { prometheus: {}, mocking: { response_example: 'hi' } },
  })
  await put(running, '/routes/orders', {
    uri: '/orders/*',
    plugins: { prometheus: {} },
    upstream_id: 'orders',
  })
  await put(running, '/routes/shop', { uri: '/cart/*', host: 'shop.example', upstream_id: 'orders' })
  owner = await visit(browser, ticketIn(running.output()))
})

after(async () => {
  await browser?.close()
  await running?.stop()
})

/** Measures every task over 50 ms from now on. */
async function watchTasks(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const seen: number[] = []
    const observer = new PerformanceObserver((list) => seen.push(...list.getEntries().map((one) => one.duration)))
    ;(observer as unknown as { observe(of: { entryTypes: string[] }): void }).observe({ entryTypes: ['longtask'] })
    Object.assign(globalThis, { longTasks: seen })
  })
  return () => page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks)
}

test('hosts and paths, plugins, nodes, and rates on the arrows', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.getByRole('link', { name: 'Gateway', exact: true }).click()
  const drawn = page.getByRole('region', { name: 'What is served' })
  await drawn.getByText('shop.example/cart/*').waitFor()
  await drawn.getByText('127.0.0.1:1').waitFor()
  await drawn.getByRole('link', { name: '/hello' }).waitFor()
  // A rate needs two looks at the metrics, a second apart.
  while (!(await drawn.getByText(/\/s · 100 % 5xx/).count())) {
    await (await fetch(`${running.gateway}/orders/1`)).text()
    await page.reload()
    await drawn.getByText('/orders/*').waitFor()
  }
  await picture(page, 'picture')
  assert.deepEqual(await seriousFindings(page), [])
  await page.getByLabel('Search the picture').fill('mocking')
  await drawn.getByText('shop.example/cart/*').waitFor({ state: 'detached' })
  await page.getByLabel('Search the picture').fill('')
})

test('it is saved as a picture', { skip: noBrowser }, async () => {
  const { page } = owner
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as picture' }).click()
  const bytes = readFileSync(await (await saved).path())
  assert.equal(bytes.subarray(1, 4).toString(), 'PNG')
  assert.ok(bytes.length > 5000, `${bytes.length} bytes`)
})

/** Opens the picture of ten thousand routes range by range and comes back; milliseconds of the tasks that were too long. */
async function openRanges(page: Page): Promise<number[]> {
  const longTasks = await watchTasks(page)
  await page.getByLabel('Search the picture').fill('/r/')
  await page.getByText('10,000 of 10,003 routes').waitFor()
  const lanes = page.getByRole('region', { name: 'What is served' }).getByRole('link')
  assert.ok((await lanes.count()) <= 41, 'forty lanes and the upstream')
  await lanes.first().click()
  await page.getByText('250 of 10,003 routes').waitFor()
  await picture(page, 'picture-range')
  await lanes.nth(1).click()
  await page.getByText('7 of 10,003 routes').waitFor()
  await page.getByLabel('Search the picture').fill('')
  await page.getByRole('link', { name: 'everything' }).click()
  await page.getByText('10,003 routes', { exact: true }).waitFor()
  return (await longTasks()).filter((one) => one > MAX_TASK_MS)
}

test('ten thousand routes open range by range without a long task', { skip: noBrowser }, async () => {
  const { page } = owner
  for (let first = 0; first < 10_000; first += 1000) {
    const operations = Array.from({ length: 1000 }, (_, i) => ({
      method: 'PUT',
      path: `/routes/r${first + i}`,
      body: { uri: `/r/${first + i}/*`, upstream_id: 'orders' },
    }))
    assert.equal((await admin(running, 'POST', '/gateward/transaction', { operations })).status, 200)
  }
  // Others use the machine too: one walk of three without a long task shows that the page has none of its own.
  let long: number[] = []
  for (let walk = 0; walk < 3; walk++) {
    long = await openRanges(page)
    if (!long.length) break
  }
  assert.deepEqual(long, [])
})

test('dark, and on a phone', { skip: noBrowser }, async () => {
  const { page } = owner
  await page.getByRole('button', { name: 'Switch to dark colours' }).click()
  await picture(page, 'picture-dark')
  await page.setViewportSize({ width: 390, height: 800 })
  await picture(page, 'picture-phone')
  assert.deepEqual(await seriousFindings(page), [])
  const wide = await page.locator('html').evaluate((one) => one.scrollWidth - one.clientWidth)
  assert.equal(wide, 0, 'nothing is wider than the screen')
  assert.deepEqual(owner.complaints, [])
})
