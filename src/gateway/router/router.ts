// Finds the route for a request. Three modes, as APISIX has them:
//   radixtree_host_uri            the best host first, then the best uri, then priority (the default)
//   radixtree_uri                 the best uri first, then priority; hosts only filter
//   radixtree_uri_with_parameter  the same, and `:name` in a uri takes one segment
//
// No tree for plain uris: an exact uri is one look-up, a prefix one look-up for each distinct prefix length that is in use, longest first, so
// that the cost does not grow with the number of routes and a change touches one list; wildcard hosts the same from the other end. Parameters
// have a trie of segments (segments.ts).
import { CidrSet } from '../../lib/cidr.ts'
import { Lengths } from './lengths.ts'
import { PathTable, type Visitor } from './path-table.ts'
import { compileVars } from './vars.ts'

export type RouterMode = 'radixtree_host_uri' | 'radixtree_uri' | 'radixtree_uri_with_parameter'

/** What the router needs of a route. Routes with status 0 are not added. */
export interface RouteKeys {
  id: string
  uris: string[]
  hosts?: string[]
  methods?: string[]
  remoteAddrs?: string[]
  vars?: unknown[]
  priority: number
  /** Place among routes of equal uri and priority, lower first: the revision that created it. */
  order?: number
}

export interface MatchInput {
  /** The normalised path. */
  path: string
  /** Lower case, without port. */
  host: string
  method: string
  remoteAddr: string
  var(name: string): unknown
}

export interface Match {
  id: string
  params: Record<string, string> | undefined
  matchedUri: string
  matchedHost: string | undefined
}

/** One route that was considered, and the first reason why it lost; undefined: it won. */
export interface Candidate {
  id: string
  uri: string
  host: string | undefined
  lost: 'host' | 'method' | 'remote_addr' | 'vars' | 'beaten' | undefined
}

export interface Router {
  add(keys: RouteKeys): void
  remove(id: string): void
  match(input: MatchInput): Match | undefined
  /** All routes whose uri and host fit, in the order in which they are tried. */
  explain(input: MatchInput): Candidate[]
}

/** A route's entry under one uri and one host. */
export interface RouteEntry {
  keys: RouteKeys
  filter: RouteFilter
  uri: string
  host: string | undefined
  /** What a pattern asks of a path beyond its prefix; set by the table. */
  segments?: string[] | undefined
}

/** The conditions beyond host and uri, compiled when the route is first tried. */
export class RouteFilter {
  readonly keys: RouteKeys
  #addresses: CidrSet | undefined
  #vars: ((read: (name: string) => unknown) => boolean) | undefined

  constructor(keys: RouteKeys) {
    this.keys = keys
  }

