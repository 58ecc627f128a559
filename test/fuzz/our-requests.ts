// The gateway's own client connection as a parser: bytes in through a fake socket, requests out through a pipeline that only notes them.
import type { BodySink } from '../../src/gateway/body.ts'
import { Deadlines } from '../../src/gateway/deadlines.ts'
import type { ConnectionInfo, Exchange } from '../../src/gateway/exchange.ts'
import { ClientConnection } from '../../src/gateway/http1/connection.ts'
import type { Http1Server } from '../../src/gateway/http1/server.ts'
import type { Pipeline } from '../../src/gateway/pipeline.ts'
import { FakeSocket } from './fake-socket.ts'
import type { Message, Outcome } from './outcome.ts'

const LIMITS: Http1Server['limits'] = {
  headBytes: 1024 * 1024,
  targetBytes: 1024 * 1024,
  fields: 1000,
  headTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  keepaliveTimeoutMs: 60_000,
  sendTimeoutMs: 60_000,
  keepaliveRequests: 1000,
  bodyBytes: 0,
}
const INFO: ConnectionInfo = {
  remoteAddr: '127.0.0.1',
  remotePort: 1,
  serverAddr: '127.0.0.1',
  serverPort: 80,
  openedAt: 0,
  requests: 0,
}
const deadlines = new Deadlines()
const reads = Buffer.alloc(64 * 1024)

/** What the gateway makes of a client's bytes that come in these pieces. */
export function readRequests(pieces: readonly Buffer[]): Outcome {
  const recorder = new Recorder()
  const socket = new FakeSocket()
  const server: Http1Server = {
    pipeline: recorder.asPipeline(),
    limits: LIMITS,
    deadlines,
    log: { ...SILENT, info: (data) => recorder.refuse((data as { reason: string }).reason) },
    draining: false,
    connections: new Set(),
  }
  const connection = new ClientConnection(socket.asSocket(), INFO, server)
  for (const piece of pieces) {
    if (socket.destroyed) break
    // As a real socket gives them: in a buffer that the next read overwrites.
    const read = reads.subarray(0, piece.copy(reads))
    connection.received(read, false)
    read.fill('?')
  }
  const { outcome } = recorder
  if (outcome.end === 'waiting' && socket.destroyed) outcome.end = 'closed'
  recorder.finish()
  socket.emit('close')
  return outcome
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Http1Server['log']

class Recorder {
  readonly outcome: Outcome = { messages: [], end: 'waiting', partial: undefined, reason: '', reusable: false }
  #done = false
  #takeBody = (): void => {}

  /** Nothing counts from here on. */
  finish(): void {
    this.#done = true
    if (this.outcome.partial) this.#takeBody()
  }

  asPipeline(): Pipeline {
    const part = {
      handle: (ctx: Exchange) => this.#handle(ctx),
      reply: (ctx: Exchange) => answer(ctx),
      clientClosed: () => {},
    }
    return part as unknown as Pipeline
  }

  refuse(reason: string): void {
    if (this.#done) return
    this.outcome.end = 'refused'
    this.outcome.partial = undefined
    this.outcome.reason = reason
  }

  #handle(ctx: Exchange): void {
    const { request } = ctx
    const message: Message = {
      start: `${request.method} ${request.target}`,
      fields: request.headers.list,
      body: '',
      trailers: [],
    }
    this.outcome.partial = message
    // Kept as they came: whoever sends a body on may hold its pieces until the socket takes them.
    const pieces: Buffer[] = []
    this.#takeBody = () => {
      message.body = Buffer.concat(pieces).toString('latin1')
    }
    const sink: BodySink = {
      sent: false,
      data: (chunk) => {
        pieces.push(chunk)
        return true
      },
      end: () => {
        this.#takeBody()
        this.outcome.partial = undefined
        this.outcome.messages.push(message)
        answer(ctx)
      },
      error: (error) => this.refuse(error.message),
    }
    request.body.pipe(sink)
  }
}

function answer(ctx: Exchange): void {
  ctx.response.status = 200
  ctx.committed = true
  ctx.downstream.writeHead(ctx, 0)
  ctx.downstream.end()
}
