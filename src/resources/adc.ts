// What both directions of ADC's form share. ADC (API7's declarative command line) keeps a configuration as a tree: routes stand in their service,
// credentials in their consumer, consumers in their group; global rules and plugin metadata are maps by plugin. Descriptions have another name
// than in APISIX, lists stand where APISIX takes one value or a list.
//
// Ids: ADC derives them from names; one that is not derived so is written beside the name. Members are listed here, so that one that the other
// side does not know is refused or said, never dropped.
import { hash } from 'node:crypto'
import type { Resource } from './kinds.ts'

/** Members that have the same name and meaning on both sides. */
export const SAME = {
  routes: ['name', 'labels', 'priority', 'timeout', 'vars', 'methods', 'enable_websocket', 'plugins', 'filter_func'],
  stream_routes: ['name', 'labels', 'plugins', 'remote_addr', 'server_addr', 'server_port', 'sni'],
  services: ['name', 'labels', 'plugins', 'hosts'],
  upstreams: [
    'name',
    'labels',
    'type',
    'hash_on',
    'key',
    'checks',
    'scheme',
    'retries',
    'retry_timeout',
    'timeout',
    'tls',
    'keepalive_pool',
    'pass_host',
    'upstream_host',
    'service_name',
    'discovery_type',
    'discovery_args',
  ],
  ssls: ['labels', 'type', 'client', 'ssl_protocols'],
  consumers: ['username', 'labels', 'plugins'],
  consumer_groups: ['name', 'labels', 'plugins'],
  credentials: ['name', 'labels'],
} as const satisfies Record<string, readonly string[]>

/** Members of routes that are one value or a list in APISIX and a list in ADC. */
export const LISTS: readonly (readonly [one: string, many: string])[] = [
  ['uri', 'uris'],
  ['host', 'hosts'],
  ['remote_addr', 'remote_addrs'],
]

/** Plugins that a credential of ADC may hold. */
export const CREDENTIAL_TYPES: readonly string[] = ['key-auth', 'basic-auth', 'jwt-auth', 'hmac-auth']

/** The id that ADC gives to what has this name; names of nested resources are joined by a dot. */
export function derivedId(...names: string[]): string {
  return hash('sha1', names.join('.'))
}

/** The members of `value` named in `names`, in that order; absent ones are left out. */
export function pick(value: Resource, names: readonly string[]): Resource {
  return Object.fromEntries(names.flatMap((name) => (value[name] === undefined ? [] : [[name, value[name]]])))
}
