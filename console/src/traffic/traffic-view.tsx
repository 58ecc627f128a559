// What goes through the gateway: requests, failures and latency over time, and the same by route, consumer, upstream and status.

import { type ReactNode, useMemo, useState } from 'react'
import type { TrafficPoint } from '../../../src/operations/traffic/points.ts'
import type { State } from '../../../src/surfaces/console/state-api.ts'
import type { TrafficSeen } from '../../../src/surfaces/console/traffic-api.ts'
import { Table } from '../cards/table.tsx'
import { Choice } from '../parts/choice.tsx'
import { Problem } from '../parts/problem.tsx'
import { useTarget } from '../target.ts'
import { useStream } from '../use-stream.ts'
import { Chart } from './chart.tsx'
import { Tail } from './tail.tsx'

const WINDOWS = [
  [300, '5 min'],
  [900, '15 min'],
  [3600, '1 hour'],
  [86_400, '1 day'],
  [604_800, '7 days'],
] as const
const GROUPS = ['route', 'consumer', 'upstream', 'status'] as const

export default function TrafficView({ state }: { state: State | undefined }): ReactNode {
  const [seconds, setSeconds] = useState<number>(300)
  const [by, setBy] = useState<string>('route')
  const name = useTarget(state)
  const target = encodeURIComponent(name ?? 'embedded')
  const { value, error } = useStream<TrafficSeen>(
    `/console/traffic/stream?target=${target}&seconds=${seconds}&by=${by}`,
  )
  const { times, requests, latency, bandwidth } = useMemo(() => toLines(value?.points ?? []), [value])
  return (
    <div className="page">
      <header>
        <h1>Traffic</h1>
        <Choice<number> label="Window" options={WINDOWS} value={seconds} onChange={(one) => setSeconds(one)} />
      </header>
      <Problem text={error} />
      {value && (
        <>
          <dl className="figures">
            <Figure name="requests" value={value.all.requests} />
            <Figure name="per second" value={value.all.per_second} />
            <Figure name="4xx" value={value.all.client_errors ?? 0} />
            <Figure name="5xx" value={value.all.server_errors ?? 0} />
            <Figure name="95 % within" value={value.all.p95_ms === undefined ? '–' : `${value.all.p95_ms} ms`} />
          </dl>
          <div className="charts">
            <Chart title="Requests per second" unit="" times={times} lines={requests} />
            <Chart title="Latency" unit=" ms" times={times} lines={latency} />
            <Chart title="Bandwidth" unit=" KB/s" times={times} lines={bandwidth} />
          </div>
          <Note text={told(value.seconds, seconds)} />
          <Note text={value.trouble && `Days are not kept now: ${value.trouble}.`} />
          <div className="tools">
            <Choice<string>
              label="By"
              options={GROUPS.map((one) => [one, `by ${one}`] as const)}
              value={by}
              onChange={setBy}
            />
          </div>
          {value.rows.length ? (
            <div className="card">
              <Table
                heads={[by, 'requests', 'per second', '4xx', '5xx', '50 % ms', '95 % ms', 'in', 'out']}
                rows={value.rows.map((row) => [
                  row.name,
                  row.requests,
                  row.per_second,
                  row.client_errors ?? '',
                  row.server_errors ?? '',
                  row.p50_ms ?? '',
                  row.p95_ms ?? '',
                  toSize(row.bytes_in),
                  toSize(row.bytes_out),
                ])}
              />
            </div>
          ) : (
            <p className="quiet">
              No counted request in this window. Routes that run the plugin <code>prometheus</code> are counted: say
              “Enable prometheus on all routes” or add a global rule.
            </p>
          )}
        </>
      )}
      {(name === undefined || name === 'embedded') && <Tail />}
    </div>
  )
}

function Note({ text }: { text: string | undefined }): ReactNode {
  return text ? <p className="note">{text}</p> : null
}

function Figure({ name, value }: { name: string; value: ReactNode }): ReactNode {
  return (
    <div className="card">
      <dt className="quiet">{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

/** What the figures are about, when that is less than was asked for. */
function told(measured: number, asked: number): string {
  if (measured >= asked * 0.9) return ''
  const minutes = Math.round(measured / 60)
  const time =
    measured < 120 ? `${measured} seconds` : minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
  return `Measured for ${time} of this window so far. What is counted is kept for 7 days.`
}

function toLines(
  points: TrafficPoint[],
): { times: number[] } & Record<'requests' | 'latency' | 'bandwidth', Parameters<typeof Chart>[0]['lines']> {
  return {
    times: points.map((one) => one.at / 1000),
    requests: [
      { label: 'all', color: '--accent', values: points.map((one) => one.per_second) },
      { label: '4xx', color: '--warn', values: points.map((one) => one.client_errors_per_second) },
      { label: '5xx', color: '--bad', values: points.map((one) => one.server_errors_per_second) },
    ],
    latency: [
      { label: '50 %', color: '--good', values: points.map((one) => one.p50_ms ?? null) },
      { label: '95 %', color: '--accent', values: points.map((one) => one.p95_ms ?? null) },
    ],
    bandwidth: [
      { label: 'in', color: '--good', values: points.map((one) => toKilobytes(one.bytes_in_per_second)) },
      { label: 'out', color: '--accent', values: points.map((one) => toKilobytes(one.bytes_out_per_second)) },
    ],
  }
}

function toKilobytes(bytes: number): number {
  return Math.round(bytes / 10.24) / 100
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

function toSize(bytes: number | undefined): string {
  if (bytes === undefined) return ''
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${Math.round((bytes / 1024 ** power) * 10) / 10} ${UNITS[power]}`
}
