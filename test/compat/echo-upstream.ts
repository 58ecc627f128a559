// The upstream that the recordings were made with: answers with what it was asked, unless the query asks for something else (`status`, `delay`,
// `size`, `body`, `type`, `header`, `close`), remembers requests (`/__requests`), plays an authorization service below `/auth`.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { after } from 'node:test'

interface Seen {
  server: string
  method: string | undefined
  url: string
  headers: Record<string, string | string[]>
  body: string
}

const MAX_REMEMBERED = 500

/** Starts one on a free port; it is closed after the tests of the file. Returns host:port. */
export async function startEchoUpstream(name: string): Promise<string> {
  const log: Seen[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = request.url ?? '/'
      const body = Buffer.concat(chunks).toString()
      const { pathname, searchParams } = new URL(url.startsWith('/') ? `http://x${url}` : 'http://x/')
      if (pathname === '/__requests') return tell(request, response, searchParams, log)
      const seen: Seen = { server: name, method: request.method, url, headers: fieldsOf(request), body }
      log.push(seen)
      if (log.length > MAX_REMEMBERED) log.shift()
      if (pathname.startsWith('/auth')) return authorize(request, response)
      setTimeout(() => answer(request, response, searchParams, seen), Number(searchParams.get('delay') ?? 0))
    })
  })
  server.on('upgrade', (request, socket) => echoFrames(request, socket, name))
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A WebSocket that sends each short text back. */
function echoFrames({ headers }: IncomingMessage, socket: Duplex, name: string): void {
  const accept = createHash('sha1')
    .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nX-Server: ${name}\r\n\r\n`,
  )
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 6) {
      const length = (rest[1] as number) & 0x7f
      if (rest.length < 6 + length) return
      const text = rest.subarray(6, 6 + length).map((byte, i) => byte ^ (rest[2 + (i % 4)] as number))
      if (((rest[0] as number) & 0x0f) === 8) return void socket.end(Buffer.from([0x88, 0]))
      socket.write(Buffer.concat([Buffer.from([0x81, length]), text]))
      rest = rest.subarray(6 + length)
    }
  })
}

/** Lower-case names in order; a repeated field is a list. */
function fieldsOf({ rawHeaders }: IncomingMessage): Seen['headers'] {
  const fields: Seen['headers'] = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    const value = rawHeaders[i + 1] as string
    const known = fields[name]
    fields[name] = known === undefined ? value : [known, value].flat()
  }
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function tell(request: IncomingMessage, response: ServerResponse, query: URLSearchParams, log: Seen[]): void {
  if (request.method === 'DELETE') {
    log.length = 0
    json(request, response, 200, { deleted: true })
    return
  }
  const list = log.filter(({ url }) => url.startsWith(query.get('path') ?? '/'))
  json(request, response, 200, { total: list.length, list })
}

function authorize(request: IncomingMessage, response: ServerResponse): void {
  const { authorization } = request.headers
  if (authorization === 'ok') {
    const fields = { 'X-User-Id': 'user-1', 'X-Plan': 'gold', 'X-Internal': 'secret' }
    json(request, response, 200, { allowed: true }, fields)
  } else if (authorization === 'no') {
    const fields = { 'X-Reason': 'policy', Location: 'http://login.example/' }
    json(request, response, 403, { error: 'denied by the authorisation service' }, fields)
  } else {
    json(request, response, 401, { error: 'who are you?' }, { 'WWW-Authenticate': 'Custom realm="x"' })
  }
}

function answer(request: IncomingMessage, response: ServerResponse, query: URLSearchParams, seen: Seen): void {
  if (query.get('close')) {
    request.socket.destroy()
    return
  }
  const fields: Record<string, string | string[]> = {}
  for (const one of query.getAll('header')) {
    const colon = one.indexOf(':')
    const name = one.slice(0, colon)
    const known = fields[name]
    fields[name] = known === undefined ? one.slice(colon + 1) : [known, one.slice(colon + 1)].flat()
  }
  const status = Number(query.get('status') ?? 200)
  const type = query.get('type')
  const text = query.get('size') ? 'a'.repeat(Number(query.get('size'))) : query.get('body')
  if (text !== null) {
    response.writeHead(status, { 'content-type': type ?? 'text/plain', ...fields })
    response.end(request.method === 'HEAD' ? undefined : text)
  } else if (status === 204 || status === 304) {
    response.writeHead(status, fields).end()
  } else {
    json(request, response, status, seen, { ...(type ? { 'content-type': type } : {}), ...fields })
  }
}

function json(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  value: object,
  fields: Record<string, string | string[]> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...fields })
  response.end(request.method === 'HEAD' ? undefined : JSON.stringify(value))
}
