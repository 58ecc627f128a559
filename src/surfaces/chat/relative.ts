// `double the limit of orders`: what is there is looked up, and the new number is planned. What is not known, or could be several, is asked.
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import { lastIntents } from './follow-up.ts'
import type { Said, Step } from './interpreter.ts'
import { lastRoute, type ToolResult } from './said-before.ts'
import type { Change, Command, Subject } from './sentences/command.ts'
import { searchFor, whichRoutes } from './which-route.ts'

type Relative = Extract<Command, { type: 'relative' }>

/** A number that is there. */
interface Reading {
  name: string
  value: unknown
  /** What it counts: `requests in 60 s`. */
  counts: string
  /** What the unit of an addition has to be. */
  in?: 'seconds' | 'bytes'
  /** Seconds in which it counts. */
  window?: number
  least: number
  /** Digits behind the point. */
  digits?: number
  plan(next: number): object
}

/** The number before and after, in words, and the plan for it. */
interface Computed {
  told: string
  plan: object
}

/** The next step of such a sentence, up to its plan. */
export function relativeStep(command: Relative, said: Said): Step {
  const found = compute(command, said)
  return 'told' in found ? { tool: 'plan', input: { ...found.plan, summary: found.told } } : found
}

/** What was done, once it is done. */
export function relativeTold(command: Relative, said: Said): string {
  const found = compute(command, said)
  return 'told' in found ? `${found.told.replace(/^./, (one) => one.toUpperCase())}. ` : ''
}

function compute(command: Relative, said: Said): Computed | Step {
  const { results, prompt } = said
  const id = routeOf(command, said)
  if (typeof id !== 'string') return id
  const route = lookedAt(results, 'routes', id)
  if (!route) return look('routes', id)
  const subject = command.subject ?? subjectOf(lastIntents(prompt).map((one) => one.do))
  if (!subject) return { unclear: `Say which number of route ${id}: its limit, its timeout, its retries?` }
  if (subject !== 'timeout' && subject !== 'retries') return apply(command.change, id, readPlugin(subject, id, route))
  const upstream = upstreamOf(route, results)
  if (!upstream) return { unclear: `Route ${id} leads to no upstream, so that it has no ${subject}.` }
  if ('tool' in upstream) return upstream as Step
  return apply(
    command.change,
    id,
    subject === 'retries' ? retriesOf(id, upstream) : timeoutOf(command.which ?? 'read', id, route, upstream),
  )
}

function routeOf({ route, rest }: Relative, { sentence, prompt, results }: Said): string | Step {
  const last = lastRoute(prompt)
  if ('words' in route && route.pronoun && !rest.length && last !== undefined) return last
  const rows = results.find(({ tool, value }) => tool === 'look' && value.rows !== undefined)?.value.rows
  if (rows === undefined) return { tool: 'look', input: { kind: 'routes', ...searchFor(route, rest, sentence) } }
  const meant = whichRoutes({ sentence, route, rest, last }, rows as { id: string; summary: string }[])
  if ('unclear' in meant) return meant
  return meant.ids.length === 1
    ? (meant.ids[0] as string)
    : { unclear: `More or less than now is said of one route at a time: ${meant.ids.join(' or ')}?` }
}

function look(kind: string, id: unknown): Step {
  return { tool: 'look', input: { kind, id: String(id) } }
}

function lookedAt(results: readonly ToolResult[], kind: string, id: unknown): Resource | undefined {
  const found = results.find(({ tool, value }) => tool === 'look' && value.kind === kind && value.id === String(id))
  return found?.value.value as Resource | undefined
}

/** The upstream of a route, or what to look at to know it; undefined when it has none. */
function upstreamOf(
  { upstream, upstream_id: shared, service_id: service }: Resource,
  results: readonly ToolResult[],
): Resource | Step | undefined {
  if (upstream) return upstream as Resource
  if (shared !== undefined) return lookedAt(results, 'upstreams', shared) ?? look('upstreams', shared)
  if (service === undefined) return undefined
  const found = lookedAt(results, 'services', service)
  return found ? upstreamOf({ ...found, service_id: undefined }, results) : look('services', service)
}

const OF_INTENTS: Readonly<Record<string, Subject>> = {
  limit: 'limit',
  limit_rate: 'limit',
  limit_concurrency: 'concurrency',
  timeouts: 'timeout',
  retry: 'retries',
  cache: 'cache',
}

/** What was planned last, when that was one number. */
function subjectOf(intents: readonly string[]): Subject | undefined {
  const subjects = new Set(intents.flatMap((one) => OF_INTENTS[one] ?? []))
  return subjects.size === 1 ? [...subjects][0] : undefined
}

const LIMITS = { limit: ['limit-count', 'limit-req', 'limit-conn'], concurrency: ['limit-conn'], burst: ['limit-req'] }

