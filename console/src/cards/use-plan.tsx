// A wish, planned, shown, decided and applied, wherever in the console it is made: one card that asks, and what became of it.

import { type ReactNode, useState } from 'react'
import type { ApprovalRequest } from '../../../src/operations/contract.ts'
import { operate, type ProofLine } from '../api.ts'
import { Problem } from '../parts/problem.tsx'
import { PlanCard } from './plan-card.tsx'
import { ProofTable } from './proof-table.tsx'

interface Planned {
  plan_id: string
  digest: string
  target: string
  diff: string
  warnings: string[]
  impact: string[]
  notes: string[]
  proof: string[]
}

export interface PlanFlow {
  /** Plans with the operation `plan`, or another one that makes plans. */
  wish(input: object, operation?: string): void
  /** Says what is wrong before anything is planned. */
  fail(message: string): void
  /** The card, the failure or the proof; null when there is none. */
  shown: ReactNode
  busy: boolean
}

/** `onApplied`: after a plan was approved and applied. */
export function usePlan(onApplied: () => void): PlanFlow {
  const [plan, setPlan] = useState<Planned>()
  const [error, setError] = useState<string>()
  const [proof, setProof] = useState<ProofLine[]>()
  const [busy, setBusy] = useState(false)
  const run = async (work: () => Promise<void>): Promise<void> => {
    setError(undefined)
    setProof(undefined)
    setBusy(true)
    try {
      await work()
    } catch (problem) {
      setError((problem as Error).message)
    }
    setBusy(false)
  }
  const decided = (approved: boolean): Promise<void> =>
    run(async () => {
      setPlan(undefined)
      if (!approved) return
      const { proof: lines } = await operate<{ proof: ProofLine[] }>('apply', { plan_id: plan?.plan_id })
      setProof(lines)
      onApplied()
    })
  const shown = (
    <>
      <Problem text={error} />
      {proof && (
        <section className="card applied" role="status">
          <strong className="ok">Applied.</strong>
          {proof.length > 0 && <ProofTable lines={proof} />}
        </section>
      )}
      {plan && (
        <PlanCard
          request={toRequest(plan)}
          notes={plan.notes}
          proof={plan.proof}
          state="waiting"
          onDecided={(yes) => void decided(yes)}
        />
      )}
    </>
  )
  return {
    wish: (input, operation = 'plan') => void run(async () => setPlan(await operate<Planned>(operation, input))),
    fail: setError,
    shown: error || proof || plan ? shown : null,
    busy: busy || plan !== undefined,
  }
}

function toRequest(plan: Planned): ApprovalRequest {
  return {
    planId: plan.plan_id,
    digest: plan.digest,
    target: plan.target,
    summary: '',
    diff: plan.diff,
    warnings: plan.warnings,
    impact: plan.impact,
  }
}
