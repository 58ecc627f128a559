// What listeners of streams serve, for tests that open them over a thread of their own.
import type { StreamServer } from '../../../src/gateway/stream/tcp.ts'
import type { Thread } from '../../../src/gateway/thread.ts'
import { createLogger } from '../../../src/lib/log.ts'

export function streamsForTest(thread: Thread, udpIdleMs: number): StreamServer {
  return {
    routes: thread.streamRoutes,
    deadlines: thread.deadlines,
    log: createLogger('silent'),
    proxy: undefined,
    proxyToUpstream: false,
    connections: new Set(),
    open: new Set(),
    maxConnections: 8,
    maxUdpSessions: 2,
    udpIdleMs,
  }
}
