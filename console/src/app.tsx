// The frame of the console: the rail with the views, and the view that the address names.

import { lazy, type ReactNode, Suspense, useEffect } from 'react'
import type { State } from '../../src/surfaces/console/state-api.ts'
import type { TargetSeen } from '../../src/surfaces/console/targets-api.ts'
import { ChatView } from './chat/chat-view.tsx'
import { Boundary } from './parts/boundary.tsx'
import { Icon, type IconName } from './parts/icons.tsx'
import { Problem } from './parts/problem.tsx'
import { link, useRoute } from './route.ts'
import { useTheme } from './theme.ts'
import { useLoaded } from './use-loaded.ts'

const LOAD = {
  gateway: () => import('./gateway/gateway-view.tsx'),
  traffic: () => import('./traffic/traffic-view.tsx'),
  targets: () => import('./targets/targets-view.tsx'),
  history: () => import('./history/history-view.tsx'),
  settings: () => import('./settings/settings-view.tsx'),
}
const GatewayView = lazy(LOAD.gateway)
const TrafficView = lazy(LOAD.traffic)
const TargetsView = lazy(LOAD.targets)
const HistoryView = lazy(LOAD.history)
const SettingsView = lazy(LOAD.settings)
/** When the first view is long there: the others are fetched, so that they open at once and while the server is away. */
const AHEAD_MS = 3000

const VIEWS: { path: string; title: string; icon: IconName }[] = [
  { path: 'chat', title: 'Chat', icon: 'chat' },
  { path: 'gateway', title: 'Gateway', icon: 'gateway' },
  { path: 'traffic', title: 'Traffic', icon: 'traffic' },
  { path: 'history', title: 'History', icon: 'history' },
  { path: 'targets', title: 'Targets', icon: 'targets' },
  { path: 'settings', title: 'Settings', icon: 'settings' },
]

export function App(): ReactNode {
  const [view = 'chat', ...rest] = useRoute()
  const { value: state, error, reload } = useLoaded<State>('/console/state', 15_000)
  const title = VIEWS.find((one) => one.path === view)?.title ?? 'Chat'
  const about = view === 'gateway' ? rest.filter((one) => one !== '+').slice(-1) : []
  useEffect(() => {
    document.title = [...about, title, 'Gateward'].join(' · ')
  })
  useEffect(() => {
    const timer = setTimeout(() => void Promise.allSettled(Object.values(LOAD).map((load) => load())), AHEAD_MS)
    return () => clearTimeout(timer)
  }, [])
  // The link that led here may have gone with the page that it was on: the keyboard goes on at the top of what is here now.
  const place = [view, ...rest].join('/')
  // biome-ignore lint/correctness/useExhaustiveDependencies: each place is new
  useEffect(() => {
    if (document.activeElement === document.body) document.getElementById('main')?.focus({ preventScroll: true })
  }, [place])
  return (
    <div className="app">
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <Rail current={view} state={state} />
      <main id="main" tabIndex={-1} className={`view view-${view}`}>
        <Problem text={error} />
        {state?.trouble && (
          <p className="banner" role="alert">
            The store is away: the last configuration is served, changes are refused until it answers. {state.trouble}
          </p>
        )}
        <Boundary key={view}>
          <Suspense fallback={<p className="quiet pad">Loading…</p>}>
            {view === 'gateway' ? (
              <GatewayView path={rest} state={state} />
            ) : view === 'traffic' ? (
              <TrafficView state={state} />
            ) : view === 'targets' ? (
              <TargetsView state={state} />
            ) : view === 'history' ? (
              <HistoryView />
            ) : view === 'settings' ? (
              <SettingsView onChange={reload} />
            ) : (
              <ChatView id={rest[0]} state={state} />
            )}
          </Suspense>
        </Boundary>
      </main>
    </div>
  )
}

function Rail({ current, state }: { current: string; state: State | undefined }): ReactNode {
  const [theme, toggle] = useTheme()
  const { value: seen } = useLoaded<{ targets: TargetSeen[] }>('/console/targets', 30_000)
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <header className="rail">
      <a className="brand" href={link('chat')}>
        <img src="/logo.png" alt="" width="26" height="26" />
        <span>Gateward</span>
      </a>
      <nav aria-label="Views">
        {VIEWS.map((one) => (
          <a key={one.path} href={link(one.path)} aria-current={one.path === current ? 'page' : undefined}>
            <Icon name={one.icon} />
            <span>{one.title}</span>
          </a>
        ))}
      </nav>
      <div className="rail-foot">
        {state?.targets.map((one) => (
          <TargetLine key={one.name} target={one} trouble={troubleOf(one, seen?.targets)} />
        ))}
        <button type="button" className="plain" onClick={toggle} aria-label={`Switch to ${other} colours`}>
          <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
        </button>
      </div>
    </header>
  )
}

/** What is the matter with a target; undefined: nothing, as far as is known. */
function troubleOf({ name, failing }: State['targets'][number], seen: TargetSeen[] | undefined): string | undefined {
  const away = seen?.find((one) => one.name === name)?.trouble
  return away ?? (failing ? 'many of its last requests failed' : undefined)
}

function TargetLine({ target, trouble }: { target: State['targets'][number]; trouble: string | undefined }): ReactNode {
  const { name, admin, gateway } = target
  return (
    <p className="target" title={trouble ?? `Admin API ${admin}`}>
      <span className={trouble === undefined ? 'dot' : 'dot bad'} /> {name}
      {trouble !== undefined && <span className="hidden"> {trouble}</span>}
      <small>{gateway.replace('http://', '')}</small>
    </p>
  )
}
