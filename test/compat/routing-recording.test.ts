// Routing, forwarding and TLS of a whole process, replayed against what a real APISIX answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReplay } from './plugin-replay.ts'
import { runRecording } from './replay.ts'

// As the recorded one had a single worker: each thread, as each worker of APISIX, deals out its own requests in turn.
const { target } = await startReplay({ GATEWARD_THREADS: '1' })

test('requests are routed and forwarded as recorded', async () => {
  const { different, equal } = await runRecording('routing.jsonl', target)
  assert.deepEqual(different, [])
  assert.ok(equal > 360, `only ${equal} exchanges are equal`)
})
