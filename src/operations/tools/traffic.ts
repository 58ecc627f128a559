// What goes through the gateway: rates, errors and latencies of a window, by route, consumer, upstream or status.
import Type from 'typebox'
import { plainText } from '../../lib/text.ts'
import { defineOperation } from '../contract.ts'
import { text } from '../shapes.ts'
import { between } from '../traffic/counts.ts'
import { type GroupBy, toRows, toTotal } from '../traffic/report.ts'
import type { Traffic } from '../traffic/traffic.ts'

const optional = Type.Optional(Type.Number())
const row = Type.Object({
  name: text,
  requests: Type.Number(),
  per_second: Type.Number(),
  client_errors: optional,
  server_errors: optional,
  bytes_in: optional,
  bytes_out: optional,
  p50_ms: optional,
  p95_ms: optional,
  p99_ms: optional,
})

const MAX_ROWS = 50
const MAX_POINTS = 12

export const traffic = defineOperation({
  name: 'traffic',
  title: 'Traffic',
  summary: 'Rates, errors and latencies of routes that run prometheus.',
  effect: 'read',
  input: Type.Object({
    by: Type.Optional(Type.Enum(['route', 'consumer', 'upstream', 'status'], { default: 'route' })),
    search: Type.Optional(Type.String()),
    seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600, default: 300 })),
    target: Type.Optional(Type.String()),
  }),
  output: Type.Object({
    target: text,
    seconds: Type.Number(),
    all: row,
    total: Type.Integer(),
    rows: Type.Array(row),
    over_time: Type.Array(Type.Object({ at: text, per_second: Type.Number(), server_errors: Type.Number() })),
  }),
  async run(input, ctx) {
    const target = ctx.targets.get(input.target, ctx.signal)
    const windowMs = (input.seconds ?? 300) * 1000
    const { counts, seconds } = await target.traffic.last(windowMs, ctx.signal)
    const needle = input.search?.toLowerCase() ?? ''
    const rows = toRows(counts, (input.by ?? 'route') as GroupBy, seconds).filter((row) =>
      row.name.toLowerCase().includes(needle),
    )
    return {
      target: target.name,
      seconds: Math.round(seconds),
      all: toTotal(counts, seconds),
      total: rows.length,
      rows: rows.slice(0, MAX_ROWS).map((row) => ({ ...row, name: plainText(row.name, 100) })),
      over_time: overTime(target.traffic, windowMs),
    }
  },
})

/** The whole traffic in at most `MAX_POINTS` pieces, oldest first. */
function overTime(
  of: Traffic,
  windowMs: number,
): { at: string; per_second: number; server_errors: number; p95_ms?: number }[] {
  const moments = of.moments(windowMs)
  const step = Math.max(1, Math.ceil((moments.length - 1) / MAX_POINTS))
  const points = []
  for (let i = step; i < moments.length; i += step) {
    const [before, after] = [moments[i - step], moments[i]]
    if (!before || !after) continue
    const row = toTotal(between(before, after), (after.at - before.at) / 1000)
    points.push({
      at: new Date(after.at).toISOString(),
      per_second: row.per_second,
      server_errors: row.server_errors ?? 0,
      ...(row.p95_ms === undefined ? {} : { p95_ms: row.p95_ms }),
    })
  }
  return points
}
