// Which route would take a request, which ones were considered and why they lost, and which plugins run in which order.
import Type from 'typebox'
import { createRouter, type MatchInput } from '../../gateway/router/router.ts'
import { queryArgument } from '../../gateway/variables.ts'
import type { Resource } from '../../resources/kinds.ts'
import { defineOperation } from '../contract.ts'
import { Inventory } from '../inventory.ts'
import { text, texts } from '../shapes.ts'
import { toKeys } from '../warnings.ts'

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
    const router = createRouter('radixtree_host_uri')
    const inventory = await Inventory.read(target)
    for (const { id, value } of inventory.list('routes'))
      if (value.status !== 0) router.add(toKeys(id, withHosts(value, inventory)))
    const candidates = router.explain(toMatchInput(input))
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

/** A route without hosts of its own has those of its service. */
function withHosts(route: Resource, inventory: Inventory): Resource {
  const hosts = inventory.get('services', route.service_id)?.hosts
  return hosts === undefined || route.host !== undefined || route.hosts !== undefined ? route : { ...route, hosts }
}

/** As they run: a target lists its plugins by priority. */
function inOrder(names: string[], all: string[]): string[] {
  return names.sort((a, b) => all.indexOf(a) - all.indexOf(b))
}

function toMatchInput(input: {
  path: string
  method?: string
  host?: string
  headers?: Record<string, string>
}): MatchInput {
  const [path = '/', query = ''] = input.path.split('?', 2)
  const headers = new Map(
    Object.entries(input.headers ?? {}).map(([name, value]) => [name.toLowerCase().replaceAll('-', '_'), value]),
  )
  const host = (input.host ?? 'localhost').toLowerCase().replace(/:\d+$/, '')
  const method = input.method ?? 'GET'
  const plain: Record<string, string> = {
    uri: path,
    args: query,
    host,
    request_method: method,
    method,
    remote_addr: '127.0.0.1',
    scheme: 'http',
  }
  return {
    path,
    host,
    method,
    remoteAddr: '127.0.0.1',
    var: (name) => {
      if (name.startsWith('arg_')) return queryArgument(query, name.slice(4))
      if (name.startsWith('http_')) return headers.get(name.slice(5))
      return Object.hasOwn(plain, name) ? plain[name] : undefined
    },
  }
}
