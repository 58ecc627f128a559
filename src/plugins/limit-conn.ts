// Limits how many requests of a key are served at the same time. Those between `conn` and `conn + burst` wait, the longer the more there are;
// those beyond are refused. A place is given back when the request has ended, whatever its end was.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PhaseResult, type PluginEnv, type PluginInstance } from '../gateway/plugin.ts'
import { type LimitStore, limitStore } from '../lib/limit-store.ts'
import { redisConditions } from '../lib/redis-settings.ts'
import { countOrTemplate, oneOfTexts } from '../lib/schema-types.ts'
import {
  combined,
  outOfReach,
  REDIS_SECRETS,
  readKey,
  refusalOf,
  rejectionFields,
  scopeOf,
  toNumber,
} from './limiting/fields.ts'

const conn = countOrTemplate('Connections', 'requests that are served at the same time')
const burst = Type.Unsafe<number | string>({
  oneOf: [{ type: 'integer', minimum: 0 }, { type: 'string' }],
  title: 'Burst',
  description: 'requests beyond `conn` that wait; more are refused',
  examples: [10],
})

const schema = Type.Object({
  conn: Type.Optional(conn),
  burst: Type.Optional(burst),
  default_conn_delay: Type.Number({
    title: 'Delay',
    description: 'seconds that the first request beyond `conn` waits',
    exclusiveMinimum: 0,
    examples: [0.1],
  }),
  only_use_default_delay: Type.Boolean({
    title: 'Same delay',
    description: 'all requests beyond `conn` wait equally long; else each waits longer than the one before',
    default: false,
    examples: [true],
  }),
  key: Type.String({
    title: 'Key',
    description: 'variable, or combination of variables, that is counted by',
    default: 'remote_addr',
    examples: ['consumer_name'],
  }),
  key_type: oneOfTexts(['var', 'var_combination'], {
    title: 'Key type',
    description: 'how `key` is read',
    default: 'var',
    examples: ['var_combination'],
  }),
  key_ttl: Type.Integer({
    title: 'Time to live',
    description: 'seconds after which a place that was never given back is free again',
    minimum: 1,
    default: 3600,
    examples: [600],
  }),
  rules: Type.Optional(
    Type.Array(
      Type.Object({
        conn,
        burst,
        key: Type.String({
          title: 'Key',
          description: 'what is counted by, with variables',
          examples: ['$remote_addr'],
        }),
      }),
      {
        title: 'Rules',
        description: 'several limits at once, instead of conn and burst',
        examples: [[{ conn: 10, burst: 5, key: '$remote_addr' }]],
      },
    ),
  ),
  policy: oneOfTexts(['local', 'redis', 'redis-cluster'], {
    title: 'Policy',
    description: 'where places are kept: in this process, or in Redis for all nodes',
    default: 'local',
    examples: ['redis'],
  }),
  ...rejectionFields,
})
type Conf = Static<typeof schema>

interface Limit {
  conn: number | string
  burst: number | string
  /** Undefined: the limit does not apply to this request. */
  key(ctx: Exchange): string | undefined
}

export default definePlugin<Conf>({
  name: 'limit-conn',
  version: 0.1,
  priority: 1003,
  schema: Type.Partial(schema, {
    required: ['default_conn_delay'],
    ...redisConditions(['redis', 'redis-cluster']),
  }),
  encrypted: REDIS_SECRETS,
  check(conf, kind) {
    if (kind !== 'plugin') return
    if (conf.rules && (conf.conn !== undefined || conf.burst !== undefined))
      throw new Error('conn/burst and rules cannot be specified at the same time')
    if (!conf.rules && (conf.conn === undefined || conf.burst === undefined))
      throw new Error('value should match only one schema, but matches none')
  },
  setup: (conf, env) => new Places(conf, env),
})

class Places implements PluginInstance {
  readonly #conf: Conf
  readonly #store: LimitStore
  readonly #limits: Limit[]
  readonly #fail: ReturnType<typeof outOfReach>
  readonly #scope: string
  /** Tells our places from those of other threads and gateways. */
  readonly #name = randomUUID()
  #taken = 0

  constructor(conf: Conf, env: PluginEnv) {
    this.#conf = conf
    this.#store = limitStore(conf, { shared: env.shared, now: env.now, placeSeconds: conf.key_ttl })
    this.#fail = outOfReach(env, 'limit-conn', conf)
    this.#scope = `limit-conn ${scopeOf(env, conf)}`
    this.#limits = conf.rules?.map((rule) => ({ ...rule, key: (ctx) => combined(ctx, rule.key) })) ?? [
      { conn: conf.conn as number, burst: conf.burst as number, key: (ctx) => readKey(ctx, conf) },
    ]
  }

  access(ctx: Exchange): PhaseResult | Promise<PhaseResult> {
    return this.#from(ctx, 0)
  }

  log(ctx: Exchange): void {
    for (const { key, token } of ctx.get<Place[]>(this) ?? []) this.#giveBack(key, token)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** Takes a place at the limits from this one on. A refusal gives back, in the log phase, what was taken before. */
  #from(ctx: Exchange, start: number): PhaseResult | Promise<PhaseResult> {
    for (let i = start; i < this.#limits.length; i++) {
      const limit = this.#limits[i] as Limit
      const value = limit.key(ctx)
      if (value === undefined) continue
      const places = toNumber(ctx, limit.conn, 1)
      const waiting = toNumber(ctx, limit.burst, 0)
      if (places === undefined || waiting === undefined) {
        if (this.#conf.allow_degradation) continue
        return { status: 500 }
      }
      const place = { key: `${this.#scope} ${i} ${value}`, token: `${this.#name} ${this.#taken++}` }
      const inside = this.#store.enter(place.key, place.token, places + waiting)
      const next = (taken: number): PhaseResult | Promise<PhaseResult> =>
        this.#entered(ctx, place, taken, places, i + 1)
      if (inside instanceof Promise) return inside.then(next, (error) => this.#fail(error) ?? this.#from(ctx, i + 1))
      return next(inside)
    }
    return undefined
  }

  #entered(
    ctx: Exchange,
    place: Place,
    inside: number,
    places: number,
    next: number,
  ): PhaseResult | Promise<PhaseResult> {
    if (inside === 0) return refusalOf(this.#conf)
    if (ctx.finished) {
      this.#giveBack(place.key, place.token) // the client went away while Redis was asked
      return undefined
    }
    const taken = ctx.get<Place[]>(this)
    if (taken) taken.push(place)
    else ctx.set(this, [place])
    if (inside <= places) return this.#from(ctx, next)
    const { default_conn_delay: seconds, only_use_default_delay: same } = this.#conf
    const waitMs = seconds * 1000 * (same ? 1 : inside - places)
    return sleep(waitMs).then(() => this.#from(ctx, next))
  }

  #giveBack(key: string, token: string): void {
    const left = this.#store.leave(key, token)
    if (left instanceof Promise) left.catch(this.#fail)
  }
}

interface Place {
  key: string
  token: string
}
