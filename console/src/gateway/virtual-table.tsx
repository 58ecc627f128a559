// A table of any length: only the rows that can be seen are in the document, each of the same height.
import { type ReactNode, useState } from 'react'
import type { ResourceRow } from '../../../src/surfaces/console/rows.ts'
import { link } from '../route.ts'

const ROW_HEIGHT_PX = 41
const SEEN_ROWS = 14
/** Rows above and below those that are seen, so that scrolling never shows a gap. */
const SPARE_ROWS = 8

export function VirtualTable({ kind, rows }: { kind: string; rows: ResourceRow[] }): ReactNode {
  const [top, setTop] = useState(0)
  const first = Math.max(0, Math.min(Math.floor(top / ROW_HEIGHT_PX), rows.length - SEEN_ROWS) - SPARE_ROWS)
  const shown = rows.slice(first, first + SEEN_ROWS + 2 * SPARE_ROWS)
  const height = Math.min(rows.length, SEEN_ROWS) * ROW_HEIGHT_PX + 38
  return (
    <section
      className="virtual card"
      aria-label={kind.replaceAll('_', ' ')}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
      tabIndex={0}
      style={{ height }}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            <th scope="col">id</th>
            <th scope="col">takes</th>
            <th scope="col">goes to</th>
            <th scope="col">plugins</th>
          </tr>
        </thead>
        <tbody>
          <Gap rows={first} />
          {shown.map((row, i) => (
            <tr key={row.id} aria-rowindex={first + i + 2}>
              <td>
                <a href={link('gateway', kind, row.id)}>{row.id}</a>
                {!row.enabled && <span className="badge">disabled</span>}
              </td>
              <td>
                {row.methods.length > 0 && <small>{row.methods.join(' ')} </small>}
                <code>{[...row.hosts, ...row.uris].join(' ') || row.name}</code>
              </td>
              <td>
                <code>{row.upstream.join(', ')}</code>
              </td>
              <td>{row.plugins.join(', ')}</td>
            </tr>
          ))}
          <Gap rows={rows.length - first - shown.length} />
        </tbody>
      </table>
    </section>
  )
}

function Gap({ rows }: { rows: number }): ReactNode {
  if (rows <= 0) return null
  return (
    <tr>
      <td colSpan={4} style={{ height: rows * ROW_HEIGHT_PX, padding: 0 }} />
    </tr>
  )
}
