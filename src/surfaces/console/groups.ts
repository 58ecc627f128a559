// Any number of routes as a bounded number of lanes. Routes are sorted by host and path, so that what belongs together stands together and every
// lane is one range of that order: a lane is opened by asking for its range again. Ranges are split where their paths part; where one of them
// holds most routes and its paths part into too many, it is cut into equal pieces.

/** Something with a place in the order of hosts and paths. */
export interface Placed {
  id: string
  /** Host and first path, such as `shop.example/orders/*`. */
  place: string
}

export interface Range<T extends Placed> {
  /** What all have in common; for one route its place. */
  label: string
  routes: T[]
}

interface Group<T extends Placed> {
  routes: T[]
  /** A piece of a range: only its ends tell which. */
  cut?: boolean
}

/** By place, segment by segment, then by id. */
export function sortByPlace<T extends Placed>(routes: readonly T[]): T[] {
  const keyed = routes.map((one) => ({ one, key: `${one.place} ${one.id}`.replaceAll('/', '\u0001') }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ one }) => one)
}

/** The routes from one id to another, both included; none when these are no longer there. `sorted`: by `sortByPlace`. */
export function within<T extends Placed>(sorted: T[], from: string, to: string): T[] {
  const first = sorted.findIndex((one) => one.id === from)
  const last = sorted.findIndex((one) => one.id === to)
  return first < 0 || last < first ? [] : sorted.slice(first, last + 1)
}

/** At most `max` ranges that together hold all routes, in their order. `sorted`: by `sortByPlace`. */
export function toRanges<T extends Placed>(sorted: T[], max: number): Range<T>[] {
  if (sorted.length <= max) return sorted.map((one) => ({ label: one.place, routes: [one] }))
  const groups = cutLargest(splitAll(sorted, max), max, sorted.length)
  return groups.map((one) => ({ label: labelOf(one), routes: one.routes }))
}

/** Splits the largest group again and again, as long as there is room. */
function splitAll<T extends Placed>(sorted: T[], max: number): T[][] {
  let groups = [sorted]
  const whole = new Set<T[]>()
  for (;;) {
    const open = groups.filter((one) => one.length > 1 && !whole.has(one))
    if (!open.length) return groups
    const largest = open.reduce((a, b) => (b.length > a.length ? b : a))
    const parts = split(largest)
    if (parts.length === 1 || groups.length - 1 + parts.length > max) whole.add(largest)
    else groups = groups.flatMap((one) => (one === largest ? parts : [one]))
  }
}

/** Where the paths go apart: at the segment after those that all share. */
function split<T extends Placed>(routes: T[]): T[][] {
  const depth = shared(routes).length
  const parts: T[][] = []
  let last: string | undefined
  for (const one of routes) {
    const segment = one.place.split('/')[depth] ?? ''
    if (segment === last) parts.at(-1)?.push(one)
    else parts.push([one])
    last = segment
  }
  return parts
}

/** The group that holds most of all routes, in as many equal pieces as there is room for. */
function cutLargest<T extends Placed>(groups: T[][], max: number, total: number): Group<T>[] {
  const pieces = max - groups.length + 1
  return groups.flatMap((routes): Group<T>[] => {
    if (routes.length * 2 < total || pieces < 2) return [{ routes }]
    const size = Math.ceil(routes.length / pieces)
    const starts = Array.from({ length: Math.ceil(routes.length / size) }, (_, i) => i * size)
    return starts.map((start) => ({ routes: routes.slice(start, start + size), cut: true }))
  })
}

function labelOf({ routes, cut }: Group<Placed>): string {
  const [first, last] = [routes[0]?.place ?? '', routes.at(-1)?.place ?? '']
  const common = shared(routes).join('/')
  if (first === last) return first
  return cut || common === '' ? `${first} … ${last}` : `${common}/…`
}

/** Segments that first and last have in common; being sorted, all between have them too. */
function shared(routes: readonly Placed[]): string[] {
  const [first = [], last = []] = [routes[0], routes.at(-1)].map((one) => one?.place.split('/') ?? [])
  const end = first.findIndex((segment, i) => segment !== last[i])
  return end < 0 ? first : first.slice(0, end)
}
