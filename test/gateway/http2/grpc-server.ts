// A gRPC server for tests (@grpc/grpc-js) with one method of each kind, on plain bytes.
import {
  type ChannelCredentials,
  Client,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js'
import type { makeCertificate } from '../listening.ts'

const plain = (bytes: Buffer): Buffer => bytes

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/demo.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: plain,
  requestDeserialize: plain,
  responseSerialize: plain,
  responseDeserialize: plain,
})

const SERVICE: ServiceDefinition = {
  Unary: method('Unary', false, false),
  Down: method('Down', false, true),
  Up: method('Up', true, false),
  Both: method('Both', true, true),
}

export interface GrpcServer {
  /** host:port */
  node: string
  /** Metadata of the calls so far. */
  seen: Metadata[]
  /** Resolves when a call of `Hold` has been given up by its client. */
  cancelled: Promise<void>
  stop(): void
  stopGracefully(): Promise<void>
}

/**
 * `Unary` answers its request, fails for `fail` (code NOT_FOUND), never answers for `hold`; `Down` sends it three times and fails after that
 * for `fail`; `Up` answers all pieces joined; `Both` answers each piece.
 */
export async function startGrpcServer(
  secure?: ReturnType<typeof makeCertificate>,
  address = '127.0.0.1:0',
): Promise<GrpcServer> {
  const server = new Server()
  const seen: Metadata[] = []
  let giveUp = (): void => {}
  const cancelled = new Promise<void>((resolve) => {
    giveUp = resolve
  })
  const onUnary: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    seen.push(call.metadata)
    call.on('cancelled', giveUp)
    const text = call.request.toString()
    if (text === 'fail') {
      const metadata = new Metadata()
      metadata.set('x-why', 'not here')
      done({ code: status.NOT_FOUND, details: 'nobody here', metadata })
    } else if (text !== 'hold') {
      const trailers = new Metadata()
      trailers.set('x-after', 'all')
      done(null, call.request, trailers)
    }
  }
  const onDown: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    for (let i = 0; i < 3; i++) call.write(call.request)
    if (call.request.toString() === 'fail') call.emit('error', { code: status.ABORTED, details: 'half way' })
    else call.end()
  }
  const onUp: handleClientStreamingCall<Buffer, Buffer> = (call, done) => {
    void Array.fromAsync(call as AsyncIterable<Buffer>).then((all) => done(null, Buffer.concat(all)))
  }
  const onBoth: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', (bytes: Buffer) => call.write(bytes))
    call.on('end', () => call.end())
  }
  server.addService(SERVICE, { Unary: onUnary, Down: onDown, Up: onUp, Both: onBoth })
  const credentials = secure
    ? ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(secure.key), cert_chain: Buffer.from(secure.cert) },
      ])
    : ServerCredentials.createInsecure()
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  )
  return {
    node: `127.0.0.1:${port}`,
    seen,
    cancelled,
    stop: () => server.forceShutdown(),
    stopGracefully: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  }
}

export interface Outcome {
  code: number
  details: string
  body: string
  trailers: Metadata
}

/** A unary call; a failed one is an outcome too. */
export function unary(
  client: Client,
  bytes: string | Buffer,
  { path = '/demo.Echo/Unary', deadlineMs = 10_000, metadata = {} as Record<string, string> } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const sent = new Metadata()
    for (const [name, value] of Object.entries(metadata)) sent.set(name, value)
    let body = Buffer.alloc(0)
    const call = client.makeUnaryRequest(
      path,
      plain,
      plain,
      Buffer.from(bytes),
      sent,
      { deadline: Date.now() + deadlineMs },
      (_error, answer) => {
        body = Buffer.from(answer ?? '')
      },
    )
    call.on('status', ({ code, details, metadata: trailers }) =>
      setImmediate(() => resolve({ code, details, body: body.toString(), trailers })),
    )
  })
}

export function connectGrpc(address: string, credentials: ChannelCredentials): Client {
  return new Client(address, credentials, { 'grpc.enable_retries': 0 })
}
