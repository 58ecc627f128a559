// Large bodies both ways at once: buffers are used again, and no body may show bytes of another. Each body is a stream of its own, so that a
// misplaced byte changes its digest; some clients and some upstream reads are slow, so that writes stay under way.
import assert from 'node:assert/strict'
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { listenForTest } from './listen-for-test.ts'
import { threadForTest } from './thread-for-test.ts'

const thread = threadForTest()
const BYTES = 1_500_000

/** Bytes that no other number gives. */
function bytesOf(number: number): Buffer {
  const key = createHash('sha256').update(String(number)).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(BYTES))
}

async function digestOf(stream: Readable, slow: boolean): Promise<string> {
  const hash = createHash('sha256')
  let pieces = 0
  for await (const piece of stream) {
    hash.update(piece as Buffer)
    if (slow && ++pieces % 8 === 0) await wait(2)
  }
  return hash.digest('hex')
}

/** Answers `/N/...` with the bytes of N, and says in a header what the request's body was. */
const upstream = http.createServer(async (request, response) => {
  const [, number = '', how = ''] = (request.url ?? '').split('/')
  const digest = await digestOf(request, how.includes('s'))
  const chunked = how.includes('c')
  response.writeHead(200, { 'X-Digest': digest, ...(chunked ? {} : { 'Content-Length': BYTES }) })
  response.end(bytesOf(Number(number)))
})

await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
thread.put('routes/1', { uri: '/*', upstream: { nodes } })
thread.put('routes/2', {
  uri: '/*',
  priority: 1,
  vars: [['arg_filter', '==', '1']],
  upstream: { nodes },
  plugins: { 'response-rewrite': { filters: [{ regex: 'never there at all', replace: 'x' }] } },
})
const port = await listenForTest(thread)

after(() => {
  upstream.closeAllConnections()
  upstream.close()
  thread.close()
})

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 })
after(() => agent.destroy())

async function exchange(number: number, how: string, query: string): Promise<void> {
  const sent = bytesOf(number + 1000)
  const headers = how.includes('u') ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': BYTES }
  const request = http.request({
    port,
    host: '127.0.0.1',
    agent,
    method: 'PUT',
    path: `/${number}/${how}${query}`,
    headers,
  })
  Readable.from([sent.subarray(0, 700_000), sent.subarray(700_000)]).pipe(request)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  assert.equal(response.statusCode, 200)
  assert.equal(response.headers['x-digest'], createHash('sha256').update(sent).digest('hex'), `up, ${number} ${how}`)
  const digest = await digestOf(response, how.includes('l'))
  assert.equal(digest, createHash('sha256').update(bytesOf(number)).digest('hex'), `down, ${number} ${how}`)
}

test('bodies both ways keep their bytes, whoever is slow', async () => {
  const hows = ['', 's', 'l', 'sl', 'c', 'u', 'cu', 'clu', 'csu']
  await Promise.all(Array.from({ length: 36 }, (_, i) => exchange(i, hows[i % hows.length] as string, '')))
})

test('a plugin that looks at the body keeps it as long as it needs', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, i) => exchange(100 + i, i % 2 ? 'l' : 's', '?filter=1')))
})
