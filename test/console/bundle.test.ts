// How much a browser loads for the first view, and that a page gives the same after a restart of the server.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from '../../scripts/build.ts'
import { start } from '../e2e/process.ts'
import { launch, noBrowser, say, ticketIn, visit } from './browser.ts'

const MAX_FIRST_VIEW_BYTES = 250 * 1024

test('the first view is at most 250 KB, compressed', async () => {
  assert.ok(await build())
  const dist = new URL('../../console/dist/', import.meta.url)
  const page = readFileSync(new URL('index.html', dist), 'utf8')
  const named = readdirSync(new URL('assets/', dist)).filter((name) => page.includes(name))
  assert.ok(named.length >= 2, 'a script and a style sheet')
  const bytes = named.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(`assets/${name}`, dist))).length, 0)
  assert.ok(bytes <= MAX_FIRST_VIEW_BYTES, `${bytes} bytes`)
  assert.ok(!/https?:\/\//.test(page), 'nothing from outside')
})

test('a class is styled in one file: the styles of a part stay once it was opened', () => {
  const styles = new URL('../../console/src/styles/', import.meta.url)
  const files = new Map<string, Set<string>>()
  for (const name of readdirSync(styles))
    for (const [, one = ''] of readFileSync(new URL(name, styles), 'utf8').matchAll(/^(\.[a-z-]+)(?: \{|,)$/gm))
      files.set(one, (files.get(one) ?? new Set()).add(name))
  assert.ok(files.size > 50)
  assert.deepEqual(
    [...files].filter(([, names]) => names.size > 1).map(([one, names]) => `${one}: ${[...names].join(', ')}`),
    [],
  )
})

test('a restart in mid-chat: the page says that it waits, goes on by itself, and tells what was cut short', {
  skip: noBrowser,
}, async () => {
  const browser = await launch()
  const before = await start()
  const { page } = await visit(browser, ticketIn(before.output()).replace('localhost', '127.0.0.1'))
  await say(page, 'Add a consumer dave')
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  before.child.kill('SIGKILL')
  await page.getByText('This page goes on by itself').first().waitFor()
  const after = await start({ directory: before.directory, env: before.env })
  await page.getByText('the server stopped before this was done').waitFor()
  await say(page, 'Show all routes')
  await page.getByText('There are no routes yet.').waitFor()
  await browser.close()
  await after.stop()
})
