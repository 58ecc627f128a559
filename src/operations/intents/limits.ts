// How much a caller may ask for.
import Type from 'typebox'
import { headerVariable } from '../../lib/header-fields.ts'
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import { OperationError } from '../contract.ts'
import { asks } from '../open-beside.ts'
import { merge } from '../patch.ts'
import { type Around, defineIntent, type Intended, onConsumer, probeOf, withPlugins } from './contract.ts'
import { proofOfBurst, proofOfConsumer, proofOfLimit } from './limit-proof.ts'

const by = Type.Optional(Type.String({ description: 'address (usual), consumer, everybody, or header:NAME' }))
const consumer = Type.Optional(Type.String({ description: 'this one alone, on all routes together; without route' }))

/** How limits count. */
function toKey(who = 'address'): { key_type: string; key: string } {
  const header = /^header:(.+)$/.exec(who)?.[1]
  if (header) return { key_type: 'var', key: headerVariable(header) }
  if (who === 'consumer') return { key_type: 'var', key: 'consumer_name' }
  if (who === 'everybody') return { key_type: 'constant', key: 'everybody' }
  return { key_type: 'var', key: 'remote_addr' }
}

export const limit = defineIntent({
  name: 'limit',
  fields: Type.Object({
    count: Type.Integer({
      minimum: 1,
      description: 'requests per window; the same intent again: several limits at once',
    }),
    seconds: Type.Optional(Type.Integer({ minimum: 1, default: 60 })),
    by,
    consumer,
  }),
  run({ count, seconds = 60, by: who, consumer: alone }, around) {
    if (alone !== undefined)
      return ofConsumer(
        alone,
        { 'limit-count': { count, time_window: seconds, ...BY_CONSUMER, ...TOO_MANY, rules: null } },
        who,
        around,
      )
    const route = around.route()
    const planned = around.earlier.find((one) => one.id === route.id && pluginsIn(one.set)['limit-count'])
    const first = planned && pluginsIn(planned.set)['limit-count']
    const had = pluginsIn(route.value)['limit-count'] ?? {}
    const limitWith = (conf: Resource): Intended => ({
      changes: withPlugins(route, { 'limit-count': conf }, around),
      expectations: proofOfLimit(merge(merge(had, first ?? {}), conf), route, around),
    })
    if (first) {
      const several = limitWith(severalLimits(first, { count, seconds, key: ruleKey(who) }))
      return around.api === undefined ? several : { ...several, notes: [SEVERAL_APART] }
    }
    return limitWith({
      count,
      time_window: seconds,
      ...(who === undefined ? {} : toKey(who)),
      ...TOO_MANY,
      ...(had.rules ? { rules: null } : {}),
      // One count for all routes of an API. The name changes with the limit, since configurations of one name must be alike.
      ...(around.api === undefined ? {} : { group: `${around.api}-${count}-in-${seconds}s` }),
      ...(around.api === undefined && had.group !== undefined ? { group: null } : {}),
    })
  },
})

const TOO_MANY = { rejected_code: 429, rejected_msg: 'too many requests' }
const BY_CONSUMER = { key_type: 'var', key: 'consumer_name' }

/** A limit in the consumer: it counts all of its calls, wherever they come from and whichever route they take. */
function ofConsumer(name: string, plugins: Resource, who: string | undefined, around: Around): Intended {
  if (who !== undefined && who !== 'consumer')
    throw new OperationError('invalid', `the limit of consumer ${name} alone counts all of its calls; leave by out`)
  const asked = around.inventory.list('routes').some(({ value }) => asks(value, around.inventory))
  const plugin = Object.keys(plugins).join()
  return {
    changes: onConsumer(name, plugins, around),
    expectations: proofOfConsumer(name, pluginsIn({ plugins })['limit-count'], around),
    notes: [
      asked
        ? `it counts on the routes that ask who is calling; where one has a ${plugin} of its own, ${name} has this instead`
        : `no route asks who is calling yet, so that nobody is known as ${name}: require_key makes one ask`,
    ],
  }
}

const SEVERAL_APART =
  'limit-count: each of its routes counts by itself while there are several limits; a single one counts all together'

/** A rule applies only where its key has a variable with a value: this one is the same for all callers. */
const EVERYBODY = '$hostname everybody'

