// Resources as ADC's YAML. A resource that the format cannot hold as it is, is left out whole and said: a route without one of its plugins would
// let through what it should stop. Upstreams and plugin configs that are shared are written into what names them, and that is said too.
import { stringify } from 'yaml'
import { CREDENTIAL_TYPES, derivedId, LISTS, pick, SAME } from './adc.ts'
import { type Kind, pluginsIn, type Resource, toKey } from './kinds.ts'
import type { Placed } from './standalone.ts'

/** Members that both sides may lack without another meaning: times, and what is on by default. */
const IMPLIED = ['id', 'desc', 'create_time', 'update_time']
const DEFAULT_PORTS: Record<string, number> = { https: 443, grpcs: 443 }

/** The text, and in words what it does not hold or holds in another way. */
export function writeAdc(resources: readonly Placed[]): { text: string; notes: string[] } {
  const writer = new Writer(resources)
  const tree = Object.fromEntries(Object.entries(writer.tree()).filter(([, part]) => Object.keys(part).length))
  const text = stringify(tree, { schema: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false })
  return { text, notes: writer.notes }
}

/** Says why a resource cannot be held. */
class Unheld extends Error {}

class Writer {
  readonly notes: string[] = []
  readonly #resources: readonly Placed[]
  readonly #written = new Set<string>()

  constructor(resources: readonly Placed[]) {
    this.#resources = resources.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  tree(): Record<string, object> {
    const tree = {
      services: this.#each('services', (one) => this.#service(one)),
      ssls: this.#each('ssls', toSsl),
      consumers: this.#consumersOf(undefined),
      consumer_groups: this.#each('consumer_groups', (one) => this.#group(one)),
      global_rules: this.#globalRules(),
      plugin_metadata: Object.fromEntries(
        this.#each('plugin_metadata', ({ id, value }) => [id, without(value, ['id'])]),
      ),
    }
    for (const { kind, id } of this.#resources)
      if (!this.#written.has(toKey(kind, id))) this.notes.push(`${toKey(kind, id)}: left out, ${whyNot(kind)}`)
    return tree
  }

  #all(kind: Kind): Placed[] {
    return this.#resources.filter((one) => one.kind === kind)
  }

  #each<T>(kind: Kind, toAdc: (one: Placed) => T): T[] {
    return this.#some(this.#all(kind), toAdc)
  }

  #some<T>(placed: Placed[], toAdc: (one: Placed) => T): T[] {
    return placed.flatMap((one) => {
      const key = toKey(one.kind, one.id)
      try {
        this.#written.add(key)
        return [toAdc(one)]
      } catch (error) {
        if (!(error instanceof Unheld)) throw error
        this.notes.push(`${key}: left out, ${error.message}`)
        return []
      }
    })
  }

  #service(placed: Placed): Resource {
    const { id, value } = placed
    expectOnly(value, [...SAME.services, 'upstream', 'upstream_id'])
    const name = String(value.name ?? id)
    const upstream = this.#upstream(placed)
    const of = (kind: Kind): Placed[] => this.#all(kind).filter((one) => String(one.value.service_id) === id)
    const routes = this.#some(of('routes'), (one) => this.#route(one, name))
    const streams = routes.length ? [] : this.#some(of('stream_routes'), (one) => toStreamRoute(one, name))
    return {
      ...named(id, name, value, derivedId(name)),
      ...pick(value, SAME.services.slice(1)),
      ...(upstream ? { upstream } : {}),
      ...(routes.length ? { routes } : {}),
      ...(streams.length ? { stream_routes: streams } : {}),
    }
  }

  #upstream({ kind, id, value }: Placed): Resource | undefined {
    if (value.upstream) return toUpstream(value.upstream as Resource)
    if (value.upstream_id === undefined) return undefined
    const shared = this.#all('upstreams').find((one) => one.id === String(value.upstream_id))
    if (!shared) throw new Unheld(`its upstream ${value.upstream_id} is not there`)
    this.notes.push(`${toKey(kind, id)}: upstreams/${shared.id} is written into it`)
    this.#written.add(toKey('upstreams', shared.id))
    return toUpstream(shared.value)
  }

  #route({ id, value }: Placed, service: string): Resource {
    const { status, ...rest } = value
    if (status !== undefined && status !== 1) throw new Unheld('the format has no routes that are switched off')
    expectOnly(rest, [...SAME.routes, ...LISTS.flat(), 'service_id', 'plugin_config_id'])
    const name = String(value.name ?? id)
    const lists = Object.fromEntries(
      LISTS.flatMap(([one, many]) => {
        const list = value[many] ?? (value[one] === undefined ? undefined : [value[one]])
        return list === undefined ? [] : [[many, list]]
      }),
    )
    const plugins = { ...this.#pluginsOfConfig(id, value), ...(value.plugins as object) }
    return {
      ...named(id, name, value, derivedId(service, name)),
      ...lists,
      ...pick(value, SAME.routes.slice(1)),
      ...(Object.keys(plugins).length ? { plugins } : {}),
    }
  }

  #pluginsOfConfig(route: string, { plugin_config_id: config }: Resource): object {
    if (config === undefined) return {}
    const shared = this.#all('plugin_configs').find((one) => one.id === String(config))
    if (!shared) throw new Unheld(`its plugin config ${config} is not there`)
    this.notes.push(`routes/${route}: plugin_configs/${shared.id} is written into it`)
    this.#written.add(toKey('plugin_configs', shared.id))
    return shared.value.plugins as object
  }

  #group({ id, value }: Placed): Resource {
    expectOnly(value, SAME.consumer_groups)
    const name = String(value.name ?? id)
    const consumers = this.#consumersOf(id)
    return {
      ...named(id, name, value, derivedId(name)),
      ...pick(value, SAME.consumer_groups.slice(1)),
      ...(consumers.length ? { consumers } : {}),
    }
  }

  #consumersOf(group: string | undefined): Resource[] {
    const members = this.#all('consumers').filter(({ value }) => value.group_id?.toString() === group)
    return this.#some(members, ({ id, value }) => {
      expectOnly(value, [...SAME.consumers, 'group_id'])
      const own = this.#all('credentials').filter((one) => one.id.startsWith(`${id}/`))
      const credentials = this.#some(own, (one) => toCredential(one, id))
      return {
        ...described(pick(value, SAME.consumers.slice(0, 1)), value),
        ...pick(value, SAME.consumers.slice(1)),
        ...(credentials.length ? { credentials } : {}),
      }
    })
  }

  #globalRules(): Record<string, unknown> {
    const rules: Record<string, unknown> = {}
    this.#each('global_rules', ({ id, value }) => {
      expectOnly(value, ['plugins'])
      const plugins = Object.entries(pluginsIn(value))
      const twice = plugins.find(([name]) => Object.hasOwn(rules, name))
      if (twice) throw new Unheld(`the format holds ${twice[0]} only once for all requests`)
      if (plugins.length !== 1 || plugins[0]?.[0] !== id)
        this.notes.push(`global_rules/${id}: comes back as a rule for each plugin, named by it`)
      Object.assign(rules, Object.fromEntries(plugins))
    })
    return rules
  }
}

