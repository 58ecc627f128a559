// A target as a plain Apache APISIX is one: the Admin API of an embedded gateway without its transactions, under APISIX's name. `before` may fail
// or change what is asked, to play somebody else at the same time.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface PlainTarget {
  url: string
  /** Called with each request before it is passed on; a number is answered as the status. */
  before: (method: string, path: string) => Promise<number | undefined> | number | undefined
  /** Called with each request that was passed on, before its answer; true: the connection is cut instead. */
  after: (method: string, path: string) => Promise<boolean> | boolean
  /** What is done to what is written before it is passed on. */
  written: (body: string, path: string) => string
  seen: string[]
  close(): void
}

/** `hide`: paths below `/apisix/admin` that this version does not have. */
export async function plainTarget(admin: string, server: string, hide: string[]): Promise<PlainTarget> {
  const target: PlainTarget = {
    url: '',
    before: () => undefined,
    after: () => false,
    written: (body) => body,
    seen: [],
    close: () => {},
  }
  const proxy = http.createServer(async (request, response) => {
    const path = request.url ?? ''
    const method = request.method ?? 'GET'
    const body = await text(request)
    target.seen.push(`${method} ${path}`)
    const status = hide.some((one) => path.startsWith(`/apisix/admin${one}`)) ? 404 : await target.before(method, path)
    if (status !== undefined) {
      response.writeHead(status, { Server: server, 'Content-Type': 'application/json' }).end('{"error_msg":"not now"}')
      return
    }
    const headers = { 'X-API-KEY': String(request.headers['x-api-key']) }
    const answer = await fetch(admin + path, { method, headers, body: target.written(body, path) || undefined })
    if (await target.after(method, path)) {
      request.socket.destroy()
      return
    }
    response.writeHead(answer.status, { Server: server, 'Content-Type': 'application/json' }).end(await answer.text())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  target.url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  target.close = () => {
    proxy.close()
    proxy.closeAllConnections()
  }
  return target
}
