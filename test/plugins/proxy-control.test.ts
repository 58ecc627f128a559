import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenForTest } from '../gateway/listen-for-test.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'
import { refusal } from './harness.ts'

/** Says how often it was asked before a body was complete. */
let asked = 0
const server = createServer(async (incoming, response) => {
  asked++
  const body = Buffer.concat(await incoming.toArray())
  response.end(String(body.length))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${(server.address() as AddressInfo).port}`]: 1 } }
const thread = threadForTest({})
after(() => {
  server.closeAllConnections()
  server.close()
  return thread.close()
})
const port = await listenForTest(thread)

/** Sends half of a body, tells whether the upstream was asked by then, and what it said in the end. */
async function sendSlowly(requestBuffering: boolean): Promise<{ early: boolean; answer: string }> {
  const plugins = { 'proxy-control': { request_buffering: requestBuffering } }
  thread.put('routes/a', { uri: '/*', upstream, plugins })
  asked = 0
  const sent = request({ port, host: '127.0.0.1', method: 'POST', headers: { 'Content-Length': 10 }, agent: false })
  const answered = new Promise<string>((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', async (response) => resolve(Buffer.concat(await response.toArray()).toString()))
  })
  sent.write('12345')
  for (let waited = 0; waited < 300 && asked === 0; waited += 10) await sleep(10)
  const early = asked > 0
  sent.end('67890')
  return { early, answer: await answered }
}

test('a body is received whole before the upstream is asked', async () => {
  assert.deepEqual(await sendSlowly(true), { early: false, answer: '10' })
})

test('or passes as it comes', async () => {
  assert.deepEqual(await sendSlowly(false), { early: true, answer: '10' })
})

test('bad configuration is refused', () => {
  assert.equal(refusal('proxy-control', {}), undefined)
  assert.match(refusal('proxy-control', { request_buffering: 1 }) ?? '', /expected boolean/)
})
