// What the page of one resource asks the server for: schemas of plugins, an answer through the gateway, and nothing for strangers.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Running, run } from '../running.ts'

let running: Running
before(async () => {
  running = await run()
})
after(() => running?.close())

const send = (body: object): Promise<{ status: number; body: Record<string, unknown> }> =>
  running.owner('POST', '/v1/console/send', body)

test('console: all of it is for the owner alone', async () => {
  const ask = (path: string, method = 'GET'): Promise<Response> => fetch(running.surface + path, { method })
  const reads = ['schema/plugins/cors', 'plugins', 'picture', 'audit', 'targets', 'compare', 'traffic']
  for (const path of [...reads, 'traffic/stream', 'traffic/tail'])
    assert.equal((await ask(`/v1/console/${path}`)).status, 403)
  assert.equal((await ask('/v1/console/send', 'POST')).status, 403)
})

test('console: the schema of a plugin, and of what a consumer has of it', async () => {
  const of = async (query: string): Promise<string[]> => {
    const { body } = await running.owner('GET', `/v1/console/schema/plugins/key-auth${query}`)
    return Object.keys((body.schema as { properties: object }).properties)
  }
  assert.ok((await of('')).includes('header'))
  assert.ok((await of('?kind=consumers')).includes('key'))
  assert.equal((await running.owner('GET', '/v1/console/schema/plugins/none')).status, 404)
})

test('console: a request is sent to the gateway alone, as it was written', async () => {
  const { status, body } = await send({ method: 'POST', path: '/nothing?a=b', headers: { 'X-Try': '1' }, body: 'x' })
  assert.equal(status, 200)
  assert.equal(body.status, 404)
  assert.match(String(body.body), /404 Route Not Found/)
  assert.equal(body.cut, false)
  for (const path of ['http://example.com/', '//a b', 'x', '/a\r\nX: y'])
    assert.equal((await send({ path })).status, 400)
  assert.equal((await send({ path: '/', method: 'CONNECT' })).status, 400)
  assert.equal((await send({ path: '/', headers: { 'X Try': '1' } })).status, 400)
  assert.equal((await send({ path: '/', headers: { 'X-Try': 'a\r\nb: c' } })).status, 400)
})
