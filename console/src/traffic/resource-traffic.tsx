// The traffic of one resource over the last hour, as a chart.
import { type ReactNode, useMemo } from 'react'
import type { TrafficPoint } from '../../../src/operations/traffic/points.ts'
import { useLoaded } from '../use-loaded.ts'
import { Chart } from './chart.tsx'

const REFRESH_MS = 15_000
const WINDOW_S = 3600

export default function ResourceTraffic({ target, about }: { target: string; about: string }): ReactNode {
  const query = new URLSearchParams({ target, about, seconds: `${WINDOW_S}` })
  const { value, error } = useLoaded<{ points: TrafficPoint[]; all: { requests: number } }>(
    `/console/traffic?${query}`,
    REFRESH_MS,
  )
  const lines = useMemo(() => toLines(value?.points ?? []), [value])
  if (error) return <p className="note">Its traffic is not known: {error}</p>
  if (!value) return null
  if (!value.all.requests)
    return (
      <p className="note">
        No counted request in the last hour; what runs the plugin <code>prometheus</code> is counted.
      </p>
    )
  return <Chart title="Requests per second" unit="" times={value.points.map((one) => one.at / 1000)} lines={lines} />
}

function toLines(points: TrafficPoint[]): Parameters<typeof Chart>[0]['lines'] {
  return [
    { label: 'all', color: '--accent', values: points.map((one) => one.per_second) },
    { label: '4xx', color: '--warn', values: points.map((one) => one.client_errors_per_second) },
    { label: '5xx', color: '--bad', values: points.map((one) => one.server_errors_per_second) },
  ]
}
