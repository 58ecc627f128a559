// The life of a request between its head being read and its log line:
//
//   match -> rewrite -> (consumer's plugins join) -> access -> before_proxy -> forward -> header_filter -> body_filter -> log
//        \-> 404            \________________ a Reply ends the request here and goes to header_filter ______/
//
// Everything is synchronous until a phase returns a promise. The wire calls `handle`; forward.ts calls `beginResponse`, `writeBody`,
// `endBody` as the upstream's answer comes; a Reply takes the same three steps. `finish` runs once for every request, whatever happens.

import { readForVariables } from './body-variables.ts'
import { type ActivePlugin, type Step, toChain } from './compile.ts'
import { withCharset } from './content-type.ts'
import { errorPage, NOT_FOUND } from './error-page.ts'
import type { Exchange } from './exchange.ts'
import { HeaderList } from './headers.ts'
import { type Manners, type PathRule, pathRule, serverField, type Told, toldBy } from './manners.ts'
import type { Logger, PhaseResult, Reply } from './plugin.ts'
import { RouteInput } from './route-input.ts'
import type { Routes } from './routes.ts'

export interface PipelineDeps {
  routes: Routes
  log: Logger
  manners: Manners
  /** Sends the request to `ctx.upstream` and drives the response; never throws. */
  forward(ctx: Exchange): void
  /** Before anything else is done for a request. Each one gets an `onFinish`. */
  onBegin(): void
  /** After the log phase: access log, traffic counters. */
  onFinish(ctx: Exchange): void
}

/** Status in logs of a request whose client went away before the response, as nginx counts it. */
const CLIENT_CLOSED_REQUEST = 499

const EMPTY = Buffer.alloc(0)

const STAGE = { rewrite: 0, joined: 1, access: 2, beforeProxy: 3, forward: 4 } as const
type Stage = (typeof STAGE)[keyof typeof STAGE]

export class Pipeline {
  readonly #deps: PipelineDeps
  readonly #server: string
  readonly #pathRule: PathRule | undefined
  readonly #told: Told | undefined

  constructor(deps: PipelineDeps) {
    this.#deps = deps
    this.#server = serverField(deps.manners)
    this.#pathRule = pathRule(deps.manners)
    this.#told = toldBy(deps.manners)
  }

  /** Takes a request whose head has been read. Never throws; the response goes to `ctx.downstream`. */
  handle(ctx: Exchange): void {
    this.#deps.onBegin()
    try {
      if (ctx.connection.tls && this.#refused(ctx, ctx.connection.tls)) return
    } catch (error) {
      this.#fail(ctx, error) // an expression of skip_mtls_uri_regex that cannot be decided
      return
    }
    if (this.#told) ctx.forwarded = this.#told(ctx.connection.remoteAddr, ctx.request)
    if (this.#pathRule && !this.#mayPass(ctx, this.#pathRule)) return
    this.#deps.routes.look()
    const read = this.#deps.routes.needsBody ? readForVariables(ctx) : undefined
    if (read) read.then(() => this.#begin(ctx))
    else this.#begin(ctx)
  }

  #begin(ctx: Exchange): void {
    try {
      this.#match(ctx)
    } catch (error) {
      this.#fail(ctx, error) // a condition of a route that cannot be decided
    }
  }

  #mayPass(ctx: Exchange, rule: PathRule): boolean {
    const path = rule(ctx.request.path)
    if (path === undefined) this.reply(ctx, { status: 400 })
    else ctx.request.path = path
    return path !== undefined
  }

  /** A request that its connection's client certificate does not cover is answered as APISIX does it: with 400, before any route. */
  #refused(ctx: Exchange, info: NonNullable<Exchange['connection']['tls']>): boolean {
    const { host, path } = ctx.request
    const reason = info.refuses?.(host, path, info)
    if (reason === undefined) return false
    this.#deps.log.warn({ remote_addr: ctx.remoteAddr, host, reason }, 'a client certificate is missing or not good')
    this.reply(ctx, { status: 400 })
    return true
  }

  /** Sends a request that has its upstream already, past routes and plugins. */
  forward(ctx: Exchange): void {
    this.#deps.onBegin()
    this.#deps.forward(ctx)
  }

  #match(ctx: Exchange): void {
    const match = this.#deps.routes.match(new RouteInput(ctx))
    if (match) {
      const { served } = match
      ctx.route = served.route
      ctx.params = match.params
      ctx.matchedUri = match.uri
      ctx.matchedHost = match.host
      ctx.chain = served.chain
      ctx.upstream = served.upstream
      ctx.served = served
    } else {
      ctx.chain = this.#deps.routes.unmatched()
    }
    this.#advance(ctx, STAGE.rewrite)
  }

