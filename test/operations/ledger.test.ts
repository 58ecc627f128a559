import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
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
