// What loggers send to, in tests: a real HTTP server that keeps what it got, and a way to wait for it.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { until } from '../../until.ts'

export interface Received {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Receiver {
  /** `http://127.0.0.1:PORT`. */
  url: string
  received: Received[]
  /** Status of the next answers. */
  status: number
}

/** Starts an HTTP server on a free port; it is closed after the tests of the file. */
export async function startReceiver(): Promise<Receiver> {
  const receiver: Receiver = { url: '', received: [], status: 200 }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    receiver.received.push({ method, url, headers, body: Buffer.concat(chunks).toString('latin1') })
    response.statusCode = receiver.status
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return receiver
}

/** Waits until `list` has `count` items; fails after 20 s. */
export async function arrived<T>(list: readonly T[], count = 1): Promise<readonly T[]> {
  return until(
    () => (list.length >= count ? list : undefined),
    () => `${list.length} of ${count} have arrived`,
  )
}
