// What all client connections of a thread share: the pipeline behind them, their limits, their timeouts.
import type { Socket } from 'node:net'
import type { Deadlines } from '../deadlines.ts'
import type { ConnectionInfo } from '../exchange.ts'
import type { HeaderList } from '../headers.ts'
import type { Pipeline } from '../pipeline.ts'
import type { Logger } from '../plugin.ts'
import type { HeadLimits } from './head-rules.ts'

export interface Http1Limits extends HeadLimits {
  /** Milliseconds from the first byte of a head to its end. */
  headTimeoutMs: number
  /** Milliseconds between two pieces of a request body. */
  bodyTimeoutMs: number
  /** Milliseconds that a connection may be idle between requests. */
  keepaliveTimeoutMs: number
  /** Milliseconds that a client may take no byte of a response. */
  sendTimeoutMs: number
  /** Requests on one connection. */
  keepaliveRequests: number
  /** Bytes of a request body; 0: no limit. */
  bodyBytes: number
}

export interface Http1Server {
  pipeline: Pipeline
  limits: Http1Limits
  deadlines: Deadlines
  log: Logger
  /** True while the thread drains: connections close after the response they are at. */
  draining: boolean
  /** Open connections, for draining and for the count in status pages. */
  connections: Set<{ shutdown(): void }>
  /** Takes over a connection that speaks HTTP/2; undefined: it is not served. */
  http2?: ((socket: Socket, info: ConnectionInfo) => void) | undefined
  /** The client's address as a trusted proxy's header has it; undefined: the peer's. */
  realIp?(peer: string, headers: HeaderList): string | undefined
}
