// What an operation answered, as a card: tables for rows, the proof for what was applied, JSON only for one whole resource. An operation that this
// page does not know shows whatever rows it has.
import type { ReactNode } from 'react'
import type { ProofLine } from '../../../src/operations/prove.ts'
import { link } from '../route.ts'
import { AppliedCard } from './applied-card.tsx'
import { ProofTable } from './proof-table.tsx'
import { Table } from './table.tsx'

type Value = Record<string, unknown>
type Rows = Record<string, unknown>[]

interface Props {
  name: string
  value: Value
  /** With links to the console's other pages. */
  linked?: boolean
}

export function ResultCard({ name, value, linked = true }: Props): ReactNode {
  switch (name) {
    case 'apply':
    case 'undo':
      return <AppliedCard value={value} />
    case 'prove':
      return (
        <section className="card">
          <ProofTable lines={value.proof as ProofLine[]} />
        </section>
      )
    case 'look':
      return value.rows ? <Look value={value} linked={linked} /> : <Json value={value.value} />
    case 'describe_plugins':
      return <Plugins plugins={value.plugins as unknown[]} />
    default:
      return <Generic value={value} />
  }
}

function Look({ value, linked }: { value: Value; linked: boolean }): ReactNode {
  const kind = String(value.kind)
  const rows = value.rows as { id: string; summary: string; health?: string }[]
  if (!rows.length) return null
  const checked = rows.some((row) => row.health !== undefined)
  return (
    <section className="card">
      <Table
        heads={['id', kind.replaceAll('_', ' '), ...(checked ? ['health'] : [])]}
        rows={rows.map((row) => [
          linked ? (
            <a key="id" href={link('gateway', kind, row.id)}>
              {row.id}
            </a>
          ) : (
            row.id
          ),
          row.summary,
          ...(checked ? [row.health ?? ''] : []),
        ])}
      />
      {Number(value.total) > rows.length && (
        <p className="note">
          {rows.length} of {String(value.total)}. {linked && <a href={link('gateway', kind)}>All of them</a>}
        </p>
      )}
    </section>
  )
}

/** Every list of the answer as a table. */
function Generic({ value }: { value: Value }): ReactNode {
  const lists = Object.entries(value).filter(
    (one): one is [string, Rows] => Array.isArray(one[1]) && one[1].length > 0 && typeof one[1][0] === 'object',
  )
  if (!lists.length) return null
  return (
    <section className="card">
      {lists.map(([name, rows]) => {
        const heads = [...new Set(rows.flatMap((row) => Object.keys(row)))]
        return (
          <Table
            key={name}
            caption={lists.length > 1 ? name.replaceAll('_', ' ') : undefined}
            heads={heads.map((one) => one.replaceAll('_', ' '))}
            rows={rows.map((row) => heads.map((head) => show(row[head])))}
          />
        )
      })}
    </section>
  )
}

function Plugins({ plugins }: { plugins: unknown[] }): ReactNode {
  if (typeof plugins[0] === 'string')
    return (
      <section className="card">
        <p className="names">{plugins.join(', ')}</p>
      </section>
    )
  return (
    <section className="card">
      {(plugins as { plugin: string; fields: Record<string, string> }[]).map((one) => (
        <Table key={one.plugin} caption={one.plugin} heads={['field', 'about']} rows={Object.entries(one.fields)} />
      ))}
    </section>
  )
}

function Json({ value }: { value: unknown }): ReactNode {
  return (
    <section className="card">
      <pre>{JSON.stringify(value, null, 2)}</pre>
    </section>
  )
}

function show(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? new Date(text).toLocaleString() : text
}
