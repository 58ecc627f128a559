// What a session is by its settings: how its cookie is set, how long it lasts, and what of the login it keeps.
//
// `absolute_timeout` counts from the login. The other two end a session that is not used: each use may put their end off, and the cookie is then
// written anew, not at each request but when a part of the time has gone.
import Type, { type Static } from 'typebox'
import { oneOfTexts } from '../../lib/schema-types.ts'
import { redisSchema } from './redis.ts'

const LIFETIME_S = 3600
/** An idle session is written anew at most this often, in milliseconds. */
const TOUCH_MS = 60_000
const MAX_S = 31536000

const seconds = (title: string, description: string) =>
  Type.Optional(Type.Integer({ title, description, minimum: 1, maximum: MAX_S, examples: [900] }))
const text = (title: string, description: string, pattern: string, example: string) =>
  Type.Optional(Type.String({ title, description, pattern, examples: [example] }))
const flag = (title: string, description: string) =>
  Type.Optional(Type.Boolean({ title, description, examples: [true] }))

export const sessionSchema = Type.Object(
  {
    secret: Type.String({
      title: 'Secret',
      description: 'the key of the cookies is made of it; the same on all gateways that share sessions',
      minLength: 16,
      examples: ['a-secret-of-32-random-characters'],
    }),
    cookie_name: text(
      'Name',
      'of the cookie; one of the provider and the client when absent',
      "^[\\w!#$%&'*+.^`|~-]{1,100}$",
      'sid',
    ),
    cookie_path: text(
      'Path',
      'below which browsers send the cookie; / when absent',
      '^/[\\x21-\\x3a\\x3c-\\x7e]*$',
      '/app',
    ),
    cookie_domain: text(
      'Domain',
      'whose hosts get the cookie; this host when absent',
      '^\\.?[A-Za-z0-9.-]+$',
      'example.com',
    ),
    cookie_secure: flag('Secure', 'send the cookie over https only; as the request came when absent'),
    cookie_http_only: flag('HTTP only', 'keep the cookie from scripts; true when absent'),
    cookie_same_site: Type.Optional(
      oneOfTexts(['Strict', 'Lax', 'None', 'Default'], {
        title: 'Same site',
        description:
          'which requests of other sites carry the cookie; Lax when absent. That of a login under way is Lax at least',
        examples: ['Strict'],
      }),
    ),
    absolute_timeout: seconds('Lifetime', 'seconds from the login until a new one is needed; 3600 when absent'),
    idling_timeout: seconds(
      'Idle time',
      'seconds without a request after which a new login is needed; unbounded when absent',
    ),
    rolling_timeout: seconds(
      'Rolling time',
      'seconds that a session lasts unless a request comes in their last quarter; unbounded when absent',
    ),
    cookie: Type.Optional(
      Type.Object(
        { lifetime: seconds('Lifetime', 'an older name of absolute_timeout') },
        {
          title: 'Cookie',
          description: 'how the cookie is set',
          additionalProperties: false,
          examples: [{ lifetime: 86400 }],
        },
      ),
    ),
    storage: Type.Optional(
      oneOfTexts(['cookie', 'redis'], {
        title: 'Storage',
        description: 'where sessions are; in the cookie when absent',
        examples: ['redis'],
      }),
    ),
    redis: Type.Optional(redisSchema),
  },
  {
    title: 'Session',
    description: 'the encrypted session cookie; required unless bearer_only is true',
    additionalProperties: false,
    examples: [{ secret: 'a-secret-of-32-random-characters' }],
  },
)
export type SessionConf = Static<typeof sessionSchema>

export const contentsSchema = Type.Object(
  {
    access_token: flag('Access token', 'with what renews it'),
    id_token: flag('ID token', 'its claims'),
    enc_id_token: flag('Signed ID token', 'the ID token as the provider made it'),
    user: flag('User', 'what the provider says of the user'),
  },
  {
    title: 'What a session keeps',
    description: 'all of it when absent, else only what is true here: the rest is not there for the upstream either',
    additionalProperties: false,
    examples: [{ id_token: true, user: true }],
  },
)

/** Throws when a session cannot be kept in this way. */
export function checkSession(session: SessionConf): void {
  if (session.storage === 'redis' && !session.redis)
    throw new Error('property "session.redis" is required when "session.storage" is redis')
  if (session.cookie_same_site === 'None' && session.cookie_secure === false)
    throw new Error(
      'property "session.cookie_same_site" None needs "session.cookie_secure": browsers refuse the cookie',
    )
}

/** When a session was last known to be used, in milliseconds since the epoch. */
export interface Uses {
  usedAt: number
  rolledAt: number
}

/** Milliseconds from a login to the end of its session. */
export function lifetimeMs({ absolute_timeout, cookie }: SessionConf): number {
  return (absolute_timeout ?? cookie?.lifetime ?? LIFETIME_S) * 1000
}

/** The uses of a session that a request at `now` makes of those before; undefined: it has ended. The same ones: nothing is to be written. */
export function usesAt(
  { idling_timeout: idle, rolling_timeout: rolling }: SessionConf,
  uses: Uses,
  now: number,
): Uses | undefined {
  const [idleMs, rollingMs] = [(idle ?? Number.POSITIVE_INFINITY) * 1000, (rolling ?? Number.POSITIVE_INFINITY) * 1000]
  const [unusedMs, unrolledMs] = [now - uses.usedAt, now - uses.rolledAt]
  if (unusedMs >= idleMs || unrolledMs >= rollingMs) return undefined
  if (unrolledMs >= rollingMs * 0.75) return { usedAt: now, rolledAt: now }
  return unusedMs >= Math.min(TOUCH_MS, idleMs / 4) && idle !== undefined ? { ...uses, usedAt: now } : uses
}
