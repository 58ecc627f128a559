import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import Type from 'typebox'
import { defineOperation, type OperationContext, type OperationError } from '../../src/operations/contract.ts'
import { Ledger } from '../../src/operations/ledger.ts'
import type { PlannedChange } from '../../src/operations/plan.ts'
import { runOperation } from '../../src/operations/run.ts'

const part = (id: string): PlannedChange => ({ action: 'create', kind: 'routes', id }) as PlannedChange

test('ledger: the changes of one resource are found however many came after them, also in a file from before', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-test-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const ledger = new Ledger(directory)
  const change = { target: 'embedded', summary: '', approvedBy: 'owner', surface: 'console' }
  ledger.addChange({ id: 'first', at: 1, ...change, changes: [part('old'), part('new')] })
  for (let i = 0; i < 300; i++) ledger.addChange({ id: `c${i}`, at: 2 + i, ...change, changes: [part('new')] })
  const found = (one: Ledger, about: string): string[] => one.changes(200, undefined, about).map(({ id }) => id)
  assert.deepEqual(found(ledger, 'routes/old'), ['first'])
  assert.equal(found(ledger, 'routes/new').length, 200)
  assert.deepEqual(found(ledger, 'routes/none'), [])
  ledger.close()
  const file = new DatabaseSync(join(directory, 'ledger.db'))
  file.exec('DROP TABLE touched')
  file.close()
  const again = new Ledger(directory)
  assert.deepEqual(found(again, 'routes/old'), ['first'])
  assert.deepEqual(again.changes(1, 'other', 'routes/old'), [])
  again.close()
})

test('ledger: one that cannot be written is told as such, not as a fault of the gateway', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-test-'))
  const ledger = new Ledger(directory)
  t.after(() => {
    ledger.close()
    rmSync(directory, { recursive: true })
  })
  const other = new DatabaseSync(join(directory, 'ledger.db'))
  other.exec('DROP TABLE trials')
  other.close()
  const operation = defineOperation({
    name: 'keep',
    title: 'Keep',
    summary: 'writes into the ledger',
    effect: 'plan',
    input: Type.Object({}),
    output: Type.Object({}),
    run: async (_, ctx) => ctx.ledger.addTrial('change-1', 1),
  })
  await assert.rejects(runOperation(operation, {}, { ledger } as OperationContext), (error: OperationError) => {
    assert.equal(error.code, 'target')
    assert.match(error.message, /^keep: the ledger in the data directory cannot be written: .*; make room/)
    return true
  })
})

/** A ledger on the disk, and a way to write past it into its file. */
function onDisk(t: TestContext): { directory: string; ledger: Ledger; past: (sql: string) => void } {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-test-'))
  const ledger = new Ledger(directory)
  t.after(() => {
    ledger.close()
    rmSync(directory, { recursive: true })
  })
  const past = (sql: string): void => {
    const file = new DatabaseSync(join(directory, 'ledger.db'))
    file.exec(sql)
    file.close()
  }
  return { directory, ledger, past }
}

for (const [edit, sql, brokenAt] of [
  ['nothing', 'SELECT 1', undefined],
  ['what was done', `UPDATE audit SET detail = '{"n":9}' WHERE sequence = 3`, 3],
  ['who did it', "UPDATE audit SET subject = 'eve' WHERE sequence = 3", 3],
  ['where', "UPDATE audit SET surface = 'cli' WHERE sequence = 1", 1],
  ['when', 'UPDATE audit SET at = at + 1 WHERE sequence = 5', 5],
  ['a line taken out', 'DELETE FROM audit WHERE sequence = 2', 3],
  [
    'a line taken out and the others numbered anew',
    'DELETE FROM audit WHERE sequence = 2; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 2',
    2,
  ],
  ['the number of the last', 'UPDATE audit SET sequence = 9 WHERE sequence = 5', 9],
] as const)
  test(`ledger: an edit of the audit log is found: ${edit}`, (t) => {
    const { ledger, past } = onDisk(t)
    for (let n = 1; n <= 5; n++) ledger.audit({ surface: 'chat', subject: 'ann' }, 'apply', { n }, n)
    past(sql)
    assert.equal(ledger.verify().brokenAt, brokenAt)
  })

test('ledger: only its owner may read its files', (t) => {
  const { directory } = onDisk(t)
  for (const name of ['ledger.db', 'ledger.key'])
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name)
})

const written = { target: 'embedded', summary: '', approvedBy: 'owner', surface: 'console', changes: [part('a')] }

test('ledger: what became of a change is said once; what hangs on it follows', () => {
  const ledger = new Ledger(':memory:')
  ledger.addChange({ id: 'first', at: 1, ...written })
  ledger.settle('first', 'applied', written.changes)
  for (const [id, outcome] of [
    ['half', 'partly'],
    ['none', 'none'],
    ['whole', 'applied'],
  ] as const) {
    ledger.addChange({ id, at: 2, ...written }, { undoes: 'first', trialUntil: 9 })
    assert.equal(ledger.settle(id, outcome, written.changes)?.undoes, 'first')
    assert.equal(ledger.settle(id, 'applied', written.changes), undefined, 'it is known already')
    assert.equal(ledger.change(id)?.outcome, outcome)
    assert.equal(ledger.change('first')?.undoneBy, outcome === 'applied' ? id : undefined, id)
  }
  assert.deepEqual(
    ledger.trials().map(({ id }) => id),
    ['half', 'whole'],
    'what was not written is not on trial',
  )
  assert.deepEqual(
    ledger.changes(9).map(({ id }) => id),
    ['whole', 'half', 'first'],
    'newest first, also of one moment; without those that wrote nothing',
  )
  ledger.close()
})

test('ledger: a trial is taken on by one, and secrets are shown once', () => {
  const ledger = new Ledger(':memory:')
  ledger.addTrial('change-1', 100)
  const [trial] = ledger.trials()
  assert.ok(trial)
  assert.deepEqual([ledger.claimTrial(trial, 200), ledger.claimTrial(trial, 300)], [true, false])
  assert.deepEqual(ledger.trials(), [{ id: 'change-1', until: 200 }])
  assert.deepEqual([ledger.takeTrial('change-1'), ledger.takeTrial('change-1')], [true, false])
  ledger.keepSecrets([{ label: 'key of ann', value: 'gw_1' }], 1)
  assert.deepEqual(ledger.takeSecrets(), [{ label: 'key of ann', value: 'gw_1' }])
  assert.deepEqual(ledger.takeSecrets(), [])
  ledger.close()
})

test('ledger: a change is being written as long as its process lives, and ten minutes at most', (t) => {
  const { ledger, past } = onDisk(t)
  ledger.addChange({ id: 'c', at: 1000, ...written })
  const writing = (now: number): boolean => ledger.isWriting('c', now)
  assert.equal(writing(1000), true)
  ledger.leave('c')
  assert.equal(writing(1000), false)
  past(`UPDATE changes SET pid = ${process.ppid}`)
  assert.deepEqual([writing(1000), writing(600_999), writing(601_000)], [true, true, false])
  assert.deepEqual([ledger.unsettled(1000).length, ledger.unsettled(601_000).length], [0, 1])
  past('UPDATE changes SET pid = 2147483647')
  assert.equal(writing(1000), false, 'there is no such process')
})
