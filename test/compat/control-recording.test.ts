// The Control API and the status API of a whole process, replayed against what a real APISIX answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReplay } from './plugin-replay.ts'
import { runRecording } from './replay.ts'

const { target } = await startReplay()

/** The Control API does not know yet what the checkers in the threads see. */
const WITHOUT_HEALTH = /^control\/healthcheck/

test('the Control API and the status API answer as recorded', async () => {
  const { different, equal } = await runRecording('control.jsonl', target)
  assert.deepEqual(
    different.filter((text) => !WITHOUT_HEALTH.test(text)),
    [],
  )
  assert.ok(equal > 40, `only ${equal} exchanges are equal`)
})
