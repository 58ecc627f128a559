// Serves a handler of admin messages over node:http. Bodies are bounded while they arrive, and kept only of who may call; slow clients are
// node:http's to time out.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { type AdminAnswer, type AdminRequest, refuse } from './message.ts'

export interface ListenOptions {
  handle(request: AdminRequest): Promise<AdminAnswer>
  /** The answer that needs no body: who calls may not, or there is nothing. */
  refuse?(request: AdminRequest): AdminAnswer | undefined
  maxBodyBytes: number
}

const NO_BODY = Buffer.alloc(0)

/** A listener for `http.createServer` or `https.createServer`. */
export function toListener({ handle, refuse: refuseEarly, maxBodyBytes }: ListenOptions): RequestListener {
  return (request, response) => {
    const refused = refuseEarly?.(toRequest(request, NO_BODY))
    if (refused) {
      request.resume() // read, and thrown away
      return send(request, response, refused)
    }
    void readBody(request, maxBodyBytes).then(async (body) => {
      if (body === undefined) return send(request, response, tooLarge(maxBodyBytes))
      send(request, response, await handle(toRequest(request, body)))
    }, response.destroy.bind(response))
  }
}

function toRequest(request: IncomingMessage, body: Buffer): AdminRequest {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    header: (name) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value[0] : value
    },
    body,
    remoteAddress: request.socket.remoteAddress ?? '',
  }
}

/** Undefined: the body is larger than allowed. Rejects when the client goes away. */
function readBody(request: IncomingMessage, maxBodyBytes: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBodyBytes) resolve(undefined)
      else chunks.push(chunk)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

function tooLarge(maxBodyBytes: number): AdminAnswer {
  const answer = refuse(413, `the body is too large, at most ${maxBodyBytes} bytes are taken`)
  // What is left of the body is not read: the connection ends with the answer.
  return { ...answer, headers: { ...answer.headers, connection: 'close' } }
}

function send(request: IncomingMessage, response: ServerResponse, answer: AdminAnswer): void {
  // These never have a body, and the length of another would mislead (RFC 9110, 8.6).
  const bare = answer.status === 204 || answer.status === 304
  const length = { 'content-length': `${Buffer.byteLength(answer.body)}` }
  response.writeHead(answer.status, bare ? answer.headers : { ...answer.headers, ...length })
  response.end(request.method === 'HEAD' ? undefined : answer.body)
}
