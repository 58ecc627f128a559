// Limits how many requests a key may make in a window of time. Counts are kept in memory that all threads share, or in Redis for all nodes; with
// `sync_interval` they are settled with Redis from time to time. Fixed windows begin with a key's first request; sliding ones weigh the window before
// by what is left of it. A log finds what was counted last in `$rate_limiting_info`, as JSON.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PhaseResult, type PluginEnv, type PluginInstance, type Reply } from '../gateway/plugin.ts'
import { RATE_LIMIT, type RateLimit } from '../gateway/variables.ts'
import { checkName } from '../lib/header-fields.ts'
import { type LimitStore, limitStore, type Window } from '../lib/limit-store.ts'
import type { Counted } from '../lib/limit-window.ts'
import { redisConditions } from '../lib/redis-settings.ts'
import { countOrTemplate, oneOfTexts } from '../lib/schema-types.ts'
import {
  combined,
  keyTypeField,
  policyField,
  REDIS_SECRETS,
  readKey,
  refusalOf,
  rejectionFields,
  ruleKeyField,
  rulesFault,
  scopeOf,
  toNumber,
  type Uncounted,
  uncounted,
} from './limiting/fields.ts'

const POLICIES = ['redis', 'redis-cluster', 'redis-sentinel'] as const

const count = countOrTemplate('Count', 'requests in a window; `$variable` is resolved for each request')
const time_window = countOrTemplate('Window', 'seconds; `$variable` is resolved for each request')

const rule = Type.Object({
  count,
  time_window,
  key: ruleKeyField,
  header_prefix: Type.Optional(
    Type.String({ title: 'Header prefix', description: 'put into the names of the quota headers', examples: ['user'] }),
  ),
})

const schema = Type.Object({
  count: Type.Optional(count),
  time_window: Type.Optional(time_window),
  rules: Type.Optional(
    Type.Array(rule, {
      title: 'Rules',
      description:
        'several limits at once, instead of count and time_window; those whose variables are absent are left out, a request without any is answered with 500',
      examples: [[{ count: 10, time_window: 60, key: '$remote_addr' }]],
    }),
  ),
  group: Type.Optional(
    Type.String({ title: 'Group', description: 'configurations of one group share their counts', examples: ['shop'] }),
  ),
  key: Type.String({
    title: 'Key',
    description: 'variable, combination of variables, or constant that is counted by',
    default: 'remote_addr',
    examples: ['consumer_name'],
  }),
  key_type: keyTypeField(['var', 'var_combination', 'constant']),
  policy: policyField('counts', ['local', ...POLICIES]),
  sync_interval: Type.Number({
    title: 'Interval',
    description:
      'seconds between two settlements with Redis, requests in between are counted here; -1: each asks Redis',
    default: -1,
    examples: [0.5],
  }),
  ...rejectionFields,
  show_limit_quota_header: Type.Boolean({
    title: 'Quota headers',
    description: 'send X-RateLimit headers',
    default: true,
    examples: [false],
  }),
  window_type: oneOfTexts(['fixed', 'sliding'], {
    title: 'Window type',
    description: 'fixed or sliding window',
    default: 'fixed',
    examples: ['sliding'],
  }),
})
type Conf = Static<typeof schema> & { _vid?: number }

const metadataSchema = Type.Object({
  limit_header: Type.String({
    title: 'Limit header',
    description: 'header with the limit',
    default: 'X-RateLimit-Limit',
    examples: ['RateLimit-Limit'],
  }),
  remaining_header: Type.String({
    title: 'Remaining header',
    description: 'header with what is left',
    default: 'X-RateLimit-Remaining',
    examples: ['RateLimit-Remaining'],
  }),
  reset_header: Type.String({
    title: 'Reset header',
    description: 'header with the seconds to the next window, in hundredths',
    default: 'X-RateLimit-Reset',
    examples: ['RateLimit-Reset'],
  }),
})
type HeaderNames = Static<typeof metadataSchema>

const LEAST_INTERVAL_SECONDS = 0.1

export default definePlugin<Conf>({
  name: 'limit-count',
  version: 0.5,
  priority: 1002,
  schema: Type.Partial(schema, redisConditions(POLICIES)),
  metadataSchema: Type.Partial(metadataSchema),
  encrypted: REDIS_SECRETS,
  agreeBy: 'group',
  check(conf, kind) {
    if (kind === 'metadata') {
      for (const [property, name] of Object.entries(conf))
        if (property.endsWith('_header')) checkName(property, String(name))
      return
    }
    for (const one of conf.rules ?? []) checkName('header_prefix', one.header_prefix)
    const fault = rulesFault(conf, ['count', 'time_window']) ?? intervalFault(conf)
    if (fault !== undefined) throw new Error(fault)
  },
  setup: (conf, env) => new Counts(conf, env),
})

/** Counts here are settled with Redis within a window, or each window would begin anew unsettled. */
function intervalFault({
  policy = 'local',
  sync_interval: seconds = -1,
  time_window: window,
}: Conf): string | undefined {
  if (policy === 'local' || seconds === -1) return undefined
  if (seconds < LEAST_INTERVAL_SECONDS) return `sync_interval should not be smaller than ${LEAST_INTERVAL_SECONDS}`
  if (typeof window === 'number' && seconds >= window) return 'sync_interval should be smaller than time_window'
  return undefined
}

