// Sends a request to its upstream and the answer back: chooses a node, tries again where that is safe, and turns failures into 502, 503, 504.
//
// A try may be repeated on another node until something of the response has reached the client, while retries and retry_timeout allow it:
// after a failed connection always, after a failure later only for a request that may be repeated (RFC 9110 9.2.2) and whose body is still
// whole; never after a response that is none, as in nginx. A reused connection that the upstream closed at the same moment is not a failure: the
// same node gets such a request once more.
import { performance } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import type { Deadlines } from './deadlines.ts'
import type { Exchange, Sender, UpstreamTry } from './exchange.ts'
import type { HeaderList } from './headers.ts'
import type { Manners } from './manners.ts'
import { destinationOf, outgoing } from './outgoing.ts'
import type { Pipeline } from './pipeline.ts'
import type { Logger } from './plugin.ts'
import { Http1Transport } from './transport/h1.ts'
import { Http2Transport } from './transport/h2.ts'
import type { Call, ResponseHandler, Timeouts, Transport, UpstreamError } from './transport/transport.ts'
import { Tunnel } from './tunnel.ts'
import type { PickInput } from './upstream/balancer.ts'
import { type Node, readTimeouts, type TimeoutSeconds, type UpstreamRuntime } from './upstream/runtime.ts'
import { variable } from './variables.ts'

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
/** Responses before the response (103 Early Hints) that a client gets of one request. */
const MAX_INFORMATIONAL = 32

/** How long an upgraded connection waits for the other side when one has ended: a WebSocket ends by its own messages before that. */
const IDLE_AFTER_END_MS = 3000

/** What APISIX says when a retry is due and no node is left for it, or no time. */
const NO_NODE_LEFT = 502

/** Before the first try. */
const NO_TRY = beginTry('', '')

export interface ForwarderDeps {
  pipeline(): Pipeline
  deadlines: Deadlines
  log: Logger
  manners: Manners
}

export interface Forwarder {
  forward(ctx: Exchange): void
  close(): void
}

export function createForwarder(deps: ForwarderDeps): Forwarder {
  const http1 = new Http1Transport(deps.deadlines)
  const http2 = new Http2Transport(deps.deadlines)
  return {
    forward: (ctx) => new Forwarding(ctx, deps, isGrpc(ctx) ? http2 : http1).next(),
    close: () => {
      http1.close()
      http2.close()
    },
  }
}

function isGrpc(ctx: Exchange): boolean {
  return (ctx.upstreamScheme ?? ctx.upstream?.scheme)?.startsWith('grpc') ?? false
}

class Forwarding implements ResponseHandler, PickInput, Sender {
  readonly #ctx: Exchange
  readonly #deps: ForwarderDeps
  readonly #transport: Transport
  readonly #upstream: UpstreamRuntime
  readonly #timeouts: Timeouts
  readonly #startedAt: number
  #node: Node | undefined
  /** Keys of nodes that have failed. */
  tried: Set<string> | undefined
  #retries: number
  #stale = false
  #call: Call | undefined
  #held: Buffer[] | undefined
  #heldBytes = 0
  #try: UpstreamTry = NO_TRY
  #tryAt = 0
  /** When the read began that brought the head, as long as it lasts. */
  #readAt = 0
  #informational = 0

  constructor(ctx: Exchange, deps: ForwarderDeps, transport: Transport) {
    this.#ctx = ctx
    this.#deps = deps
    this.#transport = transport
    this.#upstream = ctx.upstream as UpstreamRuntime
    this.#timeouts = toTimeouts(ctx, this.#upstream)
    this.#startedAt = deps.deadlines.now
    this.#retries = this.#upstream.retries
    ctx.sender = this
  }

  /** Tries the next node. */
  next(): void {
    const picked = this.#upstream.pick(this)
    if (picked instanceof Promise) {
      picked.then(
        (node) => this.#send(node),
        (error) => this.#unresolved(error),
      )
      return
    }
    this.#send(picked)
  }

