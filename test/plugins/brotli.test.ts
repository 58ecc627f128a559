// Brotli over a real socket: events must come through one by one.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createBrotliDecompress } from 'node:zlib'
import { listenForTest } from '../gateway/listen-for-test.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'

const events: http.ServerResponse[] = []
const origin = http.createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  response.write('data: 1\n\n')
  events.push(response)
})
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
const thread = threadForTest()
const port = await listenForTest(thread)
after(() => {
  thread.close()
  origin.closeAllConnections()
  origin.close()
})

test('an event is not held back until the next one', async () => {
  const nodes = { [`127.0.0.1:${(origin.address() as AddressInfo).port}`]: 1 }
  thread.put('routes/a', { uri: '/*', upstream: { nodes }, plugins: { brotli: { types: ['text/event-stream'] } } })
  const request = http.get({ host: '127.0.0.1', port, agent: false, headers: { 'Accept-Encoding': 'br' } })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  assert.equal(response.headers['content-encoding'], 'br')
  const text = response.pipe(createBrotliDecompress())
  assert.equal(String((await once(text, 'data'))[0]), 'data: 1\n\n')
  events[0]?.write('data: 2\n\n')
  assert.equal(String((await once(text, 'data'))[0]), 'data: 2\n\n')
  events[0]?.end()
  text.resume()
  await once(text, 'end')
})
