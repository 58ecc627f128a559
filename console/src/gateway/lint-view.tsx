// What is wrong or risky in the configuration, the worst first; a finding whose way out is known is planned by one click.

import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { counted } from '../../../src/lib/counted.ts'
import type { ShownFinding } from '../../../src/operations/lint/contract.ts'
import { operate } from '../api.ts'
import { usePlan } from '../cards/use-plan.tsx'
import { Empty } from '../parts/empty.tsx'
import { Problem } from '../parts/problem.tsx'
import { link } from '../route.ts'
import '../styles/lint.css'

interface Answer {
  total: number
  findings: ShownFinding[]
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
      {answer?.total === 0 && (
        <Empty
          title="Nothing found"
          text="No rule has anything to say: routes are protected, upstreams have timeouts, certificates are valid, nothing lies behind something else."
        />
      )}
      <ol className="findings">
        {byRule(answer?.findings ?? []).map((group) => (
          <GroupCard
            key={group[0].id}
            group={group}
            busy={flow.busy}
            fix={(id) => flow.wish({ target, fixes: [id] })}
          />
        ))}
      </ol>
    </section>
  )
}

type Group = [ShownFinding, ...ShownFinding[]]

function GroupCard({ group, busy, fix }: { group: Group; busy: boolean; fix(id: string): void }): ReactNode {
  const [{ severity, problem, advice }] = group
  return (
    <li className="card">
      <header>
        <span className={`badge ${severity}`}>{severity}</span>
        <h2>{problem}</h2>
        <code className="end quiet">{ruleOf(group[0])}</code>
      </header>
      <p className="note">{advice}</p>
      <ul className="places">
        {group.map((one) => (
          <li key={one.id}>
            <Place id={one.id} />
            {one.fixable && (
              <button
                type="button"
                className="small"
                disabled={busy}
                aria-label={`Plan the fix of ${one.id}`}
                onClick={() => fix(one.id)}
              >
                Plan the fix
              </button>
            )}
          </li>
        ))}
      </ul>
    </li>
  )
}

function ruleOf({ id }: ShownFinding): string {
  return id.slice(0, id.indexOf(':'))
}

/** Findings that say the same of different resources, in one; the order stays. */
function byRule(findings: ShownFinding[]): Group[] {
  const groups = new Map<string, Group>()
  for (const one of findings) {
    const key = [ruleOf(one), one.severity, one.problem, one.advice].join('\n')
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  return [...groups.values()]
}

function told({ total, findings }: Answer): string {
  if (total === 0) return ''
  if (findings.length < total) return `the worst ${findings.length} of ${total} findings`
  return counted(total, 'finding')
}

/** A finding's id is `rule:kind/id`, or `rule:target` for the gateway as a whole. */
function Place({ id }: { id: string }): ReactNode {
  const resource = id.slice(id.indexOf(':') + 1)
  const [kind, ...rest] = resource.split('/')
  return kind && rest.length > 0 ? (
    <a href={link('gateway', kind, rest.join('/'))}>{resource}</a>
  ) : (
    <span>the gateway as a whole</span>
  )
}
