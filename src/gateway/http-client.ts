// Requests that the gateway makes itself: authorization services, loggers, introspection. Not the proxy path.
//
// `maxIdle` bounds what is kept for later, not how many questions are under way: a connection beyond it stays SURPLUS_IDLE_MS, since under load it is
// wanted again within milliseconds, and a new one for each question would cost more than the question.
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { timerMs } from '../lib/timer.ts'
import { type HeaderFields, HeaderList } from './headers.ts'

export interface HttpClientRequest {
  method?: string
  headers?: HeaderFields
  body?: Buffer | string
  /** Milliseconds for the whole exchange; 3000 when absent. */
  timeoutMs?: number
  /** Check the server's certificate; true when absent. */
  tlsVerify?: boolean
  /** Bytes of the answer's body; 1 MiB when absent. A longer one rejects. */
  maxBodyBytes?: number
}

export interface HttpClientResponse {
  status: number
  headers: HeaderList
  body: Buffer
}

export interface HttpClient {
  /** Rejects when no whole answer came: refused, timed out, too large, not HTTP. Any status is an answer; redirects are not followed. */
  request(url: string, options?: HttpClientRequest): Promise<HttpClientResponse>
  close(): void
}

const TIMEOUT_MS = 3000
const MAX_BODY_BYTES = 1024 * 1024
const MAX_SOCKETS = 256
const IDLE_MS = 60_000
/** Milliseconds that an unused connection stays open beyond those that are kept. */
const SURPLUS_IDLE_MS = 1000

/** How connections are made, and kept for the next request. */
export interface Connections {
  /** Milliseconds that an unused connection stays open; 60000 when absent. */
  idleMs?: number
  /** Unused connections that stay open longer than a second, for a client that asks one server; all of them when absent. */
  maxIdle?: number
  /** Addresses of proxies for http and https, and the hosts that are asked directly, between commas. */
  proxy?: { http: string | undefined; https: string | undefined; none: string | undefined }
}

export function createHttpClient({ idleMs = IDLE_MS, maxIdle, proxy }: Connections = {}): HttpClient {
  const options = {
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: MAX_SOCKETS,
    timeout: timerMs(idleMs),
    ...(proxy && { proxyEnv: { HTTP_PROXY: proxy.http, HTTPS_PROXY: proxy.https, NO_PROXY: proxy.none } }),
  }
  const plain = new http.Agent(options)
  const secure = new https.Agent(options)
  if (maxIdle !== undefined) for (const agent of [plain, secure]) keepFew(agent, maxIdle)
  return {
    request: (url, options = {}) => send(new URL(url), options, plain, secure),
    close: () => {
      plain.destroy()
      secure.destroy()
    },
  }
}

/** The agent closes a free connection at its timeout; one beyond `maxIdle`, of the one server that is asked, gets a short one. */
function keepFew(agent: http.Agent, maxIdle: number): void {
  const keep = agent.keepSocketAlive.bind(agent)
  agent.keepSocketAlive = (stream) => {
    const socket = stream as Socket
    const kept = keep(socket)
    // The one that comes is not counted yet.
    const free = Object.values(agent.freeSockets).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0)
    if (free >= maxIdle) socket.setTimeout(Math.min(SURPLUS_IDLE_MS, socket.timeout ?? SURPLUS_IDLE_MS))
    return kept
  }
}

function send(
  url: URL,
  options: HttpClientRequest,
  plain: http.Agent,
  secure: https.Agent,
): Promise<HttpClientResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpClientResponse>()
  const { method = 'GET', body, timeoutMs = TIMEOUT_MS, maxBodyBytes = MAX_BODY_BYTES } = options
  const tls = url.protocol === 'https:'
  const request = (tls ? https : http).request(url, {
    method,
    headers: HeaderList.from(options.headers ?? {}).toObject(),
    agent: tls ? secure : plain,
    ...(tls ? { rejectUnauthorized: options.tlsVerify ?? true } : {}),
    signal: AbortSignal.timeout(timerMs(timeoutMs)),
  })
  request.on('error', (error) => {
    reject(error.name === 'AbortError' ? new Error(`${url.host} did not answer within ${timeoutMs} ms`) : error)
  })
  request.on('response', (response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBodyBytes)
        request.destroy(new Error(`the answer of ${url.host} is larger than ${maxBodyBytes} bytes`))
      else chunks.push(chunk)
    })
    response.on('error', reject)
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: new HeaderList(response.rawHeaders),
        body: Buffer.concat(chunks),
      }),
    )
  })
  request.end(body)
  return promise
}
