import type { ReactNode } from 'react'
import type { ProofLine } from '../../../src/operations/prove.ts'
import { Icon } from '../parts/icons.tsx'
import { Table } from './table.tsx'

/** Requests that were really sent, and whether the answers were as they should be. */
export function ProofTable({ lines }: { lines: ProofLine[] }): ReactNode {
  return (
    <Table
      heads={['proof', 'request', 'expected', 'found']}
      rows={lines.map((one) => [
        <span key="mark" className={`mark ${one.ok ? 'ok' : 'no'}`}>
          <Icon name={one.ok ? 'check' : 'cross'} size={15} />
          <span className="hidden">{one.ok ? 'as expected:' : 'not as expected:'}</span> {one.title}
        </span>,
        <code key="request">{one.request}</code>,
        one.expected,
        <span key="found" className={one.ok ? 'ok' : 'no'}>
          {one.found}
        </span>,
      ])}
    />
  )
}
