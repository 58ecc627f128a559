// Which route would take a request, which ones were considered and why they lost, and which plugins run in which order.
import Type from 'typebox'
import { candidatesFor } from '../candidates.ts'
import { defineOperation } from '../contract.ts'
import { Inventory } from '../inventory.ts'
import { text, texts } from '../shapes.ts'

const MAX_CANDIDATES = 20

export const explain = defineOperation({
  name: 'explain',
  title: 'Explain a request',
  summary: 'Tells which route would take a request and why, the runners-up and why not, and the plugins that run.',
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
      considered: candidates
        .slice(0, MAX_CANDIDATES)
        .map((one) => ({ id: one.id, uri: one.uri, result: one.lost ?? 'wins' })),
    }
  },
})

/** As they run: a target lists its plugins by priority. */
function inOrder(names: string[], all: string[]): string[] {
  return names.sort((a, b) => all.indexOf(a) - all.indexOf(b))
}
