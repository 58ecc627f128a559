// What is wrong or risky in the configuration, the worst first; a finding whose way out is known is planned by one click.

import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { operate } from '../api.ts'
import { usePlan } from '../cards/use-plan.tsx'
import { Problem } from '../parts/problem.tsx'
import { link } from '../route.ts'
import '../styles/lint.css'

interface Finding {
  id: string
  severity: 'high' | 'medium' | 'low'
  problem: string
  advice: string
  fixable: boolean
}

interface Answer {
  total: number
  findings: Finding[]
}

export function LintView({ target }: { target: string }): ReactNode {
  const [answer, setAnswer] = useState<Answer>()
  const [error, setError] = useState<string>()
  const load = useCallback((): void => {
    operate<Answer>('lint', { target }).then(
      (found) => {
        setAnswer(found)
        setError(undefined)
      },
      (problem: Error) => setError(problem.message),
    )
  }, [target])
  useEffect(load, [load])
  const flow = usePlan(load)
  const fixable = answer?.findings.filter((one) => one.fixable).map((one) => one.id) ?? []
  return (
    <section aria-label="Findings">
      <div className="tools">
        <span className="quiet" role="status">
          {answer && told(answer)}
        </span>
        <button type="button" className="small end" onClick={load}>
          Look again
        </button>
        {fixable.length > 1 && (
          <button
            type="button"
            className="small"
            disabled={flow.busy}
            onClick={() => flow.wish({ target, fixes: fixable })}
          >
            Plan all {fixable.length} fixes
          </button>
        )}
      </div>
      <Problem text={error} />
      {flow.shown}
      <ol className="findings">
        {answer?.findings.map((one) => (
          <li key={one.id} className="card">
            <span className={`badge ${one.severity}`}>{one.severity}</span>
            <div>
              <p>{one.problem}</p>
              <p className="note">{one.advice}</p>
              <Place id={one.id} />
            </div>
            {one.fixable && (
              <button
                type="button"
                className="small"
                disabled={flow.busy}
                aria-label={`Plan the fix of ${one.id}`}
                onClick={() => flow.wish({ target, fixes: [one.id] })}
              >
                Plan the fix
              </button>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}

function told({ total, findings }: Answer): string {
  if (total === 0) return 'Nothing found: no rule has anything to say.'
  return findings.length < total ? `the worst ${findings.length} of ${total} findings` : `${total} findings`
}

/** A finding's id is `rule:kind/id`, or `rule:target` for the gateway as a whole. */
function Place({ id }: { id: string }): ReactNode {
  const at = id.indexOf(':')
  const [rule, resource] = [id.slice(0, at), id.slice(at + 1)]
  const [kind, ...rest] = resource.split('/')
  return (
    <p className="note">
      <code>{rule}</code>{' '}
      {kind && rest.length > 0 ? <a href={link('gateway', kind, rest.join('/'))}>{resource}</a> : resource}
    </p>
  )
}
