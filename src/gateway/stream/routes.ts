// The stream routes as they are served: which one takes a connection, what its plugins are, where it goes.
//
// As in APISIX the routes that name an SNI are looked at first, exact names before wildcards and long ones before short ones, then the others in the
// order of their creation; server_port, server_addr and remote_addr must fit in both. The table is made anew when the configuration has changed and a
// connection comes.
import { CidrSet } from '../../lib/cidr.ts'
import { STREAM_PLUGINS } from '../../resources/catalog.ts'
import { type PluginConfs, pluginsIn, type Resource } from '../../resources/kinds.ts'
import { type ActivePlugin, byPriority, type PhaseChain, toChain } from '../compile.ts'
import type { Config } from '../config.ts'
import type { ConnectionInfo } from '../exchange.ts'
import type { Instances } from '../instances.ts'
import { namesUpstream } from '../routes.ts'
import type { UpstreamRuntime } from '../upstream/runtime.ts'
import type { Upstreams } from '../upstreams.ts'

/** A stream route ready to serve a connection. */
export interface ServedStream {
  id: string
  name: string | undefined
  serviceId: string | undefined
  chain: PhaseChain
  upstream: UpstreamRuntime | undefined
}

interface Entry {
  id: string
  conf: Resource
  sni: string | undefined
  serverPort: number | undefined
  serverAddr: CidrSet | undefined
  remoteAddr: CidrSet | undefined
}

export class StreamRoutes {
  readonly #config: Config
  readonly #instances: Instances
  readonly #upstreams: Upstreams
  #generation = -1
  #entries: Entry[] = []

  constructor(config: Config, instances: Instances, upstreams: Upstreams) {
    this.#config = config
    this.#instances = instances
    this.#upstreams = upstreams
  }

  /** The route of a connection; undefined when none takes it. */
  match(info: ConnectionInfo): ServedStream | undefined {
    this.#config.onLook()
    if (this.#generation !== this.#config.generation) this.#read()
    const entry = this.#entries.find((one) => fits(one, info))
    return entry && this.#serve(entry)
  }

  #read(): void {
    this.#generation = this.#config.generation
    const ids = this.#config.ids('stream_routes')
    const entries = ids.map((id) => toEntry(id, this.#config.get('stream_routes', id) as Resource))
    this.#entries = entries.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
  }

  #serve({ id, conf }: Entry): ServedStream {
    const serviceId = conf.service_id === undefined ? undefined : String(conf.service_id)
    const service = serviceId === undefined ? undefined : this.#config.get('services', serviceId)
    const key = `stream_routes/${id}`
    const version = this.#config.version('stream_routes', id)
    const own = pluginsIn(conf)
    const active = Object.entries(own).map(([plugin, one]) => this.#instances.get(key, version, plugin, one))
    if (serviceId !== undefined) active.push(...this.#inherited(serviceId, service, own))
    const chain = toChain([], active.filter((one) => one !== undefined).sort(byPriority))
    const name = conf.name as string | undefined
    const upstream = namesUpstream(conf) ? this.#upstream(conf, key) : this.#upstream(service, `services/${serviceId}`)
    return { id, name, serviceId, chain, upstream: serviceId !== undefined && !service ? undefined : upstream }
  }

  /** The service's plugins that can stand in a stream route, as far as the route does not have its own. */
  #inherited(id: string, service: Resource | undefined, own: PluginConfs): (ActivePlugin | undefined)[] {
    const version = this.#config.version('services', id)
    return Object.entries(pluginsIn(service))
      .filter(([name]) => STREAM_PLUGINS.has(name) && !(name in own))
      .map(([name, conf]) => this.#instances.get(`services/${id}`, version, name, conf))
  }

  #upstream(holder: Resource | undefined, owner: string): UpstreamRuntime | undefined {
    if (holder?.upstream_id !== undefined) return this.#upstreams.byId(String(holder.upstream_id))
    return holder?.upstream ? this.#upstreams.inline(owner, holder.upstream as Resource) : undefined
  }
}

/** What a stream route takes, as it was written, and checked then. */
interface Conditions {
  sni?: string
  server_port?: number
  server_addr?: string
  remote_addr?: string
}

function toEntry(id: string, conf: Resource): Entry {
  const { sni, server_port: serverPort, server_addr: serverAddr, remote_addr: remoteAddr }: Conditions = conf
  const network = (text: string | undefined): CidrSet | undefined =>
    text === undefined ? undefined : CidrSet.from([text])
  return {
    id,
    conf,
    sni: sni?.toLowerCase(),
    serverPort,
    serverAddr: network(serverAddr),
    remoteAddr: network(remoteAddr),
  }
}

/** Exact names, then wildcards from the longest to the shortest, then routes without a name. */
function rank({ sni }: Entry): number {
  if (sni === undefined) return 1
  return sni.startsWith('*') ? -sni.length : Number.NEGATIVE_INFINITY
}

function fits(entry: Entry, info: ConnectionInfo): boolean {
  return (
    (entry.sni === undefined || hasName(entry.sni, info.tls?.sni?.toLowerCase())) &&
    (entry.serverPort === undefined || entry.serverPort === info.serverPort) &&
    (entry.serverAddr === undefined || entry.serverAddr.has(info.serverAddr)) &&
    (entry.remoteAddr === undefined || entry.remoteAddr.has(info.remoteAddr))
  )
}

function hasName(pattern: string, name: string | undefined): boolean {
  if (name === undefined) return false
  return pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern
}
