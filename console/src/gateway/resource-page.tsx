// One resource: what it is in JSON, edited through the same plan, approval and proof as everything else, and its history.
import { type ReactNode, useState } from 'react'
import type { ApprovalRequest } from '../../../src/operations/contract.ts'
import { operate } from '../api.ts'
import { PlanCard } from '../cards/plan-card.tsx'
import { type Change, ChangeItem } from '../history/history-view.tsx'
import { link } from '../route.ts'
import { useLoaded } from '../use-loaded.ts'
import { patchFrom } from './patch.ts'

interface Props {
  target: string
  kind: string
  id: string
}

type Value = Record<string, unknown>

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

export function ResourcePage({ target, kind, id }: Props): ReactNode {
  const query = `?target=${encodeURIComponent(target)}`
  const loaded = useLoaded<{ value: Value }>(`/console/resources/${kind}/${encodeURIComponent(id)}${query}`)
  const changes = useLoaded<{ changes: Change[] }>(
    `/console/changes${query}&about=${encodeURIComponent(`${kind}/${id}`)}`,
  )
  const [plan, setPlan] = useState<Planned>()
  const [error, setError] = useState<string>()
  const [editing, setEditing] = useState<string>()
  const [applied, setApplied] = useState(false)
  const before = loaded.value?.value
  const wish = async (change: object): Promise<void> => {
    setError(undefined)
    setApplied(false)
    try {
      setPlan(await operate<Planned>('plan', { target, changes: [{ kind, id, ...change }] }))
    } catch (problem) {
      setError((problem as Error).message)
    }
  }
  const save = (): void => {
    try {
      void wish({ action: 'change', set: patchFrom(before ?? {}, JSON.parse(editing as string) as Value) })
    } catch (problem) {
      setError(`this is not JSON: ${(problem as Error).message}`)
    }
  }
  const decided = async (approved: boolean): Promise<void> => {
    const planId = plan?.plan_id
    setPlan(undefined)
    if (!approved) return
    try {
      await operate('apply', { plan_id: planId })
      setEditing(undefined)
      setApplied(true)
    } catch (problem) {
      setError((problem as Error).message)
    }
    loaded.reload()
    changes.reload()
  }
  return (
    <article>
      <p className="crumbs">
        <a href={link('gateway', kind)}>{kind.replaceAll('_', ' ')}</a> › <strong>{id}</strong>
      </p>
      {(error ?? loaded.error) && (
        <p className="banner" role="alert">
          {error ?? loaded.error}
        </p>
      )}
      {applied && (
        <p className="note" role="status">
          Applied.
        </p>
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
      {before && (
        <section className="card" aria-label="Configuration">
          <header>
            <h3>Configuration</h3>
            <span className="on">secrets are hidden; *** keeps them</span>
            <span className="buttons">
              {editing === undefined ? (
                <>
                  <button type="button" className="small" onClick={() => setEditing(JSON.stringify(before, null, 2))}>
                    Edit
                  </button>
                  <button type="button" className="small" onClick={() => void wish({ action: 'delete' })}>
                    Delete
                  </button>
                </>
              ) : (
                <>
                  <button type="button" className="small main" onClick={save}>
                    Plan the change
                  </button>
                  <button type="button" className="small" onClick={() => setEditing(undefined)}>
                    Cancel
                  </button>
                </>
              )}
            </span>
          </header>
          {editing === undefined ? (
            <pre>{JSON.stringify(before, null, 2)}</pre>
          ) : (
            <textarea
              className="json"
              aria-label="Configuration as JSON"
              spellCheck={false}
              rows={Math.min(30, editing.split('\n').length + 1)}
              value={editing}
              onChange={(event) => setEditing(event.target.value)}
            />
          )}
        </section>
      )}
      <h2>History</h2>
      {changes.value?.changes.length === 0 && <p className="quiet">Not changed through Gateward yet.</p>}
      <ol className="changes">
        {changes.value?.changes.map((one) => (
          <ChangeItem
            key={one.id}
            change={one}
            onUndone={() => {
              loaded.reload()
              changes.reload()
            }}
          />
        ))}
      </ol>
    </article>
  )
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
