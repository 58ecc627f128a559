// Commits between the main thread and the others: whole, in order, whatever their size, as soon as they are looked for.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CommitReader, CommitSender, type SentCommit } from '../../src/gateway/commit-ring.ts'

const change = (id: number | string, text: string | undefined) => ({
  key: `routes/${id}`,
  text,
  createdIndex: 1,
  modifiedIndex: 1,
})

/** A sender with readers that note what they are given. */
function ring(context: TestContext, threads: number) {
  const sender = new CommitSender(threads)
  const join = (thread: number) => {
    const taken: SentCommit[] = []
    const reader = new CommitReader(sender.join(thread), (revision, changes) => void taken.push({ revision, changes }))
    context.after(() => {
      sender.leave(thread)
      reader.close()
    })
    return { reader, taken }
  }
  return { sender, join }
}

test('each thread gets every commit once, in order, characters of every kind', (context) => {
  const { sender, join } = ring(context, 2)
  const [a, b] = [join(0), join(1)]
  const first = { revision: 1, changes: [change(1, '{"desc":"ä€𝄞\\u0000"}'), change(2, undefined)] }
  const second = { revision: 2, changes: [] }
  assert.ok(sender.send(first))
  a.reader.take()
  assert.ok(sender.send(second))
  assert.deepEqual([sender.isBehind(0), sender.isBehind(1)], [true, true])
  for (const { reader } of [a, b, a]) reader.take()
  // JSON has no undefined members: what is gone has none.
  const expected = JSON.parse(JSON.stringify([first, second]))
  assert.deepEqual([a.taken, b.taken], [expected, expected])
  assert.deepEqual([sender.isBehind(0), sender.isBehind(1)], [false, false])
})

test('thousands of commits of every length go round and round', (context) => {
  const { sender, join } = ring(context, 1)
  const { reader, taken } = join(0)
  let bytes = 0
  for (let revision = 1; bytes < 20_000_000; revision++) {
    const text = String(revision % 10).repeat((revision * 7919) % 60_000)
    bytes += text.length
    assert.ok(sender.send({ revision, changes: [change(revision, text)] }))
    if (revision % 5 === 0) reader.take()
    else continue
    assert.deepEqual(
      taken.splice(0).map((one) => [one.revision, one.changes[0]?.text?.length]),
      Array.from({ length: 5 }, (_, i) => [revision - 4 + i, ((revision - 4 + i) * 7919) % 60_000]),
    )
  }
})

test('what is too large for the ring comes in its turn', (context) => {
  const { sender, join } = ring(context, 1)
  const { reader, taken } = join(0)
  const long = change(1, 'x'.repeat(3_000_000))
  const many = Array.from({ length: 10_000 }, (_, i) => change(i, '{}'))
  sender.send({ revision: 1, changes: [change(0, 'before')] })
  sender.send({ revision: 2, changes: [long] })
  sender.send({ revision: 3, changes: many })
  sender.send({ revision: 4, changes: [change(0, 'after')] })
  reader.take()
  assert.deepEqual(
    taken.map(({ revision, changes }) => [revision, changes.length, changes[0]?.text?.length]),
    [
      [1, 1, 6],
      [2, 1, 3_000_000],
      [3, 10_000, 2],
      [4, 1, 5],
    ],
  )
})

/** Bytes of the ring; the counts stand behind them. */
const RING_BYTES = 1024 * 1024

for (const [name, slow, count] of [
  ['the first', 0, 0],
  ['the last', 1, 0],
  ['one, while the counts go round at 32 bits,', 0, 0x7fff_ff00],
] as const)
  test(`a thread that takes nothing, ${name} holds the others up to the size of the ring, and no longer than it lives`, (context) => {
    const { sender, join } = ring(context, 2)
    const { memory } = sender.join(0)
    new Int32Array(memory, RING_BYTES).fill(count)
    const quick = [join(0), join(1)][1 - slow]
    assert.ok(quick)
    const commit = (revision: number): SentCommit => ({ revision, changes: [change(1, 'x'.repeat(50_000))] })
    let sent = 0
    while (sent < 100 && sender.send(commit(sent + 1))) {
      sent++
      quick.reader.take()
    }
    assert.ok(sent > 15 && sent < 25, `${sent} commits of 50 KB went into 1 MiB`)
    sender.leave(slow)
    for (let i = 0; i < 100; i++) {
      assert.ok(sender.send(commit(++sent)))
      quick.reader.take()
    }
    assert.deepEqual(
      quick.taken.map(({ revision }) => revision),
      Array.from({ length: sent }, (_, i) => i + 1),
    )
  })

test('a thread that starts gets what is sent from then on, also before it looks', (context) => {
  const { sender, join } = ring(context, 1)
  join(0)
  sender.send({ revision: 1, changes: [] })
  const restarted = join(0)
  sender.send({ revision: 2, changes: [] })
  restarted.reader.take()
  assert.deepEqual(restarted.taken, [{ revision: 2, changes: [] }])
})

test('applying a commit may look at the configuration', () => {
  const sender = new CommitSender(1)
  const order: number[] = []
  const reader: CommitReader = new CommitReader(sender.join(0), (revision) => {
    reader.take()
    order.push(revision)
  })
  for (const revision of [1, 2, 3]) sender.send({ revision, changes: [] })
  reader.take()
  assert.deepEqual(order, [1, 2, 3])
  sender.leave(0)
})
