import type { ReactNode } from 'react'

interface Props {
  caption?: string | undefined
  heads: string[]
  rows: ReactNode[][]
}

/** Columns beyond which a phone would break every word: there each cell is a line of its own, with its head before it. */
const WIDE = 3

/** A small table; what is too wide even so scrolls inside its card. */
export function Table({ caption, heads, rows }: Props): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
    <section className="scroll" tabIndex={0} aria-label={caption ?? heads.join(', ')}>
      <table className={heads.length > WIDE ? 'wide' : undefined}>
        {caption && <caption>{caption}</caption>}
        <thead>
          <tr>
            {heads.map((one) => (
              <th key={one} scope="col">
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of one answer
            <tr key={i}>
              {row.map((cell, j) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells of one row
                <td key={j} data-head={heads[j]}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
