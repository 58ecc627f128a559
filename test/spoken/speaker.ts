// A thread of spoken.test.ts: says every phrasing of its share of the tasks, and posts what came of them.
import { parentPort, workerData } from 'node:worker_threads'
import { createInterpreter } from '../../src/surfaces/chat/interpreter.ts'
import { type Outcome, SpokenRunner, tasks } from './runner.ts'

const { share, of } = workerData as { share: number; of: number }
const runner = await SpokenRunner.start()
const outcomes: Outcome[] = []
for (const task of tasks.filter((_, i) => i % of === share))
  for (const phrasing of task.say.keys()) outcomes.push(await runner.run(task, phrasing, createInterpreter()))
await runner.close()
parentPort?.postMessage(outcomes)
