// The tables of docs/settings.md, one for each section of the schema.
import { expectedOf, FIELDS, type Field, type Schema, schemaAt } from '../src/settings/fields.ts'

/** Lines that tell every setting: names, expected value, default, meaning. The same on every machine. */
export function settingsTables(): string[] {
  const sections = Map.groupBy(FIELDS, (field) => field.path.slice(0, -1).join('.'))
  return ['', ...[...sections].flatMap(([name, fields]) => describeSection(name, fields))]
}

function describeSection(name: string, fields: Field[]): string[] {
  const description = name === '' ? undefined : schemaAt(name.split('.'))?.description
  const head = name === '' ? '## General' : `## ${name}`
  return [
    head,
    ...(description ? ['', description] : []),
    '',
    '| file | environment, flag | value | default | meaning |',
    '|---|---|---|---|---|',
    ...fields.map(describeField),
    '',
  ]
}

function describeField({ path, schema, variable, flag }: Field): string {
  const names = variable ? `\`${variable}\`, \`${flag}\`` : 'file only'
  const cells = [`\`${path.join('.')}\``, names, expectedOf(schema), defaultOf(path, schema), meaningOf(schema)]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function defaultOf(path: string[], schema: Schema): string {
  if (path.join('.') === 'threads') return 'cores'
  if (schema.default === undefined) return 'not set'
  return Array.isArray(schema.default) || typeof schema.default === 'object'
    ? `\`${JSON.stringify(schema.default)}\``
    : `\`${schema.default}\``
}

function meaningOf(schema: Schema): string {
  const example = schema.examples?.[0] === undefined ? '' : ` (such as \`${schema.examples[0]}\`)`
  const members = Object.entries(schema.items?.properties ?? {})
  const list = members.map(([name, member]) => `\`${name}\` ${member.description}`).join('; ')
  return `${schema.description}${example}${list ? `: ${list}` : ''}`
}
