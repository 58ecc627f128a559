// Traffic as the console shows it: `GET /console/traffic` once, `GET /console/traffic/stream` the same again and again as server-sent events, so that
// a page holds one connection instead of asking. Windows beyond an hour come from the roll-ups, which are kept over a restart.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { plainText } from '../../lib/text.ts'
import { OperationError } from '../../operations/contract.ts'
import type { Target } from '../../operations/targets.ts'
import type { Counts, Moment } from '../../operations/traffic/counts.ts'
import { pointOf, type TrafficPoint, toPoint } from '../../operations/traffic/points.ts'
import { type GroupBy, type TrafficRow, toRows, toTotal } from '../../operations/traffic/report.ts'
import type { About, Rollups } from '../../operations/traffic/rollups.ts'
import type { MakeContext } from './named.ts'
import { aboutOnly, countsAbout } from './resource-api.ts'

/** Longest window from memory, and from the roll-ups. */
const MAX_MEMORY_S = 3600
const MAX_KEPT_S = 7 * 24 * 3600
const MAX_ROWS = 100
/** Points of one answer, of a long window. */
const MAX_POINTS = 500
const PUSH_MS = 5000
/** Long windows change by the minute. */
const PUSH_LONG_MS = 30_000
/** Pages that follow at the same time. */
const MAX_STREAMS = 32
const GROUPS: readonly GroupBy[] = ['route', 'consumer', 'upstream', 'status']

export interface TrafficSeen {
  all: TrafficRow
  rows: TrafficRow[]
  /** Seconds that were measured; less than was asked for when nothing older is kept. */
  seconds: number
  points: TrafficPoint[]
  /** Why days are not kept now. */
  trouble?: string
}

export function trafficApi(context: MakeContext): Hono {
  const app = new Hono()
  let streams = 0
  const read = async (c: Context, signal: AbortSignal): Promise<TrafficSeen> => {
    const { targets } = context('console', signal)
    const target = targets.get(c.req.query('target'), signal)
    return look(target, targets.rollups, c.req.query(), signal)
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
          const pause = secondsOf(c.req.query()) > MAX_MEMORY_S ? PUSH_LONG_MS : PUSH_MS
          // Rejects only when the page has gone: its place is free at once.
          await sleep(pause, undefined, { signal: gone.signal }).catch(() => undefined)
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

function secondsOf(query: Record<string, string>): number {
  return Math.min(MAX_KEPT_S, Math.max(1, Number(query.seconds) || 300))
}

async function look(
  target: Target,
  rollups: Rollups | undefined,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<TrafficSeen> {
  const { traffic } = target
  const seconds = secondsOf(query)
  const by = GROUPS.find((one) => one === query.by) ?? 'route'
  const about = query.about === undefined ? undefined : await countsAbout(target, query.about)
  if (rollups && seconds > MAX_MEMORY_S) return lookBack(target.name, rollups, seconds, by, about)
  const counted = about && aboutOnly(about)
  const window = await traffic.last(seconds * 1000, signal)
  const counts = counted ? window.counts.filter(counted) : window.counts
  return toSeen(counts, by, window.seconds, toPoints(traffic.moments(seconds * 1000), counted))
}

/** From the roll-ups: what was counted until the last full minute. */
function lookBack(target: string, rollups: Rollups, seconds: number, by: GroupBy, about?: About): TrafficSeen {
  const now = Date.now()
  const since = now - seconds * 1000
  const points = rollups
    .over(target, since, now, MAX_POINTS, about)
    .map((one) => pointOf(one.at, one.seconds, one.counts))
  const counts = rollups.sum(target, since, by === 'status' ? 'route' : by, about)
  const seen = toSeen(counts, by, rollups.seconds(target, since), points)
  return rollups.trouble === undefined ? seen : { ...seen, trouble: rollups.trouble }
}

function toSeen(counts: Counts[], by: GroupBy, seconds: number, points: TrafficPoint[]): TrafficSeen {
  const rows = toRows(counts, by, seconds).slice(0, MAX_ROWS)
  return {
    all: toTotal(counts, seconds),
    rows: rows.map((row) => ({ ...row, name: plainText(row.name, 100) })),
    seconds: Math.round(seconds),
    points,
  }
}

function toPoints(moments: readonly Moment[], counted: ((one: Counts) => boolean) | undefined): TrafficPoint[] {
  return moments.slice(1).map((after, i) => toPoint(moments[i] as Moment, after, counted))
}
