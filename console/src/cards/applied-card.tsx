// An applied change: since when it is served, its proof, and the way back.
import { type ReactNode, useState } from 'react'
import type { ProofLine } from '../../../src/operations/prove.ts'
import { Icon } from '../parts/icons.tsx'
import { ProofTable } from './proof-table.tsx'
import { UndoFlow } from './undo-flow.tsx'

/** `undo`: with the button that takes it back. */
export function AppliedCard({ value, undo = true }: { value: Record<string, unknown>; undo?: boolean }): ReactNode {
  const [undoing, setUndoing] = useState(false)
  const served = value.served_ms as number | undefined
  const proof = (value.proof ?? []) as ProofLine[]
  const changeId = String(value.change_id)
  return (
    <>
      <section className="card applied" aria-label="Applied change">
        <header>
          <span className="mark ok">
            <Icon name="check" /> <strong>Applied</strong>
          </span>
          <span className="on">
            to {String(value.target)}
            {served === undefined ? '' : ` · served after ${served.toFixed(1)} ms`}
          </span>
          {undo && (
            <button type="button" className="small" disabled={undoing} onClick={() => setUndoing(true)}>
              <Icon name="undo" size={15} /> Undo
            </button>
          )}
        </header>
        <p className="what">{String(value.summary)}</p>
        {proof.length > 0 && <ProofTable lines={proof} />}
      </section>
      {undoing && <UndoFlow changeId={changeId} onEnd={() => setUndoing(false)} />}
    </>
  )
}
