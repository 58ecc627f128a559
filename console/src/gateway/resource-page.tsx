// One resource: its fields, plugins, traffic and configuration, edited through the same plan, approval and proof as everything else; what takes
// it, an answer of it, and its history.

import { Fragment, lazy, type ReactNode, Suspense, useState } from 'react'
import { usePlan } from '../cards/use-plan.tsx'
import { type Change, ChangeItem } from '../history/history-view.tsx'
import { Crumbs } from '../parts/crumbs.tsx'
import { Problem } from '../parts/problem.tsx'
import { useLoaded } from '../use-loaded.ts'
import '../styles/forms.css'
import '../styles/resource.css'
import { ConfigurationPanel } from './configuration-panel.tsx'
import { Credentials } from './credentials.tsx'
import { Explain } from './explain.tsx'
import { Fields } from './fields.tsx'
import { wordsOf } from './kinds.ts'
import { PluginsPanel } from './plugins-panel.tsx'
import { SendRequest } from './send.tsx'

const ResourceTraffic = lazy(() => import('../traffic/resource-traffic.tsx'))

interface Props {
  target: string
  kind: string
  id: string
}

type Value = Record<string, unknown>

/** What is changed elsewhere is seen so soon. */
const REFRESH_MS = 5000

/** Kinds whose resources can be switched off. */
const WITH_STATUS = new Set(['routes', 'ssls'])
/** Kinds whose requests are counted. */
const WITH_TRAFFIC = new Set(['routes', 'services', 'upstreams', 'consumers', 'plugin_configs', 'global_rules'])

export function ResourcePage({ target, kind, id }: Props): ReactNode {
  const query = new URLSearchParams({ target })
  const about = `${kind}/${id}`
  const loaded = useLoaded<{ value: Value; counted: boolean }>(
    `/console/resources/${kind}/${encodeURIComponent(id)}?${query}`,
    REFRESH_MS,
  )
  const changes = useLoaded<{ changes: Change[] }>(
    `/console/changes?${query}&about=${encodeURIComponent(about)}`,
    REFRESH_MS,
  )
  const [round, setRound] = useState(0)
  const reload = (): void => {
    loaded.reload()
    changes.reload()
    setRound((one) => one + 1)
  }
  const flow = usePlan(reload)
  const change = (members: object): void => flow.wish({ target, changes: [{ kind, id, ...members }] })
  const value = loaded.value?.value
  const words = wordsOf(kind)
  const [owner, name] = kind === 'credentials' ? id.split('/') : []
  return (
    <article>
      <Crumbs kind={kind} of={owner}>
        <strong>{name ?? id}</strong>
      </Crumbs>
      <header className="resource-head">
        <h2 className="resource-title">{String(value?.name ?? name ?? id)}</h2>
        {value?.status === 0 && <span className="badge">disabled</span>}
        {value && (
          <Switches
            enabled={WITH_STATUS.has(kind) ? value.status !== 0 : undefined}
            busy={flow.busy}
            onChange={change}
          />
        )}
      </header>
      <Problem text={loaded.error} />
      {flow.shown}
      {value && (
        <>
          <Fields value={value} />
          {words.plugins && (
            <PluginsPanel
              key={`plugins ${round}`}
              {...{ target, kind, id, flow }}
              plugins={(value.plugins ?? {}) as Record<string, Value>}
            />
          )}
          {kind === 'consumers' && <Credentials target={target} consumer={id} />}
          {loaded.value?.counted && WITH_TRAFFIC.has(kind) && (
            <>
              <h2>Traffic</h2>
              <Suspense fallback={null}>
                <ResourceTraffic target={target} about={about} />
              </Suspense>
            </>
          )}
          {kind === 'routes' && <Tries target={target} route={value} />}
          <h2>Configuration</h2>
          <ConfigurationPanel
            key={`configuration ${round}`}
            {...{ target, kind, id, value }}
            busy={flow.busy}
            onChange={(set) => change({ action: 'change', set })}
            onProblem={flow.fail}
          />
        </>
      )}
      <History changes={changes.value?.changes} onUndone={reload} />
    </article>
  )
}

interface SwitchesProps {
  /** Undefined: the kind cannot be switched off. */
  enabled: boolean | undefined
  busy: boolean
  onChange(change: object): void
}

function Switches({ enabled, busy, onChange }: SwitchesProps): ReactNode {
  return (
    <span className="end buttons">
      {enabled !== undefined && (
        <button
          type="button"
          className="small"
          disabled={busy}
          onClick={() => onChange({ action: 'change', set: { status: enabled ? 0 : 1 } })}
        >
          {enabled ? 'Disable' : 'Enable'}
        </button>
      )}
      <button type="button" className="small danger" disabled={busy} onClick={() => onChange({ action: 'delete' })}>
        Delete
      </button>
    </span>
  )
}

/** `changes`: undefined while they are loaded. */
function History({ changes, onUndone }: { changes: Change[] | undefined; onUndone(): void }): ReactNode {
  return (
    <>
      <h2>History</h2>
      {changes?.length === 0 && <p className="quiet">Not changed through Gateward yet.</p>}
      <ol className="changes">
        {changes?.map((one) => (
          <ChangeItem key={one.id} change={one} onUndone={onUndone} />
        ))}
      </ol>
    </>
  )
}

/** Panels that begin with a request that the route takes. */
function Tries({ target, route }: { target: string; route: Value }): ReactNode {
  const first = (one: unknown): string => String([one ?? ''].flat()[0] ?? '')
  const start = {
    method: first(route.methods) || 'GET',
    path: first(route.uris ?? route.uri).replace(/\*$/, '') || '/',
    host: first(route.hosts ?? route.host).replace(/^\*/, 'www'),
  }
  return (
    <Fragment key={JSON.stringify(start)}>
      <Explain target={target} start={start} />
      <SendRequest target={target} start={start} />
    </Fragment>
  )
}
