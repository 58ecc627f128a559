// What people are told about each kind of resource, which fields come first in its form, and what its table shows.
import { KINDS, type Kind } from '../../../src/resources/kinds.ts'

export type Column = 'name' | 'takes' | 'goes to' | 'plugins' | 'status' | 'changed'

export interface KindWords {
  title: string
  /** One of them, with its article. */
  one: string
  about: string
  /** Fields that come first in the form; others open with a click. */
  first: string[]
  columns: Column[]
  /** Whether resources of the kind hold plugins, and whether they are nothing without one. */
  plugins?: 'some' | 'needed'
  /** Named by the person; made from name or path when absent. */
  id?: string
}

const COMMON = ['name', 'desc', 'labels']

export const KIND_WORDS: Record<Kind, KindWords> = {
  routes: {
    title: 'Routes',
    one: 'a route',
    about: 'A route says which requests are taken, by path, host and method, what runs for them, and where they go.',
    first: [
      'name',
      'desc',
      'uri',
      'uris',
      'methods',
      'host',
      'hosts',
      'upstream',
      'upstream_id',
      'service_id',
      'status',
    ],
    columns: ['name', 'takes', 'goes to', 'plugins'],
    plugins: 'some',
  },
  services: {
    title: 'Services',
    one: 'a service',
    about: 'A service is what several routes have in common: hosts, plugins and an upstream.',
    first: ['name', 'desc', 'hosts', 'upstream', 'upstream_id'],
    columns: ['name', 'takes', 'goes to', 'plugins'],
    plugins: 'some',
  },
  upstreams: {
    title: 'Upstreams',
    one: 'an upstream',
    about: 'An upstream is where requests go: nodes with weights, how they are balanced, and checks of their health.',
    first: ['name', 'desc', 'nodes', 'type', 'scheme', 'timeout', 'checks'],
    columns: ['name', 'goes to', 'changed'],
  },
  consumers: {
    title: 'Consumers',
    one: 'a consumer',
    about: 'A consumer is somebody who calls: known by a key, a password or a token, with limits of its own.',
    first: ['desc', 'group_id', 'labels'],
    columns: ['plugins', 'changed'],
    plugins: 'some',
    id: 'username',
  },
  credentials: {
    title: 'Credentials',
    one: 'a credential',
    about:
      'A credential is one of the keys of a consumer: several may hold at the same time, and each can be taken away.',
    first: COMMON,
    columns: ['name', 'plugins', 'changed'],
    plugins: 'needed',
    id: 'name of the credential',
  },
  consumer_groups: {
    title: 'Consumer groups',
    one: 'a consumer group',
    about: 'A consumer group gives its consumers the same plugins, such as one limit for all of a plan.',
    first: COMMON,
    columns: ['name', 'plugins', 'changed'],
    plugins: 'needed',
    id: 'id',
  },
  ssls: {
    title: 'Certificates',
    one: 'a certificate',
    about:
      'A certificate is served to clients that ask for one of its hosts over TLS. Private keys are kept encrypted.',
    first: ['snis', 'cert', 'key', 'desc', 'status'],
    columns: ['takes', 'status', 'changed'],
  },
  global_rules: {
    title: 'Global rules',
    one: 'a global rule',
    about: 'A global rule runs plugins for every request, whatever route takes it.',
    first: [],
    columns: ['plugins', 'changed'],
    plugins: 'needed',
    id: 'id',
  },
  plugin_configs: {
    title: 'Plugin configs',
    one: 'a plugin config',
    about: 'A plugin config is a set of plugins that routes share by its id.',
    first: COMMON,
    columns: ['name', 'plugins', 'changed'],
    plugins: 'needed',
    id: 'id',
  },
  plugin_metadata: {
    title: 'Plugin metadata',
    one: 'plugin metadata',
    about: 'Metadata holds what one plugin has in common everywhere, such as the form of its log lines.',
    first: [],
    columns: ['changed'],
    id: 'name of the plugin',
  },
  protos: {
    title: 'Protos',
    one: 'a proto',
    about: 'A proto is a gRPC service definition that grpc-transcode uses.',
    first: ['desc', 'content'],
    columns: ['name', 'changed'],
    id: 'id',
  },
  secrets: {
    title: 'Secret managers',
    one: 'a secret manager',
    about: 'A secret manager keeps secrets elsewhere; configuration names them: $secret://manager/id/path/member.',
    first: [],
    columns: ['changed'],
    id: 'manager/id, such as vault/1',
  },
  stream_routes: {
    title: 'Stream routes',
    one: 'a stream route',
    about: 'A stream route takes TCP, TLS or UDP connections by port, address or server name.',
    first: ['desc', 'server_port', 'server_addr', 'remote_addr', 'sni', 'upstream', 'upstream_id'],
    columns: ['goes to', 'plugins', 'changed'],
    plugins: 'some',
  },
}

/** Credentials are shown with their consumer. */
export const SHOWN_KINDS = KINDS.filter((one) => one !== 'credentials')

export function wordsOf(kind: string): KindWords {
  return KIND_WORDS[kind as Kind] ?? KIND_WORDS.routes
}

/** Fields that say the same: the list is offered, the single one stays where it is used. */
const SINGLE: Record<string, string> = { uri: 'uris', host: 'hosts', remote_addr: 'remote_addrs', sni: 'snis' }

/** Lua, which only an APISIX runs: as JSON it can be written all the same. */
const LUA = ['filter_func', 'script', 'script_id']

/** Members that the form leaves out: what the Admin API writes, what is edited elsewhere, Lua, and the other spelling of what is there. */
export function withoutFields(value: Record<string, unknown>): string[] {
  const others = Object.entries(SINGLE).map(([one, many]) => (value[one] === undefined ? one : many))
  const lua = LUA.filter((one) => value[one] === undefined)
  return ['id', 'create_time', 'update_time', 'plugins', 'username', ...others, ...lua]
}

/** `1 route`, `1,200 routes`. */
export function countOf(kind: string, total: number): string {
  const { one, title } = wordsOf(kind)
  return `${total.toLocaleString()} ${total === 1 ? one.replace(/^an? /, '') : title.toLowerCase()}`
}
