// How the answers of operations look in a terminal that the chat does not show itself.
import { plainLinesOf } from '../lib/text.ts'
import type { ShownFinding } from '../operations/lint/contract.ts'
import type { TrafficRow } from '../operations/traffic/report.ts'
import { paintAll, renderPlan, renderResult, table } from './render.ts'
import type { Terminal } from './terminal.ts'
import { wrap } from './width.ts'

/** One answer for people. */
export function renderAnswer(name: string, answer: Record<string, unknown>, terminal: Terminal): string {
  const value = plainLinesOf(answer)
  switch (name) {
    case 'plan':
    case 'promote':
      return planned(value, terminal)
    case 'lint':
      return findings(value, terminal)
    case 'traffic':
      return traffic(value, terminal)
    case 'confirm':
      return `  ${String(value.change_id)} stays`
    case 'explain':
      return explained(value, terminal)
    case 'look':
      return renderResult(name, value, terminal) || `  no ${String(value.kind)} found`
    default:
      return renderResult(name, value, terminal) || '  nothing'
  }
}

function explained(value: Record<string, unknown>, terminal: Terminal): string {
  const { why, plugins, goes_to: where, health } = value
  const runs = (plugins as string[]).length ? `runs ${(plugins as string[]).join(', ')}` : ''
  const goes = where === undefined ? '' : `goes to ${where}${health === undefined ? '' : `: ${health}`}`
  return [why, runs, goes]
    .filter(Boolean)
    .flatMap((one) => wrap(`  ${one}`, terminal.columns))
    .concat(renderResult('explain', value, terminal) || [])
    .join('\n')
}

function planned(value: Record<string, unknown>, terminal: Terminal): string {
  const shown = renderPlan(
    {
      planId: String(value.plan_id),
      digest: String(value.digest),
      target: String(value.target),
      summary: '',
      diff: String(value.diff),
      warnings: value.warnings as string[],
      impact: value.impact as string[],
    },
    terminal,
  )
  const notes = (value.notes as string[]).map((note) => paintAll('dim', `  ${note}`, terminal))
  return [
    shown,
    ...notes,
    `  ${terminal.paint('bold', String(value.plan_id))} on ${String(value.target)}; nothing is written yet: gateward apply ${String(value.plan_id)}`,
  ].join('\n')
}

function findings(value: Record<string, unknown>, terminal: Terminal): string {
  const all = value.findings as ShownFinding[]
  if (!all.length) return '  nothing found'
  const lines = all.map(({ id, severity, problem, advice, fixable }) => {
    const mark = terminal.paint(
      severity === 'high' ? 'red' : severity === 'medium' ? 'yellow' : 'dim',
      severity.padEnd(6),
    )
    return [
      `  ${mark}  ${id}`,
      ...wrap(`          ${problem}`, terminal.columns),
      paintAll('dim', `          ${advice}${fixable ? ` (gateward plan --fix ${id})` : ''}`, terminal),
    ].join('\n')
  })
  const more = Number(value.total) - all.length
  return more > 0 ? [...lines, `  and ${more} more`].join('\n') : lines.join('\n')
}

function traffic(value: Record<string, unknown>, terminal: Terminal): string {
  const rows = [...(value.rows as TrafficRow[]), value.all as TrafficRow]
  const cell = (one: number | undefined): string => (one === undefined ? '' : String(one))
  const heads = ['', 'requests', 'per s', '4xx', '5xx', 'p50 ms', 'p95 ms', 'p99 ms']
  const cells = rows.map((row) => [
    row.name,
    cell(row.requests),
    cell(row.per_second),
    cell(row.client_errors),
    cell(row.server_errors),
    cell(row.p50_ms),
    cell(row.p95_ms),
    cell(row.p99_ms),
  ])
  const none = (value.all as TrafficRow).requests
    ? []
    : paintAll(
        'dim',
        '  no counted request in this time; only routes that run the plugin prometheus are counted ("Collect metrics on all routes")',
        terminal,
      )
  return [table(heads, cells, terminal.columns), `  over ${String(value.seconds)} s`].concat(none).join('\n')
}
