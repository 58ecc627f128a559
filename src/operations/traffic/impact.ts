// The blast radius of a plan: which routes it touches, how much they are used now, and by whom.
import { counted } from '../../lib/counted.ts'
import { plainText } from '../../lib/text.ts'
import { OperationError } from '../contract.ts'
import type { Inventory } from '../inventory.ts'
import type { PlannedChange } from '../plan.ts'
import type { Target } from '../targets.ts'
import { type Counts, requestsIn } from './counts.ts'
import { toTotal } from './report.ts'

/** Routes that are told one by one; the others as a number. */
const MAX_ROUTES = 5
/** A plan does not wait longer for the metrics. */
const TIMEOUT_MS = 2000

/** Lines about what the changes may hit. Says so when the target does not tell what it serves. */
export async function impactOf(
  changes: readonly PlannedChange[],
  target: Target,
  inventory: Inventory,
  signal: AbortSignal,
): Promise<string[]> {
  const touched = changes.filter((one) => one.action !== 'create' || one.kind === 'global_rules')
  if (!touched.length) return []
  const routes = new Set(touched.flatMap((one) => inventory.routesUsing(one.kind, one.id)))
  const consumers = new Set(touched.filter((one) => one.kind === 'consumers').map((one) => one.id))
  for (const { kind, id } of touched) if (kind === 'credentials') consumers.add(id.split('/')[0] as string)
  if (!routes.size && !consumers.size) return []
  try {
    const counts = await target.traffic.sinceStart(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
    return [...aboutRoutes([...routes], counts, target, inventory), ...aboutConsumers([...consumers], counts)]
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    return [`requests of ${counted(routes.size, 'route')} that it touches: not known (${error.message})`]
  }
}

function aboutRoutes(routes: string[], counts: Counts[], target: Target, inventory: Inventory): string[] {
  const measured = routes.filter((id) => 'prometheus' in inventory.pluginsOf(inventory.get('routes', id) ?? {}))
  const byRoute = Map.groupBy(counts, (one) => one.route)
  const seen = measured
    .map((id) => {
      const names = new Set([id, String(inventory.get('routes', id)?.name ?? id)])
      const own = [...names].flatMap((name) => byRoute.get(name) ?? [])
      return { id, own, requests: own.reduce((sum, one) => sum + requestsIn(one), 0) }
    })
    .sort((a, b) => b.requests - a.requests)
  const lines = seen.slice(0, MAX_ROUTES).map(({ id, own, requests }) => {
    const head = `routes/${plainText(id, 64)}:`
    if (!requests) return `${head} no request since the gateway started`
    return `${head} ${live(id, target)}${counted(requests, 'request')} since the gateway started, ${callers(own)}`
  })
  const others = seen.length - lines.length
  if (others > 0) lines.push(`and ${others} more routes`)
  const blind = routes.length - measured.length
  if (blind)
    lines.push(
      `how many requests it touches is not known: ${counted(blind, 'route')} without the plugin prometheus, which counts them`,
    )
  return lines
}

/** The rate of the last minutes, from the moments that are kept. */
function live(id: string, target: Target): string {
  const window = target.traffic.recent()
  if (!window) return ''
  const row = toTotal(
    window.counts.filter((one) => one.route === id),
    window.seconds,
  )
  const hit = target.traffic.lastHit(id)
  const errors = row.server_errors ? `, ${Math.round((100 * row.server_errors) / row.requests)} % of them errors` : ''
  const when = hit === undefined ? '' : `, last used ${Math.max(0, Math.round((Date.now() - hit) / 1000))} s ago`
  return `${row.per_second} requests/s over ${Math.round(window.seconds)} s${errors}${when}; `
}

function callers(own: Counts[]): string {
  const consumers = new Set(own.filter((one) => requestsIn(one)).map((one) => one.consumer))
  const named = [...consumers].filter(Boolean).length
  return `${counted(named, 'consumer')}${consumers.has('') ? ' and anonymous callers' : ''}`
}

function aboutConsumers(consumers: string[], counts: Counts[]): string[] {
  return consumers.slice(0, MAX_ROUTES).map((id) => {
    const requests = counts.filter((one) => one.consumer === id).reduce((sum, one) => sum + requestsIn(one), 0)
    return `consumers/${plainText(id, 64)}: ${counted(requests, 'request')} since the gateway started`
  })
}
