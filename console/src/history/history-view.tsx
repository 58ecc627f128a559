// Every change that was applied: who approved it, on what words, its diff and its proof, and the way back.

import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { ProofLine } from '../../../src/operations/prove.ts'
import { Diff } from '../cards/diff.tsx'
import { ProofTable } from '../cards/proof-table.tsx'
import { UndoFlow } from '../cards/undo-flow.tsx'
import { Empty } from '../parts/empty.tsx'
import { Icon } from '../parts/icons.tsx'
import { Problem } from '../parts/problem.tsx'
import { link } from '../route.ts'
import { useLoaded } from '../use-loaded.ts'
import { AuditLine } from './audit-line.tsx'

interface Change {
  id: string
  at: number
  target: string
  summary: string
  diff: string
  undone_by?: string
  /** Where it is not simply applied. */
  state?: string
  surface?: string
  approved_by?: string
  words?: string
  proof?: ProofLine[]
}

export default function HistoryView(): ReactNode {
  const [search, setSearch] = useState('')
  const { value, error, reload } = useLoaded<{ changes: Change[] }>('/console/changes', 10_000)
  const needle = search.toLowerCase()
  const shown = value?.changes.filter((one) =>
    `${one.summary} ${one.words ?? ''} ${one.id}`.toLowerCase().includes(needle),
  )
  return (
    <div className="page">
      <header>
        <h1>History</h1>
        <input
          className="search"
          type="search"
          aria-label="Search changes"
          placeholder="Search changes"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      </header>
      <Problem text={error} />
      <AuditLine />
      {shown?.length === 0 && search && <p className="quiet">Nothing fits “{search}”.</p>}
      {shown?.length === 0 && !search && (
        <Empty
          title="Nothing was changed yet"
          text="Every change that is applied through Gateward stands here: who approved it, on what words, what it changed, its proof, and the button that takes it back."
        >
          <a className="button main" href={link('chat')}>
            Say what should change
          </a>
        </Empty>
      )}
      <ol className="changes">
        {shown?.map((one) => (
          <ChangeItem key={one.id} change={one} onUndone={reload} />
        ))}
      </ol>
    </div>
  )
}

/** Also on the page of one resource. */
export function ChangeItem({ change, onUndone }: { change: Change; onUndone(): void }): ReactNode {
  const [undoing, setUndoing] = useState(false)
  const undo = useRef<HTMLButtonElement>(null)
  const asked = useRef(false)
  // Who has rejected it is back at the button.
  useEffect(() => {
    if (asked.current && !undoing) undo.current?.focus()
    asked.current = undoing
  }, [undoing])
  return (
    <li className="card">
      <details>
        <summary>
          <strong>{change.summary}</strong>
          {change.undone_by && <span className="badge">taken back</span>}
          {change.state && <span className="badge">{change.state}</span>}
          <span className="on">
            <time dateTime={new Date(change.at).toISOString()}>{new Date(change.at).toLocaleString()}</time> ·{' '}
            {change.target}
            {change.surface && ` · ${change.surface}`}
            {change.approved_by && ` · approved by ${change.approved_by}`}
          </span>
          {change.words && <q className="on">{change.words}</q>}
        </summary>
        <Diff text={change.diff} />
        {change.proof && change.proof.length > 0 && <ProofTable lines={change.proof} />}
        <p className="note">
          <code>{change.id}</code>
          {change.undone_by && (
            <>
              {' '}
              taken back by <code>{change.undone_by}</code>
            </>
          )}
        </p>
      </details>
      {!change.undone_by && !undoing && (
        <button type="button" className="small" ref={undo} onClick={() => setUndoing(true)}>
          <Icon name="undo" size={15} /> Undo
        </button>
      )}
      {undoing && (
        <UndoFlow
          changeId={change.id}
          onEnd={() => {
            setUndoing(false)
            onUndone()
          }}
        />
      )}
    </li>
  )
}

export type { Change }
