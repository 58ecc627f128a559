// A request through the data plane without a socket: for plugins that make requests of their own (batch-requests), for proofs and for tests.
import type { Duplex } from 'node:stream'
import { hostOf } from './authority.ts'
import { RequestBody } from './body.ts'
import {
  type ConnectionInfo,
  type Downstream,
  Exchange,
  GatewayRequest,
  GatewayResponse,
  NO_CHAIN,
} from './exchange.ts'
import { type HeaderFields, HeaderList } from './headers.ts'
import { normalisePath } from './normalise.ts'
import type { Pipeline } from './pipeline.ts'

export interface InjectRequest {
  method?: string
  /** Path and query, begins with `/`. */
  target: string
  headers?: HeaderFields
  body?: Buffer | string
  remoteAddr?: string
  scheme?: 'http' | 'https'
  /** Made by a plugin for another request; `ConnectionInfo.subrequest` then says so. */
  subrequest?: boolean
  /** Bytes of the answer's body; 64 MiB when absent. A longer one rejects. */
  maxBodyBytes?: number
  /** Ends the request as if its client had gone; the promise rejects. */
  signal?: AbortSignal
}

export interface Injected {
  status: number
  headers: HeaderList
  body: Buffer
  trailers: HeaderList | undefined
}

const MAX_BODY_BYTES = 64 * 1024 * 1024

/** Rejects when the response is cut off or too large. */
export function inject(pipeline: Pipeline, request: InjectRequest): Promise<Injected> {
  return collect(pipeline, request, (exchange) => pipeline.handle(exchange))
}

/**
 * Sends a request to the upstream of another one: no route is looked for and no plugin runs. Its tries count as those of `ctx`. Rejects as
 * `inject` does, and when `ctx` has no upstream.
 */
export function sendToUpstream(pipeline: Pipeline, ctx: Exchange, request: InjectRequest): Promise<Injected> {
  const { upstream } = ctx
  if (!upstream) return Promise.reject(new Error('the route has no upstream'))
  if (!upstream.speaksHttp)
    return Promise.reject(new Error(`the upstream of the route does not speak HTTP: its scheme is ${upstream.scheme}`))
  const { remoteAddr, request: outer } = ctx
  let sending: Exchange | undefined
  const own: InjectRequest = { ...request, remoteAddr, scheme: outer.scheme, subrequest: true }
  const sent = collect(pipeline, own, (exchange) => {
    exchange.served = ctx.served
    exchange.route = ctx.route
    exchange.upstream = upstream
    exchange.upstreamHost = ctx.upstreamHost
    sending = exchange
    pipeline.forward(exchange)
  })
  return sent.finally(() => {
    ctx.upstreamTries = [...ctx.upstreamTries, ...(sending?.upstreamTries ?? [])]
  })
}

function collect(pipeline: Pipeline, request: InjectRequest, start: (exchange: Exchange) => void): Promise<Injected> {
  return new Promise((resolve, reject) => {
    const headers = request.headers ? HeaderList.from(request.headers) : new HeaderList()
    const authority = headers.get('host') ?? 'localhost'
    const body = request.body === undefined ? Buffer.alloc(0) : Buffer.from(request.body)
    const mark = request.target.indexOf('?')
    const path = normalisePath(mark < 0 ? request.target : request.target.slice(0, mark))
    if (path === undefined) {
      reject(new Error(`path ${JSON.stringify(request.target)} has a malformed escape or climbs above the root`))
      return
    }
    const { method = 'GET', target, scheme = 'http' } = request
    const collector = new Collector(method === 'HEAD', request.maxBodyBytes ?? MAX_BODY_BYTES, resolve, reject)
    const exchange = new Exchange(
      new GatewayRequest(
        { method, target, httpVersion: '1.1', headers, authority },
        scheme,
        hostOf(authority),
        path,
        RequestBody.of(body),
      ),
      new GatewayResponse(),
      { ...connectionOf(request.remoteAddr ?? '127.0.0.1'), ...(request.subrequest ? { subrequest: true } : {}) },
      collector,
      NO_CHAIN,
      performance.now(),
    )
    const abort = (): void => {
      if (collector.closed) return
      collector.destroy()
      pipeline.clientClosed(exchange)
    }
    request.signal?.addEventListener('abort', abort, { once: true })
    collector.onEnd = () => request.signal?.removeEventListener('abort', abort)
    start(exchange)
  })
}

function connectionOf(remoteAddr: string): ConnectionInfo {
  return { remoteAddr, remotePort: 0, serverAddr: '127.0.0.1', serverPort: 0, openedAt: performance.now(), requests: 0 }
}

class Collector implements Downstream {
  readonly sent = false
  closed = false
  onEnd = (): void => {}
  readonly #head: boolean
  readonly #maxBytes: number
  readonly #resolve: (response: Injected) => void
  readonly #reject: (error: Error) => void
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #ctx: Exchange | undefined

  constructor(head: boolean, maxBytes: number, resolve: (response: Injected) => void, reject: (error: Error) => void) {
    this.#head = head
    this.#maxBytes = maxBytes
    this.#resolve = resolve
    this.#reject = reject
  }

  writeHead(ctx: Exchange, length: number | undefined): void {
    this.#ctx = ctx
    ctx.response.headers.remove('transfer-encoding')
    if (length !== undefined) ctx.response.headers.set('Content-Length', String(length))
  }

  write(chunk: Buffer): boolean {
    if (this.#head) return true
    this.#bytes += chunk.length
    if (this.#ctx) this.#ctx.response.bodyBytes += chunk.length
    if (this.#bytes > this.#maxBytes) this.#fail(`the answer is larger than ${this.#maxBytes} bytes`)
    else this.#chunks.push(chunk)
    return true
  }

  end(trailers?: HeaderList): void {
    if (this.closed || !this.#ctx) return
    this.closed = true
    this.onEnd()
    const { status, headers } = this.#ctx.response
    this.#resolve({ status, headers, body: Buffer.concat(this.#chunks), trailers })
  }

  flush(): void {}

  informational(): void {}

  upgrade(): { socket: Duplex; rest: Buffer } {
    throw new Error('an injected request cannot be upgraded')
  }

  destroy(): void {
    this.#fail('the response was cut off')
  }

  #fail(message: string): void {
    if (this.closed) return
    this.closed = true
    this.onEnd()
    this.#reject(new Error(message))
  }
}
