// The page of settings in a real browser: another model is tried, kept and used; its key stays on the server.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { type Running, run } from '../surfaces/running.ts'
import { launch, noBrowser, picture, say, seriousFindings, type Visit, visit } from './browser.ts'

const KEY = 'sk-of-the-test-0123456789'
let browser: Browser
let running: Running
let model: http.Server
let owner: Visit

before(async () => {
  if (noBrowser) return
  model = http.createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.headers.authorization !== `Bearer ${KEY}`) {
      response.writeHead(401, { 'Content-Type': 'application/json' })
      response.end('{"error":{"message":"this key is not known"}}')
    } else if (JSON.parse(body).stream) {
      const delta = { role: 'assistant', content: 'Hello from the other model.' }
      const chunk = {
        id: 'x',
        object: 'chat.completion.chunk',
        created: 0,
        model: 'm',
        choices: [{ index: 0, delta, finish_reason: 'stop' }],
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
    } else {
      const message = { role: 'assistant', content: 'ready' }
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(
        JSON.stringify({ id: 'x', created: 0, model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] }),
      )
    }
  })
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve))
  browser = await launch()
  running = await run()
  owner = await visit(browser, running.gateward.ownerUrl() as string)
})

after(async () => {
  await browser?.close()
  await running?.close()
  model?.close()
  model?.closeAllConnections()
})

test('another model: tried with a wrong key and the right one, kept, used from the next sentence on', {
  skip: noBrowser,
}, async () => {
  const { page } = owner
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByLabel('OpenAI-compatible server').check()
  await page.getByLabel('Address').fill(`http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`)
  await page.getByLabel('Model', { exact: true }).fill('m')
  await page.getByLabel('Key', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText(/It does not answer: 401: this key is not known/).waitFor()
  await page.getByLabel('Key', { exact: true }).fill(KEY)
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText(/It answers, in .* s: “ready”/).waitFor()
  assert.deepEqual(await seriousFindings(page), [])
  await picture(page, 'settings')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved').waitFor()
  await page.getByPlaceholder('kept on the server').waitFor()
  assert.ok(!(await page.content()).includes(KEY))

  await page.getByRole('link', { name: 'Chat', exact: true }).click()
  await say(page, 'hello')
  await page.getByText('Hello from the other model.').waitFor()
  await page.getByText('Answers come from openai-compatible').waitFor()
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
