// Routing, forwarding and TLS of a whole process, replayed against what a real APISIX answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReplay } from './plugin-replay.ts'
import { runRecording } from './replay.ts'

// As the recorded one had a single worker: counts of balancers are exact within a thread.
const { target } = await startReplay({ GATEWARD_THREADS: '1' })

/** The Control API does not know yet what the checkers in the threads see. */
const HEALTH = /^routing\/health-check #5/

test('requests are routed and forwarded as recorded', async () => {
  const { different, equal } = await runRecording('routing.jsonl', target)
  assert.deepEqual(
    different.filter((text) => !HEALTH.test(text)),
    [],
  )
  assert.ok(equal > 360, `only ${equal} exchanges are equal`)
})
