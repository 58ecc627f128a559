// Who follows a store: what is kept for those who come late, and what those see who write or leave while they are told.
import assert from 'node:assert'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CommitLog } from '../../src/store/commit-log.ts'
import type { Watcher } from '../../src/store/contract.ts'

const commit = (revision: number) => ({ revision, changes: [{ key: `routes/${revision}`, entry: undefined }] })

test('who asks for commits that are no longer kept lists again; who asks for the oldest kept one gets all', async () => {
  const log = new CommitLog(0)
  for (let revision = 1; revision <= 2001; revision++) log.publish(commit(revision))
  const told: (number | 'list again')[][] = [[], []]
  for (const [i, from] of [1000, 1001].entries())
    log.watch(from, {
      onCommit: ({ revision }) => void told[i]?.push(revision),
      onReset: () => void told[i]?.push('list again'),
    })
  await turn()
  assert.deepEqual(told[0], ['list again'])
  assert.deepEqual([told[1]?.length, told[1]?.[0], told[1]?.at(-1)], [1000, 1002, 2001])
  log.publish(commit(2002))
  assert.deepEqual([told[0]?.length, told[1]?.at(-1)], [1, 2002])
})

test('a commit that is made while another is told is told once, after it', () => {
  const log = new CommitLog(0)
  const told: number[] = []
  log.watch(0, {
    onCommit: ({ revision }) => {
      told.push(revision)
      if (revision === 1) log.publish(commit(2))
      if (revision === 2) log.publish(commit(3))
    },
    onReset: assert.fail,
  })
  log.publish(commit(1))
  assert.deepEqual(told, [1, 2, 3])
})

test('who stops following at a commit hears of none behind it', async () => {
  const log = new CommitLog(0)
  for (const revision of [1, 2, 3]) log.publish(commit(revision))
  const told: number[] = []
  const watcher: Watcher = log.watch(0, {
    onCommit: ({ revision }) => {
      told.push(revision)
      watcher.close()
    },
    onReset: assert.fail,
  })
  await turn()
  assert.deepEqual(told, [1])
})
