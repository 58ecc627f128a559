// One request and its response on their way through the gateway: what the wire has read, what plugins change, what goes out.
//
// The wire code (http1/, http2/, inject.ts) creates an Exchange for each request and gives it to the pipeline; plugins see nothing else.
// Objects here hold data and small accessors only. Phases run in pipeline.ts, variables are resolved in variables.ts, bytes are made
// by the `Downstream` that the request came from.
import type { Duplex, Transform } from 'node:stream'
import { randomHex } from '../lib/random-hex.ts'
import type { RequestBody } from './body.ts'
import type { CompiledRoute, PhaseChain } from './compile.ts'
import type { Consumer } from './consumers.ts'
import type { ForwardedLines } from './forwarded.ts'
import { HeaderList } from './headers.ts'
import type { ServedRoute } from './routes.ts'
import type { UpstreamRuntime } from './upstream/runtime.ts'

/** The connection that a request came on. One object per connection, shared by its exchanges. */
export interface ConnectionInfo {
  remoteAddr: string
  remotePort: number
  serverAddr: string
  serverPort: number
  /** Milliseconds of performance.now() when it was taken. */
  openedAt: number
  /** Requests that came on it so far. */
  requests: number
  /** What upstreams were told of its client last; see forwarded.ts. */
  told?: ForwardedLines | undefined
  /** What a PROXY protocol header said of the client, whether its sender is trusted or not. */
  announced?: { remoteAddr: string; remotePort: number }
  /** Not a connection: a plugin makes this request for another one. */
  subrequest?: boolean
  /** Present on TLS connections. */
  tls?: {
    sni: string | undefined
    protocol: string
    cipher: string
    clientCertificate?: ClientCertificate | undefined
    /** Why a request for this host and path must not be served on this connection (mTLS); undefined: it may be. */
    refuses?(host: string, path: string, info: NonNullable<ConnectionInfo['tls']>): string | undefined
  }
}

export interface ClientCertificate {
  /** PEM. */
  raw: string
  serial: string
  subject: string
  issuer: string
  fingerprint: string
  /** `SUCCESS`, or `FAILED:reason`, as nginx's $ssl_client_verify. */
  verify: string
}

/** What the wire read from a request head. */
export interface RequestHead {
  method: string
  /** The request-target as sent (origin form; absolute form is reduced to it before). */
  target: string
  httpVersion: '1.0' | '1.1' | '2.0'
  headers: HeaderList
  /** Host as sent (Host field, :authority or absolute form), with its port. */
  authority: string
}

export class GatewayRequest {
  method: string
  readonly target: string
  readonly httpVersion: RequestHead['httpVersion']
  headers: HeaderList
  readonly authority: string
  /** Lower-case host without port; what routes match on. */
  readonly host: string
  scheme: 'http' | 'https'
  /** The path as sent, without the query. */
  readonly rawPath: string
  /** The query as sent, without `?`; a rewrite may replace it. */
  query: string
  /** The normalised path (APISIX's `uri`): decoded, slashes merged, dot segments resolved. */
  path: string
  readonly body: RequestBody

  /** `mark`: where the query begins in the target, with its `?`; -1: there is none. */
  constructor(
    head: RequestHead,
    scheme: 'http' | 'https',
    host: string,
    path: string,
    body: RequestBody,
    mark = head.target.indexOf('?'),
  ) {
    this.method = head.method
    this.target = head.target
    this.httpVersion = head.httpVersion
    this.headers = head.headers
    this.authority = head.authority
    this.host = host
    this.scheme = scheme
    this.rawPath = mark < 0 ? head.target : head.target.slice(0, mark)
    this.query = mark < 0 ? '' : head.target.slice(mark + 1)
    this.path = path
    this.body = body
  }
}

/** A response that has no head yet. */
const NO_HEADERS = new HeaderList(Object.freeze<string[]>([]) as string[])

export class GatewayResponse {
  status = 0
  headers = NO_HEADERS
  /** Who made this response: `upstream`, or the gateway itself (no route, a plugin's reply, an upstream out of reach). */
  source: 'upstream' | 'gateway' = 'gateway'
  /** Streams that a header_filter has put between the upstream's body and the client, in order (compression). Undefined: none. */
  transforms: Transform[] | undefined
  /** Trailers of the upstream's response: from the last body_filter on, or from header_filter on when the response is held. */
  trailers: HeaderList | undefined
  /** The whole body of a response that was held (`ctx.holdBytes`), from header_filter on. */
  held: Buffer | undefined
  #finishers: (() => void)[] | undefined
  /** Bytes of the body written to the client. */
  bodyBytes = 0
  /** Bytes written to the client, head included. */
  sentBytes = 0

  /** For a header_filter that will change the body: its length, validators and ranges no longer hold. */
  forgetBody(): void {
    for (const name of ['content-length', 'etag', 'last-modified', 'accept-ranges', 'content-md5', 'digest'])
      this.headers.remove(name)
  }

  /** Runs `step` after the last header_filter, for what must see the response as it goes out (compression). */
  afterFilters(step: () => void): void {
    this.#finishers ??= []
    this.#finishers.push(step)
  }

