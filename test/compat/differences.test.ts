import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readDifferences, readRecording } from './recording.ts'

test('every deliberate difference has its reason in docs/differences.md', () => {
  const text = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8')
  for (const { scenario, step, why } of readDifferences()) {
    assert.ok(text.includes(why), `docs/differences.md does not give the reason of ${scenario} #${step}`)
    assert.ok(text.includes(`${scenario} #${step}`), `docs/differences.md does not name ${scenario} #${step}`)
  }
})

test('deliberate differences of the Admin API name recorded exchanges', () => {
  const recorded = new Set(readRecording('admin.jsonl').map(({ scenario, step }) => `${scenario} #${step}`))
  const named = readDifferences().filter(({ scenario }) => scenario.startsWith('admin/'))
  for (const { scenario, step } of named) assert.ok(recorded.has(`${scenario} #${step}`), `${scenario} #${step}`)
})
