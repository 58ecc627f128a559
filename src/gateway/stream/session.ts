// One TCP connection or UDP session on its way to an upstream, apart from its bytes: route, plugins, node.
//
// Plugins see an exchange without anything of HTTP in it: addresses, ports and TLS are those of the connection. That is why only plugins that
// decide by these may stand in stream routes (see STREAM_PLUGINS). A plugin's refusal closes the connection: there is nothing to answer with.
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
import type { Logger } from '../plugin.ts'
import type { Node, UpstreamRuntime } from '../upstream/runtime.ts'
import { variable } from '../variables.ts'
import type { ServedStream, StreamRoutes } from './routes.ts'

export interface SessionDeps {
  routes: StreamRoutes
  log: Logger
}

export class StreamSession {
  readonly upstream: UpstreamRuntime
  readonly ctx: Exchange
  readonly #served: ServedStream
  readonly #log: Logger
  readonly #tried = new Set<string>()
  #retries: number
  #node: Node | undefined
  #startedAt = 0

  private constructor(served: ServedStream, upstream: UpstreamRuntime, ctx: Exchange, log: Logger) {
    this.#served = served
    this.upstream = upstream
    this.ctx = ctx
    this.#log = log
    this.#retries = upstream.retries
  }

  /** The session of a connection that a route takes and no plugin refuses; undefined: close it. Never rejects. */
  static async open(info: ConnectionInfo, { routes, log }: SessionDeps): Promise<StreamSession | undefined> {
    const served = routes.match(info)
    const facts = { remote_addr: info.remoteAddr, server_port: info.serverPort, stream_route_id: served?.id }
    if (!served?.upstream) {
      log.info(facts, served ? 'the stream route has no upstream' : 'no stream route takes the connection')
      return undefined
    }
    const ctx = toExchange(info)
    ctx.setVar('route_id', served.id)
    ctx.setVar('route_name', served.name)
    const session = new StreamSession(served, served.upstream, ctx, log)
    try {
      if (await session.#admitted()) return session
      log.info(facts, 'a plugin refused the connection')
    } catch (error) {
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
    this.#startedAt = performance.now()
    return this.#node
  }

  /** The node has taken the connection. */
  connected(): void {
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
    return this.#retries-- > 0
  }

  /** Once, when the connection has ended. */
  finish(): void {
    if (this.ctx.finished) return
    this.#settle(true)
    this.ctx.finished = true
    for (const step of this.#served.chain.log) step(this.ctx)
  }

  async #admitted(): Promise<boolean> {
    const { rewrite, access, beforeProxy } = this.#served.chain
    const steps: Step[] = [...rewrite, ...access, ...beforeProxy]
    for (const step of steps) if (await step(this.ctx)) return false
    return true
  }

  #settle(ok: boolean): void {
    if (this.#node) this.upstream.done(this.#node, { ok, latencyMs: performance.now() - this.#startedAt })
    this.#node = undefined
  }
}

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

function toExchange(info: ConnectionInfo): Exchange {
  const head = { method: '', target: '', httpVersion: '1.1', headers: new HeaderList(), authority: '' } as const
  const request = new GatewayRequest(head, info.tls ? 'https' : 'http', '', '', new RequestBody(0, NO_BODY))
  const response = new GatewayResponse(new HeaderList())
  return new Exchange(request, response, info, NOWHERE, NO_CHAIN, performance.now())
}