  /** Runs what `afterFilters` was given. The last step of the phase. */
  finishHeaders(): void {
    if (this.#finishers) for (const step of this.#finishers) step()
  }

  /** Puts a stream between the upstream's body and the client. Only from header_filter; calls `forgetBody`. */
  pipe(transform: Transform): void {
    this.forgetBody()
    this.transforms ??= []
    this.transforms.push(transform)
  }
}

/** One try at an upstream node. Times in milliseconds, -1 when it did not come so far. */
export interface UpstreamTry {
  address: string
  /** The node as configured: a name, where `address` has what it stands for. */
  host: string
  status: number
  /** Bytes of the body that came. */
  bodyBytes: number
  connectMs: number
  headerMs: number
  responseMs: number
}

/** The phases of a request that has not been matched yet. */
export const NO_CHAIN: PhaseChain = {
  rewrite: [],
  access: [],
  beforeProxy: [],
  headerFilter: [],
  bodyFilter: [],
  log: [],
}

/** Where a response goes. `writeHead` is called once, then `write`* and `end`; or `destroy` at any time. */
export interface Downstream {
  /** `length`: bytes of the body; undefined when not known. Framing (HEAD, 204, 304, chunked, close) is decided here. */
  writeHead(ctx: Exchange, length: number | undefined): void
  /** False: write no more until `ctx.sender` is told to resume. The writer owns the buffer from now on. */
  write(chunk: Buffer): boolean
  /** The same for bytes that are latin1 text already, where that is cheaper than a buffer. */
  writeText?(text: string): boolean
  end(trailers?: HeaderList): void
  /** True when the operating system has all that was written: nothing refers to its bytes any more. */
  readonly sent: boolean
  /** Sends what is held back in the hope of joining it with more. */
  flush(): void
  /** Hands over the connection after `ctx.response` with status 101; `rest` are bytes that the client has sent already. */
  upgrade?(ctx: Exchange): { socket: Duplex; rest: Buffer }
  /** Cuts the connection or stream, so that the client cannot take a broken response for a whole one. */
  destroy(): void
  /** A 1xx response (not 101). */
  informational(status: number, headers: HeaderList): void
  /** True once the client has gone away. */
  readonly closed: boolean
}

/** Writes a response's body to a `Downstream`. */
export interface Sender {
  /** `write` has said false, and there is room again. */
  resume(): void
  /** The client has gone away. */
  cancel(): void
}

const NO_TRIES: readonly UpstreamTry[] = []

export class Exchange {
  readonly request: GatewayRequest
  readonly response: GatewayResponse
  readonly connection: ConnectionInfo
  readonly downstream: Downstream
  /** The client's address: the peer's, or what real_ip says. */
  remoteAddr: string
  remotePort: number
  /** Milliseconds of performance.now() when the first byte of the head was seen. */
  readonly startedAt: number

  /** The route that matched, with everything that was made for it. */
  served: ServedRoute | undefined
  route: CompiledRoute | undefined
  /** Parameters that the router took from the path (`:name`). */
  params: Record<string, string> | undefined
  matchedUri: string | undefined
  matchedHost: string | undefined
  /** The phases that run for this request; replaced when a consumer brings plugins. */
  chain: PhaseChain
  consumer: Consumer | undefined

  /** Where it goes: the route's upstream, unless a plugin sets another. */
  upstream: UpstreamRuntime | undefined
  /** Path and query for the upstream (raw form, begins with `/`), when a plugin has rewritten it. */
  upstreamUri: string | undefined
  /** Host for the upstream, when a plugin has rewritten it. */
  upstreamHost: string | undefined
  upstreamScheme: string | undefined
  /** What X-Forwarded-Proto, -Host and -Port say to the upstream, when a plugin has set them. */
  forwarded: { proto?: string; host?: string; port?: string } | undefined
  /**
   * Bytes of the upstream's body that are collected before header_filter runs, so that a plugin can decide on head, body and trailers together.
   * 0: the response passes as it comes. A larger body is refused with 502.
   */
  holdBytes = 0
  /** The protocol that the client asks to switch to (`websocket`), from Upgrade and Connection. */
  upgrade: string | undefined
  upstreamTries: readonly UpstreamTry[] = NO_TRIES
  /** Called when the upstream's head is in `response`, before any header_filter has changed it. */
  onHead: (() => void) | undefined
  /** Who writes the response's body. */
  sender: Sender | undefined
  /** Called when the client goes away before the response has ended. */
  onAbort: (() => void) | undefined
  /** True once a response has begun: a phase's reply comes too late then. */
  committed = false
  /** True once the log phase has run. */
  finished = false
  /** True once all of the response has been handed to the client's connection. */
  completed = false

  #id: string | undefined
  #state: Map<unknown, unknown> | undefined
  #vars: Map<string, string | number | undefined> | undefined

  constructor(
    request: GatewayRequest,
    response: GatewayResponse,
    connection: ConnectionInfo,
    downstream: Downstream,
    chain: PhaseChain,
    startedAt: number,
  ) {
    this.request = request
    this.response = response
    this.connection = connection
    this.downstream = downstream
    this.chain = chain
    this.startedAt = startedAt
    this.remoteAddr = connection.remoteAddr
    this.remotePort = connection.remotePort
    connection.requests++
  }

  /** APISIX's `$request_id`: 32 hex digits, made when first asked for. */
  get id(): string {
    this.#id ??= randomHex(16)
    return this.#id
  }

  /** A plugin's own state for this request, under a key that only it has (its instance, a symbol). */
  get<T>(key: unknown): T | undefined {
    return this.#state?.get(key) as T | undefined
  }

  set(key: unknown, value: unknown): void {
    this.#state ??= new Map()
    this.#state.set(key, value)
  }

  /** Sets or overrides an APISIX variable for this request (`ctx.setVar('balancer_ip', ...)`). */
  setVar(name: string, value: string | number | undefined): void {
    this.#vars ??= new Map()
    this.#vars.set(name, value)
  }

  /** A variable that `setVar` has set. variables.ts has the built-in ones; use its `variable(ctx, name)` to resolve any name. */
  ownVar(name: string): string | number | undefined {
    return this.#vars?.get(name)
  }
}
