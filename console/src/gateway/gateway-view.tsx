// What is configured: the picture of it, kinds, their resources as tables with search, and the page of one resource.

import { type ReactNode, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import type { ResourceRow } from '../../../src/surfaces/console/rows.ts'
import type { State } from '../../../src/surfaces/console/state-api.ts'
import { CommandList } from '../parts/command-list.tsx'
import { Empty } from '../parts/empty.tsx'
import { Icon } from '../parts/icons.tsx'
import { Problem } from '../parts/problem.tsx'
import { Search } from '../parts/search.tsx'
import { go, link } from '../route.ts'
import { chooseTarget, useTarget } from '../target.ts'
import { useLoaded } from '../use-loaded.ts'
import { Explain } from './explain.tsx'
import { countOf, KIND_WORDS, SHOWN_KINDS, wordsOf } from './kinds.ts'
import { LintView } from './lint-view.tsx'
import { NewResource } from './new-resource.tsx'
import { PictureView } from './picture-view.tsx'
import { ResourcePage } from './resource-page.tsx'
import { VirtualTable } from './virtual-table.tsx'

interface Props {
  /** Kind and id, as far as the address names them. */
  path: string[]
  state: State | undefined
}

export default function GatewayView({ path, state }: Props): ReactNode {
  const name = useTarget(state)
  const [kind = 'picture', ...id] = path
  if (name === undefined) return null
  return (
    <div className="page">
      <header>
        <h1>Gateway</h1>
        {state && state.targets.length > 1 && (
          <label className="pick">
            <span className="hidden">Target</span>
            <select value={name} onChange={(event) => chooseTarget(event.target.value)}>
              {state.targets.map((one) => (
                <option key={one.name}>{one.name}</option>
              ))}
            </select>
          </label>
        )}
      </header>
      <Kinds current={kind === '+' ? id[0] : kind} />
      {kind === 'picture' ? (
        <PictureView target={name} range={id} />
      ) : kind === 'findings' ? (
        <LintView target={name} />
      ) : kind === '+' ? (
        <NewResource key={id.join('/')} target={name} kind={id[0] ?? 'routes'} of={id[1]} />
      ) : id.length ? (
        <ResourcePage key={`${kind}/${id.join('/')}`} target={name} kind={kind} id={id.join('/')} />
      ) : (
        <Resources key={kind} target={name} kind={kind} />
      )}
    </div>
  )
}

/** Kinds that most people need stand in the row, the others in a list at its end. */
const IN_ROW = ['routes', 'services', 'upstreams', 'consumers', 'ssls', 'global_rules'] as const

function Kinds({ current }: { current: string | undefined }): ReactNode {
  const others = SHOWN_KINDS.filter((one) => !(IN_ROW as readonly string[]).includes(one))
  const other = others.find((one) => one === current)
  const tab = (kind: string, title: string): ReactNode => (
    <a key={kind} href={link('gateway', kind)} aria-current={kind === current ? 'page' : undefined}>
      {title}
    </a>
  )
  const row = useRef<HTMLElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another kind may stand where the row is cut off
  useEffect(() => {
    const now = row.current?.querySelector<HTMLElement>('[aria-current], .current')
    if (row.current && now) row.current.scrollLeft = now.offsetLeft - row.current.offsetLeft - 24
  }, [current])
  return (
    <nav className="kinds" aria-label="Kinds of resources" ref={row}>
      {tab('picture', 'Picture')}
      {tab('findings', 'Findings')}
      {IN_ROW.map((one) => tab(one, KIND_WORDS[one].title))}
      <CommandList
        label="Other kinds"
        className={other ? 'current' : ''}
        value={other ?? ''}
        onChoose={(chosen) => go('gateway', chosen)}
      >
        <option value="">More…</option>
        {others.map((one) => (
          <option key={one} value={one}>
            {KIND_WORDS[one].title}
          </option>
        ))}
      </CommandList>
    </nav>
  )
}

/** Longer lists are loaded again less often. */
const LARGE = 2000

function Resources({ target, kind }: { target: string; kind: string }): ReactNode {
  const [search, setSearch] = useState('')
  const [large, setLarge] = useState(false)
  const { value, error } = useLoaded<{ total: number; rows: ResourceRow[] }>(
    `/console/resources/${kind}?target=${encodeURIComponent(target)}`,
    large ? 15_000 : 5_000,
  )
  useEffect(() => setLarge((value?.total ?? 0) > LARGE), [value])
  // Once for each load, not once for each key: ten thousand rows are searched while somebody types.
  const searched = useMemo(() => (value?.rows ?? []).map((row) => ({ row, text: textOf(row) })), [value])
  const needle = useDeferredValue(search).trim().toLowerCase()
  const rows = useMemo(
    () => searched.filter((one) => one.text.includes(needle)).map((one) => one.row),
    [searched, needle],
  )
  const words = wordsOf(kind)
  const add = (
    <a className="button main" href={link('gateway', '+', kind)}>
      <Icon name="plus" size={15} /> Add {words.one}
    </a>
  )
  if (value?.total === 0)
    return (
      <Empty title={`No ${words.title.toLowerCase()} yet`} text={words.about}>
        {add}
        {WITH_SENTENCE[kind] && (
          <a className="button" href={link('chat')}>
            Or say it: “{WITH_SENTENCE[kind]}”
          </a>
        )}
      </Empty>
    )
  return (
    <>
      <div className="tools">
        <Search
          label={`Search ${kind}`}
          placeholder={`Search ${words.title.toLowerCase()}`}
          value={search}
          onChange={setSearch}
        />
        {value && (
          <span className="quiet" role="status">
            {rows.length === value.total
              ? countOf(kind, value.total)
              : `${rows.length.toLocaleString()} of ${value.total.toLocaleString()}`}
          </span>
        )}
        <span className="end">{add}</span>
      </div>
      <Problem text={error} />
      {value && rows.length === 0 && <p className="quiet">Nothing fits “{search}”.</p>}
      {rows.length > 0 && <VirtualTable kind={kind} rows={rows} />}
      {kind === 'routes' && value && <Explain target={target} />}
    </>
  )
}

/** What can be said in the chat instead. */
const WITH_SENTENCE: Record<string, string> = {
  routes: 'Create a route for /orders/* to http://127.0.0.1:8080',
  consumers: 'Add a consumer jack',
}

/** All that a row shows, for the search. */
function textOf({ id, name, methods, hosts, uris, upstream, plugins }: ResourceRow): string {
  return [id, name, ...methods, ...hosts, ...uris, ...upstream, ...plugins].join('\n').toLowerCase()
}
