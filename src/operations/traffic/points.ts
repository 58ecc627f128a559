// Traffic over time as points, which charts draw.
import { between, type Counts, type Moment } from './counts.ts'
import { toTotal } from './report.ts'

export interface TrafficPoint {
  /** Milliseconds since 1970. */
  at: number
  per_second: number
  client_errors_per_second: number
  server_errors_per_second: number
  bytes_in_per_second: number
  bytes_out_per_second: number
  p50_ms?: number
  p95_ms?: number
}

/** Between two moments that follow each other; `counted` picks what counts, everything when absent. */
export function toPoint(before: Moment, after: Moment, counted: (one: Counts) => boolean = () => true): TrafficPoint {
  return pointOf(after.at, (after.at - before.at) / 1000, between(before, after).filter(counted))
}

/** Of what was counted in the `measured` seconds before `at`. */
export function pointOf(at: number, measured: number, counts: readonly Counts[]): TrafficPoint {
  const seconds = Math.max(0.001, measured)
  const total = toTotal(counts, seconds)
  const rate = (count = 0): number => Math.round((count / seconds) * 100) / 100
  return {
    at,
    per_second: total.per_second,
    client_errors_per_second: rate(total.client_errors),
    server_errors_per_second: rate(total.server_errors),
    bytes_in_per_second: Math.round((total.bytes_in ?? 0) / seconds),
    bytes_out_per_second: Math.round((total.bytes_out ?? 0) / seconds),
    p50_ms: total.p50_ms,
    p95_ms: total.p95_ms,
  }
}