interface Limit {
  count: number | string
  window: number | string
  /** Identity of the counter; undefined: the rule does not apply to this request. */
  key(ctx: Exchange): string | undefined
  prefix: string | undefined
}

/** A limit as it is for one request. */
interface Told {
  key: string
  window: Window
  prefix: string | undefined
}

class Counts implements PluginInstance {
  readonly #conf: Conf
  readonly #store: LimitStore
  readonly #limits: Limit[]
  readonly #names: () => HeaderNames
  readonly #uncounted: Uncounted

  constructor(conf: Conf, env: PluginEnv) {
    this.#conf = conf
    this.#store = limitStore(conf, { shared: env.shared, now: env.now, syncSeconds: conf.sync_interval })
    this.#names = headerNames(env)
    this.#uncounted = uncounted(env, 'limit-count', conf)
    const scope = `limit-count ${conf.group ? `group ${conf.group}` : scopeOf(env, conf)}`
    this.#limits = conf.rules?.map((one, index) => fromRule(one, index, scope)) ?? [fromCount(conf, scope)]
  }

  access(ctx: Exchange): PhaseResult | Promise<PhaseResult> {
    const sliding = this.#conf.window_type === 'sliding'
    const told: Told[] = []
    for (const { key: keyOf, count, window, prefix } of this.#limits) {
      const key = keyOf(ctx)
      if (key === undefined) continue
      const limit = toNumber(ctx, count, 1)
      const seconds = toNumber(ctx, window, 1)
      if (limit === undefined || seconds === undefined)
        return this.#uncounted.undecided('count or time_window is not an integer from 1 on')
      told.push({ key, window: { limit, lengthMs: seconds * 1000, sliding }, prefix })
    }
    return told.length ? this.#from(ctx, told, 0) : this.#uncounted.undecided('none of the rules applies to it')
  }

  header_filter(ctx: Exchange): void {
    const headers = ctx.get<[string, string][]>(this)
    for (const [name, value] of headers ?? []) ctx.response.headers.set(name, value)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** Counts at the limits from this one on, up to the first that refuses. */
  #from(ctx: Exchange, told: readonly Told[], start: number): PhaseResult | Promise<PhaseResult> {
    for (let i = start; i < told.length; i++) {
      const limit = told[i] as Told
      const counted = this.#store.count(limit.key, limit.window)
      if (counted instanceof Promise) {
        const next = (): PhaseResult | Promise<PhaseResult> => this.#from(ctx, told, i + 1)
        return counted.then(
          (one) => this.#decide(ctx, limit, one) ?? next(),
          (error) => this.#uncounted.outOfReach(error) ?? next(),
        )
      }
      const refusal = this.#decide(ctx, limit, counted)
      if (refusal) return refusal
    }
    return undefined
  }

  #decide(ctx: Exchange, { key, window, prefix }: Told, counted: Counted): Reply | undefined {
    const { remaining, resetMs } = counted
    const told: RateLimit = { key, limit: window.limit, remaining, resetSeconds: Math.ceil(resetMs / 10) / 100 }
    ctx.set(RATE_LIMIT, told)
    const shown = this.#conf.show_limit_quota_header
    const headers = shown ? quotaHeaders(this.#names(), prefix, told) : undefined
    if (!counted.allowed) return { ...refusalOf(this.#conf), ...(headers ? { headers } : {}) }
    if (headers) remember(ctx, this, headers)
    return undefined
  }
}

function fromCount(conf: Conf, scope: string): Limit {
  return {
    count: conf.count as number | string,
    window: conf.time_window as number | string,
    key: (ctx) => `${scope} ${readKey(ctx, conf)}`,
    prefix: undefined,
  }
}

function fromRule(one: Static<typeof rule>, index: number, scope: string): Limit {
  return {
    count: one.count,
    window: one.time_window,
    key: (ctx) => {
      const value = combined(ctx, one.key)
      return value === undefined ? undefined : `${scope} ${index} ${value}`
    },
    prefix: one.header_prefix ?? String(index + 1),
  }
}

function headerNames(env: PluginEnv): () => HeaderNames {
  const defaults: HeaderNames = {
    limit_header: 'X-RateLimit-Limit',
    remaining_header: 'X-RateLimit-Remaining',
    reset_header: 'X-RateLimit-Reset',
  }
  let from: object | undefined
  let names = defaults
  return () => {
    const metadata = env.metadata()
    if (metadata !== from) {
      from = metadata
      names = { ...defaults, ...metadata }
    }
    return names
  }
}

function quotaHeaders(names: HeaderNames, prefix: string | undefined, told: RateLimit): [string, string][] {
  const named = (name: string): string =>
    prefix === undefined ? name : name.replace('RateLimit-', () => `${prefix}-RateLimit-`)
  return [
    [named(names.limit_header), String(told.limit)],
    [named(names.remaining_header), String(told.remaining)],
    [named(names.reset_header), String(told.resetSeconds)],
  ]
}

function remember(ctx: Exchange, key: object, headers: [string, string][]): void {
  const before = ctx.get<[string, string][]>(key)
  if (before) before.push(...headers)
  else ctx.set(key, headers)
}
