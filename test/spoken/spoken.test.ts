// What people say, end to end with the built-in interpreter: every phrasing of every task, and the share that comes out as expected.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createInterpreter } from '../../src/surfaces/chat/interpreter.ts'
import { type Outcome, SpokenRunner, tasks } from './runner.ts'

/** The share of phrasings that must pass. */
const MIN_SHARE = 1

let runner: SpokenRunner
before(async () => {
  runner = await SpokenRunner.start()
})
after(() => runner?.close())

test(`spoken: ${tasks.length} tasks, ${tasks.reduce((sum, one) => sum + one.say.length, 0)} phrasings`, async (t) => {
  assert.ok(tasks.length >= 150)
  const outcomes: Outcome[] = []
  for (const task of tasks)
    for (const phrasing of task.say.keys()) outcomes.push(await runner.run(task, phrasing, createInterpreter()))
  const failed = outcomes.filter((one) => one.wrong)
  const lacking = new Set(outcomes.map((one) => one.lacks).filter(Boolean))
  for (const { task, sentence, wrong } of failed) t.diagnostic(`${task}: ${JSON.stringify(sentence)}: ${wrong}`)
  if (lacking.size) t.diagnostic(`plugins that this gateway does not have, and said so: ${[...lacking].join(', ')}`)
  const share = 1 - failed.length / outcomes.length
  t.diagnostic(`pass rate ${(100 * share).toFixed(1)} % (${outcomes.length - failed.length} of ${outcomes.length})`)
  assert.ok(share >= MIN_SHARE, `pass rate ${(100 * share).toFixed(1)} %`)
})
