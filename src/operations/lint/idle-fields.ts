// Fields that do nothing beside what stands next to them: the address of a Redis while the counts are kept here, a Host while the client's is
// passed on. The Admin API takes them, as APISIX's does.
import { isObject } from '../../lib/is-object.ts'

/** A field that is read only when another one has some value. */
interface Idle {
  field: RegExp
  unless: string
  /** Values of the other; undefined: any. */
  is: readonly unknown[] | undefined
  /** What the other is when it is absent. */
  otherwise?: unknown
}

const idle = (field: RegExp, unless: string, is?: readonly unknown[], otherwise?: unknown): Idle => ({
  field,
  unless,
  is,
  otherwise,
})

const REDIS = ['redis', 'redis-cluster', 'redis-sentinel']
const inRedis = idle(/^(?:redis|sentinel)_|^sync_interval$|^key_ttl$/, 'policy', REDIS, 'local')

const UPSTREAM: readonly Idle[] = [
  idle(/^upstream_host$/, 'pass_host', ['rewrite'], 'pass'),
  idle(/^key$/, 'type', ['chash'], 'roundrobin'),
]

const PLUGINS: Readonly<Record<string, Idle>> = {
  'limit-count': inRedis,
  'limit-req': inRedis,
  'limit-conn': inRedis,
  'proxy-cache': idle(/^cache_(?:control|ttl)$/, 'cache_strategy', ['memory'], 'disk'),
  'proxy-mirror': idle(/^path_concat_mode$/, 'path'),
  'request-id': idle(/^range_id$/, 'algorithm', ['range_id'], 'uuid'),
  'tcp-logger': idle(/^tls_options$/, 'tls', [true], false),
  'grpc-transcode': idle(/^status_detail_type$/, 'show_status_in_body', [true], false),
  syslog: idle(/^pool_size$/, 'sock_type', ['tcp'], 'tcp'),
}

export interface IdleField {
  name: string
  /** What would have to be for it to be read: `policy is redis`. */
  unless: string
}

export function idleInPlugin(plugin: string, conf: unknown): IdleField[] {
  const rule = Object.hasOwn(PLUGINS, plugin) ? PLUGINS[plugin] : undefined
  return rule ? find(conf, [rule]) : []
}

export function idleInUpstream(upstream: unknown): IdleField[] {
  return find(upstream, UPSTREAM)
}

function find(value: unknown, rules: readonly Idle[]): IdleField[] {
  if (!isObject(value)) return []
  return rules.flatMap(({ field, unless, is, otherwise }) => {
    const other = value[unless] ?? otherwise
    if (is ? is.includes(other) : other !== undefined) return []
    const told = `${unless} is ${is ? is[0] : 'set'}`
    return Object.keys(value)
      .filter((name) => field.test(name) && !isOff(value[name]))
      .map((name) => ({ name, unless: told }))
  })
}

/** What switches something off that is not on is no contradiction. */
function isOff(value: unknown): boolean {
  return value === false || value === -1
}
