// What goes wrong at this moment, told before what is only risky: a store that is away or holds what cannot be served, nodes that health checks have found dead, routes whose requests fail now, plugins
// that the target does not have. Unlike the other rules these see more than the configuration: what the target tells of itself.
import { plainText } from '../../lib/text.ts'
import { pluginsIn } from '../../resources/kinds.ts'
import type { Inventory } from '../inventory.ts'
import type { Found as Resource } from '../one-by-one.ts'
import { toRows } from '../traffic/report.ts'
import type { Found, Rule } from './contract.ts'

/** Nodes that are named one by one. */
const MAX_NAMED = 5
/** Fewer failures than this share of a route's requests are not worth the first place. */
const WORTH_TELLING = 0.05
const MOST = 0.5

const nodeDown: Rule = {
  name: 'node-down',
  severity: 'high',
  find: ({ live }) =>
    [...Map.groupBy(live.health, (one) => one.owner)].flatMap(([owner, nodes]): Found[] => {
      const down = nodes.filter((one) => !one.up).map((one) => plainText(one.node, 64))
      if (!down.length) return []
      const named = down.slice(0, MAX_NAMED).join(', ') + (down.length > MAX_NAMED ? ', ...' : '')
      const all = down.length === nodes.length
      return [
        {
          resource: owner,
          severity: all ? 'high' : 'medium',
          problem: all
            ? `no node answers its health check: ${named}`
            : `${down.length} of ${nodes.length} nodes do not answer their health check: ${named}`,
          advice:
            'start the API there again, or look what its health check asks for; a node that answers is used again by itself',
        },
      ]
    }),
}

const failing: Rule = {
  name: 'failing',
  severity: 'high',
  find: ({ live, inventory }) => {
    if (!live.recent) return []
    const { counts, seconds } = live.recent
    const byName = new Map(inventory.list('routes').map(({ id, value }) => [String(value.name ?? id), id]))
    return toRows(counts, 'route', seconds).flatMap((row): Found[] => {
      const id = inventory.get('routes', row.name) ? row.name : byName.get(row.name)
      const failed = row.server_errors ?? 0
      if (id === undefined || failed < row.requests * WORTH_TELLING || failed === 0) return []
      const codes = toRows(
        counts.filter((one) => one.route === row.name),
        'status',
        seconds,
      ).filter((one) => one.name.startsWith('5'))
      return [
        {
          resource: `routes/${id}`,
          severity: failed >= row.requests * MOST ? 'high' : 'medium',
          problem: `${failed} of ${row.requests} requests in the last ${Math.round(seconds)} s failed: ${codes.map((one) => `${one.requests} with ${one.name}`).join(', ')}`,
          advice: adviceFor(codes[0]?.name, inventory, id),
        },
      ]
    })
  },
}

/** By the status that most have: 502 and 504 are the API's, the others may be the gateway's own. */
function adviceFor(code: string | undefined, inventory: Inventory, id: string): string {
  const route = inventory.get('routes', id)
  const place = route && inventory.upstreamOf(id, route)
  const where = place ? ` (${place.kind}/${place.id})` : ''
  if (code === '502')
    return `see whether the API behind it${where} runs and takes connections; the gateway's log names each failed try`
  if (code === '504') return `see why the API behind it${where} is slow, or give it more time (timeout)`
  if (code === '503')
    return `see whether its upstream${where} has nodes, and which plugin answers for it: "Show route ${id}"`
  return `see the log of the API behind it${where}; the gateway's own log tells of plugins that failed`
}

const storeTrouble: Rule = {
  name: 'store-trouble',
  severity: 'high',
  find: ({ live: { trouble } }) =>
    trouble === undefined
      ? []
      : [
          {
            resource: 'target',
            problem: plainText(trouble, 500),
            advice: 'put it right where it stands: in etcd, or in the file',
          },
        ],
}

const KINDS_WITH_PLUGINS = ['routes', 'services', 'plugin_configs', 'global_rules', 'consumers'] as const

const unknownPlugin: Rule = {
  name: 'unknown-plugin',
  severity: 'high',
  find: ({ live, inventory }) => {
    const known = new Set(live.plugins)
    const strange = ({ value }: Resource): string[] => Object.keys(pluginsIn(value)).filter((name) => !known.has(name))
    return KINDS_WITH_PLUGINS.flatMap((kind) =>
      inventory.list(kind).flatMap((one): Found[] => {
        const names = strange(one).map((name) => plainText(name, 64))
        if (!names.length) return []
        return [
          {
            resource: `${kind}/${one.id}`,
            problem: `has ${names.length === 1 ? 'the plugin' : 'the plugins'} ${names.join(', ')}, which this gateway does not have: Gateward refuses such requests, Apache APISIX leaves the plugin out`,
            advice: 'take it off, or say the same with a plugin that is there',
          },
        ]
      }),
    )
  },
}

export const liveRules: readonly Rule[] = [storeTrouble, nodeDown, failing, unknownPlugin]
