// Which resources a resource names by id. The Admin API checks them both ways: what is named must exist, and what is named by others is
// not deleted without `force`.
import { type Kind, type Resource, toKey } from './kinds.ts'

export interface Reference {
  /** Key of the resource that is named. */
  key: string
  kind: Kind
  id: string
}

const FIELDS: Partial<Record<Kind, Record<string, Kind>>> = {
  routes: { service_id: 'services', upstream_id: 'upstreams', plugin_config_id: 'plugin_configs' },
  services: { upstream_id: 'upstreams' },
  stream_routes: { service_id: 'services', upstream_id: 'upstreams' },
  consumers: { group_id: 'consumer_groups' },
}

/** Everything that `resource` names, inline upstreams and the plugins grpc-transcode and traffic-split included. */
export function referencesOf(kind: Kind, resource: Resource): Reference[] {
  const found: Reference[] = []
  const add = (target: Kind, id: unknown): void => {
    if (typeof id === 'string' || typeof id === 'number')
      found.push({ key: toKey(target, String(id)), kind: target, id: String(id) })
  }
  for (const [field, target] of Object.entries(FIELDS[kind] ?? {})) add(target, resource[field])
  const upstream = kind === 'upstreams' ? resource : resource.upstream
  add('ssls', member(member(upstream, 'tls'), 'client_cert_id'))
  return found
}

/** References that plugins make; they are resolved per request and so may be missing, but hold what they name against deletion. */
export function pluginReferencesOf(resource: Resource): string[] {
  const keys: string[] = []
  const add = (target: Kind, id: unknown): void => {
    if (typeof id === 'string' || typeof id === 'number') keys.push(toKey(target, String(id)))
  }
  add('protos', member(member(resource.plugins, 'grpc-transcode'), 'proto_id'))
  const rules = member(member(resource.plugins, 'traffic-split'), 'rules')
  for (const rule of Array.isArray(rules) ? rules : []) {
    const weighted = member(rule, 'weighted_upstreams')
    for (const choice of Array.isArray(weighted) ? weighted : []) add('upstreams', member(choice, 'upstream_id'))
  }
  return keys
}

function member(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined
}
