// The live picture of what is served: searched, opened range by range, and saved as a file. The server groups; here is drawn what it sends.

import { type ReactNode, useDeferredValue, useRef, useState } from 'react'
import type { Picture } from '../../../src/surfaces/console/picture.ts'
import { Empty } from '../parts/empty.tsx'
import { Problem } from '../parts/problem.tsx'
import { saveSvg } from '../parts/save-picture.ts'
import { Search } from '../parts/search.tsx'
import { link } from '../route.ts'
import '../styles/picture.css'
import { useLoaded } from '../use-loaded.ts'
import { countOf } from './kinds.ts'
import { PictureDrawing } from './picture-drawing.tsx'

interface Props {
  target: string
  /** First and last route of the range that was opened. */
  range: string[]
}

const REFRESH_MS = 10_000

export function PictureView({ target, range: [from, to] }: Props): ReactNode {
  const [search, setSearch] = useState('')
  const [label, setLabel] = useState('')
  const [problem, setProblem] = useState<string>()
  const query = new URLSearchParams({ target, search: useDeferredValue(search) })
  if (from !== undefined && to !== undefined) {
    query.set('from', from)
    query.set('to', to)
  }
  const { value, error } = useLoaded<Picture & { blind?: string }>(`/console/picture?${query}`, REFRESH_MS)
  const last = useRef(value)
  if (value) last.current = value
  const picture = value ?? last.current
  const svg = useRef<SVGSVGElement>(null)
  const save = (): void => {
    if (svg.current) saveSvg(svg.current, 'gateway').catch((reason: Error) => setProblem(reason.message))
  }
  return (
    <>
      <div className={picture?.total === 0 ? 'hidden' : 'tools'}>
        <Search
          label="Search the picture"
          placeholder="Search hosts, paths, plugins, upstreams"
          value={search}
          onChange={setSearch}
        />
        {picture && (
          <span className="quiet" role="status">
            {picture.matching === picture.total
              ? countOf('routes', picture.total)
              : `${picture.matching.toLocaleString()} of ${countOf('routes', picture.total)}`}
          </span>
        )}
        <button type="button" className="small end" disabled={!picture?.lanes.length} onClick={save}>
          Save as picture
        </button>
      </div>
      {from !== undefined && (
        <p className="crumbs">
          <a href={link('gateway', 'picture')}>everything</a> › <strong>{label || `${from} … ${to}`}</strong>
        </p>
      )}
      <Problem text={error ?? problem} />
      {picture?.total === 0 && (
        <Empty
          title="Nothing is served yet"
          text="Here you will see every host and path, the plugins that run for it, and the upstream nodes it goes to, with their health and traffic."
        >
          <a className="button main" href={link('chat')}>
            Add your first API in the chat
          </a>
          <a className="button" href={link('gateway', '+', 'routes')}>
            Add a route by hand
          </a>
        </Empty>
      )}
      {picture && picture.lanes.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
        <section className="card scroll" tabIndex={0} aria-label="What is served">
          <PictureDrawing picture={picture} svg={svg} onOpen={(lane) => setLabel(lane.label)} />
        </section>
      )}
      {picture?.blind && <p className="note">Traffic and health are not shown: {picture.blind}.</p>}
      {picture && !picture.blind && picture.lanes.some((one) => !one.flow) && (
        <p className="note">
          Arrows without a rate: these routes do not run the plugin <code>prometheus</code>, so nobody counts them.
        </p>
      )}
    </>
  )
}
