// How results look in a terminal: tables, diffs, proofs.
import type { ApprovalRequest } from '../operations/contract.ts'
import type { ProofLine } from '../operations/prove.ts'
import type { Terminal } from './terminal.ts'

const MAX_CELL = 60

/** A table with aligned columns; empty for no rows. */
export function table(heads: string[], rows: string[][]): string {
  const cut = (cell: string): string => (cell.length > MAX_CELL ? `${cell.slice(0, MAX_CELL - 1)}…` : cell)
  const all = [heads, ...rows.map((row) => row.map(cut))]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ')}`.trimEnd())
    .join('\n')
}

/** What a plan would change, with its warnings. */
export function renderPlan(request: ApprovalRequest, terminal: Terminal): string {
  const diff = request.diff.split('\n').map((line) => {
    const sign = line.trimStart()[0]
    return terminal.paint(sign === '+' ? 'green' : sign === '-' ? 'red' : 'yellow', `  ${line}`)
  })
  const impact = request.impact.map((line) => terminal.paint('dim', `  ${line}`))
  return [...diff, ...request.warnings.map((warning) => terminal.paint('yellow', `  ! ${warning}`)), ...impact].join(
    '\n',
  )
}

/** The proof as a table with a mark for each line. */
export function renderProof(proof: ProofLine[], terminal: Terminal): string {
  return proof
    .map((line) => {
      const mark = line.ok ? terminal.paint('green', 'ok') : terminal.paint('red', 'NO')
      const expected = line.ok || !line.expected ? '' : `, expected ${line.expected}`
      return `  ${mark}  ${line.title}: ${line.request} -> ${line.found}${expected}`
    })
    .join('\n')
}

/** One operation's result, for people. */
export function renderResult(name: string, value: Record<string, unknown>, terminal: Terminal): string {
  switch (name) {
    case 'look': {
      const rows = value.rows as { id: string; summary: string; health?: string }[] | undefined
      if (!rows) {
        const health = value.health === undefined ? '' : `\n  health: ${value.health}`
        return JSON.stringify(value.value, null, 2).replace(/^/gm, '  ') + health
      }
      if (!rows.length) return ''
      const checked = rows.some((row) => row.health !== undefined)
      return table(
        ['id', String(value.kind), ...(checked ? ['health'] : [])],
        rows.map((row) => [row.id, row.summary, ...(checked ? [row.health ?? ''] : [])]),
      )
    }
    case 'explain': {
      const considered = value.considered as { id: string; uri: string; result: string }[]
      return considered.length
        ? table(
            ['route', 'uri', 'result'],
            considered.map((one) => [one.id, one.uri, one.result]),
          )
        : ''
    }
    case 'history': {
      const changes = value.changes as { id: string; at: string; summary: string; undone_by?: string }[]
      return changes.length
        ? table(
            ['change', 'when', 'what'],
            changes.map((one) => [
              one.id,
              one.at.slice(0, 19),
              `${one.summary}${one.undone_by ? ' (taken back)' : ''}`,
            ]),
          )
        : ''
    }
    case 'describe_plugins':
      return renderPlugins(value.plugins as (string | { plugin: string; fields: Record<string, string> })[])
    case 'apply':
    case 'undo':
      return renderApplied(value, terminal)
    case 'prove':
      return renderProof(value.proof as ProofLine[], terminal)
    default:
      return ''
  }
}

function renderPlugins(plugins: (string | { plugin: string; fields: Record<string, string> })[]): string {
  if (typeof plugins[0] === 'string') return `  ${plugins.join(', ')}`
  return (plugins as { plugin: string; fields: Record<string, string> }[])
    .map(
      (one) =>
        `  ${one.plugin}\n${Object.entries(one.fields)
          .map(([field, text]) => `    ${field}: ${text}`)
          .join('\n')}`,
    )
    .join('\n')
}

function renderApplied(value: Record<string, unknown>, terminal: Terminal): string {
  const served = value.served_ms as number | undefined
  const proof = value.proof as ProofLine[]
  const head = terminal.paint(
    'green',
    `  applied${served === undefined ? '' : `; serving since ${served.toFixed(1)} ms`}`,
  )
  return proof.length ? `${head}\n${renderProof(proof, terminal)}` : head
}