function whyNot(kind: Kind): string {
  if (kind === 'routes' || kind === 'stream_routes') return 'the format holds routes in a service, of one sort each'
  if (kind === 'upstreams' || kind === 'plugin_configs') return 'nothing that is written names it'
  if (kind === 'credentials' || kind === 'consumers') return 'what it belongs to is not written'
  return `the format has no ${kind}`
}

function toStreamRoute({ id, value }: Placed, service: string): Resource {
  expectOnly(value, [...SAME.stream_routes, 'service_id'])
  const name = String(value.name ?? id)
  return { ...named(id, name, value, derivedId(service, name)), ...pick(value, SAME.stream_routes.slice(1)) }
}

function toCredential({ id, value }: Placed, consumer: string): Resource {
  expectOnly(value, [...SAME.credentials, 'plugins'])
  const own = id.slice(consumer.length + 1)
  const [first, second] = Object.entries(pluginsIn(value))
  if (!first || second || !CREDENTIAL_TYPES.includes(first[0]))
    throw new Unheld(`the format holds one of ${CREDENTIAL_TYPES.join(', ')} in a credential`)
  const name = String(value.name ?? own)
  return {
    ...named(own, name, value, derivedId(consumer, name)),
    ...pick(value, ['labels']),
    type: first[0],
    config: first[1],
  }
}

function toSsl({ id, value }: Placed): Resource {
  const { status, ...rest } = value
  if (status !== undefined && status !== 1) throw new Unheld('the format has no certificates that are switched off')
  expectOnly(rest, [...SAME.ssls, 'sni', 'snis', 'cert', 'key', 'certs', 'keys'])
  const snis = (value.snis ?? [value.sni]) as string[]
  const [certs, keys] = [value.certs, value.keys].map((more) => (more ?? []) as unknown[])
  const pairs = [[value.cert, value.key], ...(certs as unknown[]).map((cert, i) => [cert, keys?.[i]])]
  if (pairs.some(([, key]) => key === undefined)) throw new Unheld('its private key is not there')
  return {
    ...(id === derivedId(snis.join(',')) ? {} : { id }),
    ...pick(value, SAME.ssls),
    snis,
    certificates: pairs.map(([certificate, key]) => ({ certificate, key })),
  }
}

function toUpstream(value: Resource): Resource {
  expectOnly(value, [...SAME.upstreams, 'nodes'])
  const { active } = (value.checks ?? {}) as { active?: Resource }
  if (active?.req_headers) throw new Unheld('the format has no checks.active.req_headers')
  const nodes = value.nodes === undefined ? {} : { nodes: toNodes(value) }
  return { ...described({}, value), ...pick(value, SAME.upstreams), ...nodes }
}

function toNodes({ nodes, scheme }: Resource): unknown[] {
  if (Array.isArray(nodes)) return nodes
  return Object.entries(nodes as object).map(([address, weight]) => {
    const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(address) as unknown as [string, string, string | undefined]
    return { host, port: Number(port ?? DEFAULT_PORTS[String(scheme)] ?? 80), weight }
  })
}

function named(id: string, name: string, value: Resource, derived: string): Resource {
  return described({ ...(id === derived ? {} : { id }), name }, value)
}

function described(start: Resource, { desc }: Resource): Resource {
  return desc === undefined ? start : { ...start, description: desc }
}

function expectOnly(value: Resource, members: readonly string[]): void {
  const more = Object.keys(value).filter((name) => !members.includes(name) && !IMPLIED.includes(name))
  if (more.length) throw new Unheld(`the format has no ${more.join(', ')}`)
}

function without(value: Resource, names: readonly string[]): Resource {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
}
