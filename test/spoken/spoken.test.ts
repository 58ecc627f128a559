// What people say, end to end with the built-in interpreter: every phrasing of every task, and the share that comes out as expected.
//
// They are said in threads of their own, `speaker.ts`: the test runner follows every promise of its thread, which is a third of the time here.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type Outcome, tasks } from './runner.ts'

/** The share of phrasings that must pass. */
const MIN_SHARE = 1
/** Each with a gateway. */
const SPEAKERS = 2
/** They compute all the time: a machine with other work takes several times as long. */
const timeout = 600_000
const phrasings = tasks.reduce((sum, one) => sum + one.say.length, 0)

test(`spoken: ${tasks.length} tasks, ${phrasings} phrasings`, { timeout }, async (t) => {
  assert.ok(tasks.length >= 150)
  const outcomes = (await Promise.all(Array.from({ length: SPEAKERS }, (_, share) => speak(share)))).flat()
  assert.equal(outcomes.length, phrasings)
  const failed = outcomes.filter((one) => one.wrong)
  const lacking = new Set(outcomes.map((one) => one.lacks).filter(Boolean))
  for (const { task, sentence, wrong } of failed) t.diagnostic(`${task}: ${JSON.stringify(sentence)}: ${wrong}`)
  if (lacking.size) t.diagnostic(`plugins that this gateway does not have, and said so: ${[...lacking].join(', ')}`)
  const share = 1 - failed.length / outcomes.length
  t.diagnostic(`pass rate ${(100 * share).toFixed(1)} % (${outcomes.length - failed.length} of ${outcomes.length})`)
  assert.ok(share >= MIN_SHARE, `pass rate ${(100 * share).toFixed(1)} %`)
})

async function speak(share: number): Promise<Outcome[]> {
  const speaker = new Worker(new URL('speaker.ts', import.meta.url), { workerData: { share, of: SPEAKERS } })
  const [outcomes] = (await once(speaker, 'message')) as [Outcome[]]
  return outcomes
}
