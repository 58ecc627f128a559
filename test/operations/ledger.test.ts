import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Ledger } from '../../src/operations/ledger.ts'
import type { PlannedChange } from '../../src/operations/plan.ts'

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
