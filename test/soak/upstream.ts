// The upstream of the soak: it says every request's token back, or misbehaves as its path asks.
import { createHash } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export const BIG_BYTES = 2 * 1024 * 1024

export interface SoakUpstream {
  node: string
  close(): void
}

/** A body of BIG_BYTES that only this token has. */
export function bigBody(token: string): Buffer {
  return Buffer.alloc(BIG_BYTES, createHash('sha256').update(token).digest())
}

export async function startUpstream(): Promise<SoakUpstream> {
  const server = http.createServer(answer)
  server.on('upgrade', (request, socket) => echo(request, socket))
  server.on('clientError', (_, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    node: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const token = String(request.headers['x-token'])
  request.on('error', () => {})
  response.on('error', () => {})
  response.setHeader('X-Token', token)
  switch (request.url?.split('/')[2]) {
    case 'big':
      response.end(bigBody(token))
      return
    case 'cut':
      response.writeHead(200, { 'Content-Length': 100_000 }).write(token)
      setTimeout(() => response.destroy(), 5)
      return
    case 'reset':
      ;(request.socket as Socket).resetAndDestroy()
      return
    case 'early':
      response.end(token)
      return
    case 'events':
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(`data: ${token}\n\n`)
      return
    default:
      tellBack(token, request, response)
  }
}

function tellBack(token: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  const hash = createHash('sha256')
  request.on('data', (chunk: Buffer) => hash.update(chunk))
  request.on('end', () => response.end(`${token} ${hash.digest('hex')}`))
}

function echo(request: http.IncomingMessage, socket: Duplex): void {
  const token = String(request.headers['x-token'])
  socket.on('error', () => {})
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Token: ${token}\r\n\r\n`,
  )
  socket.pipe(socket)
}
