// The recordings of loggers, and what a process still writes when it ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin } from '../e2e/process.ts'
import { startReceiver } from '../plugins/logging/receiver.ts'
import { startReplay } from './plugin-replay.ts'

// One thread, as recorded: each has a queue of its own, and batches of two are compared.
const bench = await startReplay({ GATEWARD_THREADS: '1' })

for (const plugin of ['http-logger', 'file-logger', 'data-mask']) {
  test(`${plugin} answers as recorded`, async () => {
    await bench.replay(plugin)
  })
}

test('entries that wait are sent when the process ends', async () => {
  const { running } = bench
  const receiver = await startReceiver()
  const conf = { uri: receiver.url, inactive_timeout: 3600, buffer_duration: 3600, log_format: { u: '$uri' } }
  const route = { uri: '/*', plugins: { 'http-logger': conf, mocking: { response_example: 'ok' } } }
  assert.equal((await admin(running, 'PUT', '/routes/a', route)).status, 201)
  for (const target of ['/1', '/2', '/3']) assert.equal((await fetch(running.gateway + target)).status, 200)
  assert.equal(receiver.received.length, 0)
  const metrics = await (await fetch(running.metrics)).text()
  assert.match(metrics, /^apisix_batch_process_entries\{name="http logger",route_id="a",server_addr=""\} 3$/m)
  assert.equal(await running.stop(), 0)
  const entries = receiver.received.flatMap(({ body }) => JSON.parse(body) as { u: string }[])
  assert.deepEqual(entries.map(({ u }) => u).sort(), ['/1', '/2', '/3'])
})
