// Traffic as the console shows it: `GET /console/traffic` once, `GET /console/traffic/stream` the same again and again as server-sent events, so that
// a page holds one connection instead of asking. Windows beyond an hour are drawn from a point a minute; tables then show the last hour.
import { type Context as Call, Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { plainText } from '../../lib/text.ts'
import { OperationError } from '../../operations/contract.ts'
import type { Target } from '../../operations/targets.ts'
import type { Counts, Moment } from '../../operations/traffic/counts.ts'
import { type TrafficPoint, toPoint } from '../../operations/traffic/points.ts'
import { type GroupBy, type TrafficRow, toRows, toTotal } from '../../operations/traffic/report.ts'
import type { Context } from './picture-api.ts'
import { countsAbout } from './resource-api.ts'

/** Longest window for which every count is kept, and for which points are. */
const MAX_COUNTS_S = 3600
const MAX_POINTS_S = 7 * 24 * 3600
const MAX_ROWS = 100
/** Points of one answer; of a longer history every n-th is left. */
const MAX_POINTS = 500
const PUSH_MS = 5000
/** Pages that follow at the same time. */
const MAX_STREAMS = 32
const GROUPS: readonly GroupBy[] = ['route', 'consumer', 'upstream', 'status']

export interface TrafficSeen {
  all: TrafficRow
  rows: TrafficRow[]
  /** What the rows are about; less than was asked for when nothing older is kept. */
  row_seconds: number
  points: TrafficPoint[]
}

export function trafficApi(context: Context): Hono {
  const app = new Hono()
  let streams = 0
  const read = async (c: Call, signal: AbortSignal): Promise<TrafficSeen> => {
    const target = context('console', signal).targets.get(c.req.query('target'), signal)
    return look(target, c.req.query(), signal)
  }

  app.get('/console/traffic', async (c) => c.json(await read(c, c.req.raw.signal)))

  app.get('/console/traffic/stream', (c) => {
    if (streams >= MAX_STREAMS)
      return c.json({ error: `${MAX_STREAMS} pages follow the traffic already; close one` }, 429)
    return streamSSE(c, async (out) => {
      const gone = new AbortController()
      out.onAbort(() => gone.abort())
      streams++
      try {
        while (!gone.signal.aborted) {
          const seen = await read(c, gone.signal).catch(toProblem)
          await out.writeSSE({ data: JSON.stringify(seen) })
          await out.sleep(PUSH_MS)
        }
      } finally {
        streams--
      }
    })
  })

  return app
}

/** A target that does not tell now may tell the next time: the stream goes on. */
function toProblem(error: Error): { error: string } {
  if (error instanceof OperationError || error.name === 'AbortError') return { error: error.message }
  throw error
}

async function look(target: Target, query: Record<string, string>, signal: AbortSignal): Promise<TrafficSeen> {
  const { traffic } = target
  const asked = Math.min(MAX_POINTS_S, Math.max(1, Number(query.seconds) || 300))
  const windowMs = Math.min(asked, MAX_COUNTS_S) * 1000
  const by = GROUPS.find((one) => one === query.by) ?? 'route'
  const counted = query.about === undefined ? undefined : await countsAbout(target, query.about)
  const window = await traffic.last(windowMs, signal)
  const counts = counted ? window.counts.filter(counted) : window.counts
  const long = asked > MAX_COUNTS_S && !counted
  return {
    all: toTotal(counts, window.seconds),
    rows: toRows(counts, by, window.seconds)
      .slice(0, MAX_ROWS)
      .map((row) => ({ ...row, name: plainText(row.name, 100) })),
    row_seconds: Math.round(window.seconds),
    points: long ? thinned(traffic.history(asked * 1000)) : toPoints(traffic.moments(windowMs), counted),
  }
}

function toPoints(moments: readonly Moment[], counted: ((one: Counts) => boolean) | undefined): TrafficPoint[] {
  return moments.slice(1).map((after, i) => toPoint(moments[i] as Moment, after, counted))
}

function thinned(points: readonly TrafficPoint[]): TrafficPoint[] {
  const step = Math.ceil(points.length / MAX_POINTS)
  return points.filter((_, i) => i % step === 0)
}
