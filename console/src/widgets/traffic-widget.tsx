// Traffic over time, and who has it.
import type { ReactNode } from 'react'
import { ResultCard } from '../cards/result-card.tsx'
import { Chart } from '../traffic/chart.tsx'

export interface Counted {
  rows: Record<string, unknown>[]
  over_time: { at: string; per_second: number; server_errors: number; p95_ms?: number }[]
}

export function TrafficWidget({ counted: { rows, over_time: points } }: { counted: Counted }): ReactNode {
  const times = points.map(({ at }) => Date.parse(at) / 1000)
  const requests = [{ label: 'requests/s', color: '--accent', values: points.map((one) => one.per_second) }]
  return (
    <>
      {points.length > 1 && <Chart title="Requests per second" unit="" times={times} lines={requests} saved={false} />}
      {rows.length > 0 ? <ResultCard name="traffic" value={{ rows }} /> : <p className="quiet">There is no traffic.</p>}
    </>
  )
}
