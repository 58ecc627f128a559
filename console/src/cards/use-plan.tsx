// A wish, planned, shown, decided and applied, wherever in the console it is made: one card that asks, and what became of it.

import { type ReactNode, useState } from 'react'
import type { ApprovalRequest, Secret } from '../../../src/operations/contract.ts'
import type { ProofLine } from '../../../src/operations/prove.ts'
import { operate, type Planned } from '../api.ts'
import { madeSecretsIn } from '../forms/made-secrets.ts'
import { Outcome } from '../parts/outcome.tsx'
import { Problem } from '../parts/problem.tsx'
import { PlanCard } from './plan-card.tsx'
import { ProofTable } from './proof-table.tsx'
import { SecretCard } from './secret-card.tsx'

interface Applied {
  summary: string
  proof: ProofLine[]
  served_ms?: number
  /** New secrets in it, for the person only. */
  revealed?: Secret[]
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

/** `onApplied`: after a plan was approved and applied, with its summary. */
export function usePlan(onApplied: (summary: string) => void): PlanFlow {
  const [plan, setPlan] = useState<Planned>()
  const [error, setError] = useState<string>()
  const [applied, setApplied] = useState<Applied>()
  const [made, setMade] = useState<Secret[]>([])
  const [busy, setBusy] = useState(false)
  const run = async (work: () => Promise<void>): Promise<void> => {
    setError(undefined)
    setApplied(undefined)
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
      const done = await operate<Applied>('apply', { plan_id: plan?.plan_id })
      setApplied(done)
      onApplied(done.summary)
    })
  const wish = (input: object, operation = 'plan'): void =>
    void run(async () => {
      setMade(madeSecretsIn((input as { changes?: { set?: object }[] }).changes?.map((one) => one.set)))
      setPlan(await operate<Planned>(operation, input))
    })
  const secrets = [...made, ...(applied?.revealed ?? [])]
  const shown = (
    <Outcome news={error ?? applied ?? plan}>
      <Problem text={error} />
      {applied && (
        <section className="card applied" role="status">
          <p>
            <strong className="ok">Applied.</strong> {applied.summary}
            {applied.served_ms !== undefined && (
              <span className="on"> · served after {applied.served_ms.toFixed(1)} ms</span>
            )}
          </p>
          {applied.proof.length > 0 && <ProofTable lines={applied.proof} />}
        </section>
      )}
      {applied && secrets.length > 0 && <SecretCard labels={secrets.map((one) => one.label)} secrets={secrets} />}
      {plan && (
        <PlanCard
          request={toRequest(plan)}
          notes={plan.notes}
          proof={plan.proof}
          state="waiting"
          onDecided={(yes) => void decided(yes)}
        />
      )}
    </Outcome>
  )
  return {
    wish,
    fail: setError,
    shown: error || applied || plan ? shown : null,
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
