// A table of any length: only the rows that can be seen are in the document, each of the same height.
import { memo, type ReactNode, useState } from 'react'
import type { ResourceRow } from '../../../src/surfaces/console/rows.ts'
import { link } from '../route.ts'
import { type Column, wordsOf } from './kinds.ts'

const ROW_HEIGHT_PX = 41
const SEEN_ROWS = 14
/** Rows above and below those that are seen, so that scrolling never shows a gap. */
const SPARE_ROWS = 8

export function VirtualTable({ kind, rows }: { kind: string; rows: ResourceRow[] }): ReactNode {
  const [top, setTop] = useState(0)
  const { columns, title } = wordsOf(kind)
  const first = Math.max(0, Math.min(Math.floor(top / ROW_HEIGHT_PX), rows.length - SEEN_ROWS) - SPARE_ROWS)
  const shown = rows.slice(first, first + SEEN_ROWS + 2 * SPARE_ROWS)
  const height = Math.min(rows.length, SEEN_ROWS) * ROW_HEIGHT_PX + 38
  return (
    <section
      className="virtual card"
      aria-label={title}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
      tabIndex={0}
      style={{ height }}
      onScroll={({ currentTarget: one }) => setTop(one.scrollTop - (one.scrollTop % ROW_HEIGHT_PX))}
    >
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {['id', ...columns].map((one) => (
              <th key={one} scope="col" className={one}>
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap rows={first} columns={columns.length + 1} />
          {shown.map((row, i) => (
            <Row key={row.id} kind={kind} columns={columns} row={row} index={first + i + 2} />
          ))}
          <Gap rows={rows.length - first - shown.length} columns={columns.length + 1} />
        </tbody>
      </table>
    </section>
  )
}

interface RowProps {
  kind: string
  columns: readonly Column[]
  row: ResourceRow
  /** Among all rows, the head being the first. */
  index: number
}

/** Drawn once: scrolling only adds and takes away rows. */
const Row = memo(function Row({ kind, columns, row, index }: RowProps): ReactNode {
  return (
    <tr aria-rowindex={index}>
      <td title={row.id}>
        <a href={link('gateway', kind, row.id)}>{row.id}</a>
        {!row.enabled && <span className="badge">disabled</span>}
      </td>
      {columns.map((one) => (
        <Cell key={one} column={one} row={row} />
      ))}
    </tr>
  )
})

function Cell({ column, row }: { column: Column; row: ResourceRow }): ReactNode {
  switch (column) {
    case 'takes': {
      const places = [...row.hosts, ...row.uris].join(' ')
      return (
        <td title={places}>
          {row.methods.length > 0 && <small>{row.methods.join(' ')} </small>}
          <code>{places || row.name}</code>
        </td>
      )
    }
    case 'goes to':
      return (
        <td title={row.upstream.join(', ')}>
          <code>{row.upstream.join(', ')}</code>
        </td>
      )
    case 'plugins':
      return <td title={row.plugins.join(', ')}>{row.plugins.join(', ')}</td>
    case 'changed':
      return <td>{row.updated === undefined ? '' : new Date(row.updated).toLocaleString(undefined, SHORT)}</td>
    case 'status':
      return <td>{row.enabled ? 'served' : 'disabled'}</td>
    case 'name':
      return <td title={row.name}>{row.name !== row.id && <bdi>{row.name}</bdi>}</td>
  }
}

const SHORT = { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' } as const

function Gap({ rows, columns }: { rows: number; columns: number }): ReactNode {
  if (rows <= 0) return null
  return (
    <tr>
      <td colSpan={columns} style={{ height: rows * ROW_HEIGHT_PX, padding: 0 }} />
    </tr>
  )
}
