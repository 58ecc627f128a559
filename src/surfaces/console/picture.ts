// What a target serves, as a picture of bounded size: lanes (one route, or a range of them) with their plugins, the upstreams that they go to with
// the health of their nodes, and arrows with the traffic of the last minutes. Worked out here, so that a page draws ten thousand routes as
// easily as ten.
import { plainText } from '../../lib/text.ts'
import { Inventory, nodesOf } from '../../operations/inventory.ts'
import type { Found } from '../../operations/one-by-one.ts'
import type { Target } from '../../operations/targets.ts'
import { type Counts, requestsIn } from '../../operations/traffic/counts.ts'
import type { NodeStatus } from '../../operations/traffic/health.ts'
import { type Placed, type Range, sortByPlace, toRanges, within } from './groups.ts'

const MAX_LANES = 40
const MAX_UPSTREAMS = 24
const MAX_NODES = 4
const MAX_PLUGINS = 6
/** Where routes go whose upstream is none of the busiest. */
const OTHERS = 'others'

export interface PictureNode {
  address: string
  /** Absent when nothing checks it. */
  up?: boolean
}

export interface PictureUpstream {
  key: string
  label: string
  /** The resource to open, `kind/id`; absent when several share these nodes. */
  resource?: string
  nodes: PictureNode[]
  moreNodes: number
}

/** Traffic of one arrow; absent where nothing is counted. */
export interface Flow {
  per_second: number
  /** Share of 5xx among all answers, 0 to 1. */
  errors: number
}

export interface Lane {
  label: string
  routes: number
  /** First and last id of the range; the same for a single route. */
  from: string
  to: string
  methods: string[]
  plugins: string[]
  morePlugins: number
  enabled: boolean
  arrows: { upstream: string; flow?: Flow }[]
  flow?: Flow
}

export interface Picture {
  total: number
  matching: number
  lanes: Lane[]
  upstreams: PictureUpstream[]
}

export interface Seen {
  counts: readonly Counts[]
  seconds: number
  health: readonly NodeStatus[]
}

export interface Wish {
  search: string
  /** Only the routes of this range, by the ids of its ends. */
  range: { from: string; to: string } | undefined
}

interface Drawn extends Placed {
  found: Found
  upstream: string | undefined
  plugins: string[]
}

/** Reads the configuration of the target and draws it. `seen`: what is known of its traffic and its nodes. */
export async function readPicture(target: Target, wish: Wish, seen: Seen): Promise<Picture> {
  const inventory = await Inventory.read(target)
  const boxes = new Map<string, PictureUpstream>()
  const health = Map.groupBy(seen.health, (one) => one.owner)
  const all = sortByPlace(inventory.list('routes').map((found) => toDrawn(found, inventory, boxes, health)))
  const ranged = wish.range ? within(all, wish.range.from, wish.range.to) : all
  const fitting = ranged.filter((one) => matches(one, wish.search))
  const shown = busiest(fitting, boxes)
  const byRoute = Map.groupBy(seen.counts, (one) => one.route)
  const lanes = toRanges(fitting, MAX_LANES).map((range) => toLane(range, shown, byRoute, seen.seconds))
  return { total: all.length, matching: fitting.length, lanes, upstreams: [...shown.values()] }
}

function toDrawn(
  found: Found,
  inventory: Inventory,
  boxes: Map<string, PictureUpstream>,
  health: ReadonlyMap<string, readonly NodeStatus[]>,
): Drawn {
  const { id, value } = found
  const service = value.service_id === undefined ? undefined : inventory.get('services', value.service_id)
  const hosts = [value.hosts ?? value.host ?? service?.hosts ?? ''].flat()
  const uris = [value.uris ?? value.uri ?? ''].flat()
  const others = hosts.length * uris.length - 1
  return {
    id,
    found,
    place: plainText(`${hosts[0] ?? ''}${uris[0] ?? ''}${others > 0 ? ` +${others}` : ''}`, 120),
    upstream: boxOf(found, inventory, boxes, health),
    plugins: Object.keys(inventory.pluginsOf(value)),
  }
}