  /** The first condition that fails. */
  reject(input: MatchInput): 'method' | 'remote_addr' | 'vars' | undefined {
    const { methods, remoteAddrs, vars } = this.keys
    if (methods && !methods.includes(input.method)) return 'method'
    if (remoteAddrs) {
      this.#addresses ??= CidrSet.from(remoteAddrs)
      if (!this.#addresses.has(input.remoteAddr)) return 'remote_addr'
    }
    if (vars) {
      this.#vars ??= compileVars(vars)
      if (!this.#vars((name) => input.var(name))) return 'vars'
    }
    return undefined
  }
}

export function createRouter(mode: RouterMode): Router {
  return mode === 'radixtree_host_uri' ? new HostRouter() : new UriRouter(mode === 'radixtree_uri_with_parameter')
}

abstract class BaseRouter implements Router {
  readonly #filters = new Map<string, RouteFilter>()

  add(keys: RouteKeys): void {
    const filter = new RouteFilter(keys)
    this.#filters.set(keys.id, filter)
    for (const [table, entry] of this.places(filter, true)) table.add(entry)
  }

  remove(id: string): void {
    const filter = this.#filters.get(id)
    if (!filter) return
    this.#filters.delete(id)
    for (const [table, entry] of this.places(filter, false)) {
      table.remove(entry)
      if (table.empty) this.emptied(entry)
    }
  }

  match(input: MatchInput): Match | undefined {
    let match: Match | undefined
    this.visit(input, (entry, params) => {
      if (this.lostByHost(entry, input) || entry.filter.reject(input)) return false
      match = { id: entry.keys.id, params, matchedUri: entry.uri, matchedHost: entry.host }
      return true
    })
    return match
  }

  explain(input: MatchInput): Candidate[] {
    const considered: Candidate[] = []
    let won = false
    this.visit(input, (entry) => {
      const rejected = this.lostByHost(entry, input) ? 'host' : entry.filter.reject(input)
      const lost = rejected ?? (won ? 'beaten' : undefined)
      considered.push({ id: entry.keys.id, uri: entry.uri, host: entry.host, lost })
      won ||= rejected === undefined
      return false
    })
    return considered
  }

  /** The tables and entries of a route; `create` makes missing tables. */
  protected abstract places(filter: RouteFilter, create: boolean): [PathTable, RouteEntry][]
  /** The table of this entry holds nothing any more. */
  protected abstract emptied(entry: RouteEntry): void
  /** Shows the entries whose uri fits, best first, until the visitor says true. */
  protected abstract visit(input: MatchInput, visitor: Visitor): boolean
  protected abstract lostByHost(entry: RouteEntry, input: MatchInput): boolean
}

/** A table of uris for each host; hosts are tried from the most to the least specific. */
class HostRouter extends BaseRouter {
  readonly #tables = new Map<string, PathTable>()
  /** Of wildcard hosts, their `*` counted: without any, a host costs one look-up. */
  readonly #lengths = new Lengths()

  protected places(filter: RouteFilter, create: boolean): [PathTable, RouteEntry][] {
    const places: [PathTable, RouteEntry][] = []
    for (const host of filter.keys.hosts ?? ['']) {
      const name = host.toLowerCase()
      let table = this.#tables.get(name)
      if (!table && create) {
        table = new PathTable(false)
        this.#tables.set(name, table)
        if (name.startsWith('*')) this.#lengths.add(name.length)
      }
      for (const uri of filter.keys.uris)
        if (table)
          places.push([table, { keys: filter.keys, filter, uri, host: host || undefined, segments: undefined }])
    }
    return places
  }

  protected emptied(entry: RouteEntry): void {
    const name = entry.host?.toLowerCase() ?? ''
    if (this.#tables.delete(name) && name.startsWith('*')) this.#lengths.remove(name.length)
  }

  protected visit({ host, path }: MatchInput, visitor: Visitor): boolean {
    const exact = this.#tables.get(host)
    if (exact?.visit(path, visitor)) return true
    for (const length of this.#lengths.longestFirst) {
      const from = host.length - length + 1
      if (from >= 0 && this.#tables.get(`*${host.slice(from)}`)?.visit(path, visitor)) return true
    }
    return host !== '' && this.#tables.get('')?.visit(path, visitor) === true
  }

  protected lostByHost(): boolean {
    return false
  }
}

/** One table of uris; hosts are one more condition. */
class UriRouter extends BaseRouter {
  readonly #table: PathTable

  constructor(parameters: boolean) {
    super()
    this.#table = new PathTable(parameters)
  }

  protected places(filter: RouteFilter): [PathTable, RouteEntry][] {
    return filter.keys.uris.map((uri) => [
      this.#table,
      { keys: filter.keys, filter, uri, host: undefined, segments: undefined },
    ])
  }

  protected emptied(): void {}

  protected visit(input: MatchInput, visitor: Visitor): boolean {
    return this.#table.visit(input.path, visitor)
  }

  protected lostByHost(entry: RouteEntry, input: MatchInput): boolean {
    const { hosts } = entry.keys
    return hosts !== undefined && !hosts.some((host) => hostFits(host.toLowerCase(), input))
  }
}

/** A host that is written with a port is compared with the whole Host field, as in APISIX, which knows this in the modes by uri only. */
function hostFits(pattern: string, input: MatchInput): boolean {
  const wanted = pattern.startsWith('*') ? pattern.slice(1) : undefined
  const fits = (name: string): boolean => (wanted === undefined ? pattern === name : name.endsWith(wanted))
  return fits(input.host) || (pattern.includes(':') && fits(String(input.var('http_host') ?? '').toLowerCase()))
}
