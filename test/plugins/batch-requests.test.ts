import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { type Answer, startBench } from './harness.ts'

interface Member {
  status: number
  reason: string
  headers: Record<string, string>
  body: string
}

const bench = await startBench()
bench.route({})
bench.put('routes/batch', { uri: '/apisix/batch-requests', plugins: { 'public-api': {} } })
const silent = createServer(() => {})
await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
after(() => {
  silent.closeAllConnections()
  silent.close()
})
const nodes = { [`127.0.0.1:${(silent.address() as AddressInfo).port}`]: 1 }
bench.put('routes/silent', { uri: '/silent', upstream: { nodes } })

const batch = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  bench.send('/apisix/batch-requests', {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const message = async (body: unknown): Promise<[number, string]> => {
  const answer = await batch(body)
  return [answer.status, answer.json<{ error_msg: string }>().error_msg]
}

test('every request has its own answer, in order', async () => {
  const answer = await batch(
    {
      headers: { 'X-All': '1', 'x-own': '1' },
      query: { q: 'all' },
      pipeline: [
        { path: '/one' },
        {
          path: '/two',
          method: 'POST',
          body: 'hello',
          headers: { 'X-Own': '2' },
          query: { q: 'own', list: ['a', 'b'], 'a b': 'c d&e', flag: true, off: false },
        },
        { path: '/three', query: { status: 404, body: 'gone' } },
        { path: 'bad' },
        { path: '/four', method: 'HEAD' },
        { path: '/five', headers: { 'bad name': 'x' } },
        { path: '/five', headers: { 'X-A': 'b\r\nX-B: c' } },
      ],
    },
    { 'X-Outer': 'o', 'Content-Type': 'application/json', Host: 'outer.example' },
  )
  assert.equal(answer.headers['content-type'], 'application/json')
  const [one, two, three, bad, head, badName, badValue] = answer.json<Member[]>()
  const seen = JSON.parse(one?.body ?? '') as { url: string; headers: Record<string, string> }
  assert.equal(seen.url, '/one?q=all')
  assert.equal(seen.headers['x-all'], '1')
  assert.equal(seen.headers['x-outer'], 'o')
  assert.equal(seen.headers.host, 'outer.example')
  assert.equal(seen.headers['content-type'], undefined)
  const posted = JSON.parse(two?.body ?? '') as { url: string; body: string; headers: Record<string, string> }
  assert.deepEqual(
    [posted.url, posted.body, posted.headers['x-own']],
    ['/two?q=own&list=a&list=b&a%20b=c%20d%26e&flag', 'hello', '2'],
  )
  assert.deepEqual([three?.status, three?.reason, three?.body], [404, 'Not Found', 'gone'])
  assert.deepEqual([bad?.status, badName?.status, badValue?.status], [400, 400, 400])
  assert.deepEqual([head?.status, head?.body], [200, undefined])
})

test('a batch that takes too long has answers for what came in time', async () => {
  const answer = await batch({ timeout: 150, pipeline: [{ path: '/a' }, { path: '/silent' }, { path: '/b' }] })
  assert.deepEqual(
    answer.json<Member[]>().map(({ status }) => status),
    [200, 504, 504],
  )
})

test('authentication and limits of the routes hold', async () => {
  bench.put('routes/closed', {
    uri: '/closed',
    upstream: bench.upstream,
    plugins: { 'ip-restriction': { blacklist: ['127.0.0.1'] } },
  })
  const [closed] = (await batch({ pipeline: [{ path: '/closed' }] })).json<Member[]>()
  assert.equal(closed?.status, 403)
})

test('bodies of several lines, written as they are', async () => {
  const answer = await batch('{"pipeline":[{"path":"/lines","method":"POST","body":"one\n\ttwo"}]}')
  const [lines] = answer.json<Member[]>()
  assert.equal((JSON.parse(lines?.body ?? '') as { body: string }).body, 'one\n\ttwo')
})

test('refusals', async () => {
  assert.deepEqual(await message(''), [400, 'no request body, you should give at least one pipeline setting'])
  assert.match((await message('{'))[1], /^invalid request body: \{, err: Expected object key string/)
  assert.match((await message({}))[1], /matches none of the required: \["pipeline"\]|"pipeline" is required/)
  assert.match((await message({ pipeline: [{}] }))[1], /failed to validate item 1: property "path" is required/)
  assert.match((await message({ pipeline: [{ path: '/a?x' }] }))[1], /invalid characters found in path/)
  const nested = { path: '/apisix/batch-requests', method: 'POST', body: '{"pipeline":[{"path":"/a"}]}' }
  const [inner] = (await batch({ pipeline: [nested] })).json<Member[]>()
  assert.equal(inner?.status, 400)
  bench.put('plugin_metadata/batch-requests', { max_body_size: 60, max_pipeline_items: 1 })
  assert.match((await message({ pipeline: [{ path: '/a' }, { path: '/b' }] }))[1], /2 exceeds the maximum of 1/)
  assert.equal((await message({ pipeline: [{ path: `/${'a'.repeat(100)}` }] }))[0], 413)
  bench.put('plugin_metadata/batch-requests', undefined)
})
