// What the page of batch-requests in APISIX's documentation shows.
import assert from 'node:assert/strict'
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const BATCH = '/apisix/batch-requests'
const open: [string, object] = ['routes/br', { uri: BATCH, plugins: { 'public-api': {} } }]
const api: [string, object] = ['routes/api', { uri: '/api/*', upstream }]

interface Answer {
  status: number
  reason: string
  headers: Record<string, string>
  body: string
}
interface Echo {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

story(
  'several requests in one: headers and query for all, those of one go before, Content-* of the batch stays out',
  [open, api],
  async ({ step }) => {
    const { body } = await step({
      get: BATCH,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Outer': 'outer', 'X-Own': 'outer' },
      send: {
        headers: { 'Content-Type': 'text/plain', 'X-Own': 'batch', Token: 'xxxx' },
        query: { q: 'all' },
        timeout: 5000,
        pipeline: [
          { method: 'POST', path: '/api/gifts', body: 'test' },
          { path: '/api/get', headers: { 'X-Own': 'one' }, query: { q: 'one' } },
          { path: '/none' },
        ],
      },
      status: 200,
    })
    const [post, get, none] = body as [Answer, Answer, Answer]
    assert.deepEqual([post.status, post.reason, none.status, none.reason], [200, 'OK', 404, 'Not Found'])
    assert.equal(post.headers['content-type'] ?? post.headers['Content-Type'], 'application/json')
    const [first, second] = [JSON.parse(post.body) as Echo, JSON.parse(get.body) as Echo]
    assert.deepEqual([first.method, first.url, first.body], ['POST', '/api/gifts?q=all', 'test'])
    assert.partialDeepStrictEqual(first.headers, { token: 'xxxx', 'x-own': 'batch', 'content-type': 'text/plain' })
    assert.equal(first.headers['x-outer'], 'outer')
    assert.deepEqual([second.method, second.url, second.headers['x-own']], ['GET', '/api/get?q=one', 'one'])
  },
)

story(
  'at another uri, and with a size of its own',
  [
    ['routes/br', { uri: '/batch', plugins: { 'public-api': { uri: BATCH } } }],
    api,
    ['plugin_metadata/batch-requests', { max_body_size: 100 }],
  ],
  async ({ step, refuses }) => {
    const pipeline = [{ path: '/api/a' }]
    await step({ get: '/batch', method: 'POST', send: { pipeline }, status: 200 })
    await step({ get: '/batch', method: 'POST', send: { pipeline, query: { long: 'x'.repeat(100) } }, status: 413 })
    await refuses('plugin_metadata/batch-requests', { max_body_size: 0 }, /max_body_size/)
  },
)

story('what takes longer than the timeout is 504; what is no batch is refused', [open, api], async ({ step }) => {
  const post = (send: unknown, status: number) => step({ get: BATCH, method: 'POST', send, status })
  const { body } = await post({ timeout: 200, pipeline: [{ path: '/api/a', query: { delay: 3000 } }] }, 200)
  assert.equal((body as Answer[])[0]?.status, 504)
  for (const bad of [
    {},
    { pipeline: [] },
    { pipeline: [{ method: 'GET' }] },
    { pipeline: [{ path: '/a', method: 'MOVE' }] },
  ])
    await post(bad, 400)
  await step({ get: BATCH, method: 'POST', status: 400 })
})

story('nothing without public-api', [api], [{ get: BATCH, method: 'POST', send: {}, status: 404 }])
