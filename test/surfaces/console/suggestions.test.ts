// What the chat in the browser offers to say next.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suggestions } from '../../../console/src/chat/suggestions.ts'
import type { Entry } from '../../../src/surfaces/chat/entries.ts'

const result = (name: string, value: Record<string, unknown>): Entry => ({ type: 'result', id: '1', name, value })
const after = (entries: Entry[], failing = false): string[] => suggestions({ entries, routes: 2, failing })

test('suggestions fit what there is and what was done last', () => {
  assert.ok(suggestions({ entries: [], routes: 0, failing: false }).includes('Help'))
  assert.equal(after([])[0], 'Show all routes')
  assert.equal(after([], true)[0], 'How many errors in the last 5 minutes?')
  const created = result('apply', { summary: 'create routes/a', proof: [{ request: 'GET /a/1' }] })
  assert.deepEqual(after([created]).slice(0, 2), [
    'Call /a/1',
    'Require an API key on it and allow 5 requests a minute',
  ])
  assert.ok(
    !after([result('apply', { summary: 'change routes/a', proof: [{ request: 'GET /a/1' }] })]).includes('Call /a/1'),
  )
  const called: Entry[] = [created, { type: 'you', text: 'Call /a/1' }, result('explain', {})]
  assert.equal(after(called)[0], 'Require an API key on it and allow 5 requests a minute')
  assert.equal(after([created, result('undo', {})])[0], 'History')
  assert.equal(after([result('lint', {})])[0], 'Fix it')
})
