// Limits the rate of requests by a leaky bucket for each key: what exceeds the rate waits, what exceeds the burst is refused. The bucket is in
// memory that all threads share, or in Redis for all nodes.
import Type, { type Static } from 'typebox'
import { definePlugin, type PhaseResult } from '../gateway/plugin.ts'
import { limitStore } from '../lib/limit-store.ts'
import { redisConditions } from '../lib/redis-settings.ts'
import {
  holdBack,
  keyTypeField,
  policyField,
  REDIS_SECRETS,
  readKey,
  refusalOf,
  rejectionFields,
  scopeOf,
  uncounted,
} from './limiting/fields.ts'

const POLICIES = ['redis', 'redis-cluster'] as const

const schema = Type.Object({
  rate: Type.Number({
    title: 'Rate',
    description: 'requests a second that pass without waiting',
    exclusiveMinimum: 0,
    examples: [10],
  }),
  burst: Type.Number({
    title: 'Burst',
    description: 'requests that may wait; more are refused',
    minimum: 0,
    examples: [5],
  }),
  key: Type.String({
    title: 'Key',
    description: 'variable, or combination of variables, that is counted by',
    examples: ['remote_addr'],
  }),
  key_type: keyTypeField(['var', 'var_combination']),
  nodelay: Type.Boolean({
    title: 'No delay',
    description: 'requests within the burst pass at once',
    default: false,
    examples: [true],
  }),
  policy: policyField('counts', ['local', ...POLICIES]),
  ...rejectionFields,
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'limit-req',
  version: 0.1,
  priority: 1001,
  schema: Type.Partial(schema, {
    required: ['rate', 'burst', 'key'],
    ...redisConditions(POLICIES),
  }),
  encrypted: REDIS_SECRETS,
  setup(conf, env) {
    const store = limitStore(conf, env)
    const scope = `limit-req ${scopeOf(env, conf)}`
    const bucket = { ratePerSecond: conf.rate, burst: conf.burst }
    const refusal = refusalOf(conf)
    const { outOfReach } = uncounted(env, 'limit-req', conf)
    const decide = (waitMs: number | undefined): PhaseResult | Promise<undefined> => {
      if (waitMs === undefined) return refusal
      if (waitMs < 1 || conf.nodelay) return undefined
      return holdBack(waitMs)
    }
    return {
      access(ctx) {
        const waitMs = store.fill(`${scope} ${readKey(ctx, conf)}`, bucket)
        return waitMs instanceof Promise ? waitMs.then(decide, outOfReach) : decide(waitMs)
      },
      close: () => store.close(),
    }
  },
})
