// Nobody gets by proxy-cache what was meant for somebody else, or what somebody else has made of a response.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { InjectRequest } from '../../src/gateway/inject.ts'
import { startBench } from './harness.ts'

const bench = await startBench()

let count = 0
/** An origin whose answers are numbered; their status is the query's `status`. */
const origin = createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://origin').searchParams
  response.statusCode = Number(query.get('status') ?? 200)
  response.end(`answer ${++count}`)
})
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
after(() => {
  origin.closeAllConnections()
  origin.close()
})
const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${(origin.address() as AddressInfo).port}`]: 1 } }

function route(conf: object): void {
  bench.route({ 'proxy-cache': { cache_strategy: 'memory', cache_zone: 'memory_cache', ...conf } }, { upstream })
}

type Asked = [target: string, request?: Omit<InjectRequest, 'target'>]

/** The second request is answered anew, the third, equal to the first, from the cache. */
async function apart(first: Asked, second: Asked): Promise<void> {
  const statuses: unknown[] = []
  for (const asked of [first, second, first]) statuses.push((await bench.send(...asked)).headers['apisix-cache-status'])
  assert.deepEqual(statuses, ['MISS', 'MISS', 'HIT'])
}

/** What the first request has got is not kept for the second. */
async function notKept(first: Asked, second: Asked): Promise<void> {
  const statuses: unknown[] = []
  for (const asked of [first, second]) statuses.push((await bench.send(...asked)).headers['apisix-cache-status'])
  assert.deepEqual(statuses, ['MISS', 'MISS'])
}

test('the members of a key do not run together', async () => {
  route({ cache_key: ['$uri', '$arg_a', '$arg_b'] })
  await apart(['/key?a=1&b=23'], ['/key?a=12&b=3'])
  await apart(['/key?a=x&b='], ['/key?a=&b=x'])
})

test('what POST has got is not given to GET', async () => {
  route({ cache_method: ['GET', 'POST'], cache_key: ['$uri'] })
  await apart(['/method', { method: 'POST' }], ['/method'])
})

test('the port in Host, of which an origin may make an address, is part of the host', async () => {
  route({})
  await apart(['/port', { headers: { Host: 'a.example' } }], ['/port', { headers: { Host: 'a.example:1337' } }])
})

test('the scheme is part of the key, so that a redirect to HTTPS is not given to those who are there; a purge takes both', async () => {
  route({})
  await apart(['/scheme', { scheme: 'http' }], ['/scheme', { scheme: 'https' }])
  assert.equal((await bench.send('/scheme', { method: 'PURGE' })).status, 200)
  await apart(['/scheme', { scheme: 'https' }], ['/scheme', { scheme: 'http' }])
})

test('what the body of a GET has made is not kept', async () => {
  route({})
  await notKept(['/fat', { body: 'evil' }], ['/fat'])
})

test('that a range is not there is told to who asked for it', async () => {
  route({ cache_http_status: [200, 416] })
  await notKept(['/range?status=416', { headers: { Range: 'bytes=9-' } }], ['/range?status=416'])
})

test('a key that names consumers does not mix those who authorise themselves elsewhere', async () => {
  route({ cache_key: ['$consumer_name', '$uri'] })
  await apart(['/own', { headers: { Authorization: 'a' } }], ['/own', { headers: { Authorization: 'b' } }])
  await apart(['/none'], ['/none', { headers: { Authorization: 'b' } }])
})
