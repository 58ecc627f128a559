// What is configured: the picture of it, kinds, their resources as tables with search, and the page of one resource.

import { type ReactNode, useMemo, useState } from 'react'
import { KINDS } from '../../../src/resources/kinds.ts'
import type { ResourceRow } from '../../../src/surfaces/console/rows.ts'
import type { State } from '../api.ts'
import { Problem } from '../parts/problem.tsx'
import { Search } from '../parts/search.tsx'
import { link } from '../route.ts'
import { chooseTarget, useTarget } from '../target.ts'
import { useLoaded } from '../use-loaded.ts'
import { Explain } from './explain.tsx'
import { LintView } from './lint-view.tsx'
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
      <nav className="kinds" aria-label="Kinds of resources">
        <a href={link('gateway')} aria-current={kind === 'picture' ? 'page' : undefined}>
          picture
        </a>
        <a href={link('gateway', 'findings')} aria-current={kind === 'findings' ? 'page' : undefined}>
          findings
        </a>
        {KINDS.filter((one) => one !== 'credentials' && one !== 'secrets').map((one) => (
          <a key={one} href={link('gateway', one)} aria-current={one === kind ? 'page' : undefined}>
            {one.replaceAll('_', ' ')}
          </a>
        ))}
      </nav>
      {kind === 'picture' ? (
        <PictureView target={name} range={id} />
      ) : kind === 'findings' ? (
        <LintView target={name} />
      ) : id.length ? (
        <ResourcePage key={`${kind}/${id.join('/')}`} target={name} kind={kind} id={id.join('/')} />
      ) : (
        <Resources key={kind} target={name} kind={kind} />
      )}
    </div>
  )
}

function Resources({ target, kind }: { target: string; kind: string }): ReactNode {
  const [search, setSearch] = useState('')
  const { value, error } = useLoaded<{ total: number; rows: ResourceRow[] }>(
    `/console/resources/${kind}?target=${encodeURIComponent(target)}`,
    15_000,
  )
  const rows = useMemo(() => matching(value?.rows ?? [], search), [value, search])
  return (
    <>
      <div className="tools">
        <Search
          label={`Search ${kind}`}
          placeholder={`Search ${kind.replaceAll('_', ' ')}`}
          value={search}
          onChange={setSearch}
        />
        {value && (
          <span className="quiet" role="status">
            {rows.length === value.total ? value.total : `${rows.length} of ${value.total}`}
          </span>
        )}
      </div>
      <Problem text={error} />
      {value?.total === 0 && (
        <p className="quiet">
          There are none yet. <a href={link('chat')}>Say what you want in the chat.</a>
        </p>
      )}
      {rows.length > 0 && <VirtualTable kind={kind} rows={rows} />}
      {kind === 'routes' && value && value.total > 0 && <Explain target={target} />}
    </>
  )
}

function matching(rows: ResourceRow[], search: string): ResourceRow[] {
  const needle = search.trim().toLowerCase()
  if (!needle) return rows
  return rows.filter((row) =>
    [row.id, row.name, ...row.methods, ...row.hosts, ...row.uris, ...row.upstream, ...row.plugins].some((one) =>
      one.toLowerCase().includes(needle),
    ),
  )
}
