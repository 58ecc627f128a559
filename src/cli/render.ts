// How results look in a terminal: tables, diffs, proofs. What comes from outside is made plain here, before colours are added.
import { plainLinesOf } from '../lib/text.ts'
import type { ApprovalRequest } from '../operations/contract.ts'
import type { ProofLine } from '../operations/prove.ts'
import type { Style, Terminal } from './terminal.ts'
import { cut, pad, widthOf, wrap } from './width.ts'

const MAX_CELL = 60
const MIN_CELL = 6

/** A table with aligned columns of at most `columns` together: the widest are cut first. */
export function table(heads: string[], rows: string[][], columns = Number.POSITIVE_INFINITY): string {
  const all = [heads, ...rows]
  const widths = heads.map((_, i) => Math.min(MAX_CELL, Math.max(...all.map((row) => widthOf(row[i] ?? '')))))
  const total = (): number => widths.reduce((sum, width) => sum + width + 2, 0)
  for (let widest = Math.max(...widths); total() > columns && widest > MIN_CELL; widest = Math.max(...widths))
    widths[widths.indexOf(widest)] = widest - 1
  const line = (row: string[]): string => widths.map((width, i) => pad(cut(row[i] ?? '', width), width)).join('  ')
  return all.map((row) => `  ${line(row)}`.trimEnd()).join('\n')
}

/** What a plan would change, with its warnings. */
export function renderPlan(request: ApprovalRequest, terminal: Terminal): string {
  const { diff: changes, warnings, impact: effects } = plainLinesOf(request)
  const diff = changes.split('\n').map((line) => {
    const sign = line.trimStart()[0]
    return paintAll(sign === '+' ? 'green' : sign === '-' ? 'red' : 'yellow', `  ${line}`, terminal)
  })
  const impact = effects.map((line) => paintAll('dim', `  ${line}`, terminal))
  return [...diff, ...warnings.map((warning) => paintAll('yellow', `  ! ${warning}`, terminal)), ...impact].join('\n')
}

/** A line as the terminal's lines, each painted. */
export function paintAll(style: Style, line: string, terminal: Terminal): string {
  const lines = wrap(line, terminal.columns)
  return lines.map((one) => terminal.paint(style, one)).join('\n')
}

/** The proof as a table with a mark for each line. */
export function renderProof(proof: ProofLine[], terminal: Terminal): string {
  return proof
    .map((line) => {
      const expected = line.ok || !line.expected ? '' : `, expected ${line.expected}`
      const said = `  ${line.ok ? 'ok' : 'NO'}  ${line.title}: ${line.request} -> ${line.found}${expected}`
      const [first = '', ...more] = wrap(said.replaceAll('\n', ' '), terminal.columns)
      const mark = terminal.paint(line.ok ? 'green' : 'red', first.slice(2, 4))
      return [`  ${mark}${first.slice(4)}`, ...more].join('\n')
    })
    .join('\n')
}

/** One operation's result, for people. */
export function renderResult(name: string, answer: Record<string, unknown>, terminal: Terminal): string {
  const value = plainLinesOf(answer)
  switch (name) {
    case 'look': {
      const rows = value.rows as { id: string; summary: string; health?: string }[] | undefined
      const trouble = value.trouble === undefined ? '' : `\n${paintAll('red', `  ! ${value.trouble}`, terminal)}`
      if (!rows) {
        const health = value.health === undefined ? '' : `\n  health: ${value.health}`
        return JSON.stringify(value.value, null, 2).replace(/^/gm, '  ') + health + trouble
      }
      if (!rows.length) return trouble.slice(1)
      const checked = rows.some((row) => row.health !== undefined)
      return (
        table(
          ['id', String(value.kind), ...(checked ? ['health'] : [])],
          rows.map((row) => [row.id, row.summary, ...(checked ? [row.health ?? ''] : [])]),
          terminal.columns,
        ) + trouble
      )
    }
    case 'explain': {
      const considered = value.considered as { id: string; uri: string; result: string }[]
      return considered.length
        ? table(
            ['route', 'uri', 'result'],
            considered.map((one) => [one.id, one.uri, one.result]),
            terminal.columns,
          )
        : ''
    }
    case 'history': {
      const changes = value.changes as { id: string; at: string; summary: string; state?: string; undone_by?: string }[]
      return changes.length
        ? table(
            ['change', 'when', 'what'],
            changes.map((one) => [
              one.id,
              localTime(one.at),
              `${one.summary}${one.undone_by ? ' (taken back)' : ''}${one.state ? ` (${one.state})` : ''}`,
            ]),
            terminal.columns,
          )
        : ''
    }
    case 'describe_plugins':
      return renderPlugins(
        value.plugins as (string | { plugin: string; fields: Record<string, string> })[],
        terminal.columns,
      )
    case 'apply':
    case 'undo':
      return renderApplied(value, terminal)
    case 'prove':
      return renderProof(value.proof as ProofLine[], terminal)
    default:
      return ''
  }
}

function renderPlugins(
  plugins: (string | { plugin: string; fields: Record<string, string> })[],
  columns: number,
): string {
  if (typeof plugins[0] === 'string') return wrap(`  ${plugins.join(', ')}`, columns).join('\n')
  return (plugins as { plugin: string; fields: Record<string, string> }[])
    .map(
      (one) =>
        `  ${one.plugin}\n${Object.entries(one.fields)
          .flatMap(([field, text]) => wrap(`    ${field}: ${text}`.replaceAll('\n', ' '), columns))
          .join('\n')}`,
    )
    .join('\n')
}

function renderApplied(value: Record<string, unknown>, terminal: Terminal): string {
  const served = value.served_ms as number | undefined
  const proof = value.proof as ProofLine[]
  const head = terminal.paint(
    'green',
    `  applied${served === undefined ? '' : `; served after ${served.toFixed(1)} ms`}`,
  )
  return proof.length ? `${head}\n${renderProof(proof, terminal)}` : head
}

/** As the clock on the wall shows it: `2026-11-28 06:44:23`. */
function localTime(at: string): string {
  return new Date(at).toLocaleString('sv-SE')
}
