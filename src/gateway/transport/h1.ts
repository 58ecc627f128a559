// HTTP/1.1 to upstreams: a pool of connections for each destination, the most recently used first, so that idle ones age out.
import type { Deadlines } from '../deadlines.ts'
import { UpstreamConnection } from './h1-connection.ts'
import type {
  Call,
  Destination,
  OutgoingRequest,
  PoolLimits,
  ResponseHandler,
  Timeouts,
  Transport,
} from './transport.ts'

/** Idle connections with TLS, in all: each server name has a pool, and with `pass_host: pass` clients choose the names. */
export const MAX_IDLE_TLS = 1024

export class Http1Transport implements Transport {
  readonly #idle = new Map<string, UpstreamConnection[]>()
  readonly #idleTls = new Set<UpstreamConnection>()
  readonly #deadlines: Deadlines
  readonly #maxIdleTls: number

  constructor(deadlines: Deadlines, maxIdleTls = MAX_IDLE_TLS) {
    this.#deadlines = deadlines
    this.#maxIdleTls = maxIdleTls
  }

  send(
    to: Destination,
    request: OutgoingRequest,
    timeouts: Timeouts,
    pool: PoolLimits,
    handler: ResponseHandler,
  ): Call {
    const tunnel = request.upgrade !== undefined
    const idle = tunnel ? undefined : this.#idle.get(to.key)
    const kept = idle?.pop()
    if (kept && to.tls) this.#idleTls.delete(kept)
    const connection = kept ?? new UpstreamConnection(to, this.#deadlines, timeouts.connectMs, this, tunnel)
    connection.send(request, timeouts, pool, handler)
    return connection
  }

  /** A connection that may take another request. */
  release(connection: UpstreamConnection, pool: PoolLimits): void {
    const { key } = connection.destination
    let idle = this.#idle.get(key)
    if (!idle) {
      idle = []
      this.#idle.set(key, idle)
    }
    if (idle.length >= pool.size) idle.shift()?.destroy()
    idle.push(connection)
    if (connection.destination.tls) this.#boundTls(connection)
  }

  #boundTls(connection: UpstreamConnection): void {
    this.#idleTls.add(connection)
    if (this.#idleTls.size <= this.#maxIdleTls) return
    const [oldest] = this.#idleTls
    oldest?.destroy()
  }

  /** An idle connection has ended. */
  remove(connection: UpstreamConnection): void {
    const { key } = connection.destination
    this.#idleTls.delete(connection)
    const idle = this.#idle.get(key)
    const at = idle?.indexOf(connection) ?? -1
    if (at >= 0) idle?.splice(at, 1)
    if (idle?.length === 0) this.#idle.delete(key)
  }

  close(): void {
    for (const idle of [...this.#idle.values()]) for (const connection of [...idle]) connection.destroy()
    this.#idle.clear()
  }
}
