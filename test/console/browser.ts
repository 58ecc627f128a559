// A real browser on a running Gateward, as its owner. What the page complains about in its console fails the test.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after } from 'node:test'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { build } from '../../scripts/build.ts'
import { type AdminAccess, admin } from '../e2e/process.ts'
import { type Running, run } from '../surfaces/running.ts'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** Where pictures are put, when somebody wants to look at them. */
const PICTURES = process.env.CONSOLE_PICTURES

/** The reason why these tests cannot run here; false when they can. */
export const noBrowser: string | false = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}`

export interface Visit {
  page: Page
  context: BrowserContext
  /** What the page wrote to its console as errors, and what it threw. */
  complaints: string[]
  close(): Promise<void>
}

export async function launch(): Promise<Browser> {
  assert.ok(await build(), 'the console is built')
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}

export interface OpenedConsole {
  browser: Browser
  running: Running
  owner: Visit
}

/** A Gateward and its owner's browser, until the tests of the file are over. Without a browser nothing is opened: those tests are skipped. */
export async function openConsole(): Promise<OpenedConsole> {
  if (noBrowser) return {} as OpenedConsole
  const browser = await launch()
  after(() => browser.close())
  const running = await run()
  after(() => running.close())
  return { browser, running, owner: await visit(browser, running.gateward.ownerUrl() as string) }
}

/** Opens the one-time address in a fresh browser session. */
export async function visit(
  browser: Browser,
  address: string,
  size: { width: number; height: number } = { width: 1280, height: 860 },
): Promise<Visit> {
  const context = await browser.newContext({ viewport: size, colorScheme: 'light' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(address)
  return { page, context, complaints, close: () => context.close() }
}

/** Sets a resource past the loop, as another client of the Admin API would. */
export async function put(on: AdminAccess, path: string, body: object): Promise<void> {
  const { status, body: answer } = await admin(on, 'PUT', path, body)
  assert.ok(status < 300, `${path}: ${status} ${JSON.stringify(answer)}`)
}

/** Says it once the turn before has ended: what is sent while one runs stays in the field. */
export async function say(page: Page, sentence: string): Promise<void> {
  await readyToSay(page, sentence)
  await page.keyboard.press('Enter')
}

/** Puts a sentence into the field and waits until it can be sent. */
export async function readyToSay(page: Page, sentence: string): Promise<void> {
  await page.getByLabel('Say something to the gateway').fill(sentence)
  await page.getByRole('button', { name: 'Send', exact: true }).waitFor()
}

/** The one-time address in a greeting. */
export function ticketIn(greeting: string): string {
  const address = /http:\/\/localhost:\d+\/\?ticket=\S+/.exec(greeting)?.[0]
  assert.ok(address, `the greeting has no one-time address: ${greeting}`)
  return address
}

/** What axe finds serious or critical on the page as it is. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Evaluated, not added as a script: the page's policy would refuse that, as it should.
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  return page.evaluate(async () => {
    interface Axe {
      run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>
    }
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run()
    return violations
      .filter((one) => one.impact === 'serious' || one.impact === 'critical')
      .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 150)).join(' | ')}`)
  })
}

/** Keeps a picture when CONSOLE_PICTURES names a directory. */
export async function picture(page: Page, name: string): Promise<void> {
  if (!PICTURES) return
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: `${PICTURES}/${name}.png` })
}
