// Which route would take a request, which ones were considered and why they lost, which plugins run in which order, and where it goes from there.
import Type from 'typebox'
import { plainText } from '../../lib/text.ts'
import { candidatesFor } from '../candidates.ts'
import { defineOperation } from '../contract.ts'
import { Inventory, nodesOf, type UpstreamPlace } from '../inventory.ts'
import { text, texts } from '../shapes.ts'
import type { Target } from '../targets.ts'
import { healthOf } from '../traffic/health.ts'

const MAX_CANDIDATES = 20
/** Nodes that are named one by one. */
const MAX_NODES = 10

export const explain = defineOperation({
  name: 'explain',
  title: 'Explain a request',
  summary: 'Tells which route takes a request and why, the runners-up, the plugins and where it goes.',
  effect: 'read',
  input: Type.Object({
    path: Type.String({ description: 'path and query', pattern: '^/' }),
    method: Type.Optional(Type.String({ default: 'GET' })),
    host: Type.Optional(Type.String()),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    target: Type.Optional(Type.String()),
  }),
  output: Type.Object({
    target: text,
    route: Type.Union([text, Type.Null()]),
    why: text,
    plugins: texts,
    goes_to: Type.Optional(text),
    health: Type.Optional(text),
    considered: Type.Array(Type.Object({ id: text, uri: text, result: text })),
  }),
  async run(input, ctx) {
    const target = ctx.targets.get(input.target, ctx.signal)
    const inventory = await Inventory.read(target)
    const candidates = candidatesFor(input, inventory)
    const winner = candidates.find((one) => one.lost === undefined)
    const route = winner && inventory.get('routes', winner.id)
    const plugins = route ? inventory.pluginsOf(route) : inventory.globalPlugins()
    return {
      target: target.name,
      route: winner?.id ?? null,
      why: winner
        ? `uri ${winner.uri}${winner.host ? ` on host ${winner.host}` : ''} fits best`
        : 'no route takes this request: the gateway answers 404',
      plugins: inOrder(Object.keys(plugins), await target.admin.pluginNames()),
      ...(winner && route ? await destination(inventory.upstreamOf(winner.id, route), target, ctx.signal) : {}),
      considered: candidates
        .slice(0, MAX_CANDIDATES)
        .map((one) => ({ id: one.id, uri: one.uri, result: one.lost ?? 'wins' })),
    }
  },
})

/** Where the route's own upstream leads, and what its health checks say; a plugin such as traffic-split may send requests elsewhere. */
async function destination(
  place: UpstreamPlace | undefined,
  target: Target,
  signal: AbortSignal,
): Promise<{ goes_to?: string; health?: string }> {
  if (!place) return {}
  const key = `${place.kind}/${place.id}`
  const nodes = nodesOf(place.upstream).map((one) => one.address)
  const named = nodes.slice(0, MAX_NODES).join(', ') + (nodes.length > MAX_NODES ? ', ...' : '')
  const found = named || String(place.upstream.service_name ?? 'no node')
  const health = (await healthOf(place.upstream.checks ? [key] : [], target, signal)).get(key)
  return {
    goes_to: plainText(place.kind === 'upstreams' ? `${found} (${key})` : found, 400),
    ...(health === undefined ? {} : { health }),
  }
}

/** As they run: a target lists its plugins by priority. */
function inOrder(names: string[], all: string[]): string[] {
  return names.sort((a, b) => all.indexOf(a) - all.indexOf(b))
}
