// From resources to what runs for a request: which plugin configurations apply, in which order, and where the request goes.
//
// Merging as APISIX does it, plugin by plugin, a configuration always replaces the whole one below it: route over plugin_config, that over
// service; consumer over consumer group over all of them, once a consumer is known. Global rules are not merged: they run as well, first in
// each phase. `_meta` may disable a plugin, change its place, bind it to a condition or replace its refusals.
import type { Resource } from '../resources/kinds.ts'
import { readForVariables } from './body-variables.ts'
import type { Exchange } from './exchange.ts'
import type { PhaseResult, PluginInstance, Reply } from './plugin.ts'
import { compileVars } from './router/vars.ts'
import { operand } from './variables.ts'

export type Step = (ctx: Exchange) => PhaseResult | Promise<PhaseResult>
export type HeaderStep = (ctx: Exchange) => void
export type BodyStep = (ctx: Exchange, chunk: Buffer, last: boolean) => Buffer | undefined

/** The phase functions of one request, in order. Empty arrays are shared and cost nothing. */
export interface PhaseChain {
  readonly rewrite: readonly Step[]
  readonly access: readonly Step[]
  readonly beforeProxy: readonly Step[]
  readonly headerFilter: readonly HeaderStep[]
  readonly bodyFilter: readonly BodyStep[]
  readonly log: readonly HeaderStep[]
}

/** One plugin configuration, set up, with its place in the order. */
export interface ActivePlugin {
  name: string
  priority: number
  instance: PluginInstance
  meta: PluginMeta | undefined
  /** Its configuration names variables of the request's body. */
  needsBody?: boolean
}

export interface PluginMeta {
  disable?: boolean
  priority?: number
  filter?: unknown[]
  error_response?: string | object
}

/** A route as it is served. */
export interface CompiledRoute {
  id: string
  /** The route with its service's inherited fields, as served. */
  conf: Resource
  serviceId: string | undefined
  serviceName: string | undefined
  /** Plugin configurations by name with the resource they come from, before the consumer's. */
  plugins: ReadonlyMap<string, PlacedConf>
  /** The route's own plugins in order, without global rules. */
  active: readonly ActivePlugin[]
  enableWebsocket: boolean
  timeout: Resource | undefined
}

export interface PlacedConf {
  conf: Resource
  owner: string
}

const NONE: readonly never[] = []

/** Sorts plugins into phases. `before` are global rules: they run first in each phase, in their own order. */
export function toChain(before: readonly ActivePlugin[], plugins: readonly ActivePlugin[]): PhaseChain {
  const active = [...before, ...plugins]
  const pick = <T>(make: (plugin: ActivePlugin) => T | undefined): readonly T[] => {
    const steps = active.map(make).filter((step) => step !== undefined)
    return steps.length ? steps : NONE
  }
  const headerFilter = pick((plugin) => toFilter(plugin, 'header_filter'))
  return {
    rewrite: pick((plugin) => toStep(plugin, 'rewrite')),
    access: pick((plugin) => toStep(plugin, 'access')),
    beforeProxy: pick((plugin) => toStep(plugin, 'before_proxy')),
    headerFilter: headerFilter.length ? [...headerFilter, finishHeaders] : NONE,
    bodyFilter: pick(toBodyFilter),
    log: pick((plugin) => toFilter(plugin, 'log')),
  }
}

/** What plugins put off until all of them had seen the response's fields. */
const finishHeaders: HeaderStep = (ctx) => ctx.response.finishHeaders()

/** Higher priority first; of equal ones the name decides, so that the order never changes between threads. */
export function byPriority(a: ActivePlugin, b: ActivePlugin): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : 1)
}

type StepPhase = 'rewrite' | 'access' | 'before_proxy'

function toStep(plugin: ActivePlugin, phase: StepPhase): Step | undefined {
  const step = toBareStep(plugin, phase)
  if (!step || !plugin.needsBody) return step
  return (ctx) => {
    const read = readForVariables(ctx)
    return read ? read.then(() => (ctx.finished ? undefined : step(ctx))) : step(ctx)
  }
}

function toBareStep(plugin: ActivePlugin, phase: StepPhase): Step | undefined {
  const run = plugin.instance[phase]?.bind(plugin.instance)
  if (!run) return undefined
  const applies = toCondition(plugin)
  const errorResponse = plugin.meta?.error_response
  if (!applies && errorResponse === undefined) return run
  return (ctx) => {
    if (applies && !applies(ctx)) return undefined
    const result = run(ctx)
    if (errorResponse === undefined) return result
    return result instanceof Promise
      ? result.then((one) => replaced(one, errorResponse))
      : replaced(result, errorResponse)
  }
}

function replaced(result: PhaseResult, body: string | object): PhaseResult {
  if (!result || (result as Reply).status < 400) return result
  return { ...result, body }
}

function toFilter(plugin: ActivePlugin, phase: 'header_filter' | 'log'): HeaderStep | undefined {
  const run = plugin.instance[phase]?.bind(plugin.instance)
  const applies = toCondition(plugin)
  if (!run || !applies) return run
  return (ctx) => {
    if (applies(ctx)) run(ctx)
  }
}

function toBodyFilter(plugin: ActivePlugin): BodyStep | undefined {
  const run = plugin.instance.body_filter?.bind(plugin.instance)
  const applies = toCondition(plugin)
  if (!run || !applies) return run
  return (ctx, chunk, last) => (applies(ctx) ? run(ctx, chunk, last) : chunk)
}

/** `_meta.filter` is decided once for a request, at the plugin's first phase, as APISIX does. */
function toCondition(plugin: ActivePlugin): ((ctx: Exchange) => boolean) | undefined {
  const filter = plugin.meta?.filter
  if (!filter?.length) return undefined
  const test = compileVars(filter)
  return (ctx) => {
    let applies = ctx.get<boolean>(plugin)
    if (applies === undefined) {
      applies = test((name) => operand(ctx, name))
      ctx.set(plugin, applies)
    }
    return applies
  }
}
