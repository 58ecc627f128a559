// Takes one change back by a click: the plan for it is shown, approved or rejected like any other, and its result stays in its place.
import { type ReactNode, useEffect, useState } from 'react'
import type { ApprovalRequest } from '../../../src/operations/contract.ts'
import type { ProofLine } from '../../../src/operations/prove.ts'
import { type ApiError, operate } from '../api.ts'
import { Icon } from '../parts/icons.tsx'
import { Outcome } from '../parts/outcome.tsx'
import { PlanCard } from './plan-card.tsx'
import { ProofTable } from './proof-table.tsx'

interface Applied {
  proof: ProofLine[]
  served_ms?: number
}

interface Props {
  changeId: string
  /** The person rejected it, or it is done. */
  onEnd(done: boolean): void
}

export function UndoFlow(props: Props): ReactNode {
  const flow = useUndo(props)
  return <Outcome news={flow.news}>{flow.shown}</Outcome>
}

function useUndo({ changeId, onEnd }: Props): { news: unknown; shown: ReactNode } {
  const [request, setRequest] = useState<ApprovalRequest>()
  const [error, setError] = useState<string>()
  const [done, setDone] = useState<Applied>()
  useEffect(() => {
    let current = true
    operate<Applied>('undo', { change_id: changeId }).then(
      (value) => current && setDone(value),
      (problem: ApiError) => current && (problem.approval ? setRequest(problem.approval) : setError(problem.message)),
    )
    return () => {
      current = false
    }
  }, [changeId])
  const decided = async (approved: boolean): Promise<void> => {
    if (!approved) return onEnd(false)
    try {
      setDone(await operate<Applied>('apply', { plan_id: request?.planId }))
    } catch (problem) {
      setError((problem as Error).message)
    }
  }
  return { news: error ?? done ?? request, shown: shown() }

  function shown(): ReactNode {
    if (error)
      return (
        <p className="card bad" role="alert">
          <Icon name="warn" /> {error}
        </p>
      )
    if (done) return <Done {...done} />
    return request ? (
      <PlanCard
        request={request}
        notes={[]}
        proof={[]}
        state="waiting"
        onDecided={(approved) => void decided(approved)}
      />
    ) : (
      <p className="working">
        <span className="spinner" aria-hidden="true" /> working out the way back…
      </p>
    )
  }
}

function Done({ served_ms: served, proof }: Applied): ReactNode {
  return (
    <section className="card applied" role="status">
      <span className="mark ok">
        <Icon name="check" /> <strong>Taken back</strong>
      </span>
      {served !== undefined && <span className="on"> served after {served.toFixed(1)} ms</span>}
      {proof.length > 0 && <ProofTable lines={proof} />}
    </section>
  )
}
