// A plan with its buttons, and what became of it. The decision goes through a tool that only the widget can use: it has the ticket that came with
// the plan. Without one the person is told where to decide.
import type { App } from '@modelcontextprotocol/ext-apps'
import { type ReactNode, useState } from 'react'
import type { ProofLine } from '../../../src/operations/prove.ts'
import type { Planned } from '../api.ts'
import { AppliedCard } from '../cards/applied-card.tsx'
import { PlanCard } from '../cards/plan-card.tsx'

type Applied = Record<string, unknown> & { change_id: string; summary: string; proof: ProofLine[]; secrets: string[] }

/** As the server calls it. */
const TICKET = 'gateward/ticket'

interface Props {
  app: App
  plan: Planned
  meta: Record<string, unknown>
}

export function PlanWidget({ app, plan, meta }: Props): ReactNode {
  const [applied, setApplied] = useState<Applied>()
  const [rejected, setRejected] = useState(false)
  const ticket = meta[TICKET]
  const send = async (_id: string, _digest: string, decision: 'approve' | 'reject'): Promise<void> => {
    const approve = decision === 'approve'
    const result = await app.callServerTool({ name: 'decide', arguments: { ticket, approve } })
    if (!approve) setRejected(true)
    else if (result.isError) throw new Error(textOf(result.content))
    else setApplied(result.structuredContent as Applied)
    // The host may not take it; the model then learns it from its next look.
    await app.updateModelContext({ content: [{ type: 'text', text: told(plan, approve, result) }] }).catch(() => {})
  }
  return (
    <>
      <PlanCard
        request={{ ...plan, planId: plan.plan_id, summary: '' }}
        notes={plan.notes}
        proof={plan.proof}
        state={applied ? 'approved' : rejected ? 'rejected' : ticket === undefined ? 'planned' : 'waiting'}
        send={send}
      />
      {ticket === undefined && (
        <p className="quiet">
          It is approved in Gateward’s console, or with <code>gateward approve {plan.plan_id}</code>.
        </p>
      )}
      {applied && <AppliedCard value={applied} undo={false} />}
      {applied && applied.secrets.length > 0 && (
        <p className="quiet">
          {applied.secrets.join(', ')}: shown once by <code>gateward reveal</code>.
        </p>
      )}
    </>
  )
}

function told(
  { plan_id: id }: Planned,
  approved: boolean,
  result: { isError?: boolean | undefined; structuredContent?: unknown },
): string {
  if (!approved) return `The person has rejected ${id} in its card. Nothing was written.`
  if (result.isError) return `The person has approved ${id} in its card, but it could not be applied.`
  const { change_id: change, summary, proof } = result.structuredContent as Applied
  const good = proof.filter((one) => one.ok).length
  return `The person has approved ${id} in its card: ${summary} is applied as ${change}, ${good} of ${proof.length} proofs are as expected.`
}

function textOf(content: { type: string; text?: string }[]): string {
  return content.map((one) => one.text ?? '').join('\n') || 'the server refused without a reason'
}
