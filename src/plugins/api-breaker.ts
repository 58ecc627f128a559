// Stops sending requests to an upstream that keeps failing: after `unhealthy.failures` bad answers the uri is broken for 2 seconds, then 4, 8, ...
// up to `max_breaker_sec`, until `healthy.successes` good answers have come. All threads share what they have seen of a host and uri.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'
import { interpolateField } from '../gateway/variables.ts'
import { checkFields } from '../lib/header-fields.ts'
import type { Slot } from '../lib/shared-table.ts'

const unhealthy = {
  http_statuses: Type.Array(Type.Integer({ minimum: 500, maximum: 599 }), {
    title: 'Statuses',
    description: 'statuses that count as failures',
    minItems: 1,
    uniqueItems: true,
    default: [500],
    examples: [[500, 503]],
  }),
  failures: Type.Integer({
    title: 'Failures',
    description: 'failures until it breaks',
    minimum: 1,
    default: 3,
    examples: [3],
  }),
}
const healthy = {
  http_statuses: Type.Array(Type.Integer({ minimum: 200, maximum: 499 }), {
    title: 'Statuses',
    description: 'statuses that count as successes',
    minItems: 1,
    uniqueItems: true,
    default: [200],
    examples: [[200]],
  }),
  successes: Type.Integer({
    title: 'Successes',
    description: 'successes until all failures are forgotten',
    minimum: 1,
    default: 3,
    examples: [1],
  }),
}

const schema = Type.Object({
  break_response_code: Type.Integer({
    title: 'Status',
    description: 'status of the answer while it is broken',
    minimum: 200,
    maximum: 599,
    examples: [502],
  }),
  break_response_body: Type.Optional(
    Type.String({ title: 'Body', description: 'body of the answer while it is broken', examples: ['try again later'] }),
  ),
  break_response_headers: Type.Optional(
    Type.Array(
      Type.Object({
        key: Type.String({ title: 'Name', description: 'name of a header', minLength: 1, examples: ['Retry-After'] }),
        value: Type.String({
          title: 'Value',
          description: 'its value, with variables',
          minLength: 1,
          examples: ['10'],
        }),
      }),
      {
        title: 'Headers',
        description: 'headers of the answer while it is broken',
        examples: [[{ key: 'Retry-After', value: '10' }]],
      },
    ),
  ),
  max_breaker_sec: Type.Integer({
    title: 'Longest break',
    description: 'seconds that a break lasts at most',
    minimum: 3,
    default: 300,
    examples: [60],
  }),
  unhealthy: Type.Object(unhealthy),
  healthy: Type.Object(healthy),
})
type Conf = Static<typeof schema>

/** As it is written: what has a default may be absent. */
const written = Type.Object({
  ...schema.properties,
  unhealthy: Type.Partial(Type.Object(unhealthy), {
    title: 'Unhealthy',
    description: 'when it breaks',
    default: { http_statuses: [500], failures: 3 },
    examples: [{ http_statuses: [500, 503], failures: 3 }],
  }),
  healthy: Type.Partial(Type.Object(healthy), {
    title: 'Healthy',
    description: 'when it is whole again',
    default: { http_statuses: [200], successes: 3 },
    examples: [{ http_statuses: [200], successes: 1 }],
  }),
})

/** Failures are forgotten when none has come for this long. */
const REMEMBERED_MS = 24 * 3600 * 1000

export default definePlugin<Conf>({
  name: 'api-breaker',
  version: 0.1,
  priority: 1005,
  schema: Type.Partial(written, { required: ['break_response_code'] }),
  check(conf) {
    for (const { key, value } of conf.break_response_headers ?? [])
      checkFields('break_response_headers', { [key]: value })
  },
  setup(conf, env) {
    const bad = new Set(conf.unhealthy.http_statuses)
    const good = new Set(conf.healthy.http_statuses)
    const { failures } = conf.unhealthy
    const breakMs = (count: number): number =>
      Math.min(2 ** Math.max(1, Math.ceil(count / failures)), conf.max_breaker_sec) * 1000

    /** In the slot: `a` failures, `b` when it broke last (0: never). */
    const fail = (key: string, now: number): void =>
      env.shared.update(key, now, (slot) => {
        slot.a++
        if (slot.a % failures === 0) slot.b = now
        slot.expiresAt = now + REMEMBERED_MS
      })
    /** Successes count only after a failure. A slot that expires at once is forgotten. */
    const succeed = (key: string, now: number): void => {
      const enough = env.shared.update(successesOf(key), now, (slot) => {
        slot.a++
        const whole = slot.a >= conf.healthy.successes
        slot.expiresAt = whole ? now : now + REMEMBERED_MS
        return whole
      })
      if (enough) forget(key, now)
    }
    const forget = (key: string, now: number): void => {
      if (env.shared.read(key, now)) env.shared.update(key, now, expire(now))
    }

    return {
      access(ctx) {
        const now = env.now()
        const seen = env.shared.read(keyOf(ctx), now)
        return seen && seen.b > 0 && seen.b + breakMs(seen.a) >= now ? toReply(ctx, conf) : undefined
      },
      log(ctx) {
        const status = ctx.upstreamTries[ctx.upstreamTries.length - 1]?.status
        if (status === undefined) return
        const now = env.now()
        const key = keyOf(ctx)
        if (bad.has(status)) {
          fail(key, now)
          forget(successesOf(key), now)
        } else if (good.has(status) && env.shared.read(key, now)) succeed(key, now)
      },
    }
  },
})

function expire(now: number): (slot: Slot) => void {
  return (slot) => {
    slot.expiresAt = now
  }
}

function keyOf(ctx: Exchange): string {
  return `api-breaker ${ctx.request.host}${ctx.request.path}`
}

function successesOf(key: string): string {
  return `${key} successes`
}

function toReply(ctx: Exchange, conf: Conf): Reply {
  const headers = conf.break_response_headers?.map(({ key, value }): [string, string] => [
    key,
    interpolateField(ctx, value),
  ])
  return {
    status: conf.break_response_code,
    ...(headers ? { headers } : {}),
    ...(conf.break_response_body === undefined ? {} : { body: conf.break_response_body }),
  }
}
