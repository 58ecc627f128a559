import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainJson } from '../../src/lib/json-error.ts'
import { readOpenApi } from '../../src/lib/openapi-document.ts'
import { readYaml } from '../../src/lib/parse-yaml.ts'

function quickly<T>(run: () => T): T {
  const began = process.cpuUsage()
  const result = run()
  assert.ok(process.cpuUsage(began).user < 3_000_000)
  return result
}

test('a document with many keys is read in no time, the last of a key counts', () => {
  const keys = Array.from({ length: 50_000 }, (_, i) => `  k${i}: 1`).join('\n')
  const document = quickly(() => readOpenApi(`openapi: 3.0.0\npaths: {}\nx-many:\n${keys}\n  k0: 2\n`))
  assert.equal((document.root['x-many'] as Record<string, number>).k0, 2)
})

test('brackets without end are refused, pairs of them are not, nor those in a text', () => {
  for (const text of ['['.repeat(1_000_000), `# ${']'.repeat(100_000)}\na: ${'{a: ['.repeat(100_000)}`])
    assert.throws(() => quickly(() => readYaml(text, 10)), /more than 1000 brackets are open at once/)
  const pairs = `[${'[x], {a: 1}, '.repeat(2000)}]`
  assert.equal((readYaml(pairs, 10) as unknown[]).length, 4000)
  assert.equal(readYaml(`"${'['.repeat(900)}"`, 10), '['.repeat(900))
})

test('what is wrong with a long text that is no JSON is told in no time', () => {
  assert.equal(
    quickly(() => explainJson('['.repeat(1_000_000))),
    'Expected value but found T_END at character 1000001',
  )
})
