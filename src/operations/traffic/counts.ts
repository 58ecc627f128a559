// What a gateway has counted until one moment, by route, consumer and upstream node, read from its Prometheus text; and what happened between two
// such moments. APISIX's metric names and labels, of every version since 3.2: what a version lacks is empty.
import { parseExposition } from '../../metrics/parse.ts'
import { type NodeStatus, toNodeStatus } from './health.ts'

/** Counters of one combination of labels. */
export interface Counts {
  route: string
  consumer: string
  upstream: string
  /** Requests by status code. */
  codes: Map<string, number>
  /** Requests by upper bound of their latency in milliseconds, cumulative as Prometheus has them. */
  latency: Map<number, number>
  bytesIn: number
  bytesOut: number
}

export interface Moment {
  /** Milliseconds since 1970. */
  at: number
  counts: Map<string, Counts>
  /** Nodes that health checks watch. */
  health: NodeStatus[]
}

/** Label combinations of one moment, and nodes; more are not kept. */
const MAX_SERIES = 20_000

const HEALTH = 'apisix_upstream_status'
const NAMES = new Set(['apisix_http_status', 'apisix_http_latency_bucket', 'apisix_bandwidth', HEALTH])

/** Reads a moment. Throws an Error when the text is not of metrics. */
export function readMoment(text: string, at: number): Moment {
  const moment: Moment = { at, counts: new Map(), health: [] }
  for (const { name, labels, value } of parseExposition(text, (one) => NAMES.has(one))) {
    if (name === HEALTH) {
      if (moment.health.length < MAX_SERIES) moment.health.push(toNodeStatus(labels, value))
      continue
    }
    const counts = countsOf(moment, labels)
    if (!counts) continue
    if (name === 'apisix_http_status') add(counts.codes, labels.code ?? '', value)
    else if (name === 'apisix_bandwidth') addBytes(counts, labels.type, value)
    else if (labels.type === 'request') add(counts.latency, toBound(labels.le), value)
  }
  return moment
}

function countsOf(
  moment: Moment,
  { route = '', consumer = '', node = '' }: Record<string, string>,
): Counts | undefined {
  const key = `${route}\u0000${consumer}\u0000${node}`
  const known = moment.counts.get(key)
  if (known) return known
  if (moment.counts.size >= MAX_SERIES) return undefined
  const made = { route, consumer, upstream: node, codes: new Map(), latency: new Map(), bytesIn: 0, bytesOut: 0 }
  moment.counts.set(key, made)
  return made
}

function addBytes(counts: Counts, type: string | undefined, value: number): void {
  if (type === 'ingress') counts.bytesIn += value
  else counts.bytesOut += value
}

function toBound(le: string | undefined): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
}

/** What was counted between two moments. A counter that went back was begun anew: it counts from zero, as Prometheus has it. */
export function between(before: Moment | undefined, after: Moment): Counts[] {
  return [...after.counts.entries()].map(([key, now]) => {
    const then = before?.counts.get(key)
    return {
      ...now,
      codes: subtract(now.codes, then?.codes),
      latency: subtract(now.latency, then?.latency),
      bytesIn: less(now.bytesIn, then?.bytesIn),
      bytesOut: less(now.bytesOut, then?.bytesOut),
    }
  })
}

/** Requests; `begin`: only those whose status begins with it. */
export function requestsIn({ codes }: Counts, begin = ''): number {
  let sum = 0
  for (const [code, number] of codes) if (code.startsWith(begin)) sum += number
  return sum
}

function subtract<K>(now: Map<K, number>, then: Map<K, number> | undefined): Map<K, number> {
  return new Map([...now].map(([key, value]) => [key, less(value, then?.get(key))]))
}

function less(now: number, then = 0): number {
  return now >= then ? now - then : now
}

export function add<K>(map: Map<K, number>, key: K, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value)
}
