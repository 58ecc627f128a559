// Requests as they finish, the newest first, with filters; nothing is watched before the person asks for it.

import { type ReactNode, useEffect, useState } from 'react'
import type { SeenRequest, SeenRequests } from '../../../src/gateway/tail.ts'
import { Table } from '../cards/table.tsx'
import { Search } from '../parts/search.tsx'

/** Requests that are kept on the page, and rows that are shown. */
const MAX_KEPT = 500
const MAX_ROWS = 100

interface Kept {
  /** The server has said that it watches. */
  watched: boolean
  requests: SeenRequest[]
  leftOut: number
}

const NOTHING: Kept = { watched: false, requests: [], leftOut: 0 }

export function Tail(): ReactNode {
  const [on, setOn] = useState(false)
  const [search, setSearch] = useState('')
  const [statuses, setStatuses] = useState('')
  const { watched, requests, leftOut } = useTail(on)
  const needle = search.toLowerCase()
  const shown = requests.filter((one) => String(one.status).startsWith(statuses) && textOf(one).includes(needle))
  return (
    <section aria-label="Live requests">
      <h2>Live requests</h2>
      <div className="tools">
        <button type="button" className="small" aria-pressed={on} onClick={() => setOn(!on)}>
          {on ? 'Pause' : 'Watch'}
        </button>
        <Search
          label="Search live requests"
          placeholder="path, route, consumer, upstream"
          value={search}
          onChange={setSearch}
        />
        <select aria-label="Statuses" value={statuses} onChange={(event) => setStatuses(event.target.value)}>
          <option value="">all statuses</option>
          {['2', '3', '4', '5'].map((one) => (
            <option key={one} value={one}>
              {one}xx
            </option>
          ))}
        </select>
      </div>
      {on && !requests.length && (
        <p className="note" role="status">
          {watched ? 'Waiting for a request…' : 'Connecting…'}
        </p>
      )}
      {shown.length > 0 && (
        <div className="card">
          <Table
            caption="Finished requests"
            heads={['time', 'request', 'status', 'ms', 'bytes', 'route', 'consumer', 'upstream']}
            rows={shown.slice(0, MAX_ROWS).map(toRow)}
          />
        </div>
      )}
      {leftOut > 0 && <p className="note">{leftOut.toLocaleString()} more were too many to show.</p>}
    </section>
  )
}

function useTail(on: boolean): Kept {
  const [kept, setKept] = useState(NOTHING)
  useEffect(() => {
    if (!on) return
    const source = new EventSource('/v1/console/traffic/tail')
    source.onmessage = ({ data }) => {
      const news = JSON.parse(String(data)) as SeenRequests
      setKept((last) => ({
        watched: true,
        requests: [...news.requests.reverse(), ...last.requests].slice(0, MAX_KEPT),
        leftOut: last.leftOut + news.leftOut,
      }))
    }
    return () => source.close()
  }, [on])
  return kept
}

function toRow(one: SeenRequest): ReactNode[] {
  return [
    new Date(one.at).toLocaleTimeString(),
    <code key="request">
      {one.method} {one.host}
      {one.path}
    </code>,
    <span key="status" className={one.status < 400 ? 'ok' : 'no'}>
      {one.status}
    </span>,
    one.ms,
    one.bytes,
    one.route,
    one.consumer,
    one.upstream,
  ]
}

function textOf({ method, host, path, route, consumer, upstream }: SeenRequest): string {
  return `${method} ${host}${path} ${route} ${consumer} ${upstream}`.toLowerCase()
}
