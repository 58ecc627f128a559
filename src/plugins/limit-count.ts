// Limits how many requests a key may make in a window of time. Counts are kept in memory that all threads share, so that one limit holds for
// the whole process. Fixed windows begin with a key's first request; sliding ones weigh the window before by what is left of it.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { interpolate, variable } from '../gateway/variables.ts'
import { type Counted, countFixed, countSliding } from '../lib/limit-window.ts'
import { countOrTemplate, oneOfTexts } from '../lib/schema-types.ts'

const rule = Type.Object({
  count: countOrTemplate('Count', 'requests in a window; `$variable` is resolved for each request'),
  time_window: countOrTemplate('Window', 'seconds; `$variable` is resolved for each request'),
  key: Type.String({ title: 'Key', description: 'what is counted by, with variables', examples: ['$remote_addr'] }),
  header_prefix: Type.Optional(
    Type.String({ title: 'Header prefix', description: 'put into the names of the quota headers', examples: ['user'] }),
  ),
})

const schema = Type.Object({
  count: Type.Optional(countOrTemplate('Count', 'requests in a window; `$variable` is resolved for each request')),
  time_window: Type.Optional(countOrTemplate('Window', 'seconds; `$variable` is resolved for each request')),
  rules: Type.Optional(
    Type.Array(rule, {
      title: 'Rules',
      description: 'several limits at once, instead of count and time_window',
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
  key_type: oneOfTexts(['var', 'var_combination', 'constant'], {
    title: 'Key type',
    description: 'how `key` is read',
    default: 'var',
    examples: ['var_combination'],
  }),
  rejected_code: Type.Integer({
    title: 'Rejected code',
    description: 'status of a refusal',
    minimum: 200,
    maximum: 599,
    default: 503,
    examples: [429],
  }),
  rejected_msg: Type.Optional(
    Type.String({
      title: 'Rejected message',
      description: 'message of a refusal',
      minLength: 1,
      examples: ['slow down'],
    }),
  ),
  policy: oneOfTexts(['local'], {
    title: 'Policy',
    description: 'where counts are kept: in this process',
    default: 'local',
    examples: ['local'],
  }),
  allow_degradation: Type.Boolean({
    title: 'Allow degradation',
    description: 'let requests pass when a count cannot be had',
    default: false,
    examples: [true],
  }),
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
type Conf = Static<typeof schema>

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
    description: 'header with the seconds to the next window',
    default: 'X-RateLimit-Reset',
    examples: ['RateLimit-Reset'],
  }),
})
type HeaderNames = Static<typeof metadataSchema>

export default definePlugin<Conf>({
  name: 'limit-count',
  version: 0.5,
  priority: 1002,
  schema: Type.Partial(schema),
  metadataSchema: Type.Partial(metadataSchema),
  check(conf, kind) {
    if (kind === 'metadata') return
    if (conf.rules && (conf.count !== undefined || conf.time_window !== undefined)) {
      throw new Error('count/time_window and rules cannot be specified at the same time')
    }
    if (!conf.rules && (conf.count === undefined || conf.time_window === undefined)) {
      throw new Error('value should match only one schema, but matches none')
    }
  },
  setup(conf, env) {
    const limits = conf.rules ? conf.rules.map((one, i) => fromRule(one, i, conf, env)) : [fromCount(conf, env)]
    const body = conf.rejected_msg === undefined ? undefined : { error_msg: conf.rejected_msg }
    const names = headerNames(env)
    return {
      access(ctx) {
        for (const limit of limits) {
          const outcome = check(ctx, limit, conf, env)
          if (outcome === 'unknown') {
            if (conf.allow_degradation) continue
            return { status: 500 }
          }
          if (outcome === undefined) continue
          const headers = conf.show_limit_quota_header ? quotaHeaders(names(), limit.prefix, outcome) : undefined
          if (outcome.allowed) {
            if (headers) remember(ctx, this, headers)
            continue
          }
          return { status: conf.rejected_code, headers, body } satisfies Reply
        }
        return undefined
      },
      header_filter(ctx) {
        const headers = ctx.get<[string, string][]>(this)
        for (const [name, value] of headers ?? []) ctx.response.headers.set(name, value)
      },
    }
  },
})

interface Limit {
  count: number | string
  window: number | string
  /** Identity of the counter; undefined: the rule does not apply to this request. */
  key(ctx: Exchange): string | undefined
  prefix: string | undefined
}

function fromCount(conf: Conf, env: PluginEnv): Limit {
  const scope = conf.group ? `group ${conf.group}` : `${env.owner.kind}/${env.owner.id} ${env.owner.version}`
  return {
    count: conf.count as number | string,
    window: conf.time_window as number | string,
    key: (ctx) => `limit-count ${scope} ${readKey(ctx, conf)}`,
    prefix: undefined,
  }
}

function fromRule(one: Static<typeof rule>, index: number, conf: Conf, env: PluginEnv): Limit {
  const scope = conf.group ? `group ${conf.group}` : `${env.owner.kind}/${env.owner.id} ${env.owner.version}`
  return {
    count: one.count,
    window: one.time_window,
    key: (ctx) => {
      const value = interpolate(ctx, one.key)
      return value === '' ? undefined : `limit-count ${scope} ${index} ${value}`
    },
    prefix: one.header_prefix ?? String(index + 1),
  }
}

/** An absent variable counts by client address, as in APISIX. */
function readKey(ctx: Exchange, conf: Conf): string {
  if (conf.key_type === 'constant') return conf.key
  if (conf.key_type === 'var_combination') return interpolate(ctx, conf.key) || ctx.remoteAddr
  const name = conf.key.startsWith('$') ? conf.key.slice(1) : conf.key
  const value = name === 'remote_addr' ? ctx.remoteAddr : variable(ctx, name)
  return value === undefined || value === '' ? ctx.remoteAddr : String(value)
}

/** undefined: the limit does not apply; 'unknown': its numbers cannot be had. */
function check(
  ctx: Exchange,
  limit: Limit,
  conf: Conf,
  env: PluginEnv,
): (Counted & { limit: number }) | 'unknown' | undefined {
  const key = limit.key(ctx)
  if (key === undefined) return undefined
  const count = toNumber(ctx, limit.count)
  const window = toNumber(ctx, limit.window)
  if (count === undefined || window === undefined) return 'unknown'
  const now = env.now()
  const counted =
    conf.window_type === 'sliding'
      ? countSliding(env.shared, key, count, window * 1000, now)
      : countFixed(env.shared, key, count, window * 1000, now)
  return { ...counted, limit: count }
}

/** `$variable` and `${variable ?? default}`; undefined when it is no positive number. */
function toNumber(ctx: Exchange, written: number | string): number | undefined {
  if (typeof written === 'number') return written
  const withDefault = written.replace(
    /\$\{\s*([a-z0-9_]+)\s*\?\?\s*([^}]*?)\s*\}/gi,
    (_, name: string, fallback: string) => String(variable(ctx, name) ?? fallback),
  )
  const number = Number(interpolate(ctx, withDefault) || Number.NaN)
  return Number.isFinite(number) && number > 0 ? number : undefined
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

function quotaHeaders(
  names: HeaderNames,
  prefix: string | undefined,
  outcome: Counted & { limit: number },
): [string, string][] {
  const named = (name: string): string => (prefix === undefined ? name : name.replace(/^X-/i, `X-${prefix}-`))
  return [
    [named(names.limit_header), String(outcome.limit)],
    [named(names.remaining_header), String(outcome.remaining)],
    [named(names.reset_header), String(Math.ceil(outcome.resetMs / 1000))],
  ]
}

function remember(ctx: Exchange, key: object, headers: [string, string][]): void {
  const before = ctx.get<[string, string][]>(key)
  if (before) before.push(...headers)
  else ctx.set(key, headers)
}
