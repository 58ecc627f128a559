// Plans that wait: what may be used, by whose word, how often, how long, and how many of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Approvals } from '../../src/operations/approval.ts'
import type { Plan } from '../../src/operations/plan.ts'

const plan = (id: string, diff = ''): Plan => ({
  id,
  digest: `digest of ${id}`,
  target: 'embedded',
  summary: id,
  changes: [],
  diff,
  warnings: [],
  impact: [],
  notes: [],
  secrets: [],
  expectations: [],
  createdAt: Date.now(),
  undoes: undefined,
})

test('a plan is used once, and only after a person has approved the one that was shown', () => {
  const approvals = new Approvals()
  approvals.add(plan('a'))
  assert.throws(() => approvals.consume('a'), { code: 'refused', message: /not been approved by a person/ })
  assert.throws(() => approvals.grant('a', 'digest of b', 'ann'), {
    code: 'refused',
    message: /not the one that was shown/,
  })
  assert.equal(approvals.approvedBy('a'), undefined)
  approvals.grant('a', 'digest of a', 'ann')
  assert.deepEqual(approvals.pending(), [])
  assert.equal(approvals.consume('a').approvedBy, 'ann')
  assert.throws(() => approvals.consume('a'), { code: 'not_found' })
})

test('what is too old or rejected cannot be approved', (t) => {
  const approvals = new Approvals(1000)
  let now = Date.now()
  t.mock.method(Date, 'now', () => now)
  for (const id of ['a', 'b']) approvals.add(plan(id))
  approvals.reject('a')
  assert.throws(() => approvals.grant('a', 'digest of a', 'ann'), { code: 'not_found' })
  now += 999
  assert.deepEqual(
    approvals.pending().map(({ id }) => id),
    ['b'],
  )
  now += 1
  assert.throws(() => approvals.grant('b', 'digest of b', 'ann'), { code: 'not_found' })
})

test('the oldest go when there are too many, or when all of them together are too long', () => {
  const many = new Approvals()
  for (let i = 0; i < 201; i++) many.add(plan(`p${i}`))
  assert.deepEqual([many.pending().length, many.pending()[0]?.id], [200, 'p1'])
  const long = new Approvals()
  const diff = 'x'.repeat(30 * 1024 * 1024)
  for (const id of ['a', 'b', 'c']) long.add(plan(id, diff))
  assert.deepEqual(
    long.pending().map(({ id }) => id),
    ['b', 'c'],
  )
})
