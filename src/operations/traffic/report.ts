// Counts as a table: rates, errors and latencies, by what is asked for.
import { add, type Counts, requestsIn } from './counts.ts'

export type GroupBy = 'route' | 'consumer' | 'upstream' | 'status'

export interface TrafficRow {
  name: string
  requests: number
  per_second: number
  /** Answers by kind; absent when rows are statuses. */
  client_errors?: number
  server_errors?: number
  /** Bytes of requests and of answers, heads included; absent when rows are statuses. */
  bytes_in?: number
  bytes_out?: number
  /** Milliseconds, worked out from the buckets of the histogram; absent without one. */
  p50_ms?: number
  p95_ms?: number
  p99_ms?: number
}

/** One row for each value, the busiest first. */
export function toRows(all: readonly Counts[], by: GroupBy, seconds: number): TrafficRow[] {
  const rows = by === 'status' ? statusRows(all, seconds) : groupRows(all, by, seconds)
  return rows.filter((row) => row.requests > 0).sort((a, b) => b.requests - a.requests || (a.name < b.name ? -1 : 1))
}

/** Everything in one row. */
export function toTotal(all: readonly Counts[], seconds: number): TrafficRow {
  return toRow('all', all, seconds)
}

function groupRows(all: readonly Counts[], by: Exclude<GroupBy, 'status'>, seconds: number): TrafficRow[] {
  const groups = Map.groupBy(all, (one) => one[by] || NOBODY[by])
  return [...groups].map(([name, group]) => toRow(name, group, seconds))
}

/** What stands for an empty label. */
const NOBODY = { route: '(no route)', consumer: '(anonymous)', upstream: '(answered by the gateway)' }

function statusRows(all: readonly Counts[], seconds: number): TrafficRow[] {
  const codes = new Map<string, number>()
  for (const one of all) for (const [code, number] of one.codes) add(codes, code, number)
  return [...codes].map(([name, requests]) => ({ name, requests, per_second: rate(requests, seconds) }))
}

function toRow(name: string, group: readonly Counts[], seconds: number): TrafficRow {
  const latency = new Map<number, number>()
  let [requests, clientErrors, serverErrors, bytesIn, bytesOut] = [0, 0, 0, 0, 0]
  for (const one of group) {
    requests += requestsIn(one)
    bytesIn += one.bytesIn
    bytesOut += one.bytesOut
    clientErrors += requestsIn(one, '4')
    serverErrors += requestsIn(one, '5')
    for (const [bound, number] of one.latency) add(latency, bound, number)
  }
  const row = {
    name,
    requests,
    per_second: rate(requests, seconds),
    client_errors: clientErrors,
    server_errors: serverErrors,
    bytes_in: bytesIn,
    bytes_out: bytesOut,
  }
  const buckets = [...latency].sort(([a], [b]) => a - b)
  if (!buckets.at(-1)?.[1]) return row
  return { ...row, p50_ms: quantile(buckets, 0.5), p95_ms: quantile(buckets, 0.95), p99_ms: quantile(buckets, 0.99) }
}

/** As Prometheus's histogram_quantile: evenly spread within a bucket; beyond the last bound, that bound. */
export function quantile(buckets: readonly (readonly [number, number])[], share: number): number {
  const wanted = share * (buckets.at(-1)?.[1] ?? 0)
  let [lower, below] = [0, 0]
  for (const [bound, number] of buckets) {
    if (number >= wanted) {
      if (!Number.isFinite(bound)) return lower
      const within = number === below ? 1 : (wanted - below) / (number - below)
      return round(lower + (bound - lower) * within)
    }
    ;[lower, below] = [bound, number]
  }
  return lower
}

function rate(requests: number, seconds: number): number {
  return round(requests / Math.max(seconds, 0.001))
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
