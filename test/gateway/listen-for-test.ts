// A thread on a port of its own, for what must be seen over a socket.
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { listenHttp } from '../../src/gateway/listener.ts'
import type { Thread } from '../../src/gateway/thread.ts'
import { createLogger } from '../../src/lib/log.ts'

const limits = {
  headBytes: 8192,
  targetBytes: 2048,
  fields: 50,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 10_000,
  keepaliveTimeoutMs: 10_000,
  sendTimeoutMs: 10_000,
  keepaliveRequests: 1000,
  bodyBytes: 0,
}

/** The port; it is closed after the tests of the file, with its connections. */
export async function listenForTest(thread: Thread): Promise<number> {
  const connections = new Set<{ shutdown(): void }>()
  const server = {
    pipeline: thread.pipeline,
    limits,
    deadlines: thread.deadlines,
    log: createLogger('silent'),
    draining: false,
    connections,
  }
  const listener = await listenHttp({ host: '127.0.0.1', port: 0 }, server)
  after(() => {
    listener.close()
    for (const connection of connections) connection.shutdown()
  })
  return (listener.address() as AddressInfo).port
}
