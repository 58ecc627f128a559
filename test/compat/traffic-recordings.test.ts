// The recordings of limits, breakers, labels and what else decides about traffic. One thread, as recorded: with several, a request may be taken by
// another one before the end of the last has been counted.
import { test } from 'node:test'
import { startReplay } from './plugin-replay.ts'

const bench = await startReplay({ GATEWARD_THREADS: '1' })

for (const plugin of [
  'limit-req',
  'limit-conn',
  'limit-count',
  'api-breaker',
  'traffic-label',
  'workflow',
  'real-ip',
  'client-control',
  'attach-consumer-label',
  'acl',
]) {
  test(`${plugin} answers as recorded`, async () => {
    await bench.replay(plugin)
  })
}
