// Commits that a thread holds before they are durable: no request sees them too early, none misses them, what has failed never was.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HeldCommits, Turns } from '../../src/gateway/turns.ts'
import { until } from '../until.ts'
import { threadForTest } from './thread-for-test.ts'

const routeOf = (status: number): string =>
  JSON.stringify({ uri: '/a', plugins: { mocking: { response_status: status, response_example: 'x' } } })

function holding(context: TestContext) {
  const thread = threadForTest()
  const turns = new Turns(1)
  const held = new HeldCommits(new Turns(turns.buffer), 0, (revision, changes) => thread.apply(revision, changes))
  thread.config.onLook = () => held.takeOver()
  context.after(() => {
    held.close()
    thread.close()
  })
  const hold = (turn: number, revision: number, status: number): boolean =>
    held.hold({
      turn,
      revision,
      changes: [{ key: 'routes/1', text: routeOf(status), createdIndex: 1, modifiedIndex: revision }],
    })
  const status = async (): Promise<number> => (await thread.inject({ target: '/a' })).status
  return { thread, turns, held, hold, status }
}

test('what is held is in force as soon as it is durable, and not before', async (context) => {
  const { turns, hold, status } = holding(context)
  assert.equal(hold(1, 10, 201), false)
  assert.ok(turns.hasSeen(0, 1), 'the main thread need not wait for a message')
  assert.equal(await status(), 404)
  turns.publish(1)
  assert.equal(await status(), 201)
})

test('what comes when it is durable already is applied at once, and said', async (context) => {
  const { turns, thread, hold } = holding(context)
  turns.publish(2)
  assert.equal(hold(2, 11, 202), true)
  assert.equal(thread.config.revision, 11)
})

test('what was withdrawn never was, also when the next turn is durable', async (context) => {
  const { turns, held, hold, status } = holding(context)
  hold(1, 10, 201)
  held.withdraw(1)
  hold(2, 10, 202)
  turns.publish(2)
  assert.equal(await status(), 202)
})

test('without a request it is applied a little later, in order, also where the numbers go round', async (context) => {
  const { turns, thread, hold, status } = holding(context)
  const [last, next] = [2 ** 31 - 1, -(2 ** 31)]
  turns.publish(last - 1)
  assert.equal(hold(last, 20, 201), false)
  assert.equal(hold(next, 21, 202), false)
  turns.publish(next)
  await until(() => thread.config.revision >= 21)
  assert.equal(await status(), 202)
})
