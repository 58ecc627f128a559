// The answer to "which route takes this request": the winner, what it runs, and why the others lost.
import type { ReactNode } from 'react'
import { link } from '../route.ts'
import { Table } from './table.tsx'

export interface Explained {
  route: string | null
  why: string
  plugins: string[]
  goes_to?: string
  health?: string
  considered: { id: string; uri: string; result: string }[]
}

/** `linked`: with a link to the route's page. */
export function ExplainedCard({ found, linked = true }: { found: Explained; linked?: boolean }): ReactNode {
  const { route, why, plugins, goes_to: where, health, considered } = found
  return (
    <div className="card" role="status">
      <p>
        {route === null ? (
          why
        ) : (
          <>
            Route {linked ? <a href={link('gateway', 'routes', route)}>{route}</a> : <strong>{route}</strong>} takes it:{' '}
            {why}.
          </>
        )}
        {plugins.length > 0 && ` It runs ${plugins.join(', ')}.`}
        {where !== undefined && ` It goes to ${where}${health === undefined ? '' : `: ${health}`}.`}
      </p>
      {considered.length > 0 && (
        <Table
          heads={['route', 'uri', 'result']}
          rows={considered.map((one) => [one.id, <code key="uri">{one.uri}</code>, one.result])}
        />
      )}
    </div>
  )
}
