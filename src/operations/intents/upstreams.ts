// Where requests go: shares between versions, nodes, retries, timeouts, health.
import Type from 'typebox'
import { headerVariable } from '../../lib/header-fields.ts'
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import { OperationError } from '../contract.ts'
import { nodesOf } from '../inventory.ts'
import type { Found } from '../one-by-one.ts'
import type { Expectation } from '../prove.ts'
import {
  ANSWERS,
  type Around,
  defineIntent,
  type Intended,
  nodeOf,
  onRoute,
  onUpstream,
  probeOf,
  toUrl,
  upstreamOf,
  upstreamTo,
} from './contract.ts'
import { checkUpstream } from './publish.ts'

export const split = defineIntent({
  name: 'split',
  fields: Type.Object({
    url: Type.Optional(Type.String({ description: 'the new version; the one that is there when absent' })),
    percent: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description: 'its share; with header or cookie: of those requests, 100 when absent',
      }),
    ),
    header: Type.Optional(Type.String()),
    cookie: Type.Optional(Type.String()),
    value: Type.Optional(Type.String({ description: 'value of the header or cookie' })),
  }),
  run({ url: address, percent, header, cookie, value }, around) {
    const route = around.route()
    const conditional = header !== undefined || cookie !== undefined
    if (!conditional && percent === undefined)
      throw new OperationError('invalid', 'split needs percent, header or cookie')
    if (conditional && value === undefined) throw new OperationError('invalid', 'split by header or cookie needs value')
    const variable = header === undefined ? `cookie_${cookie}` : headerVariable(header)
    const share = percent ?? 100
    const { place, match } =
      address === undefined
        ? newVersionOf(route)
        : { place: { upstream: upstreamTo(toUrl(address)) }, match: undefined }
    const weighted: Resource[] = [{ ...place, weight: share }]
    if (share < 100) weighted.push({ weight: 100 - share })
    const rule = {
      ...(match === undefined ? {} : { match }),
      ...(conditional ? { match: [{ vars: [[variable, '==', value]] }] } : {}),
      weighted_upstreams: weighted,
    }
    const probe = probeOf(route.value)
    const headers =
      header !== undefined && value !== undefined ? { headers: { ...probe.headers, [header]: value } } : {}
    return {
      changes: onRoute(route, { plugins: { 'traffic-split': { rules: [rule] } } }),
      expectations: [
        {
          title: 'both versions answer, by their shares',
          ...probe,
          ...headers,
          expect: ANSWERS,
          ...sampleOf(route, share, around),
        },
      ],
    }
  },
})

/** Requests of a sample. A limit would be used up by it. */
const SAMPLE = 40

function sampleOf(route: Found, share: number, { inventory }: Around): Pick<Expectation, 'repeat' | 'sample'> {
  const limited = Object.keys(inventory.pluginsOf(route.value)).some((name) => name.startsWith('limit-'))
  return limited ? {} : { repeat: SAMPLE, sample: { share } }
}

/** What leads to the new version of a route that is split already, and for which requests. */
function newVersionOf(route: Found): { place: Resource; match: unknown } {
  const rules = (pluginsIn(route.value)['traffic-split']?.rules ?? []) as {
    weighted_upstreams?: Resource[]
    match?: unknown
  }[]
  const newer = rules.flatMap((rule) => rule.weighted_upstreams ?? []).filter((one) => one.upstream || one.upstream_id)
  if (newer.length !== 1 || !newer[0])
    throw new OperationError(
      'invalid',
      `routes/${route.id} has ${newer.length ? 'several new versions' : 'no new version yet'}; say where it runs: http(s)://host:port`,
    )
  const { weight: _weight, ...place } = newer[0]
  return { place, match: rules[0]?.match }
}

export const leadTo = defineIntent({
  name: 'lead_to',
  fields: Type.Object({
    url: Type.Optional(Type.String({ description: 'where the API runs now, instead of all its nodes' })),
    upstream: Type.Optional(Type.String({ description: 'id of one that is there, in place of url' })),
  }),
  run({ url, upstream }, around) {
    if ((url === undefined) === (upstream === undefined))
      throw new OperationError('invalid', 'lead_to needs url, or upstream: one of the two')
    const route = around.route()
    if (url === undefined) return toUpstream(route, upstream as string, around)
    return {
      changes: onUpstream(
        upstreamOf(route, around),
        instead(upstreamOf(route, around).upstream, upstreamTo(toUrl(url))),
      ),
      expectations: [{ title: 'the API answers', ...probeOf(route.value), expect: ANSWERS }],
    }
  },
})

/** The route alone goes there; its own upstream ends. */
function toUpstream(route: Found, upstream: string, around: Around): Intended {
  checkUpstream(upstream, around.inventory)
  const gone = route.value.upstream === undefined ? {} : { upstream: null }
  return {
    changes: onRoute(route, { ...gone, upstream_id: upstream }),
    expectations: [{ title: 'the API answers', ...probeOf(route.value), expect: ANSWERS }],
  }
}

/** Another place for an upstream that keeps what else it says. */
function instead(now: Resource, next: Resource): Resource {
  const gone = Object.keys(now).filter((name) => ['scheme', 'pass_host', 'nodes'].includes(name))
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...next, nodes: listNodes(next) }
}

