// The thread of spoken.test.ts: says every phrasing of every task, and posts what came of them.
import { parentPort } from 'node:worker_threads'
import { createInterpreter } from '../../src/surfaces/chat/interpreter.ts'
import { type Outcome, SpokenRunner, tasks } from './runner.ts'

const runner = await SpokenRunner.start()
const outcomes: Outcome[] = []
for (const task of tasks)
  for (const phrasing of task.say.keys()) outcomes.push(await runner.run(task, phrasing, createInterpreter()))
await runner.close()
parentPort?.postMessage(outcomes)