/** The box of a route's upstream, made when it is the first to need it. Inline upstreams with the same nodes are one box. */
function boxOf(
  { id, value }: Found,
  inventory: Inventory,
  boxes: Map<string, PictureUpstream>,
  health: ReadonlyMap<string, readonly NodeStatus[]>,
): string | undefined {
  const place = inventory.upstreamOf(id, value)
  if (!place) return undefined
  const resource = `${place.kind}/${place.id}`
  const addresses = nodesOf(place.upstream).map((one) => plainText(one.address, 64))
  const discovered = String(place.upstream.service_name ?? '')
  const key = place.kind === 'upstreams' ? resource : addresses.join(' ') || discovered || resource
  const known = boxes.get(key)
  if (known) {
    if (known.resource !== resource) delete known.resource
    return key
  }
  const checked = new Map(health.get(resource)?.map((one) => [one.node, one.up]))
  boxes.set(key, {
    key,
    label: plainText(place.kind === 'upstreams' ? String(place.upstream.name ?? place.id) : discovered, 60),
    resource,
    nodes: addresses.slice(0, MAX_NODES).map((address) => ({ address, up: checked.get(address) })),
    moreNodes: Math.max(0, addresses.length - MAX_NODES),
  })
  return key
}

function matches({ id, place, plugins, upstream, found }: Drawn, search: string): boolean {
  const needle = search.trim().toLowerCase()
  if (!needle) return true
  const texts = [id, place, String(found.value.name ?? ''), upstream ?? '', ...plugins]
  return texts.some((one) => one.toLowerCase().includes(needle))
}

/** The upstreams that most of these routes go to, with one box for the others. */
function busiest(routes: Drawn[], boxes: Map<string, PictureUpstream>): Map<string, PictureUpstream> {
  const used = new Map<string, number>()
  for (const { upstream } of routes) if (upstream !== undefined) used.set(upstream, (used.get(upstream) ?? 0) + 1)
  const keys = [...used.keys()]
  if (keys.length > MAX_UPSTREAMS) keys.sort((a, b) => (used.get(b) ?? 0) - (used.get(a) ?? 0))
  const shown = new Map(
    keys.slice(0, MAX_UPSTREAMS).flatMap((key) => {
      const box = boxes.get(key)
      return box ? [[key, box] as const] : []
    }),
  )
  const rest = keys.length - shown.size
  if (rest > 0) shown.set(OTHERS, { key: OTHERS, label: `${rest} other upstreams`, nodes: [], moreNodes: 0 })
  return shown
}

function toLane(
  { label, routes }: Range<Drawn>,
  shown: Map<string, PictureUpstream>,
  byRoute: Map<string, Counts[]>,
  seconds: number,
): Lane {
  const arrows = new Map<string, Counts[]>()
  for (const one of routes) {
    if (one.upstream === undefined) continue
    const key = shown.has(one.upstream) ? one.upstream : OTHERS
    const into = arrows.get(key) ?? []
    into.push(...countsOf(one, byRoute))
    arrows.set(key, into)
  }
  const plugins = [...new Set(routes.flatMap((one) => one.plugins))]
  const [first, last] = [routes[0] as Drawn, routes.at(-1) as Drawn]
  const counted = routes.some((one) => one.plugins.includes('prometheus'))
  const flow = (counts: readonly Counts[]): { flow?: Flow } => (counted ? { flow: toFlow(counts, seconds) } : {})
  return {
    label,
    routes: routes.length,
    from: first.id,
    to: last.id,
    methods: routes.length === 1 ? [first.found.value.methods ?? []].flat().map(String) : [],
    plugins: plugins.slice(0, MAX_PLUGINS),
    morePlugins: Math.max(0, plugins.length - MAX_PLUGINS),
    enabled: routes.some((one) => one.found.value.status !== 0),
    arrows: [...arrows].map(([upstream, counts]) => ({ upstream, ...flow(counts) })),
    ...flow(routes.flatMap((one) => countsOf(one, byRoute))),
  }
}

/** Metrics name a route by its id, or by its name where the plugin prefers it. */
function countsOf({ id, found }: Drawn, byRoute: Map<string, Counts[]>): Counts[] {
  return byRoute.get(id) ?? byRoute.get(String(found.value.name ?? '')) ?? []
}

function toFlow(counts: readonly Counts[], seconds: number): Flow {
  let [requests, errors] = [0, 0]
  for (const one of counts) {
    requests += requestsIn(one)
    errors += requestsIn(one, '5')
  }
  return {
    per_second: Math.round((requests / Math.max(seconds, 0.001)) * 100) / 100,
    errors: requests ? Math.round((errors / requests) * 1000) / 1000 : 0,
  }
}
