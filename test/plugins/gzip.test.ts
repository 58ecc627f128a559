import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { threadForTest } from '../gateway/thread-for-test.ts'
import { refusal } from './harness.ts'

let answer = (response: ServerResponse): unknown => response.end()
const origin = createServer((_request, response) => answer(response))
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${(origin.address() as AddressInfo).port}`]: 1 } }
const thread = threadForTest()
after(() => {
  thread.close()
  origin.closeAllConnections()
  origin.close()
})

const route = (plugins: object): void => thread.put('routes/a', { uri: '/*', upstream, plugins })
const ask = (accepted?: string, method = 'GET') =>
  thread.inject({ target: '/a', method, headers: accepted === undefined ? {} : { 'Accept-Encoding': accepted } })
const html =
  (text: string, fields: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': text.length, ...fields }).end(text)

const TEXT = '<p>hello</p>'.repeat(100)

test('compresses for clients that take it', async () => {
  route({ gzip: { vary: true } })
  answer = html(TEXT, { ETag: '"1"', 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' })
  const packed = await ask('br;q=1, gzip;q=0.5')
  assert.equal(packed.headers.get('content-encoding'), 'gzip')
  assert.equal(packed.headers.get('content-length'), undefined)
  assert.equal(packed.headers.get('etag'), 'W/"1"')
  assert.equal(packed.headers.get('last-modified'), 'Mon, 01 Jan 2024 00:00:00 GMT')
  assert.equal(packed.headers.get('vary'), 'Accept-Encoding')
  assert.equal(gunzipSync(packed.body).toString(), TEXT)
  for (const accepted of [undefined, 'br', 'gzip;q=0', '*;q=0, br']) {
    const plain = await ask(accepted)
    assert.equal(plain.headers.get('content-encoding'), undefined, accepted ?? 'nothing')
    assert.equal(plain.headers.get('vary'), 'Accept-Encoding')
    assert.equal(plain.body.toString(), TEXT)
  }
})

test('leaves alone what is small, of another type, encoded, not to be transformed, or a status that nginx leaves', async () => {
  route({ gzip: { min_length: 500 } })
  const left: ((response: ServerResponse) => unknown)[] = [
    html('short'),
    html(TEXT, { 'Content-Type': 'text/plain' }),
    html(TEXT, { 'Content-Encoding': 'br' }),
    html(TEXT, { 'Cache-Control': 'no-transform' }),
    (response) => response.writeHead(201, { 'Content-Type': 'text/html' }).end(TEXT),
  ]
  for (const one of left) {
    answer = one
    assert.notEqual((await ask('gzip')).headers.get('content-encoding'), 'gzip')
  }
  answer = html(TEXT)
  assert.equal((await ask('gzip', 'HEAD')).headers.get('content-encoding'), undefined)
})

test('every type, when the configuration says so', async () => {
  route({ gzip: { types: '*', comp_level: 9, buffers: { number: 1, size: 1 } } })
  answer = html(TEXT, { 'Content-Type': 'image/svg+xml' })
  assert.equal(gunzipSync((await ask('gzip')).body).toString(), TEXT)
})

test('brotli goes before gzip, and each where only it is taken', async () => {
  route({ gzip: {}, brotli: { lgwin: 22, lgblock: 18, mode: 1 } })
  answer = html(TEXT)
  const brotli = await ask('gzip, br')
  assert.equal(brotli.headers.get('content-encoding'), 'br')
  assert.equal(brotliDecompressSync(brotli.body).toString(), TEXT)
  assert.equal((await ask('gzip')).headers.get('content-encoding'), 'gzip')
})

test('what other plugins have made of the body is compressed', async () => {
  route({ gzip: {}, 'response-rewrite': { filters: [{ regex: 'hello', replace: 'bye', scope: 'global' }] } })
  answer = html(TEXT)
  const packed = await ask('gzip')
  assert.equal(packed.headers.get('content-encoding'), 'gzip')
  assert.equal(gunzipSync(packed.body).toString(), TEXT.replaceAll('hello', 'bye'))
})

test('a large body comes through whole', async () => {
  route({ gzip: {} })
  const large = Buffer.alloc(3_000_000, 'abcdefg')
  answer = (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(large)
  assert.ok(gunzipSync((await ask('gzip')).body).equals(large))
})

test('configurations that are refused', () => {
  assert.match(refusal('gzip', { types: [] }) ?? '', /"types" validation failed: object matches none of the required/)
  assert.match(refusal('gzip', { http_version: 2 }) ?? '', /matches none of the enum values/)
  assert.match(refusal('brotli', { lgwin: 9 }) ?? '', /matches none of the enum values/)
})
