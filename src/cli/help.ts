// What `gateward help`, `gateward help COMMAND` and `gateward COMMAND --help` print.
import { FIELDS, type Field, schemaAt } from '../settings/fields.ts'
import type { FlagSpec } from './arguments.ts'
import { wrap } from './width.ts'

export interface Described {
  summary: string
  /** Words after the command. */
  words?: string
  flags?: Record<string, FlagSpec>
  /** Takes the settings of the gateway itself as flags, all of them worth a line. */
  settings?: boolean
}

/** All commands. */
export function overview(commands: Record<string, Described>): string {
  return [
    'gateward: run your API gateway by talking to it',
    '',
    ...lines(Object.entries(commands).map(([name, { summary }]) => [name, summary])),
    '',
    'gateward COMMAND --help tells more of one.',
    SETTINGS,
  ].join('\n')
}

/** One command with its flags. */
export function helpOf(name: string, { summary, words = '', flags = {}, settings }: Described): string {
  const own = Object.entries(flags).map(([flag, { type, about }]): [string, string] => [
    `--${flag}${type === 'switch' ? '' : type === 'number' ? ' N' : ' TEXT'}`,
    about,
  ])
  return [
    `gateward ${name}${words && ` ${words}`}`,
    // The overview's lines end with the command's form, which stands above.
    `  ${summary.replace(/: gateward .*$/, '')}`,
    ...(own.length ? ['', ...lines(own)] : []),
    ...(settings ? settingLines() : []),
    '',
    SETTINGS,
  ].join('\n')
}

const SETTINGS =
  'Settings: gateward.yaml, GATEWARD_* in the environment, --flags (--data-dir, ...); see docs/settings.md.'

/** Section by section, since "where it is served" says nothing without one. */
function settingLines(): string[] {
  const sections = Map.groupBy(
    FIELDS.filter(({ flag }) => flag !== undefined),
    ({ path }) => path.slice(0, -1).join('.'),
  )
  return [...sections].flatMap(([name, fields]) => {
    const about = schemaAt(name.split('.'))?.description
    const head = name === '' ? 'general' : `${name}${about ? `: ${lowerFirst(about)}` : ''}`
    return ['', ...wrap(head, columns(), 2), ...lines(fields.map(settingLine))]
  })
}

function settingLine({ flag, schema }: Field): [string, string] {
  const value = schema.type === 'integer' ? 'N' : schema.type === 'array' ? 'LIST' : 'TEXT'
  const usual = [schema.default ?? []].flat().join(',')
  return [`${flag} ${value}`, `${schema.description ?? ''}${usual ? ` [${usual}]` : ''}`]
}

/** `The Admin API.` as it goes on behind a colon: words of capitals stay. */
function lowerFirst(text: string): string {
  return text.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase())
}

function columns(): number {
  return Math.max(process.stdout.columns || Number.POSITIVE_INFINITY, 40)
}

/** Names and what they mean; the meaning is wrapped beside its name on a terminal. */
function lines(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.flatMap(([name, about]) =>
    wrap(`  ${name.padEnd(width)}  ${about}`, columns(), Math.min(width + 4, columns() / 2)),
  )
}
