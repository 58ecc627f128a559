// One TCP connection or UDP session on its way to an upstream, apart from its bytes: route, plugins, node.
//
// Plugins see an exchange without anything of HTTP in it: addresses, ports and TLS are those of the connection. That is why only plugins that
// look at these may stand in stream routes (see STREAM_PLUGINS). A plugin's refusal closes the connection: there is nothing to answer with.
import { RequestBody } from '../body.ts'
import type { Step } from '../compile.ts'
import {
  type ConnectionInfo,
  type Downstream,
  Exchange,
  GatewayRequest,
  GatewayResponse,
  NO_CHAIN,
} from '../exchange.ts'
import { HeaderList } from '../headers.ts'
import type { Logger, Reply } from '../plugin.ts'
import type { Node, UpstreamRuntime } from '../upstream/runtime.ts'
import { variable } from '../variables.ts'
import type { ServedStream, StreamRoutes } from './routes.ts'

export interface SessionDeps {
  routes: StreamRoutes
  log: Logger
}

export class StreamSession {
  readonly ctx: Exchange
  readonly #served: ServedStream
  readonly #log: Logger
  readonly #tried = new Set<string>()
  #retriesLeft = 0
  #node: Node | undefined
  #startedAt = 0
  readonly #openedAt = performance.now()

  private constructor(served: ServedStream, ctx: Exchange, log: Logger) {
    this.#served = served
    this.ctx = ctx
    this.#log = log
  }

  /** Where it goes: the route's upstream, unless a plugin has set another. */
  get upstream(): UpstreamRuntime {
    return this.ctx.upstream as UpstreamRuntime
  }

  /** The session of a connection that a route takes and no plugin refuses; undefined: close it. Never rejects. */
  static async open(
    info: ConnectionInfo,
    protocol: 'TCP' | 'UDP',
    { routes, log }: SessionDeps,
  ): Promise<StreamSession | undefined> {
    const served = routes.match(info)
    const facts = { remote_addr: info.remoteAddr, server_port: info.serverPort, stream_route_id: served?.id }
    if (!served) {
      log.info(facts, 'no stream route takes the connection')
      return undefined
    }
    const session = new StreamSession(served, toExchange(info, protocol, served), log)
    try {
      const refusal = (await session.#refusal()) ?? (session.ctx.upstream ? undefined : NO_UPSTREAM)
      if (!refusal) {
        session.#retriesLeft = session.upstream.retries
        return session
      }
      session.ctx.response.status = refusal.status
      log.info(facts, refusal === NO_UPSTREAM ? 'the stream route has no upstream' : 'a plugin refused the connection')
    } catch (error) {
      session.ctx.response.status = 500
      log.error({ err: error, ...facts }, 'a plugin failed; the connection is refused')
    }
    session.finish()
    return undefined
  }

  /** The next node; undefined when there is none left. */
  async next(): Promise<Node | undefined> {
    const { ctx } = this
    const value = (name: string): string | undefined => {
      const found = variable(ctx, name)
      return found === undefined ? undefined : String(found)
    }
    try {
      this.#node = await this.upstream.pick({ var: value, tried: this.#tried.size ? this.#tried : undefined })
    } catch (error) {
      this.#log.warn({ err: error, upstream: this.upstream.key }, 'no address for the upstream')
      return undefined
    }
    if (!this.#node) return undefined
    this.#startedAt = performance.now()
    const before = ctx.ownVar('upstream_addr')
    ctx.setVar('upstream_addr', before === undefined ? this.#node.key : `${before}, ${this.#node.key}`)
    return this.#node
  }

  /** What comes goes to the node from now on. */
  joined(): void {
    this.ctx.response.status = JOINED
  }

  /** The node has taken the connection. */
  connected(): void {
    this.joined()
    if (this.#node) this.upstream.report(this.#node, {})
  }

  /** The node could not be reached; true when another may be tried. */
  failed(reason: string, timeout: boolean): boolean {
    const node = this.#node
    if (!node) return false
    this.#log.warn({ upstream: node.key, reason, stream_route_id: this.#served.id }, 'a try at an upstream failed')
    this.upstream.report(node, timeout ? { timeout } : { tcpFailure: true })
    this.#settle(false)
    this.#tried.add(node.key)
    const { retryTimeoutMs } = this.upstream
    const late = retryTimeoutMs > 0 && performance.now() - this.#openedAt >= retryTimeoutMs
    return !late && this.#retriesLeft-- > 0
  }

  /** Once, when the connection has ended. */
  finish(): void {
    if (this.ctx.finished) return
    this.#settle(true)
    this.ctx.finished = true
    this.ctx.setVar('session_time', ((performance.now() - this.ctx.startedAt) / 1000).toFixed(3))
    this.ctx.setVar('bytes_received', this.ctx.request.body.receivedBytes)
    for (const step of this.#served.chain.log) step(this.ctx)
  }

  /** A plugin's word against the connection; undefined: it may go on. */
  async #refusal(): Promise<Reply | undefined> {
    const { rewrite, access, beforeProxy } = this.#served.chain
    const steps: Step[] = [...rewrite, ...access, ...beforeProxy]
    for (const step of steps) {
      const refusal = await step(this.ctx)
      if (refusal) return refusal
    }
    return undefined
  }

  #settle(ok: boolean): void {
    if (this.#node) this.upstream.done(this.#node, { ok, latencyMs: performance.now() - this.#startedAt })
    this.#node = undefined
  }
}

/** nginx's `$status` of streams: of one that reached an upstream, and until then. */
const JOINED = 200
const UNREACHED = 502
const NO_UPSTREAM: Reply = { status: 503 }

/** Nothing is ever written through the exchange of a stream. */
const NOWHERE: Downstream = {
  writeHead: () => {},
  write: () => true,
  sent: true,
  end: () => {},
  flush: () => {},
  destroy: () => {},
  informational: () => {},
  closed: false,
}
const NO_BODY = { pause: () => {}, resume: () => {}, wanted: () => {} }

function toExchange(info: ConnectionInfo, protocol: string, { id, name, serviceId, upstream }: ServedStream): Exchange {
  const head = { method: '', target: '', httpVersion: '1.1', headers: new HeaderList(), authority: '' } as const
  const request = new GatewayRequest(head, info.tls ? 'https' : 'http', '', '', new RequestBody(0, NO_BODY))
  const response = new GatewayResponse()
  const ctx = new Exchange(request, response, info, NOWHERE, NO_CHAIN, performance.now())
  response.status = UNREACHED
  ctx.upstream = upstream
  ctx.setVar('protocol', protocol)
  ctx.setVar('route_id', id)
  ctx.setVar('route_name', name)
  ctx.setVar('service_id', serviceId)
  return ctx
}
