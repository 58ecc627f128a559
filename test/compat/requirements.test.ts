import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { REQUIREMENTS } from './requirements.ts'

const TESTS = new URL('../', import.meta.url).pathname

test('every promise is cited by a test, and no test cites an unknown one', () => {
  const cited = new Set<string>()
  for (const file of globSync('**/*.test.ts', { cwd: TESTS })) {
    const text = readFileSync(TESTS + file, 'utf8')
    for (const [, id] of text.matchAll(/\brequirement\(\s*'([^']+)'/g)) cited.add(id as string)
  }
  assert.deepEqual([...cited].sort(), REQUIREMENTS.map(({ id }) => id).sort())
})

test('each promise has a source, and a sentence of its own', () => {
  assert.equal(new Set(REQUIREMENTS.map(({ sentence }) => sentence)).size, REQUIREMENTS.length)
  for (const { id, source } of REQUIREMENTS) assert.match(source, /^(docs|npm|recording): \S+/, id)
})
