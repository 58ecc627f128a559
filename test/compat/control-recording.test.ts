// The Control API and the status API of a whole process, replayed against what a real APISIX answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReplay } from './plugin-replay.ts'
import { runRecording } from './replay.ts'

const { target } = await startReplay()

test('the Control API and the status API answer as recorded', async () => {
  const { different, equal } = await runRecording('control.jsonl', target)
  assert.deepEqual(different, [])
  assert.ok(equal > 40, `only ${equal} exchanges are equal`)
})
