// Where a page of a resource is: under its kind, a credential under its consumer.
import type { ReactNode } from 'react'
import { wordsOf } from '../gateway/kinds.ts'
import { link } from '../route.ts'

interface Props {
  kind: string
  /** The consumer that a credential belongs to. */
  of: string | undefined
  children: ReactNode
}

export function Crumbs({ kind, of, children }: Props): ReactNode {
  return (
    <p className="crumbs">
      {of === undefined ? (
        <a href={link('gateway', kind)}>{wordsOf(kind).title}</a>
      ) : (
        <>
          <a href={link('gateway', 'consumers')}>Consumers</a> › <a href={link('gateway', 'consumers', of)}>{of}</a>
        </>
      )}{' '}
      › {children}
    </p>
  )
}
