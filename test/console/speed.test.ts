// How fast the console is: the first paint, a turn of the chat with the built-in interpreter, and a table of ten thousand rows. The best of a few
// tries counts, since other tests may have the processor.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser, openConsole, readyToSay, say } from './browser.ts'

const MAX_PAINT_MS = 1000
const MAX_TURN_MS = 150
const MAX_TASK_MS = 50
const TRIES = 5

const { browser, owner } = await openConsole()

/** The smallest of what a few tries measure. */
async function best(measure: () => Promise<number>, limit: number): Promise<number> {
  let smallest = Number.POSITIVE_INFINITY
  for (let i = 0; i < TRIES && smallest > limit; i++) smallest = Math.min(smallest, await measure())
  return smallest
}

test('first paint, with nothing in the cache', { skip: noBrowser }, async () => {
  const paint = async (): Promise<number> => {
    const context = await browser.newContext({ storageState: await owner.context.storageState() })
    const page = await context.newPage()
    await page.goto(owner.page.url())
    await page.locator('h1').waitFor()
    const at = await page.evaluate(() => {
      const entries = performance.getEntriesByType('paint' as never) as unknown as { name: string; startTime: number }[]
      return entries.find((one) => one.name === 'first-contentful-paint')?.startTime ?? Number.POSITIVE_INFINITY
    })
    await context.close()
    return at
  }
  const found = await best(paint, MAX_PAINT_MS)
  assert.ok(found <= MAX_PAINT_MS, `${found} ms`)
})

test('a turn of the chat, from the key to the answer on the page', { skip: noBrowser }, async () => {
  const { page } = owner
  const turn = async (): Promise<number> => {
    const asked = await page.locator('.you').count()
    await readyToSay(page, 'Show all routes')
    const started = performance.now()
    await page.keyboard.press('Enter')
    await page.locator('.answer').nth(asked).waitFor()
    return performance.now() - started
  }
  await say(page, 'Help')
  await page.locator('.answer').first().waitFor()
  const found = await best(turn, MAX_TURN_MS)
  assert.ok(found <= MAX_TURN_MS, `${found} ms`)
})

test('ten thousand rows are searched and scrolled without a long task', { skip: noBrowser }, async () => {
  const { page } = owner
  const rows = Array.from({ length: 10_000 }, (_, i) => ({
    id: `r${i}`,
    name: `Route ${i}`,
    methods: ['GET'],
    hosts: ['api.example'],
    uris: [`/r/${i}/*`],
    upstream: ['127.0.0.1:1'],
    plugins: ['limit-count', 'key-auth'],
    enabled: true,
  }))
  await page.route('**/v1/console/resources/routes?*', (route) => route.fulfill({ json: { total: rows.length, rows } }))
  await page.goto(new URL('/#/gateway/routes', page.url()).href)
  await page.getByRole('region', { name: 'Routes' }).getByText('/r/3/*').waitFor()
  const found = await best(() => longest(page), MAX_TASK_MS)
  assert.ok(found <= MAX_TASK_MS, `a task of ${found} ms`)
  await page.unrouteAll()
})

/** The longest task of the page while somebody searches and scrolls; 0 when none was long. */
async function longest(page: Page): Promise<number> {
  await page.evaluate(() => {
    const seen: number[] = []
    Object.assign(globalThis, { seen })
    const Observer = (globalThis as unknown as { PerformanceObserver: typeof PerformanceObserver }).PerformanceObserver
    const observer = new Observer((list) => seen.push(...list.getEntries().map((one) => one.duration)))
    observer.observe({ entryTypes: ['longtask' as never] })
  })
  const search = page.getByLabel('Search routes')
  await search.pressSequentially('/r/77')
  await page.getByText('111 of 10,000').waitFor()
  await search.fill('')
  const table = page.getByRole('region', { name: 'Routes' })
  for (let i = 0; i < 20; i++) await table.evaluate((one) => one.scrollBy({ top: 5000 }))
  await page.waitForTimeout(100)
  return page.evaluate(() => Math.max(0, ...(globalThis as unknown as { seen: number[] }).seen))
}
