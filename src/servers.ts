// The HTTP servers of the main thread: Admin API, Control API, status, metrics. Each opens one port and says clearly when it cannot.
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { type ListenOptions, toListener } from './admin/listen.ts'
import type { AdminAnswer, AdminRequest } from './admin/message.ts'
import { errorPage, SERVER } from './gateway/error-page.ts'
import { isRebound, parseAddress } from './lib/address.ts'
import { ListenError } from './lib/listen-error.ts'
import { readNamedFile } from './lib/system-error.ts'
import type { Settings } from './settings/schema.ts'

export type Closers = (() => Promise<unknown> | unknown)[]

const MAX_BODY_BYTES = 4 * 1024 * 1024
/** Connections at a time on one of these ports; more are closed at once. */
export const MAX_CONNECTIONS = 1024
/**
 * Milliseconds of every HTTP server of the main thread: from a connection's first byte, or the one before, to the end of a head, and to the end of
 * a whole request. Node looks after them every half a minute by default, which would be the real limit.
 */
export const HTTP_TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 5000 }

/** Serves admin messages; `tls` with `ca_file` asks clients for a certificate. Undefined when `listen` is `off`. */
export async function serveMessages(
  listen: string,
  handle: (request: AdminRequest) => Promise<AdminAnswer>,
  closers: Closers,
  { tls, refuse }: { tls?: Settings['admin']['tls']; refuse?: ListenOptions['refuse'] } = {},
): Promise<string | undefined> {
  if (listen === 'off') return undefined
  const listener = toListener({ handle, refuse, maxBodyBytes: MAX_BODY_BYTES })
  const server = tls?.cert_file
    ? https.createServer({ ...HTTP_TIMEOUTS, ...readTls(tls) }, listener)
    : http.createServer(HTTP_TIMEOUTS, listener)
  return listenOn(server, listen, closers)
}

function readTls(tls: Settings['admin']['tls']): https.ServerOptions {
  const read = (name: 'cert_file' | 'key_file' | 'ca_file'): Buffer | undefined => {
    const file = tls[name]
    return file === undefined ? undefined : readNamedFile(file, `admin.tls.${name}`)
  }
  const ca = read('ca_file')
  return {
    cert: read('cert_file'),
    key: read('key_file'),
    ca,
    requestCert: ca !== undefined,
    rejectUnauthorized: ca !== undefined,
  }
}

/** Serves the metrics to Prometheus; `text` makes them for each scrape. */
export async function serveMetrics(listen: string, text: () => string, closers: Closers): Promise<string | undefined> {
  if (listen === 'off') return undefined
  const server = http.createServer(HTTP_TIMEOUTS, (request, response) => {
    const found = request.method === 'GET' && request.url?.split('?', 1)[0] === '/apisix/prometheus/metrics'
    if (isRebound(request.headers.host, request.socket.remoteAddress)) {
      response.writeHead(403, { 'Content-Type': 'text/html; charset=utf-8', Server: SERVER }).end(errorPage(403))
      return
    }
    const type = found ? 'text/plain; charset=utf-8' : 'text/html; charset=utf-8'
    response.writeHead(found ? 200 : 404, { 'Content-Type': type, Server: SERVER })
    response.end(found ? text() : errorPage(404))
  })
  return listenOn(server, listen, closers)
}

async function listenOn(server: http.Server, text: string, closers: Closers): Promise<string> {
  const address = parseAddress(text) as { host: string; port: number }
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(ListenError.at(text, error)))
    server.listen(address.port, address.host, resolve)
  })
  closers.push(() => closeServer(server))
  return `${address.host}:${(server.address() as AddressInfo).port}`
}

/** Ends a server with its connections. */
export function closeServer(server: http.Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
