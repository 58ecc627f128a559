import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readZones } from '../../src/lib/cache-zones.ts'
import { until } from '../until.ts'
import { type Answer, refusal, startBench } from './harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'gateward-cache-'))
after(() => rmSync(directory, { recursive: true }))
const attributes = {
  'proxy-cache': {
    cache_ttl: '10s',
    zones: [
      { name: 'disk_cache_one', disk_size: '256k', disk_path: directory, cache_levels: '1:2' },
      { name: 'memory_cache', memory_size: '1m' },
    ],
  },
}
const bench = await startBench({}, attributes)
const MEMORY = { cache_strategy: 'memory', cache_zone: 'memory_cache' }

let count = 0
/** An origin whose answers are numbered, with fields chosen by the query (`h=Name:Value`). */
const origin = createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://origin').searchParams
  for (const field of query.getAll('h')) {
    const colon = field.indexOf(':')
    response.appendHeader(field.slice(0, colon), field.slice(colon + 1))
  }
  response.statusCode = Number(query.get('status') ?? 200)
  response.end(query.has('size') ? 'a'.repeat(Number(query.get('size'))) : `answer ${++count}`)
})
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
after(() => {
  origin.closeAllConnections()
  origin.close()
})
const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${(origin.address() as AddressInfo).port}`]: 1 } }
const route = (conf: object, plugins: object = {}): void =>
  bench.route({ 'proxy-cache': conf, ...plugins }, { upstream })
const status = (answer: Answer): unknown => answer.headers['apisix-cache-status']

test('in memory: the second answer is the first one, with its age', async () => {
  route(MEMORY)
  const first = await bench.send('/m?h=X-A:1&h=X-A:2')
  const second = await bench.send('/m?h=X-A:1&h=X-A:2')
  assert.deepEqual([status(first), status(second)], ['MISS', 'HIT'])
  assert.equal(second.text, first.text)
  assert.deepEqual(second.headers['x-a'], ['1', '2'])
  assert.equal(second.headers.age, '0')
  assert.equal(second.headers.date, first.headers.date)
})

test('an answer has the type that its origin gave it, or none', async () => {
  for (const conf of [MEMORY, {}]) {
    route(conf)
    for (const [uri, type] of [
      ['/untyped?h=X-A:1', undefined],
      ['/typed?h=Content-Type:image/png', 'image/png'],
    ] as const) {
      const answers = [await bench.send(uri), await bench.send(uri)]
      assert.deepEqual(answers.map(status), ['MISS', 'HIT'])
      assert.deepEqual(
        answers.map(({ headers }) => headers['content-type']),
        [type, type],
      )
    }
  }
})

test('the status is a variable for log formats', async () => {
  const path = join(directory, 'log')
  route(MEMORY, { 'file-logger': { path, log_format: { cache: '$upstream_cache_status' } } })
  for (let i = 0; i < 2; i++) await bench.send('/logged')
  const said = (): string[] => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [])
  await until(() => said().length === 2, 'both requests are logged')
  assert.deepEqual(
    said().map((line) => JSON.parse(line).cache),
    ['MISS', 'HIT'],
  )
})

test('on disk: HEAD from what GET left, other methods pass', async () => {
  route({})
  const first = await bench.send('/d')
  const second = await bench.send('/d')
  assert.deepEqual([status(first), status(second)], ['MISS', 'HIT'])
  assert.equal(second.text, first.text)
  assert.equal(second.headers.age, undefined)
  const head = await bench.send('/d', { method: 'HEAD' })
  assert.deepEqual([status(head), head.text], ['HIT', ''])
  assert.equal(status(await bench.send('/d', { method: 'POST', body: 'x' })), 'BYPASS')
})

test('on disk: what HEAD wants to know is asked for by GET, and kept for both', async () => {
  const methods: (string | undefined)[] = []
  const listen = (request: IncomingMessage): number => methods.push(request.method)
  origin.on('request', listen)
  route({}, { 'response-rewrite': { headers: { set: { 'X-Method': '$request_method' } } } })
  const head = (target: string): Promise<Answer> => bench.send(target, { method: 'HEAD' })
  const first = await head('/head')
  assert.deepEqual([status(first), first.text, first.headers['x-method']], ['MISS', '', 'HEAD'])
  const second = await head('/head')
  assert.deepEqual([status(second), second.text], ['HIT', ''])
  const got = await bench.send('/head')
  assert.deepEqual([status(got), got.text], ['HIT', `answer ${count}`])
  route({ cache_method: ['GET'] })
  assert.equal(status(await head('/not-kept')), 'BYPASS')
  route(MEMORY)
  assert.deepEqual([status(await head('/head-m')), status(await head('/head-m'))], ['MISS', 'MISS'])
  route({ no_cache: ['$arg_own'] })
  await bench.send('/head?own=1', { method: 'HEAD' })
  await bench.send('/head?part', { method: 'HEAD', headers: { Range: 'bytes=0-1' } })
  assert.deepEqual(methods, ['GET', 'HEAD', 'HEAD', 'HEAD', 'HEAD', 'HEAD'])
  origin.off('request', listen)
})

test('large values on disk, and the bound on all of them', async () => {
  route({})
  assert.equal(status(await bench.send('/large?size=100000')), 'MISS')
  const again = await bench.send('/large?size=100000')
  assert.deepEqual([status(again), again.text.length], ['HIT', 100000])
  for (let i = 0; i < 20; i++) await bench.send(`/large/${i}?size=30000`)
  const bytes = (): number =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, size) => sum + size, 0)
  await until(() => bytes() <= 280_000)
})

test('statuses, cookies, private responses and what the origin forbids are not kept', async () => {
  route(MEMORY)
  for (const path of ['/s?status=500', '/s?h=Set-Cookie:a=b', '/s?h=Cache-Control:private', '/s?h=Vary:*']) {
    await bench.send(path)
    assert.equal(status(await bench.send(path)), 'MISS', path)
  }
  route({ ...MEMORY, cache_set_cookie: true, cache_http_status: [500] })
  await bench.send('/s?status=500&h=Set-Cookie:a=b')
  const hit = await bench.send('/s?status=500&h=Set-Cookie:a=b')
  assert.deepEqual([status(hit), hit.status, hit.headers['set-cookie']], ['HIT', 500, 'a=b'])
})

test('Vary keeps variants apart, and a purge takes all of them', async () => {
  route(MEMORY)
  const ask = (language: string): Promise<Answer> =>
    bench.send('/v?h=Vary:Accept-Language', { headers: { 'Accept-Language': language } })
  const english = await ask('en')
  assert.equal(status(await ask('de')), 'MISS')
  const again = await ask('en')
  assert.deepEqual([status(again), again.text], ['HIT', english.text])
  assert.equal(status(await ask('de')), 'HIT')
  assert.equal((await bench.send('/v?h=Vary:Accept-Language', { method: 'PURGE' })).status, 200)
  assert.equal(status(await ask('en')), 'MISS')
  assert.equal(status(await ask('de')), 'MISS')
})

test('purging an entry, once', async () => {
  for (const conf of [MEMORY, {}]) {
    route(conf)
    await bench.send('/p')
    const purged = await bench.send('/p', { method: 'PURGE' })
    assert.deepEqual([purged.status, purged.text], [200, ''])
    assert.equal((await bench.send('/p', { method: 'PURGE' })).status, 404)
    assert.equal(status(await bench.send('/p')), 'MISS')
  }
})

test('an entry expires; cache_control lets client and origin decide', async () => {
  route({ ...MEMORY, cache_control: true })
  const ask = (path: string, asked?: string): Promise<Answer> =>
    bench.send(path, asked === undefined ? {} : { headers: { 'Cache-Control': asked } })
  await ask('/c?h=Cache-Control:max-age=100')
  assert.equal(status(await ask('/c?h=Cache-Control:max-age=100')), 'HIT')
  assert.equal(status(await ask('/c?h=Cache-Control:max-age=100', 'min-fresh=200')), 'STALE')
  assert.equal(status(await ask('/c?h=Cache-Control:max-age=100', 'no-cache')), 'BYPASS')
  assert.equal(status(await ask('/c?h=Cache-Control:max-age=100', 'only-if-cached')), 'HIT')
  const none = await ask('/c2', 'only-if-cached')
  assert.deepEqual([none.status, status(none)], [504, 'MISS'])
  await ask('/c3', 'no-store')
  assert.equal(status(await ask('/c3')), 'MISS')
  await ask('/c5')
  assert.equal(status(await ask('/c5')), 'MISS', 'the origin has not said how long')
  await ask('/c4?h=Cache-Control:max-age=50&h=Age:50')
  assert.equal(status(await ask('/c4?h=Cache-Control:max-age=50&h=Age:50')), 'MISS')
})

test('by who asks, unless the configuration says otherwise', async () => {
  route(MEMORY)
  const ask = (path: string, user: string): Promise<Answer> =>
    bench.send(path, { headers: { Authorization: `Bearer ${user}` } })
  await ask('/i', 'jack')
  assert.equal(status(await ask('/i', 'jill')), 'MISS')
  assert.equal(status(await ask('/i', 'jack')), 'HIT')
  route({ ...MEMORY, consumer_isolation: false })
  await ask('/j', 'jack')
  assert.equal(status(await ask('/j', 'jill')), 'HIT')
})

test('bypass, no_cache, hidden fields', async () => {
  route({ ...MEMORY, cache_bypass: ['$arg_b'], no_cache: ['$arg_n'], cache_key: ['$uri'], hide_cache_headers: true })
  await bench.send('/b?n=1')
  const kept = await bench.send('/b?n=0')
  assert.equal(status(kept), 'MISS')
  assert.equal(status(await bench.send('/b?b=1')), 'BYPASS')
  const hit = await bench.send('/b?b=0')
  assert.deepEqual([status(hit), hit.text], ['HIT', kept.text], 'in memory a bypass renews nothing')
  const hidden = await bench.send('/h?h=Cache-Control:max-age=9&h=Expires:0')
  assert.equal(hidden.headers['cache-control'], undefined)
  assert.equal(hidden.headers.expires, undefined)
})

test('other plugins change an answer from the cache like any other', async () => {
  route(MEMORY, { 'request-id': {}, 'response-rewrite': { headers: { add: ['X-Once: 1'] } } })
  const first = await bench.send('/r')
  const second = await bench.send('/r')
  assert.equal(status(second), 'HIT')
  assert.equal(second.headers['x-once'], '1')
  assert.notEqual(second.headers['x-request-id'], first.headers['x-request-id'])
})

test('a client that has the response is told so', async () => {
  route(MEMORY)
  await bench.send('/e?h=ETag:"1"')
  const same = await bench.send('/e?h=ETag:"1"', { headers: { 'If-None-Match': 'W/"1"' } })
  assert.deepEqual([same.status, same.text, status(same)], [304, '', 'HIT'])
})

test('an upstream out of reach is remembered on disk', async () => {
  bench.route({ 'proxy-cache': {} }, { upstream: { type: 'roundrobin', nodes: { '127.0.0.1:1': 1 } } })
  assert.deepEqual(status(await bench.send('/dead')), 'MISS')
  const again = await bench.send('/dead')
  assert.deepEqual([again.status, status(again)], [502, 'HIT'])
})

test('a changed configuration forgets what the one before has kept', async () => {
  route(MEMORY)
  await bench.send('/changed')
  route({ ...MEMORY, cache_ttl: 5 })
  assert.equal(status(await bench.send('/changed')), 'MISS')
})

test('configurations that are refused', () => {
  assert.equal(refusal('proxy-cache', { cache_zone: 'nope' }), 'cache_zone nope not found')
  assert.equal(
    refusal('proxy-cache', { cache_zone: 'memory_cache' }),
    'invalid or empty cache_zone for cache_strategy: disk',
  )
  assert.match(refusal('proxy-cache', { cache_http_status: [206] }) ?? '', /no whole response/)
  assert.match(refusal('proxy-cache', { cache_key: ['-'] }) ?? '', /failed to match pattern/)
})

test('settings that are wrong say where', () => {
  const wrong = (attr: object): string => {
    try {
      readZones(attr as Record<string, unknown>)
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  assert.match(wrong({ zones: [{ name: 'a', memory_size: '5x' }] }), /zones\[0\]\.memory_size: found "5x"/)
  assert.match(wrong({ zone: [] }), /proxy-cache\.zone: there is no such setting/)
  assert.match(wrong({ zones: [{ name: 'a', disk_size: '1G', memory_size: '1m' }] }), /remove it/)
})