export const finishSplit = defineIntent({
  name: 'finish_split',
  fields: Type.Object({ keep: Type.Enum(['new', 'old']) }),
  run({ keep }, around) {
    const route = around.route()
    const rules = pluginsIn(route.value)['traffic-split']?.rules as { weighted_upstreams?: Resource[] }[] | undefined
    if (!rules) throw new OperationError('invalid', `routes/${route.id} has no split to finish`)
    const gone = { plugins: { 'traffic-split': null } }
    if (keep === 'old') return { changes: onRoute(route, gone) }
    const newer = rules.flatMap((rule) => rule.weighted_upstreams ?? []).find((one) => one.upstream)?.upstream as
      | Resource
      | undefined
    if (!newer) throw new OperationError('invalid', `the split of routes/${route.id} names no upstream of its own`)
    const place = upstreamOf(route, around)
    return {
      changes: [...onRoute(route, gone), ...onUpstream(place, instead(place.upstream, newer))],
      expectations: [{ title: 'the new version answers', ...probeOf(route.value), expect: ANSWERS }],
    }
  },
})

export const addNode = defineIntent({
  name: 'add_node',
  fields: Type.Object({ url: Type.String(), weight: Type.Optional(Type.Integer({ minimum: 0, default: 1 })) }),
  run({ url, weight = 1 }, around) {
    const route = around.route()
    const place = upstreamOf(route, around)
    const address = nodeOf(toUrl(url))
    const others = nodesOf(place.upstream).filter((one) => one.address !== address)
    return {
      changes: onUpstream(place, { nodes: toList([...others, { address, weight }]) }),
      expectations: [{ title: 'every node answers', ...probeOf(route.value), expect: ANSWERS, repeat: 4 }],
    }
  },
})

export const removeNode = defineIntent({
  name: 'remove_node',
  fields: Type.Object({ url: Type.String() }),
  run({ url }, around) {
    const place = upstreamOf(around.route(), around)
    const address = nodeOf(toUrl(url))
    const nodes = nodesOf(place.upstream)
    const others = nodes.filter((one) => one.address !== address)
    if (others.length === nodes.length)
      throw new OperationError(
        'not_found',
        `${place.kind}/${place.id} has no node ${address}; it has: ${nodes.map((one) => one.address).join(', ')}`,
      )
    if (!others.length)
      throw new OperationError(
        'invalid',
        `${address} is the last node of ${place.kind}/${place.id}; delete the route instead`,
      )
    return { changes: onUpstream(place, { nodes: toList(others) }) }
  },
})

export const balance = defineIntent({
  name: 'balance',
  fields: Type.Object({
    type: Type.Enum(['roundrobin', 'least_conn', 'ewma', 'chash']),
    by: Type.Optional(Type.String({ description: 'of chash: address (usual), header:NAME or cookie:NAME' })),
  }),
  run({ type, by = 'address' }, around) {
    const [, what, name] = /^(header|cookie):(.+)$/.exec(by) ?? []
    if (!what && by !== 'address')
      throw new OperationError('invalid', 'balance: by is address, header:NAME or cookie:NAME')
    const place = upstreamOf(around.route(), around)
    const hash = what ? { hash_on: what, key: name } : { hash_on: 'vars', key: 'remote_addr' }
    const gone = Object.keys(hash).filter((one) => one in place.upstream)
    const members = type === 'chash' ? hash : Object.fromEntries(gone.map((one) => [one, null]))
    return { changes: onUpstream(place, { type, ...members }) }
  },
})

export const retry = defineIntent({
  name: 'retry',
  fields: Type.Object({ times: Type.Integer({ minimum: 0, maximum: 10 }) }),
  run: ({ times }, around) => ({ changes: onUpstream(upstreamOf(around.route(), around), { retries: times }) }),
})

const SECONDS = Type.Optional(Type.Number({ exclusiveMinimum: 0 }))

export const timeouts = defineIntent({
  name: 'timeouts',
  fields: Type.Object({ connect: SECONDS, send: SECONDS, read: SECONDS }),
  run({ connect, send, read }, around) {
    if (connect === undefined && send === undefined && read === undefined)
      throw new OperationError('invalid', 'timeouts needs connect, send or read, in seconds')
    const place = upstreamOf(around.route(), around)
    const now = (place.upstream.timeout ?? {}) as Record<string, number>
    const timeout = { connect: connect ?? now.connect ?? 5, send: send ?? now.send ?? 60, read: read ?? now.read ?? 60 }
    return { changes: onUpstream(place, { timeout }) }
  },
})

export const healthChecks = defineIntent({
  name: 'health_checks',
  fields: Type.Object({
    path: Type.Optional(Type.String({ description: 'path that a healthy node answers; connections only when absent' })),
    seconds: Type.Optional(Type.Integer({ minimum: 1, default: 5 })),
  }),
  run({ path, seconds = 5 }, around) {
    const active = {
      ...(path === undefined ? { type: 'tcp' } : { type: 'http', http_path: path }),
      timeout: 2,
      healthy: { interval: seconds, successes: 1 },
      unhealthy: {
        interval: seconds,
        ...(path === undefined ? { tcp_failures: 2 } : { http_failures: 2 }),
        timeouts: 2,
      },
    }
    return { changes: onUpstream(upstreamOf(around.route(), around), { checks: { active } }) }
  },
})

function listNodes(upstream: Resource): Resource[] {
  return toList(nodesOf(upstream))
}

/** As a list, which a change replaces whole: members of a map would be added to those that are there. */
function toList(nodes: ReturnType<typeof nodesOf>): Resource[] {
  return nodes.map(({ address, weight }) => {
    const colon = address.lastIndexOf(':')
    return colon > 0
      ? { host: address.slice(0, colon), port: Number(address.slice(colon + 1)), weight }
      : { host: address, weight }
  })
}
