// Whether the audit log is whole: its entries are a chain, which the server follows from the first to the last.
import type { ReactNode } from 'react'
import type { Audit } from '../../../src/surfaces/console/audit-api.ts'
import { Icon } from '../parts/icons.tsx'
import { useLoaded } from '../use-loaded.ts'

export function AuditLine(): ReactNode {
  const { value, error } = useLoaded<Audit>('/console/audit')
  if (error)
    return (
      <p className="banner" role="alert">
        The audit log cannot be checked: {error}
      </p>
    )
  if (!value) return null
  if (value.broken_at !== undefined)
    return (
      <p className="banner" role="alert">
        <Icon name="warn" size={16} /> The audit log was changed by another hand: entry {value.broken_at} does not fit
        to those before it. Keep a copy of ledger.db and find out who can write to the data directory.
      </p>
    )
  return (
    <p className="note audit">
      <Icon name="check" size={16} /> Audit log: {value.entries.toLocaleString()} entries, the chain is whole.
    </p>
  )
}
