// The plugins' pages are what the source says, and their examples work: the Admin API takes each, and a request to its route is served.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { stalePages } from '../../scripts/docs.ts'
import { type ExampleRequest, exampleOf, requestsOf } from '../../scripts/plugin-page.ts'
import { checkVars } from '../../src/gateway/router/vars.ts'
import { plugins } from '../../src/plugins/index.ts'
import { createCatalog } from '../../src/resources/catalog.ts'
import { createValidator } from '../../src/resources/validator.ts'
import { createTestAdmin } from '../admin/admin-for-test.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'
import { startEcho } from './harness.ts'

const { node } = await startEcho()

/** Every configuration of these is refused: their pages say so. */
const REFUSED = new Set(['exit-transformer', 'serverless-pre-function', 'serverless-post-function'])

function examplesOf(name: string): ExampleRequest[] {
  const page = readFileSync(new URL(`../../docs/plugins/${name}.md`, import.meta.url), 'utf8')
  return requestsOf((exampleOf(page) ?? '').replaceAll('127.0.0.1:8080', node))
}

test('every page is up to date', () => {
  assert.deepEqual(stalePages(), [], 'npm run docs writes them')
})

for (const { name } of plugins.filter((plugin) => !REFUSED.has(plugin.name))) {
  test(`the example of ${name} is accepted and served`, async () => {
    const requests = examplesOf(name)
    assert.ok(requests.length > 0, 'the page has no example')
    await accepts(requests)
    await serves(name, requests)
  })
}

async function accepts(requests: ExampleRequest[]): Promise<void> {
  const catalog = createCatalog(plugins)
  const admin = await createTestAdmin({ catalog, validator: createValidator({ catalog, checkVars }) })
  after(() => admin.close())
  for (const { method, path, body } of requests) {
    const answer = await admin.call(method, path, body)
    assert.equal(answer.status, 201, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  }
}

/** 500 would mean that a plugin could not be set up or has failed. */
async function serves(name: string, requests: ExampleRequest[]): Promise<void> {
  const thread = threadForTest()
  for (const { path, body } of requests) thread.put(path.slice(1), body)
  const route = requests.find(({ path }) => path.startsWith('/routes/'))?.body
  const { uri = '/', methods = ['GET'] } = (route ?? {}) as { uri?: string; methods?: string[] }
  const { status } = await thread.inject({ target: uri.replace('*', 'x'), method: methods[0] ?? 'GET' })
  assert.notEqual(status, 500, `${name}: a request was answered with ${status}`)
  thread.close()
}
