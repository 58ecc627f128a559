// Ways around: routes that lead to one API, of which some ask who is calling and others do not. Tools of MCP reach an API by the address in their
// plugin, past every other route to it.
import type { Resource } from '../resources/kinds.ts'
import { nodeOf } from './intents/contract.ts'
import { type Inventory, nodesOf } from './inventory.ts'
import type { PlannedChange } from './plan.ts'

export const AUTHENTICATION = /(?:-auth|^openid-connect|^jwe-decrypt|^authz-)/

/** Named in one warning. */
const MAX_NAMED = 5

/** Whether anything that runs for a route asks who is calling. */
export function asks(route: Resource | undefined, inventory: Inventory): boolean {
  return route !== undefined && Object.keys(inventory.pluginsOf(route)).some((name) => AUTHENTICATION.test(name))
}

/** One line for each API of which the plan closes a route while another stays open, or opens one while another is closed. */
export function findOpenBeside(changes: PlannedChange[], inventory: Inventory): string[] {
  const planned = changes.filter((one) => one.kind === 'routes' && one.after)
  const closing = planned.filter(({ before, after }) => asks(after, inventory) && !asks(before, inventory))
  const opening = planned.filter(({ before, after }) => before === undefined && !asks(after, inventory))
  if (!closing.length && !opening.length) return []
  const apis = byAddress(changes, inventory)
  return [...apis].flatMap(([address, routes]) => {
    const of = (some: PlannedChange[]): string[] => some.map((one) => one.id).filter((id) => routes.has(id))
    const open = [...routes].flatMap(([id, route]) => (asks(route, inventory) ? [] : [id]))
    const closed = [...routes.keys()].filter((id) => !open.includes(id))
    if (of(closing).length && open.length)
      return `${lead(open)} to the same API (${address}) and would stay open: whoever calls there is not asked`
    if (of(opening).length && closed.length)
      return `${lead(of(opening))} to ${address} and would not ask who is calling, which ${named(closed)} does`
    return []
  })
}

/** The routes as they would be, by the API that they lead to. */
function byAddress(changes: PlannedChange[], inventory: Inventory): Map<string, Map<string, Resource>> {
  const routes = new Map(inventory.list('routes').map((one) => [one.id, one.value]))
  for (const { kind, id, after } of changes) if (kind === 'routes') after ? routes.set(id, after) : routes.delete(id)
  const apis = new Map<string, Map<string, Resource>>()
  for (const [id, route] of routes) {
    const address = route.status === 0 ? undefined : addressOf(id, route, inventory)
    if (address !== undefined) apis.set(address, (apis.get(address) ?? new Map()).set(id, route))
  }
  return apis
}

/** `host:port` of the API that a route leads to. */
function addressOf(id: string, route: Resource, inventory: Inventory): string | undefined {
  const mcp = inventory.pluginsOf(route)['openapi-to-mcp']?.base_url
  if (typeof mcp === 'string' && URL.canParse(mcp)) return nodeOf(new URL(mcp))
  const place = inventory.upstreamOf(id, route)
  return place && nodesOf(place.upstream)[0]?.address
}

function lead(ids: string[]): string {
  return `${named(ids)} ${ids.length === 1 ? 'leads' : 'lead'}`
}

function named(ids: string[]): string {
  const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : ''
  return `${ids
    .slice(0, MAX_NAMED)
    .map((id) => `routes/${id}`)
    .join(', ')}${more}`
}
