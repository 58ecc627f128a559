import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { operations } from '../../src/operations/index.ts'
import { plugins } from '../../src/plugins/index.ts'
import { readDifferences, readRecording } from './recording.ts'

test('every deliberate difference has its reason in docs/differences.md', () => {
  const text = readDocument()
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

test('what is said to be missing is missing, and what serves instead is there', () => {
  const there = new Set([...plugins, ...operations].map(({ name }) => name))
  const section = /## What APISIX has and Gateward has not\n(.*?)(?=\n## |$)/s.exec(readDocument())?.[1] ?? ''
  const rows = section.split('\n').filter((line) => /^\| (?!of APISIX|-)/.test(line))
  assert.ok(rows.length > 5)
  for (const row of rows) {
    const [missing = [], instead = []] = row
      .split('|')
      .slice(1, 3)
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string))
    for (const name of missing)
      assert.ok(!there.has(name), `${name} is there: docs/differences.md says that it is missing`)
    for (const name of instead) assert.ok(there.has(name), `${name} is not there: docs/differences.md names it`)
  }
})

function readDocument(): string {
  return readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8')
}
