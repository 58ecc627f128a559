// The traffic of one resource as a chart, over the last hour or days.
import { type ReactNode, useMemo, useState } from 'react'
import type { TrafficPoint } from '../../../src/operations/traffic/points.ts'
import { Choice } from '../parts/choice.tsx'
import { useLoaded } from '../use-loaded.ts'
import { Chart } from './chart.tsx'

const REFRESH_MS = 15_000
const WINDOWS = [
  [3600, '1 hour'],
  [86_400, '1 day'],
  [604_800, '7 days'],
] as const

export default function ResourceTraffic({ target, about }: { target: string; about: string }): ReactNode {
  const [seconds, setSeconds] = useState<number>(3600)
  const query = new URLSearchParams({ target, about, seconds: `${seconds}` })
  const { value, error } = useLoaded<{ points: TrafficPoint[]; all: { requests: number } }>(
    `/console/traffic?${query}`,
    REFRESH_MS,
  )
  const lines = useMemo(() => toLines(value?.points ?? []), [value])
  if (error) return <p className="note">Its traffic is not known: {error}</p>
  return (
    <>
      <div className="tools">
        <Choice<number> label="Window" options={WINDOWS} value={seconds} onChange={setSeconds} />
      </div>
      {value?.all.requests === 0 && (
        <p className="note">
          No counted request in this time; what runs the plugin <code>prometheus</code> is counted.
        </p>
      )}
      {value !== undefined && value.all.requests > 0 && (
        <Chart title="Requests per second" unit="" times={value.points.map((one) => one.at / 1000)} lines={lines} />
      )}
    </>
  )
}

function toLines(points: TrafficPoint[]): Parameters<typeof Chart>[0]['lines'] {
  return [
    { label: 'all', color: '--accent', values: points.map((one) => one.per_second) },
    { label: '4xx', color: '--warn', values: points.map((one) => one.client_errors_per_second) },
    { label: '5xx', color: '--bad', values: points.map((one) => one.server_errors_per_second) },
  ]
}
