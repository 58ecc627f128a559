// How a request gets to an upstream node. One implementation for each protocol; forward.ts decides where to and how often.

import type { Duplex } from 'node:stream'
import type { RequestBody } from '../body.ts'
import type { HeaderList } from '../headers.ts'

/** Where a connection goes. `key` tells pools apart: two destinations with one key share connections. */
export interface Destination {
  address: string
  port: number
  key: string
  tls: TlsOptions | undefined
}

export interface TlsOptions {
  /** Server name for SNI and for the certificate check. */
  servername: string
  verify: boolean
  cert?: string
  key?: string
  ca?: string
}

export interface Timeouts {
  connectMs: number
  sendMs: number
  readMs: number
}

export interface PoolLimits {
  /** Idle connections kept for a destination. */
  size: number
  idleMs: number
  /** Requests on one connection. */
  requests: number
}

/** A request as it leaves. `headers` has everything but framing; hop-by-hop fields are gone. */
export interface OutgoingRequest {
  method: string
  uri: string
  host: string
  /** Header lines after Host, each ended by CRLF. */
  headers: string
  body: RequestBody
  upgrade: string | undefined
  /** The client said `Content-Length: 0`: so does the gateway. */
  saysEmpty: boolean
}

export type FailureReason = 'connect' | 'connect-timeout' | 'send-timeout' | 'read-timeout' | 'closed' | 'protocol'

/**
 * `closed`: a reused connection ended before it gave a byte, perhaps before the upstream read the request. `refused`: the upstream says that it has not
 * looked at it.
 */
export type Stale = 'closed' | 'refused' | undefined

/** What became of a try. `stale`: the request may be sent again at once, when it may be repeated or was refused. */
export class UpstreamError extends Error {
  readonly reason: FailureReason
  readonly stale: Stale
  constructor(reason: FailureReason, message: string, stale?: Stale) {
    super(message)
    this.name = 'UpstreamError'
    this.reason = reason
    this.stale = stale
  }
}

/** Told what happens to a request, in this order: connected, informational*, head, data*, end; or failed at any point. */
export interface ResponseHandler {
  /** `reused`: the connection was open already. */
  connected(reused: boolean): void
  informational(status: number, headers: HeaderList): void
  /** `length`: bytes of the body, undefined when not known. */
  head(status: number, headers: HeaderList, length: number | undefined): void
  /** The whole body as latin1, when it is small and came with its head; false: it is wanted as bytes. */
  text(body: string): boolean
  /** The handler owns the buffer. False: wait for `resume`. */
  data(chunk: Buffer): boolean
  /** Whether something may still refer to bytes that `data` was given; asked right after it. */
  keeps(): boolean
  /** All that this read brought has been handed over. */
  flush(): void
  end(trailers: HeaderList | undefined): void
  upgraded(socket: Duplex, rest: Buffer): void
  failed(error: UpstreamError): void
}

/** A request under way. */
export interface Call {
  resume(): void
  /** The client has gone: the connection is closed, the handler hears nothing more. */
  cancel(): void
}

export interface Transport {
  send(to: Destination, request: OutgoingRequest, timeouts: Timeouts, pool: PoolLimits, handler: ResponseHandler): Call
  close(): void
}