/** The second limit of a plan makes rules of both; a third is added to them. */
function severalLimits(first: Resource, next: { count: number; seconds: number; key: string }): Resource {
  const rule = {
    count: next.count,
    time_window: next.seconds,
    key: `${next.key} ${prefixOf(next.seconds)}`,
    header_prefix: prefixOf(next.seconds),
  }
  const rules = Array.isArray(first.rules)
    ? (first.rules as Resource[])
    : [
        {
          count: first.count,
          time_window: first.time_window,
          key: `${first.key_type === 'constant' ? EVERYBODY : `$${first.key ?? 'remote_addr'}`} ${prefixOf(Number(first.time_window))}`,
          header_prefix: prefixOf(Number(first.time_window)),
        },
      ]
  // A group has one limit.
  return { count: null, time_window: null, key: null, key_type: null, group: null, rules: [...rules, rule] }
}

/** Tells several limits apart, which may not share a key, and their quota headers: `X-60s-RateLimit-Limit`. */
function prefixOf(seconds: number): string {
  return `${seconds}s`
}

function ruleKey(who: string | undefined): string {
  const { key, key_type: type } = toKey(who)
  return type === 'constant' ? EVERYBODY : `$${key}`
}

export const limitRate = defineIntent({
  name: 'limit_rate',
  fields: Type.Object({
    rate: Type.Number({ exclusiveMinimum: 0, description: 'requests a second, evenly' }),
    burst: Type.Optional(Type.Number({ minimum: 0, default: 0 })),
    by,
    consumer,
  }),
  run({ rate, burst = 0, by: who, consumer: alone }, around) {
    if (alone !== undefined)
      return ofConsumer(alone, { 'limit-req': { rate, burst, ...BY_CONSUMER, rejected_code: 429 } }, who, around)
    const conf = { rate, burst, ...toVariable(who), rejected_code: 429 }
    return limited('limit-req', conf, around)
  },
})

/** These plugins know no constants. */
function toVariable(who: string | undefined): { key_type: string; key: string } {
  const key = toKey(who)
  return key.key_type === 'constant' ? { key_type: 'var_combination', key: EVERYBODY } : key
}

function limited(plugin: 'limit-req' | 'limit-conn', conf: Resource, around: Around): Intended {
  const route = around.route()
  return {
    changes: withPlugins(route, { [plugin]: conf }, around),
    expectations: proofOfBurst(plugin, conf, route, around),
    ...(around.api === undefined ? {} : { notes: [APART[plugin]] }),
  }
}

/** Not by a service or a plugin_config either: APISIX counts each of their routes. */
const COUNTS_APART = 'each of its routes counts by itself, since APISIX has no common count for them'
const APART = {
  'limit-req': `limit-req: ${COUNTS_APART}; limit counts all together`,
  'limit-conn': `limit-conn: ${COUNTS_APART}`,
}

export const limitConcurrency = defineIntent({
  name: 'limit_concurrency',
  fields: Type.Object({ count: Type.Integer({ minimum: 1, description: 'requests at the same time' }), by, consumer }),
  run({ count, by: who, consumer: alone }, around) {
    const common = { conn: count, burst: 0, default_conn_delay: 0.1, rejected_code: 429 }
    if (alone !== undefined) return ofConsumer(alone, { 'limit-conn': { ...common, ...BY_CONSUMER } }, who, around)
    const conf = { ...common, ...toVariable(who) }
    return limited('limit-conn', conf, around)
  },
})

export const cache = defineIntent({
  name: 'cache',
  fields: Type.Object({ seconds: Type.Optional(Type.Integer({ minimum: 1, default: 60 })) }),
  run({ seconds = 60 }, around) {
    const route = around.route()
    const conf = { cache_strategy: 'memory', cache_zone: 'memory_cache', cache_ttl: seconds, cache_http_status: [200] }
    const hit = {
      title: 'the second call comes from the cache',
      ...probeOf(route.value),
      expect: { header: { name: 'Apisix-Cache-Status', value: 'HIT' } },
      repeat: 2,
    }
    return { changes: withPlugins(route, { 'proxy-cache': conf }, around), expectations: [hit] }
  },
})
