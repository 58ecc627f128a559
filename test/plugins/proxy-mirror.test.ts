import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenForTest } from '../gateway/listen-for-test.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'
import { until } from '../until.ts'
import { refusal, startBench } from './harness.ts'

interface Copy {
  method: string | undefined
  url: string | undefined
  headers: Record<string, string | string[] | undefined>
  body: string
}

const bench = await startBench()
let copies: Copy[] = []
let answer = (end: () => void): void => end()
const mirror = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    copies.push({ method: request.method, url: request.url, headers: request.headers, body })
    answer(() => response.end())
  })
})
await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve))
after(() => {
  mirror.closeAllConnections()
  mirror.close()
})
const host = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`
beforeEach(() => {
  copies = []
})

async function arrived(count: number): Promise<Copy[]> {
  await until(() => copies.length >= count)
  return copies
}

test('the copy has method, target, fields and body, and none of the client’s words about itself', async () => {
  bench.route({ 'proxy-mirror': { host } })
  const headers = { Host: 'h.example:8080', 'X-A': '1', 'X-Forwarded-Host': 'evil', 'X-Forwarded-For': '1.2.3.4' }
  await bench.send('/a%20b?q=1', { method: 'POST', headers, body: 'copy me' })
  const [copy] = await arrived(1)
  assert.equal(copy?.method, 'POST')
  assert.equal(copy?.url, '/a%20b?q=1')
  assert.equal(copy?.body, 'copy me')
  assert.equal(copy?.headers.host, 'h.example:8080')
  assert.equal(copy?.headers['x-a'], '1')
  assert.equal(copy?.headers['x-forwarded-host'], 'h.example:8080')
  assert.equal(copy?.headers['x-forwarded-port'], '8080')
  assert.equal(copy?.headers['x-forwarded-for'], undefined)
})

test('another path, instead of or before the request’s', async () => {
  bench.route({ 'proxy-mirror': { host, path: '/fixed' } })
  await bench.send('/x?q=1')
  bench.route({ 'proxy-mirror': { host, path: '/pre', path_concat_mode: 'prefix' } })
  await bench.send('/x?q=1')
  assert.deepEqual((await arrived(2)).map(({ url }) => url).sort(), ['/fixed?q=1', '/pre/x?q=1'])
})

test('the client does not wait for a mirror that never answers, nor for one that is not there', async () => {
  answer = () => {}
  bench.route({ 'proxy-mirror': { host } })
  assert.equal((await bench.send('/slow')).status, 200)
  bench.route({ 'proxy-mirror': { host: 'http://127.0.0.1:1' } })
  assert.equal((await bench.send('/dead')).status, 200)
  assert.equal((await arrived(1)).length, 1)
  answer = (end) => end()
})

test('a share of the requests; a body beyond the bound is not copied', async () => {
  bench.route({ 'proxy-mirror': { host, sample_ratio: 0.00001 } })
  for (let i = 0; i < 20; i++) await bench.send('/sampled')
  bench.route({ 'proxy-mirror': { host } })
  await bench.send('/large?body=ok', { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) })
  await bench.send('/last')
  const urls = (await arrived(1)).map(({ url }) => url)
  assert.ok(urls.includes('/last') && !urls.some((url) => url?.startsWith('/large')))
})

test('a body that comes in pieces is copied whole, and one that never ends is not copied', async () => {
  const origin = createServer((incoming, response) => {
    incoming.on('error', () => {}).on('end', () => response.end())
    incoming.resume()
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const nodes = { [`127.0.0.1:${(origin.address() as AddressInfo).port}`]: 1 }
  const thread = threadForTest({
    'routes/a': { uri: '/*', upstream: { nodes }, plugins: { 'proxy-mirror': { host } } },
  })
  const port = await listenForTest(thread)
  const post = (path: string): ClientRequest =>
    request({ host: '127.0.0.1', port, path, method: 'POST', agent: false }).on('error', () => {})
  const cut = post('/cut')
  cut.write('first ')
  await sleep(50)
  cut.destroy()
  const whole = post('/pieces')
  const answered = once(whole, 'response') as Promise<[IncomingMessage]>
  whole.write('one ')
  await sleep(50)
  whole.write('two ')
  await sleep(50)
  whole.end('three')
  const [response] = await answered
  response.resume()
  assert.equal(response.statusCode, 200)
  const [copy] = await arrived(1)
  assert.deepEqual([copy?.url, copy?.body], ['/pieces', 'one two three'])
  thread.close()
  origin.closeAllConnections()
  origin.close()
})

test('configurations that are refused', () => {
  assert.match(refusal('proxy-mirror', { host: 'grpc://a:1' }) ?? '', /calls of gRPC are not mirrored/)
  assert.match(refusal('proxy-mirror', { host: 'http://a/path' }) ?? '', /failed to match pattern/)
  assert.match(refusal('proxy-mirror', {}) ?? '', /"host" is required/)
})
