// docs/operations.md lists what there is: operations, intents, rules of the linter, from the source.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { operations } from '../../src/operations/index.ts'
import { INTENTS } from '../../src/operations/intents/index.ts'
import { RULES } from '../../src/operations/lint/lint.ts'
import { scopeOf } from '../../src/surfaces/scopes.ts'

const row = (...cells: string[]): string => `| ${cells.map((one) => one.replaceAll('|', '\\|')).join(' | ')} |`

function fieldsOf({ fields }: (typeof INTENTS)[number]): string {
  const required = new Set(fields.required ?? [])
  return Object.entries(fields.properties as Record<string, { description?: string }>)
    .map(
      ([name, { description }]) =>
        `\`${name}\`${required.has(name) ? '' : ' (optional)'}${description ? `: ${description}` : ''}`,
    )
    .join('; ')
}

const SECTIONS: Record<string, string[]> = {
  operations: [
    row('operation', 'scope', 'what it does'),
    row('---', '---', '---'),
    ...operations.map((one) => row(`\`${one.name}\``, scopeOf(one), one.summary)),
  ],
  intents: [
    row('intent', 'fields, beside `route`'),
    row('---', '---'),
    ...INTENTS.map((one) => row(`\`${one.name}\``, fieldsOf(one))),
  ],
  rules: [row('rule', 'severity'), row('---', '---'), ...RULES.map((one) => row(`\`${one.name}\``, one.severity))],
}

test('docs: operations.md lists the operations, intents and rules that there are', () => {
  const file = new URL('../../docs/operations.md', import.meta.url)
  const written = readFileSync(file, 'utf8')
  const expected = Object.entries(SECTIONS).reduce(
    (text, [name, lines]) =>
      text.replace(
        new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[\\s\\S]*?(<!-- /${name} -->)`),
        (_, start: string, end: string) => `${start}${lines.join('\n')}\n${end}`,
      ),
    written,
  )
  if (process.env.UPDATE_DOCS) writeFileSync(file, expected)
  assert.equal(readFileSync(file, 'utf8'), expected, 'run UPDATE_DOCS=1 node --test test/operations/docs.test.ts')
})
