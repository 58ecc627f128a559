// The gateway's own upstream connection as a parser: its socket is replaced by a fake one, into whose read buffer the bytes are put.
import net from 'node:net'
import { RequestBody } from '../../src/gateway/body.ts'
import { Deadlines } from '../../src/gateway/deadlines.ts'
import type { HeaderList } from '../../src/gateway/headers.ts'
import { sendAll } from '../../src/gateway/outbox.ts'
import { Http1Transport } from '../../src/gateway/transport/h1.ts'
import type { OutgoingRequest, ResponseHandler } from '../../src/gateway/transport/transport.ts'
import { FakeSocket } from './fake-socket.ts'
import type { Message, Outcome } from './outcome.ts'

const DESTINATION = { address: '127.0.0.1', port: 80, key: 'fuzz', tls: undefined }
const TIMEOUTS = { connectMs: 60_000, sendMs: 60_000, readMs: 60_000 }
const POOL = { size: 1, idleMs: 60_000, requests: 1000 }
const deadlines = new Deadlines()

/** What the gateway makes of an upstream's bytes that come in these pieces, the end of the upstream's side behind them. */
export function readResponse(method: string, pieces: readonly Buffer[]): Outcome {
  const socket = new FakeSocket()
  const transport = new Http1Transport(deadlines)
  const recorder = new Recorder()
  const read = withFakeConnection(socket, () => {
    transport.send(DESTINATION, request(method), TIMEOUTS, POOL, recorder)
  })
  socket.emit('connect')
  sendAll() // or an answer would come before its question
  for (const piece of pieces) {
    if (socket.destroyed) break
    read(piece)
  }
  // A connection that is still open when its response is complete has gone back to the pool.
  if (recorder.outcome.end === 'closed') recorder.outcome.reusable = !socket.destroyed
  else if (!socket.destroyed) socket.emit('end')
  transport.close()
  return recorder.outcome
}

function request(method: string): OutgoingRequest {
  return {
    method,
    uri: '/',
    host: 'a',
    headers: '',
    body: RequestBody.of(Buffer.alloc(0)),
    upgrade: undefined,
    saysEmpty: false,
  }
}

type OnRead = NonNullable<net.TcpNetConnectOpts['onread']>

/** Runs `connect` with net.connect giving out `socket`; returns how to put bytes into it. */
function withFakeConnection(socket: FakeSocket, connect: () => void): (piece: Buffer) => void {
  const original = net.connect
  let onread: OnRead | undefined
  net.connect = ((options: net.TcpNetConnectOpts) => {
    onread = options.onread
    return socket.asSocket()
  }) as typeof net.connect
  try {
    connect()
  } finally {
    net.connect = original
  }
  let target: Uint8Array = Buffer.alloc(0)
  return (piece) => {
    const { buffer, callback } = onread as OnRead
    target = (typeof buffer === 'function' ? (buffer() as Uint8Array | undefined) : buffer) ?? target // as node:net does it
    target.set(piece)
    callback(piece.length, target)
    target.fill(0x3f, 0, piece.length) // as the next read does; the pieces are too small to be given away
  }
}

class Recorder implements ResponseHandler {
  readonly outcome: Outcome = { messages: [], end: 'waiting', partial: undefined, reason: '', reusable: false }
  #message: Message | undefined
  #body: Buffer[] = []

  connected(): void {}
  flush(): void {}
  keeps(): boolean {
    return true
  }

  informational(status: number, headers: HeaderList): void {
    this.outcome.messages.push({ start: String(status), fields: headers.list, body: '', trailers: [] })
  }

  head(status: number, headers: HeaderList): void {
    this.#message = { start: String(status), fields: headers.list, body: '', trailers: [] }
  }

  text(body: string): boolean {
    this.#body.push(Buffer.from(body, 'latin1'))
    return true
  }

  data(chunk: Buffer): boolean {
    this.#body.push(chunk) // kept as it came: the handler owns it
    return true
  }

  end(trailers: HeaderList | undefined): void {
    const message = this.#message as Message
    message.body = Buffer.concat(this.#body).toString('latin1')
    message.trailers = trailers?.list ?? []
    this.outcome.messages.push(message)
    this.outcome.end = 'closed'
  }

  upgraded(): void {
    this.outcome.end = 'closed'
  }

  failed(error: Error): void {
    this.outcome.end = 'refused'
    this.outcome.reason = error.message
  }
}
