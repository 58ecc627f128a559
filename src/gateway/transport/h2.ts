// HTTP/2 to upstreams, for the schemes grpc and grpcs: sessions for each destination, each shared by as many requests as the upstream
// allows. A new session is opened when all others are full; idle ones are kept as `keepalive_pool` says.
import type { Deadlines } from '../deadlines.ts'
import { MAX_IDLE_TLS } from './h1.ts'
import { UpstreamStream } from './h2-call.ts'
import { UpstreamSession } from './h2-session.ts'
import type {
  Call,
  Destination,
  OutgoingRequest,
  PoolLimits,
  ResponseHandler,
  Timeouts,
  Transport,
} from './transport.ts'

export class Http2Transport implements Transport {
  readonly #sessions = new Map<string, Set<UpstreamSession>>()
  readonly #idleTls = new Set<UpstreamSession>()
  readonly #deadlines: Deadlines

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines
  }

  send(
    to: Destination,
    request: OutgoingRequest,
    timeouts: Timeouts,
    pool: PoolLimits,
    handler: ResponseHandler,
  ): Call {
    const call = new UpstreamStream(request, timeouts, handler, this.#deadlines)
    const session = this.#sessionFor(to, pool)
    this.#idleTls.delete(session)
    session.start(call)
    return call
  }

  close(): void {
    for (const sessions of this.#sessions.values()) for (const session of [...sessions]) session.destroy()
    this.#sessions.clear()
  }

  #sessionFor(to: Destination, pool: PoolLimits): UpstreamSession {
    const sessions = this.#sessions.get(to.key) ?? new Set()
    this.#sessions.set(to.key, sessions)
    for (const session of sessions) if (session.hasRoom) return session
    const session = new UpstreamSession(to, pool, this.#deadlines, {
      idle: () => {
        if ([...sessions].filter((one) => one.idle).length > pool.size) session.retire()
        else if (to.tls) this.#boundTls(session)
      },
      // It takes no more requests; those under way go on.
      retired: () => {
        this.#idleTls.delete(session)
        sessions.delete(session)
        if (sessions.size === 0 && this.#sessions.get(to.key) === sessions) this.#sessions.delete(to.key)
      },
    })
    sessions.add(session)
    return session
  }

  #boundTls(session: UpstreamSession): void {
    this.#idleTls.add(session)
    if (this.#idleTls.size <= MAX_IDLE_TLS) return
    const [oldest] = this.#idleTls
    oldest?.retire()
  }
}
