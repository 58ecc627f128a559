// ADC's YAML as resources. What it holds beyond the members that both sides know is refused with its place.
import { isObject } from '../lib/is-object.ts'
import { CREDENTIAL_TYPES, derivedId, LISTS, pick, SAME } from './adc.ts'
import { type Resource, toKey } from './kinds.ts'
import { type Placed, readYaml } from './standalone.ts'

const PARTS = ['services', 'ssls', 'consumers', 'consumer_groups', 'global_rules', 'plugin_metadata']

/** The resources of a file of ADC. Throws with the place of a mistake, or of what Gateward does not take. */
export function readAdc(text: string): Placed[] {
  const tree = readYaml(text)
  expectOnly(tree, PARTS, 'the file')
  const placed = [
    ...each(tree.services, 'services', toService),
    ...each(tree.ssls, 'ssls', toSsl),
    ...each(tree.consumers, 'consumers', (value, place) => toConsumer(value, place)),
    ...each(tree.consumer_groups, 'consumer_groups', toGroup),
    ...byPlugin(tree.global_rules, 'global_rules').map(([id, conf]) => ({
      kind: 'global_rules' as const,
      id,
      value: { plugins: { [id]: conf } },
    })),
    ...byPlugin(tree.plugin_metadata, 'plugin_metadata').map(([id, value]) => ({
      kind: 'plugin_metadata' as const,
      id,
      value,
    })),
  ]
  const keys = new Set<string>()
  for (const { kind, id } of placed) {
    if (keys.has(toKey(kind, id)))
      throw new Error(`found ${toKey(kind, id)} twice: give one of them another name or id`)
    keys.add(toKey(kind, id))
  }
  return placed
}

function each(list: unknown, place: string, read: (value: Resource, place: string) => Placed[]): Placed[] {
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) throw new Error(`${place}: found no list, expected one`)
  return list.flatMap((value, i) => {
    if (!isObject(value)) throw new Error(`${place}.${i}: found no map, expected a resource`)
    return read(value, `${place}.${i}`)
  })
}

function byPlugin(map: unknown, place: string): [string, Resource][] {
  if (map === undefined || map === null) return []
  if (!isObject(map)) throw new Error(`${place}: found no map, expected configurations by the name of their plugin`)
  return Object.entries(map).map(([name, conf]) => {
    if (!isObject(conf)) throw new Error(`${place}.${name}: found no map, expected the configuration of a plugin`)
    return [name, conf]
  })
}

function toService(value: Resource, place: string): Placed[] {
  const { name, id } = head(value, place, ['upstream', 'routes', 'stream_routes'], SAME.services)
  const service = { ...common(value), ...pick(value, SAME.services), ...upstreamOf(value, place) }
  const serviceId = id ?? derivedId(name)
  const below = (kind: 'routes' | 'stream_routes'): Placed[] =>
    each(value[kind], `${place}.${kind}`, (route, at) => [toRoute(kind, route, at, name, serviceId)])
  return [{ kind: 'services', id: serviceId, value: service }, ...below('routes'), ...below('stream_routes')]
}

function upstreamOf({ upstream }: Resource, place: string): Resource {
  if (upstream === undefined) return {}
  if (!isObject(upstream)) throw new Error(`${place}.upstream: found no map, expected an upstream`)
  expectOnly(upstream, [...SAME.upstreams, 'description', 'nodes'], `${place}.upstream`)
  return { upstream: { ...common(upstream), ...pick(upstream, [...SAME.upstreams, 'nodes']) } }
}

function toRoute(
  kind: 'routes' | 'stream_routes',
  value: Resource,
  place: string,
  of: string,
  serviceId: string,
): Placed {
  const lists = kind === 'routes' ? LISTS.map(([, many]) => many) : []
  const { name, id } = head(value, place, lists, SAME[kind])
  const route = { ...common(value), ...pick(value, [...SAME[kind], ...lists]), service_id: serviceId }
  return { kind, id: id ?? derivedId(of, name), value: route }
}

function toConsumer(value: Resource, place: string, group?: string): Placed[] {
  expectOnly(value, [...SAME.consumers, 'description', 'credentials'], place)
  const username = text(value, 'username', place)
  const consumer = {
    ...common(value),
    ...pick(value, SAME.consumers),
    ...(group === undefined ? {} : { group_id: group }),
  }
  const credentials = each(value.credentials, `${place}.credentials`, (one, at) => [toCredential(one, at, username)])
  return [{ kind: 'consumers', id: username, value: consumer }, ...credentials]
}

function toCredential(value: Resource, place: string, username: string): Placed {
  const { name, id } = head(value, place, ['type', 'config'], SAME.credentials)
  const type = text(value, 'type', place)
  if (!CREDENTIAL_TYPES.includes(type))
    throw new Error(`${place}.type: found ${JSON.stringify(type)}, expected one of ${CREDENTIAL_TYPES.join(', ')}`)
  const credential = { ...common(value), ...pick(value, SAME.credentials), plugins: { [type]: value.config } }
  return { kind: 'credentials', id: `${username}/${id ?? derivedId(username, name)}`, value: credential }
}

function toGroup(value: Resource, place: string): Placed[] {
  const { name, id } = head(value, place, ['consumers'], SAME.consumer_groups)
  const groupId = id ?? derivedId(name)
  const group = { ...common(value), ...pick(value, SAME.consumer_groups) }
  const members = each(value.consumers, `${place}.consumers`, (one, at) => toConsumer(one, at, groupId))
  return [{ kind: 'consumer_groups', id: groupId, value: group }, ...members]
}

function toSsl(value: Resource, place: string): Placed[] {
  expectOnly(value, [...SAME.ssls, 'id', 'snis', 'certificates'], place)
  const pairs = (Array.isArray(value.certificates) ? value.certificates : []) as {
    certificate?: string
    key?: string
  }[]
  const [first, ...more] = pairs
  if (!Array.isArray(value.snis) || !first || pairs.some(({ certificate, key }) => !certificate || !key))
    throw new Error(`${place}: expected snis, and certificates with certificate and key`)
  const others = { certs: more.map(({ certificate }) => certificate), keys: more.map(({ key }) => key) }
  const ssl = { snis: value.snis, cert: first.certificate, key: first.key, ...(more.length ? others : {}) }
  const id = (value.id === undefined ? undefined : text(value, 'id', place)) ?? derivedId(value.snis.join(','))
  return [{ kind: 'ssls', id, value: { ...pick(value, SAME.ssls), ...ssl } }]
}

/** Name and id of what has both; members beyond `own` and `same` are refused. */
function head(
  value: Resource,
  place: string,
  own: readonly string[],
  same: readonly string[],
): { name: string; id: string | undefined } {
  expectOnly(value, ['id', 'description', ...own, ...same], place)
  return { name: text(value, 'name', place), id: value.id === undefined ? undefined : text(value, 'id', place) }
}

function common({ description }: Resource): Resource {
  return description === undefined ? {} : { desc: description }
}

function text(value: Resource, member: string, place: string): string {
  const found = value[member]
  if (typeof found !== 'string' || found === '') throw new Error(`${place}.${member}: expected a text, found none`)
  return found
}

function expectOnly(value: Resource, members: readonly string[], place: string): void {
  const more = Object.keys(value).find((name) => !members.includes(name))
  if (more !== undefined) throw new Error(`${place}: found ${more}, expected only ${members.join(', ')}`)
}
