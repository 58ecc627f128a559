// Limits how many requests of a key are served at the same time. Those between `conn` and `conn + burst` wait, the longer the more there are;
// those beyond are refused. A place is given back when the request has ended, whatever its end was.
import { randomUUID } from 'node:crypto'
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PhaseResult, type PluginEnv, type PluginInstance } from '../gateway/plugin.ts'
import { type LimitStore, limitStore } from '../lib/limit-store.ts'
import { redisConditions } from '../lib/redis-settings.ts'
import { countOrTemplate } from '../lib/schema-types.ts'
import {
  combined,
  holdBack,
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

const conn = countOrTemplate('Connections', 'requests that are served at the same time')
const burst = Type.Unsafe<number | string>({
  oneOf: [{ type: 'integer', minimum: 0 }, { type: 'string' }],
  title: 'Burst',
  description: 'requests beyond `conn` that wait; more are refused',
  examples: [10],
})

const POLICIES = ['redis', 'redis-cluster'] as const

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
  key_type: keyTypeField(['var', 'var_combination']),
  key_ttl: Type.Integer({
    title: 'Time to live',
    description: 'seconds after which a place in Redis that was never given back is free again',
    minimum: 1,
    default: 3600,
    examples: [600],
  }),
  rules: Type.Optional(
    Type.Array(
      Type.Object({
        conn,
        burst,
        key: ruleKeyField,
      }),
      {
        title: 'Rules',
        description:
          'several limits at once, instead of conn and burst; those whose variables are absent are left out, a request without any is answered with 500',
        examples: [[{ conn: 10, burst: 5, key: '$remote_addr' }]],
      },
    ),
  ),
  policy: policyField('places', ['local', ...POLICIES]),
  ...rejectionFields,
})
type Conf = Static<typeof schema>

interface Limit {
  conn: number | string
  burst: number | string
  /** Undefined: the limit does not apply to this request. */
  key(ctx: Exchange): string | undefined
}

/** A limit as it is for one request. */
interface Told {
  key: string
  places: number
  waiting: number
}

export default definePlugin<Conf>({
  name: 'limit-conn',
  version: 0.1,
  priority: 1003,
  schema: Type.Partial(schema, {
    required: ['default_conn_delay'],
    ...redisConditions(POLICIES),
  }),
  encrypted: REDIS_SECRETS,
  check(conf, kind) {
    if (kind !== 'plugin') return
    const fault = rulesFault(conf, ['conn', 'burst'])
    if (fault !== undefined) throw new Error(fault)
  },
  setup: (conf, env) => new Places(conf, env),
})

class Places implements PluginInstance {
  readonly #conf: Conf
  readonly #store: LimitStore
  readonly #limits: Limit[]
  readonly #uncounted: Uncounted
  readonly #scope: string
  readonly #ended: () => number | string
  /** Tells our places from those of other threads and gateways. */
  readonly #name = randomUUID()
  #taken = 0

  constructor(conf: Conf, env: PluginEnv) {
    this.#conf = conf
    this.#store = limitStore(conf, { shared: env.shared, now: env.now, placeSeconds: conf.key_ttl })
    this.#uncounted = uncounted(env, 'limit-conn', conf)
    this.#scope = `limit-conn ${scopeOf(env, conf)}`
    this.#ended = () => (conf.policy === 'local' ? env.shared.threadsEnded : '')
    this.#limits = conf.rules?.map((rule) => ({ ...rule, key: (ctx) => combined(ctx, rule.key) })) ?? [
      { conn: conf.conn as number, burst: conf.burst as number, key: (ctx) => readKey(ctx, conf) },
    ]
  }

  access(ctx: Exchange): PhaseResult | Promise<PhaseResult> {
    // Places of a thread that has ended by itself are never given back: all is counted anew then.
    const scope = `${this.#scope} ${this.#ended()}`
    const told: Told[] = []
    for (const [index, limit] of this.#limits.entries()) {
      const value = limit.key(ctx)
      if (value === undefined) continue
      const places = toNumber(ctx, limit.conn, 1)
      const waiting = toNumber(ctx, limit.burst, 0)
      if (places === undefined || waiting === undefined)
        return this.#uncounted.undecided('conn or burst is not an integer')
      told.push({ key: `${scope} ${index} ${value}`, places, waiting })
    }
    return told.length ? this.#from(ctx, told, 0) : this.#uncounted.undecided('none of the rules applies to it')
  }

  log(ctx: Exchange): void {
    for (const { key, token } of ctx.get<Place[]>(this) ?? []) this.#giveBack(key, token)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** Takes a place at the limits from this one on. A refusal gives back, in the log phase, what was taken before. */
  #from(ctx: Exchange, told: readonly Told[], start: number): PhaseResult | Promise<PhaseResult> {
    const limit = told[start]
    if (!limit) return undefined
    const place = { key: limit.key, token: `${this.#name} ${this.#taken++}` }
    const next = (): PhaseResult | Promise<PhaseResult> => this.#from(ctx, told, start + 1)
    const entered = (inside: number): PhaseResult | Promise<PhaseResult> =>
      this.#entered(ctx, place, inside - limit.places, inside > 0, next)
    const inside = this.#store.enter(place.key, place.token, limit.places + limit.waiting)
    if (inside instanceof Promise) return inside.then(entered, (error) => this.#uncounted.outOfReach(error) ?? next())
    return entered(inside)
  }

  /** `beyond`: how many there are more than `conn`. */
  #entered(
    ctx: Exchange,
    place: Place,
    beyond: number,
    allowed: boolean,
    next: () => PhaseResult | Promise<PhaseResult>,
  ): PhaseResult | Promise<PhaseResult> {
    if (!allowed) return refusalOf(this.#conf)
    if (ctx.finished) {
      this.#giveBack(place.key, place.token) // the client went away while Redis was asked
      return undefined
    }
    const taken = ctx.get<Place[]>(this)
    if (taken) taken.push(place)
    else ctx.set(this, [place])
    if (beyond <= 0) return next()
    const { default_conn_delay: seconds, only_use_default_delay: same } = this.#conf
    const waitMs = seconds * 1000 * (same ? 1 : beyond)
    return holdBack(waitMs).then(next)
  }

  #giveBack(key: string, token: string): void {
    const left = this.#store.leave(key, token)
    if (left instanceof Promise) left.catch(this.#uncounted.outOfReach)
  }
}

interface Place {
  key: string
  token: string
}