  /** Runs from the beginning of a stage to the end of the request, or to the first promise. */
  #advance(ctx: Exchange, from: Stage): void {
    if (from <= STAGE.rewrite && !this.#run(ctx, ctx.chain.rewrite, 0, STAGE.joined)) return
    if (from <= STAGE.joined && ctx.consumer && !this.#run(ctx, this.#join(ctx), 0, STAGE.access)) return
    if (from <= STAGE.access && !this.#run(ctx, ctx.chain.access, 0, STAGE.beforeProxy)) return
    if (from <= STAGE.beforeProxy) {
      const refusal = this.#refusal(ctx)
      if (refusal) {
        this.reply(ctx, refusal)
        return
      }
      if (!this.#run(ctx, ctx.chain.beforeProxy, 0, STAGE.forward)) return
    }
    this.#deps.forward(ctx)
  }

  /** True when all steps ran and the next stage may go on at once. */
  #run(ctx: Exchange, steps: readonly Step[], start: number, next: Stage): boolean {
    for (let i = start; i < steps.length; i++) {
      let result: PhaseResult | Promise<PhaseResult>
      try {
        result = (steps[i] as Step)(ctx)
      } catch (error) {
        this.#fail(ctx, error)
        return false
      }
      if (result === undefined) continue
      if (result instanceof Promise) {
        result.then(
          (reply) => {
            if (ctx.downstream.closed) return
            if (reply) this.reply(ctx, reply)
            else if (this.#run(ctx, steps, i + 1, next)) this.#advance(ctx, next)
          },
          (error) => this.#fail(ctx, error),
        )
        return false
      }
      this.reply(ctx, result as Reply)
      return false
    }
    return true
  }

  /** A consumer is known: its plugins are laid over the route's. Returns the rewrite steps that have not run yet. */
  #join(ctx: Exchange): readonly Step[] {
    const { served, consumer } = ctx
    const joined = served && consumer && this.#deps.routes.forConsumer(served, consumer)
    if (!joined) return []
    ctx.chain = joined.chain
    return rewriteOf(joined.fresh)
  }

  /** Why a request that passed all plugins cannot be forwarded. */
  #refusal(ctx: Exchange): Reply | undefined {
    const { served } = ctx
    if (!served) return NOT_FOUND
    if (served.trouble === 404) return NOT_FOUND
    if (served.trouble === 503) return { status: 503 }
    // An upstream that is named and not there, unless a plugin has chosen another.
    if (!ctx.upstream) return { status: served.trouble ?? 503 }
    const { upstream, upstreamScheme } = ctx
    if (upstreamScheme === undefined) return upstream.speaksHttp ? undefined : this.#notHttp(ctx, upstream)
    return upstream.canSpeak(upstreamScheme) ? undefined : this.#noPort(ctx, upstreamScheme)
  }

  #noPort({ route, upstream }: Exchange, scheme: string): Reply {
    const facts = { route_id: route?.id, upstream: upstream?.key, scheme }
    this.#deps.log.error(
      facts,
      'a plugin has set another scheme than that of the upstream; write the ports of its nodes',
    )
    return { status: 503 }
  }

  #notHttp(ctx: Exchange, { key, scheme }: NonNullable<Exchange['upstream']>): Reply {
    const facts = { route_id: ctx.route?.id, upstream: key, scheme }
    this.#deps.log.error(facts, 'a request cannot be sent to an upstream whose scheme is not of HTTP')
    return { status: 500, body: { error_msg: 'the upstream of this route does not speak HTTP' } }
  }

  #fail(ctx: Exchange, error: unknown): void {
    if (ctx.downstream.closed) return
    this.#deps.log.error(
      { err: error, request_id: ctx.id, route_id: ctx.route?.id },
      'a plugin failed while it handled a request',
    )
    if (ctx.committed) this.abort(ctx)
    else this.reply(ctx, { status: 500 })
  }

  /** Answers from the gateway itself. */
  reply(ctx: Exchange, reply: Reply): void {
    const { response } = ctx
    response.source = 'gateway'
    response.status = reply.status
    response.headers = reply.headers ? HeaderList.from(reply.headers) : new HeaderList()
    const body = toBytes(reply)
    if (!response.headers.has('content-type') && reply.status !== 204 && reply.status !== 304) {
      response.headers.set(
        'Content-Type',
        reply.body === undefined && body.length ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
      )
    }
    this.#headerFilter(ctx)
    if (response.transforms) {
      this.#commit(ctx, undefined)
      if (body.length) this.writeBody(ctx, body)
      this.endBody(ctx)
      return
    }
    const filtered = this.#filter(ctx, body, true) ?? EMPTY
    this.#commit(ctx, filtered.length)
    if (filtered.length) ctx.downstream.write(filtered)
    this.#complete(ctx)
  }

  /** The upstream's head is in `ctx.response`. `length`: bytes of its body, undefined when not known. */
  beginResponse(ctx: Exchange, length: number | undefined): void {
    ctx.onHead?.()
    this.#headerFilter(ctx)
    const type = ctx.response.headers.get('content-type') ?? ''
    const told = withCharset(type)
    if (told !== type) ctx.response.headers.setLiteral('Content-Type', 'content-type', told)
    const changed =
      (ctx.chain.bodyFilter.length > 0 || ctx.response.transforms) && !ctx.response.headers.has('content-length')
    this.#commit(ctx, changed ? undefined : length)
  }

  /** The upstream has switched protocols: the client is told, its connection is handed over. */
  beginUpgrade<T>(ctx: Exchange, upgrade: (ctx: Exchange) => T): T {
    this.#headerFilter(ctx)
    ctx.committed = true
    return upgrade(ctx)
  }

  /** Part of the response body. False: no more until `ctx.sender` is told to resume. */
  writeBody(ctx: Exchange, chunk: Buffer): boolean {
    const filtered = this.#filter(ctx, chunk, false)
    if (!filtered?.length) return true
    const first = ctx.response.transforms?.[0]
    return first ? first.write(filtered) : ctx.downstream.write(filtered)
  }

  /** The response body is complete. */
  endBody(ctx: Exchange, trailers?: HeaderList): void {
    ctx.response.trailers = trailers
    const rest = ctx.chain.bodyFilter.length ? this.#filter(ctx, EMPTY, true) : undefined
    const { transforms } = ctx.response
    if (transforms) {
      const last = transforms[transforms.length - 1] as NonNullable<typeof transforms>[number]
      last.once('end', () => this.#complete(ctx))
      transforms[0]?.end(rest)
      return
    }
    if (rest?.length) ctx.downstream.write(rest)
    this.#complete(ctx)
  }

  #complete(ctx: Exchange): void {
    ctx.downstream.end(ctx.response.trailers)
    ctx.completed = true
    this.finish(ctx)
  }

  /** The response cannot be completed: the client must see that it is broken. */
  abort(ctx: Exchange): void {
    ctx.downstream.destroy()
    this.finish(ctx)
  }

  /** The client went away. Called by the wire. */
  clientClosed(ctx: Exchange): void {
    if (!ctx.committed) ctx.response.status = CLIENT_CLOSED_REQUEST
    ctx.onAbort?.()
    ctx.sender?.cancel()
    for (const transform of ctx.response.transforms ?? []) transform.destroy()
    this.finish(ctx)
  }

  /** The log phase; runs once for each request. */
  finish(ctx: Exchange): void {
    if (ctx.finished) return
    ctx.finished = true
    for (const step of ctx.chain.log) {
      try {
        step(ctx)
      } catch (error) {
        this.#deps.log.error({ err: error, route_id: ctx.route?.id }, 'a plugin failed in its log phase')
      }
    }
    this.#deps.onFinish(ctx)
  }

  #headerFilter(ctx: Exchange): void {
    ctx.response.headers.setLiteral('Server', 'server', this.#server)
    for (const step of ctx.chain.headerFilter) {
      try {
        step(ctx)
      } catch (error) {
        this.#deps.log.error({ err: error, route_id: ctx.route?.id }, 'a plugin failed in its header_filter phase')
      }
    }
  }

  #filter(ctx: Exchange, chunk: Buffer, last: boolean): Buffer | undefined {
    const steps = ctx.chain.bodyFilter
    if (!steps.length) return chunk
    let filtered: Buffer | undefined = chunk
    try {
      for (const step of steps) {
        if (!filtered && !last) return undefined
        filtered = step(ctx, filtered ?? EMPTY, last)
      }
      return filtered
    } catch (error) {
      // The body is neither the upstream's nor the filter's: the client must see that it is broken.
      this.#deps.log.error({ err: error, route_id: ctx.route?.id }, 'a plugin failed in its body_filter phase')
      ctx.downstream.destroy()
      return undefined
    }
  }

  #commit(ctx: Exchange, length: number | undefined): void {
    ctx.committed = true
    ctx.downstream.writeHead(ctx, length)
    const { transforms } = ctx.response
    if (!transforms) return
    const { sender } = ctx
    const last = transforms[transforms.length - 1] as NonNullable<typeof transforms>[number]
    for (let i = 1; i < transforms.length; i++)
      transforms[i - 1]?.pipe(transforms[i] as NonNullable<typeof transforms>[number])
    transforms[0]?.on('drain', () => sender?.resume())
    ctx.sender = { resume: () => last.resume(), cancel: () => sender?.cancel() }
    last.on('data', (chunk: Buffer) => {
      if (!ctx.downstream.write(chunk)) last.pause()
    })
    for (const transform of transforms) {
      transform.on('error', (error) => {
        this.#deps.log.error({ err: error, route_id: ctx.route?.id }, 'a response could not be transformed')
        this.abort(ctx)
      })
    }
  }
}

function rewriteOf(plugins: readonly ActivePlugin[]): readonly Step[] {
  return plugins.length ? toChain([], plugins).rewrite : []
}

function toBytes(reply: Reply): Buffer {
  const { body, status } = reply
  if (status === 204 || status === 304 || (status >= 100 && status < 200)) return EMPTY
  if (body === undefined) return status >= 300 ? errorPage(status) : EMPTY
  if (typeof body === 'string') return Buffer.from(body)
  return Buffer.isBuffer(body) ? body : Buffer.from(`${JSON.stringify(body)}\n`)
}
