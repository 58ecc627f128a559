// The gateways that are operated from here: which one the views show, in what two of them differ, and what is carried from one to the other.

import { type ReactNode, useState } from 'react'
import type { State } from '../../../src/surfaces/console/state-api.ts'
import type { TargetSeen } from '../../../src/surfaces/console/targets-api.ts'
import { countOf } from '../gateway/kinds.ts'
import { Empty } from '../parts/empty.tsx'
import { Problem } from '../parts/problem.tsx'
import { chooseTarget, useTarget } from '../target.ts'
import { useLoaded } from '../use-loaded.ts'
import { Comparison } from './comparison.tsx'

const REFRESH_MS = 15_000
const EXAMPLE = `targets:
  - name: production
    admin_url: https://apisix.example:9180
    gateway_url: https://api.example
    key_env: PRODUCTION_ADMIN_KEY`

export default function TargetsView({ state }: { state: State | undefined }): ReactNode {
  const current = useTarget(state)
  const { value, error } = useLoaded<{ targets: TargetSeen[] }>('/console/targets', REFRESH_MS)
  const names = state?.targets.map((one) => one.name) ?? []
  const [from, setFrom] = useState<string>()
  const [to, setTo] = useState<string>()
  const [source, goal] = [from ?? names[0], to ?? names.find((one) => one !== (from ?? names[0]))]
  return (
    <div className="page">
      <header>
        <h1>Targets</h1>
      </header>
      <Problem text={error} />
      <ul className="targets">
        {value?.targets.map((one) => (
          <li key={one.name} className="card">
            <TargetCard seen={one} current={one.name === current} />
          </li>
        ))}
      </ul>
      {names.length > 1 && source && goal ? (
        <>
          <h2>Compare and promote</h2>
          <div className="tools">
            <Pick label="From" names={names} value={source} onChange={setFrom} />
            <Pick label="To" names={names.filter((one) => one !== source)} value={goal} onChange={setTo} />
          </div>
          <Comparison key={`${source} ${goal}`} from={source} to={goal} />
        </>
      ) : (
        <Empty
          title="One gateway is operated from here"
          text="With a second one, such as an Apache APISIX for production, the two can be compared, and what was tried on one is promoted to the other as a plan."
        >
          <div>
            <pre className="card">{EXAMPLE}</pre>
            <p className="note">
              Put this into <code>gateward.yaml</code> and start again.
            </p>
          </div>
        </Empty>
      )}
    </div>
  )
}

function TargetCard({ seen, current }: { seen: TargetSeen; current: boolean }): ReactNode {
  return (
    <>
      <h2>
        {seen.name} {current && <span className="badge approved">shown</span>}
      </h2>
      {seen.trouble === undefined ? (
        <p className="ok">answers, {countOf('routes', seen.routes)}</p>
      ) : (
        <p className="no">{seen.trouble}</p>
      )}
      {seen.warning !== undefined && <p className="note">{seen.warning}</p>}
      <dl className="fields">
        <div>
          <dt>gateway</dt>
          <dd>
            <code>{seen.gateway}</code>
          </dd>
        </div>
        <div>
          <dt>Admin API</dt>
          <dd>
            <code>{seen.admin}</code>
          </dd>
        </div>
        <div>
          <dt>approval</dt>
          <dd>{seen.policy}</dd>
        </div>
      </dl>
      {!current && (
        <button type="button" className="small" onClick={() => chooseTarget(seen.name)}>
          Show {seen.name}
        </button>
      )}
    </>
  )
}

interface PickProps {
  label: string
  names: string[]
  value: string
  onChange(name: string): void
}

function Pick({ label, names, value, onChange }: PickProps): ReactNode {
  return (
    <label>
      {label}{' '}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {names.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  )
}
