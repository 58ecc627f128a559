// Sessions in Redis: the browser's cookie names one, Redis holds it, sealed with the same key as cookies are, so that who reads Redis has no tokens.
// What ends a session ends it there too: a copied cookie is worth nothing after the logout.
import { hash, randomBytes } from 'node:crypto'
import Type, { type Static } from 'typebox'
import type { Exchange } from '../../gateway/exchange.ts'
import { acquireRedis, type RedisConnection, redisScript } from '../../lib/redis-connection.ts'
import { withDefaults } from '../../lib/schema-defaults.ts'
import { flag, text } from '../../lib/schema-types.ts'
import type { CookieBox } from './cookies.ts'
import type { Session, Sessions } from './sessions.ts'

const ID_BYTES = 24
const GET = redisScript("return redis.call('GET', KEYS[1])")
const SET = redisScript("return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])")
const DEL = redisScript("return redis.call('DEL', KEYS[1])")

const milliseconds = (title: string, description: string, least: number, otherwise: number) =>
  Type.Integer({ title, description, minimum: least, default: otherwise, examples: [otherwise * 2] })

const LONGEST = 'the longest of the three counts for a connection and for each answer'

const all = Type.Object({
  host: Type.String({
    title: 'Host',
    description: 'address of Redis',
    minLength: 2,
    default: '127.0.0.1',
    examples: ['redis.internal'],
  }),
  port: Type.Integer({ title: 'Port', description: 'port of Redis', minimum: 1, default: 6379, examples: [6380] }),
  username: Type.Optional(text('User', 'user of Redis’s access lists', 'gateway')),
  password: Type.Optional(text('Password', 'password of Redis', '$env://REDIS')),
  database: Type.Integer({
    title: 'Database',
    description: 'number of the database',
    minimum: 0,
    default: 0,
    examples: [1],
  }),
  prefix: Type.String({
    title: 'Prefix',
    description: 'what the keys begin with',
    default: 'sessions',
    examples: ['oidc'],
  }),
  ssl: flag('TLS', 'connect with TLS', false),
  ssl_verify: flag('Verify', 'verify the certificate of Redis', true),
  connect_timeout: milliseconds('Time to connect', LONGEST, 1, 1000),
  send_timeout: milliseconds('Time to send', LONGEST, 1, 1000),
  read_timeout: milliseconds('Time to read', LONGEST, 1, 1000),
  keepalive_timeout: milliseconds(
    'Keep-alive',
    'milliseconds after which an unused connection is closed',
    1000,
    10_000,
  ),
})
type RedisConf = Static<typeof all>

export const redisSchema = Type.Partial(all, {
  title: 'Redis',
  description: 'where sessions are when `storage` is redis',
  additionalProperties: false,
  examples: [{ host: '127.0.0.1' }],
})

/** What the cookie holds. */
interface Ticket {
  id: string
  until: number
}

export class RedisSessions implements Sessions {
  readonly #box: CookieBox
  readonly #redis: RedisConnection
  readonly #prefix: string

  constructor(box: CookieBox, written: object) {
    const conf = withDefaults(all, written) as unknown as RedisConf
    this.#box = box
    this.#prefix = conf.prefix
    this.#redis = acquireRedis({
      policy: 'redis',
      tls: conf.ssl,
      verify: conf.ssl_verify,
      redis_host: conf.host,
      redis_port: conf.port,
      redis_database: conf.database,
      redis_username: conf.username,
      redis_password: conf.password,
      redis_timeout: Math.max(conf.connect_timeout, conf.send_timeout, conf.read_timeout),
      redis_keepalive_timeout: conf.keepalive_timeout,
      redis_keepalive_pool: 1,
    })
  }

  async read(ctx: Exchange, nowMs: number): Promise<Session | undefined> {
    const ticket = this.#box.read<Ticket>(ctx, 'session', nowMs)
    const sealed = ticket && (await this.#redis.run(GET, this.#key(ticket.id), []))
    const session = typeof sealed === 'string' ? (this.#box.open(sealed, 'session') as Session | undefined) : undefined
    return session && session.until > nowMs && session.id === ticket?.id ? session : undefined
  }

  /** A session that has just begun gets a name of its own: none that a browser brings. */
  async write(ctx: Exchange, session: Session, nowMs: number): Promise<string[]> {
    const id = session.id ?? randomBytes(ID_BYTES).toString('base64url')
    const sealed = this.#box.seal(JSON.stringify({ ...session, id }), 'session')
    await this.#redis.run(SET, this.#key(id), [sealed, Math.max(1, Math.ceil(session.until - nowMs))])
    const ticket: Ticket = { id, until: session.until }
    return this.#box.write(ctx, 'session', ticket, nowMs)
  }

  async forget(ctx: Exchange, nowMs: number): Promise<string[]> {
    const ticket = this.#box.read<Ticket>(ctx, 'session', nowMs)
    if (ticket) await this.#redis.run(DEL, this.#key(ticket.id), [])
    return this.#box.forget(ctx, 'session')
  }

  close(): void {
    this.#redis.release()
  }

  /** Who reads the keys cannot make a cookie of them. */
  #key(id: string): string {
    return `${this.#prefix}:${hash('sha256', id, 'base64url')}`
  }
}