/** The number of a plugin of the route's own; a text when there is not just one. */
function readPlugin(subject: Exclude<Subject, 'timeout' | 'retries'>, id: string, route: Resource): Reading | string {
  const plugins = pluginsIn(route)
  const set = (plugin: string, member: string) => (next: number) => ({
    changes: [{ action: 'change', kind: 'routes', id, set: { plugins: { [plugin]: { [member]: next } } } }],
  })
  const alone = (name: string, plugin: string, member: string, unit: 'seconds' | 'bytes'): Reading => {
    const value = plugins[plugin]?.[member]
    return { name, value, counts: unit, in: unit, least: 1, plan: set(plugin, member) }
  }
  if (subject === 'cache') return alone('caching time', 'proxy-cache', 'cache_ttl', 'seconds')
  if (subject === 'body') return alone('body limit', 'client-control', 'max_body_size', 'bytes')
  const there = LIMITS[subject].filter((name) => plugins[name])
  const conf = plugins[there[0] ?? ''] ?? {}
  if (there.length > 1 || conf.rules)
    return `Route ${id} has several limits (${conf.rules ? 'rules of limit-count' : there.join(', ')}): say which one, and the new number.`
  if (subject === 'burst')
    return { name: 'burst', value: conf.burst, counts: 'requests', least: 0, plan: set('limit-req', 'burst') }
  if (there[0] === 'limit-conn')
    return {
      name: 'limit',
      value: conf.conn,
      counts: 'requests at the same time',
      least: 1,
      plan: set('limit-conn', 'conn'),
    }
  if (there[0] === 'limit-req')
    return {
      name: 'limit',
      value: conf.rate,
      counts: 'requests a second',
      window: 1,
      least: 0.001,
      digits: 3,
      plan: set('limit-req', 'rate'),
    }
  const seconds = Number(conf.time_window)
  return {
    name: 'limit',
    value: conf.count,
    counts: `requests in ${String(conf.time_window)} s`,
    window: seconds,
    least: 1,
    plan: (count) => ({ intents: [{ do: 'limit', count, seconds, route: id }] }),
  }
}

function retriesOf(id: string, { retries }: Resource): Reading {
  return {
    name: 'number of retries',
    value: retries,
    counts: '',
    least: 0,
    plan: (times) => ({ intents: [{ do: 'retry', times, route: id }] }),
  }
}

/** What stands in a route goes before what stands in its upstream. */
function timeoutOf(which: string, id: string, { timeout: own }: Resource, { timeout }: Resource): Reading {
  const set = { in: 'seconds' as const, counts: 'seconds', least: 0.001, digits: 3 }
  const value = ((own ?? timeout) as Resource | undefined)?.[which]
  const plan = (next: number): object =>
    own
      ? { changes: [{ action: 'change', kind: 'routes', id, set: { timeout: { [which]: next } } }] }
      : { intents: [{ do: 'timeouts', [which]: next, route: id }] }
  return { name: `${which} timeout`, value, ...set, plan }
}

function apply(change: Change, id: string, reading: Reading | string): Computed | Step {
  if (typeof reading === 'string') return { unclear: reading }
  const { name, value, counts, window, least, digits = 0 } = reading
  if (typeof value !== 'number') return { unclear: notKnown(change, id, name, value) }
  const now = `The ${name} of route ${id} is ${value} ${counts}`.trim()
  const step = stepIn(change, reading)
  if (step === undefined) {
    const unit = reading.in ?? (window === undefined ? 'whole numbers' : `requests in ${window} s`)
    return { unclear: `${now}: say by how much in ${unit}.` }
  }
  const exact = value * change.factor + step
  const next = Number(exact.toFixed(digits))
  const rounded = Math.abs(exact - next) > 1e-9 ? ` (rounded from ${Number(exact.toFixed(3))})` : ''
  if (next < least) return { unclear: `${now}. It cannot be ${next}: ${least} is the least; say the new number.` }
  if (next === value) return { unclear: `${now}, and would stay so${rounded}.` }
  return {
    told: `${name} of route ${id}: ${`${value} -> ${next} ${counts}`.trim()}${rounded}`,
    plan: reading.plan(next),
  }
}

function notKnown({ factor, add }: Change, id: string, name: string, value: unknown): string {
  if (value !== undefined)
    return `The ${name} of route ${id} is decided by each request (${String(value)}): say the new number.`
  return factor === 0
    ? `Route ${id} has no ${name} of its own yet: say in what time, for example "${add} requests a minute on route ${id}".`
    : `Route ${id} has no ${name} of its own, so that I cannot tell what more or less is: say the new number.`
}

/** What is added, in the unit of the number; undefined when another was said, or none where one is needed. */
function stepIn({ add, seconds, bytes, per }: Change, { in: unit, window }: Reading): number | undefined {
  if (add === 0) return 0
  if (per !== undefined && per !== window) return undefined
  if (unit === 'seconds') return seconds === undefined ? undefined : add * seconds
  if (unit === 'bytes') return bytes === undefined ? undefined : add * bytes
  return seconds === undefined && bytes === undefined ? add : undefined
}
