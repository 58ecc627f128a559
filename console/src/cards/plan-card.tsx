// A plan: what would change, what speaks against it, and the person's decision. Approving sends the digest of exactly what is shown here.
import { type ReactNode, useState } from 'react'
import type { ApprovalRequest } from '../../../src/operations/contract.ts'
import { decide } from '../api.ts'
import type { PlanState } from '../chat/items.ts'
import { Icon } from '../parts/icons.tsx'
import { Diff } from './diff.tsx'

interface Props {
  request: ApprovalRequest
  notes: string[]
  proof: string[]
  state: PlanState
  /** Sends the decision; to this Gateward's server where nothing else is said. */
  send?: typeof decide
  /** With a button that rejects the plan, to say it in other words. */
  onEdit?(): void
  /** After the decision has been sent. */
  onDecided?(approved: boolean): void
}

const SAID: Record<PlanState, string> = {
  planned: 'Not applied',
  waiting: 'Waits for you',
  approved: 'Approved',
  rejected: 'Rejected',
}

export function PlanCard({
  request,
  notes,
  proof,
  state,
  send: sendDecision = decide,
  onEdit,
  onDecided,
}: Props): ReactNode {
  const [error, setError] = useState<string>()
  const [sent, setSent] = useState(false)
  const send = async (decision: 'approve' | 'reject'): Promise<void> => {
    setSent(true)
    setError(undefined)
    try {
      await sendDecision(request.planId, request.digest, decision)
      onDecided?.(decision === 'approve')
    } catch (problem) {
      setSent(false)
      setError((problem as Error).message)
    }
  }
  return (
    <section className={`card plan ${state}`} aria-label={`Plan on ${request.target}`}>
      <header>
        <h3>Plan</h3>
        <span className="on">on {request.target}</span>
        <span className={`badge ${state}`}>{SAID[state]}</span>
      </header>
      <Diff text={request.diff} />
      {request.warnings.map((one) => (
        <p key={one} className="warning">
          <Icon name="warn" size={16} /> {one}
        </p>
      ))}
      {[...request.impact, ...notes].map((one) => (
        <p key={one} className="note">
          {one}
        </p>
      ))}
      {proof.length > 0 && state !== 'rejected' && <p className="note">Will be proved: {proof.join('; ')}</p>}
      {error && (
        <p className="warning" role="alert">
          {error}
        </p>
      )}
      {state === 'waiting' && (
        <div className="buttons">
          <button type="button" className="main" disabled={sent} onClick={() => void send('approve')}>
            <Icon name="check" size={16} /> Approve
          </button>
          <button type="button" disabled={sent} onClick={() => void send('reject')}>
            Reject
          </button>
          {onEdit && (
            <button type="button" disabled={sent} onClick={() => void send('reject').then(onEdit)}>
              <Icon name="edit" size={16} /> Edit
            </button>
          )}
        </div>
      )}
    </section>
  )
}
