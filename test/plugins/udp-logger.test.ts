import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { after, test } from 'node:test'
import { until } from '../until.ts'
import { refusal, startBench } from './harness.ts'
import { arrived } from './logging/receiver.ts'

const bench = await startBench()
const texts: string[] = []
const socket = createSocket('udp4', (message) => texts.push(message.toString()))
await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
after(() => socket.close())
const { port } = socket.address()

test('a datagram for a batch', async () => {
  bench.route({ 'udp-logger': { host: '127.0.0.1', port, batch_max_size: 1, log_format: { u: '$uri' } } })
  await bench.send('/a')
  assert.deepEqual(await arrived(texts), ['{"u":"/a","route_id":"a"}'])
})

test('a batch that is too large for one datagram takes several', async () => {
  texts.length = 0
  const conf = { host: 'localhost', port, batch_max_size: 5, include_req_body: true }
  bench.route({ 'udp-logger': { ...conf, log_format: { u: '$uri', body: '$request_body' } } })
  for (const target of ['/1', '/2', '/3', '/4', '/5'])
    await bench.send(target, { method: 'POST', body: 'x'.repeat(20_000) })
  const entries = await until(
    () => {
      const found = texts.flatMap((text) => JSON.parse(text) as { u: string }[])
      return found.length === 5 ? found : undefined
    },
    () => `${texts.length} datagrams have come`,
  )
  assert.equal(texts.length, 2)
  assert.deepEqual(
    entries.map(({ u }) => u),
    ['/1', '/2', '/3', '/4', '/5'],
  )
})

test('a receiver that cannot be loses its entries, and nothing else', async () => {
  for (const receiver of [
    { host: '\0', port },
    { host: '127.0.0.1', port: 0 },
  ]) {
    bench.route({ 'udp-logger': { ...receiver, batch_max_size: 1, timeout: 1 } })
    assert.equal((await bench.send('/lost')).status, 200)
  }
  await new Promise((resolve) => setTimeout(resolve, 1100))
  texts.length = 0
  bench.route({ 'udp-logger': { host: '127.0.0.1', port, batch_max_size: 1, log_format: { u: '$uri' } } })
  await bench.send('/a')
  assert.deepEqual(await arrived(texts), ['{"u":"/a","route_id":"a"}'])
})

test('configurations that are refused', () => {
  assert.equal(refusal('udp-logger', { port: 1 }), 'property "host" is required')
})