  /** PickInput: a variable that a balancer hashes. */
  var(name: string): string | undefined {
    const value = variable(this.#ctx, name)
    return value === undefined ? undefined : String(value)
  }

  #unresolved(error: unknown): void {
    this.#deps.log.warn({ err: error, upstream: this.#upstream.key }, 'no address for the upstream')
    this.#send(undefined)
  }

  #send(node: Node | undefined): void {
    const ctx = this.#ctx
    if (ctx.downstream.closed) return
    if (!node) {
      this.#refuse(ctx.upstreamTries.length > 0 ? NO_NODE_LEFT : this.#upstream.statusWithoutNode)
      return
    }
    this.#node = node
    this.#tryAt = performance.now()
    this.#try = beginTry(node.key, node.host)
    ctx.upstreamTries = ctx.upstreamTries.length === 0 ? [this.#try] : [...ctx.upstreamTries, this.#try]
    const request = outgoing(ctx, this.#upstream, node)
    this.#call = this.#transport.send(
      destinationOf(ctx, this.#upstream, node, request.host),
      request,
      this.#timeouts,
      this.#upstream.pool,
      this,
    )
  }

  // ---- Sender

  resume(): void {
    this.#call?.resume()
  }

  cancel(): void {
    this.#call?.cancel()
  }

  // ---- ResponseHandler

  connected(reused: boolean): void {
    this.#try.connectMs = reused ? 0 : performance.now() - this.#tryAt
  }

  informational(status: number, headers: HeaderList): void {
    // 100 was answered by the connection itself, when the body was first wanted. The others wait for the client without holding back the upstream.
    if (status !== 100 && this.#informational++ < MAX_INFORMATIONAL) this.#ctx.downstream.informational(status, headers)
  }

  head(status: number, headers: HeaderList, length: number | undefined): void {
    const ctx = this.#ctx
    this.#try.status = status
    this.#readAt = performance.now()
    this.#try.headerMs = this.#readAt - this.#tryAt
    this.#upstream.report(this.#node as Node, { status })
    const { response } = ctx
    response.status = status
    response.headers = headers
    response.source = 'upstream'
    if (status >= 500 || this.#deps.manners.showUpstreamStatus) headers.set('X-APISIX-Upstream-Status', statuses(ctx))
    if (ctx.holdBytes > 0) this.#held = []
    else if (status !== 101) this.#deps.pipeline().beginResponse(ctx, length)
  }

  text(body: string): boolean {
    const { chain, response, downstream } = this.#ctx
    if (this.#held || chain.bodyFilter.length > 0 || response.transforms || !downstream.writeText) return false
    this.#try.bodyBytes += body.length
    downstream.writeText(body)
    return true
  }

  data(chunk: Buffer): boolean {
    this.#try.bodyBytes += chunk.length
    if (this.#held) return this.#hold(this.#held, chunk)
    return this.#deps.pipeline().writeBody(this.#ctx, chunk)
  }

  keeps(): boolean {
    const { chain, response, downstream } = this.#ctx
    return this.#held !== undefined || chain.bodyFilter.length > 0 || !!response.transforms || !downstream.sent
  }

  flush(): void {
    this.#readAt = 0
    if (this.#ctx.committed && !this.#ctx.downstream.closed) this.#ctx.downstream.flush()
  }

  end(trailers: HeaderList | undefined): void {
    this.#settle(true)
    if (this.#held) this.#release(this.#held, trailers)
    this.#deps.pipeline().endBody(this.#ctx, trailers)
  }

  #hold(held: Buffer[], chunk: Buffer): boolean {
    this.#heldBytes += chunk.length
    if (this.#heldBytes <= this.#ctx.holdBytes) {
      held.push(chunk)
      return true
    }
    this.#call?.cancel()
    this.#settle(false)
    this.#deps.log.warn(
      { route_id: this.#ctx.route?.id, limit: this.#ctx.holdBytes },
      'a response is too large to be held',
    )
    this.#refuse(502)
    return true
  }

  /** A held response is whole: header_filter sees all of it. */
  #release(held: Buffer[], trailers: HeaderList | undefined): void {
    const { response } = this.#ctx
    const body = Buffer.concat(held)
    response.held = body
    response.trailers = trailers
    this.#deps.pipeline().beginResponse(this.#ctx, body.length)
    if (body.length) this.#deps.pipeline().writeBody(this.#ctx, body)
  }

  upgraded(socket: Duplex, rest: Buffer): void {
    const ctx = this.#ctx
    const upgrade = ctx.downstream.upgrade?.bind(ctx.downstream)
    if (!upgrade) {
      socket.destroy()
      this.#refuse(502)
      return
    }
    const client = this.#deps.pipeline().beginUpgrade(ctx, upgrade)
    new Tunnel({
      client,
      upstream: { socket, rest },
      deadlines: this.#deps.deadlines,
      idleMs: this.#timeouts.readMs,
      idleAfterEndMs: IDLE_AFTER_END_MS,
      onSent: (bytes) => {
        ctx.response.bodyBytes += bytes
        ctx.response.sentBytes += bytes
      },
      onEnd: () => {
        this.#settle(true)
        this.#deps.pipeline().finish(ctx)
      },
    })
  }

  failed(error: UpstreamError): void {
    const ctx = this.#ctx
    if (error.stale && !this.#stale && this.#mayRepeat(error.stale === 'refused') && !ctx.committed) {
      this.#stale = true
      ctx.upstreamTries = ctx.upstreamTries.slice(0, -1)
      this.#send(this.#node)
      return
    }
    const timeout = error.reason.endsWith('timeout')
    this.#try.status = timeout ? 504 : 502
    const node = this.#node as Node
    this.#upstream.report(node, timeout ? { timeout: true } : { tcpFailure: true })
    this.#settle(false)
    this.#deps.log.warn(
      { upstream: node.key, reason: error.reason, err: error.message, route_id: ctx.route?.id },
      'a try at an upstream failed',
    )
    if (ctx.committed) {
      this.#deps.pipeline().abort(ctx)
    } else if (!this.#mayRetry(error)) {
      this.#refuse(this.#try.status)
    } else if (this.#isLate()) {
      this.#refuse(NO_NODE_LEFT)
    } else {
      this.#retries--
      this.tried ??= new Set()
      this.tried.add(node.key)
      this.next()
    }
  }

  #mayRetry(error: UpstreamError): boolean {
    if (this.#retries <= 0 || error.reason === 'protocol') return false
    return this.#mayRepeat(error.reason === 'connect' || error.reason === 'connect-timeout')
  }

  /** `unseen`: no upstream has looked at the request. */
  #mayRepeat(unseen: boolean): boolean {
    const { request } = this.#ctx
    return request.body.untouched && (unseen || IDEMPOTENT.has(request.method))
  }

  #isLate(): boolean {
    const { retryTimeoutMs } = this.#upstream
    return retryTimeoutMs > 0 && this.#deps.deadlines.now - this.#startedAt >= retryTimeoutMs
  }

  #settle(ok: boolean): void {
    const elapsed = (this.#readAt || performance.now()) - this.#tryAt
    this.#try.responseMs = elapsed
    if (this.#node) this.#upstream.done(this.#node, { ok, latencyMs: elapsed })
  }

  #refuse(status: number): void {
    const tries = this.#ctx.upstreamTries.length ? { 'X-APISIX-Upstream-Status': statuses(this.#ctx) } : undefined
    this.#deps.pipeline().reply(this.#ctx, { status, headers: tries })
  }
}

function beginTry(address: string, host: string): UpstreamTry {
  return { address, host, status: 0, bodyBytes: 0, connectMs: -1, headerMs: -1, responseMs: -1 }
}

/** Statuses of all tries, in nginx's form. */
function statuses(ctx: Exchange): string {
  return ctx.upstreamTries.map((one) => one.status).join(', ')
}

function toTimeouts(ctx: Exchange, upstream: UpstreamRuntime): Timeouts {
  const route = ctx.route?.timeout as TimeoutSeconds | undefined
  return route ? readTimeouts(route, upstream.timeouts) : upstream.timeouts
}
