// In what one target differs from another, and the plan that carries what was chosen.

import { type ReactNode, useState } from 'react'
import type { Compared } from '../../../src/surfaces/console/compare.ts'
import { Diff } from '../cards/diff.tsx'
import { usePlan } from '../cards/use-plan.tsx'
import { Problem } from '../parts/problem.tsx'
import '../styles/resource.css'
import '../styles/targets.css'
import { useLoaded } from '../use-loaded.ts'

const KINDS = ['routes', 'services', 'upstreams', 'consumers', 'plugin_configs', 'global_rules'] as const

export function Comparison({ from, to }: { from: string; to: string }): ReactNode {
  const [kind, setKind] = useState<string>('routes')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const query = new URLSearchParams({ from, to, kind })
  const { value, error, reload } = useLoaded<Compared>(`/console/compare?${query}`)
  const flow = usePlan(() => {
    setChosen(new Set())
    reload()
  })
  const toggle = (id: string): void => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    setChosen(next)
  }
  return (
    <section aria-label={`From ${from} to ${to}`}>
      <div className="tools">
        <label>
          Kind{' '}
          <select
            value={kind}
            onChange={(event) => {
              setKind(event.target.value)
              setChosen(new Set())
            }}
          >
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {one.replaceAll('_', ' ')}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          className="small main end"
          disabled={flow.busy || chosen.size === 0}
          onClick={() => flow.wish({ from, to, kind, ids: [...chosen] }, 'promote')}
        >
          Plan to promote {chosen.size || ''} to {to}
        </button>
      </div>
      <Problem text={error} />
      {flow.shown}
      {value && (
        <p className="note" role="status">
          {value.same} the same, {value.differing} differ
          {value.differing > value.rows.length && `, ${value.rows.length} shown`}. Promotion deletes nothing: what is
          only on {to} stays.
        </p>
      )}
      <ul className="compared">
        {value?.rows.map((one) => (
          <li key={one.id} className="card">
            <label>
              <input
                type="checkbox"
                disabled={one.where === 'to'}
                checked={chosen.has(one.id)}
                onChange={() => toggle(one.id)}
              />{' '}
              <strong>{one.id}</strong>
            </label>
            <span className="badge">
              {one.where === 'both' ? 'differs' : `only on ${one.where === 'from' ? from : to}`}
            </span>
            {/* What is only there stays: a diff would show it as deleted. */}
            {one.where !== 'to' && <Diff text={one.diff} />}
          </li>
        ))}
      </ul>
    </section>
  )
}
