// An HTTP/2 client for tests: node:http2 with whole answers.
import http2, { type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
  bytes: Buffer
  trailers: IncomingHttpHeaders | undefined
  /** Statuses of 1xx responses before it. */
  informational: number[]
}

/** Connects; errors of the session are those of its requests. */
export function connect(url: string, options: http2.SecureClientSessionOptions = {}): ClientHttp2Session {
  const session = http2.connect(url, options)
  session.on('error', () => {})
  return session
}

/** One request. Rejects when its stream is reset. */
export function ask(session: ClientHttp2Session, head: OutgoingHttpHeaders, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(head, { endStream: body === undefined })
    const chunks: Buffer[] = []
    const answer: Answer = {
      status: 0,
      headers: {},
      body: '',
      bytes: Buffer.alloc(0),
      trailers: undefined,
      informational: [],
    }
    stream.on('headers', (headers) => answer.informational.push(Number(headers[':status'])))
    stream.on('response', (headers) => {
      answer.status = Number(headers[':status'])
      answer.headers = headers
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('trailers', (trailers) => {
      answer.trailers = trailers
    })
    stream.on('error', () => {}) // 'close' follows
    stream.on('close', () => {
      if (stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR || answer.status === 0)
        reject(new Error(`the stream was reset with ${stream.rstCode}`))
      else {
        const bytes = Buffer.concat(chunks)
        resolve({ ...answer, bytes, body: bytes.toString() })
      }
    })
    if (body !== undefined) stream.end(body)
  })
}
