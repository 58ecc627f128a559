// The tables of docs/operations.md: operations, intents, rules of the linter.
import { operations } from '../src/operations/index.ts'
import { INTENTS } from '../src/operations/intents/index.ts'
import { RULES } from '../src/operations/lint/lint.ts'
import { scopeOf } from '../src/surfaces/scopes.ts'

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

/** Lines by the name of their table. */
export function operationTables(): Record<string, string[]> {
  return {
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
}
