// A data-plane thread: takes the configuration from the main thread, opens the ports, serves.
import type { Server } from 'node:net'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { CidrSet } from '../lib/cidr.ts'
import { createLogger } from '../lib/log.ts'
import { plugins } from '../plugins/index.ts'
import { type AccessLog, openAccessLog } from './access-log.ts'
import { Certificates } from './certificates.ts'
import { CommitReader } from './commit-ring.ts'
import type { HeaderList } from './headers.ts'
import type { Http1Server } from './http1/server.ts'
import { Http2Connection } from './http2/connection.ts'
import { type Address, listenHttp, listenHttps } from './listener.ts'
import type { ProxyProtocol } from './proxy-protocol.ts'
import { listenTcp, listenTls } from './stream/listener.ts'
import type { StreamServer } from './stream/tcp.ts'
import { listenUdp } from './stream/udp.ts'
import { Tail } from './tail.ts'
import { Thread, type ThreadOptions } from './thread.ts'
import { CountedConnections } from './traffic.ts'
import { DnsCache } from './upstream/dns.ts'
import { HealthTable } from './upstream/health-table.ts'
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts'

const port = parentPort as MessagePort
const start = workerData as WorkerStart
const say = (message: FromWorker): void => port.postMessage(message)
const log = createLogger(start.logLevel)

let accessLog: AccessLog | undefined
let tail: Tail | undefined

/** Requests that wait for the metrics of all threads. */
const wanted: ((text: string) => void)[] = []
function collectMetrics(): Promise<string> {
  return new Promise((resolve) => {
    // One question for all who wait.
    if (wanted.push(resolve) === 1) say({ type: 'collect' })
  })
}

const options: ThreadOptions = {
  plugins: plugins.filter((plugin) => start.enabledPlugins?.includes(plugin.name) ?? true),
  shared: start.shared,
  upstream: {
    dns: new DnsCache(start.dns),
    health: start.healthChecks
      ? {
          table: new HealthTable(start.health),
          begin: (spec) => say({ type: 'upstream-begun', spec }),
          observed: (slotName, event, limit) => say({ type: 'node-observed', slotName, event, limit }),
        }
      : undefined,
  },
  routerMode: start.routerMode,
  attributes: start.attributes,
  dataDir: start.dataDir,
  memory: start.memory,
  traffic: start.traffic,
  nodeId: start.nodeId,
  manners: start.manners,
  collectMetrics,
  log,
  announceSeries: (series) => say({ type: 'series', series }),
}
hearFinished()
const thread = new Thread(options)

/** Nothing is called after a request while nobody listens. */
function hearFinished(): void {
  options.onFinish =
    start.accessLog || tail
      ? (ctx) => {
          accessLog?.write(ctx)
          tail?.see(ctx)
        }
      : undefined
}

function watch(on: boolean): void {
  tail?.close()
  tail = on ? new Tail((seen) => say({ type: 'seen', seen })) : undefined
  hearFinished()
}

const commits = new CommitReader(start.commits, (_revision, changes) => thread.apply(changes))
thread.config.onLook = () => commits.take()

const trusted = CidrSet.from(start.trustedProxies)
const header = start.realIpHeader.toLowerCase()
const { http2 } = start
const server: Http1Server = {
  pipeline: thread.pipeline,
  limits: start.limits,
  deadlines: thread.deadlines,
  log,
  draining: false,
  connections: new CountedConnections(thread.traffic),
  http2: http2 && ((socket, info) => new Http2Connection(socket, info, server, http2.concurrentStreams)),
  realIp: start.trustedProxies.length ? realIp : undefined,
}

/** The client's address as a trusted proxy names it: the last of a list, or (recursive) the last that is no trusted proxy's, or the first of all. */
function realIp(peer: string, headers: HeaderList): string | undefined {
  if (!headers.has(header) || !trusted.has(peer)) return undefined
  // Of several fields the last is the proxy's: those before it may be its client's own.
  const named = headers.getAll(header).join(',').split(',')
  let found: string | undefined
  for (const one of named.reverse()) {
    const address = one.trim()
    if (!EVERY_ADDRESS.has(address)) break
    found = address
    if (!start.realIpRecursive || !trusted.has(address)) break
  }
  return found
}

const EVERY_ADDRESS = CidrSet.from(['0.0.0.0/0', '::/0'])

const proxy: ProxyProtocol = { trusted, timeoutMs: start.limits.headTimeoutMs }
const streams: StreamServer = {
  proxy: start.stream.proxyProtocol ? proxy : undefined,
  routes: thread.streamRoutes,
  deadlines: thread.deadlines,
  log,
  connections: server.connections,
  open: new Set(),
  ...start.stream,
}

const listeners: Server[] = []
/** Ports that the main thread need not know. */
const others: { close(): void }[] = []

port.on('message', (message: ToWorker) => {
  commits.take()
  if (message.type === 'look') return
  if (message.type === 'secrets') {
    thread.takeSecrets(message.values, message.keys)
  } else if (message.type === 'tail') {
    watch(message.on)
  } else if (message.type === 'metrics') {
    for (const give of wanted.splice(0)) give(message.text)
  } else {
    drain(message.limitMs)
  }
})

thread.takeSecrets(start.secrets, [])
thread.apply(start.changes)
start.changes = []
try {
  if (start.accessLog) {
    const { file, format } = start.accessLog
    accessLog = openAccessLog(file, format, (lines) =>
      log.error({ file, lines }, 'lines of the access log are lost: the disk does not take them'),
    )
  }
  const ticketKeys = Buffer.from(start.ticketKeys)
  const certificates = new Certificates(thread.config, thread.resolved, log, start.tls)
  for (const address of start.listen) listeners.push(await listenHttp(address, server))
  for (const address of start.listenTls) listeners.push(await listenHttps(address, server, certificates, ticketKeys))
  for (const address of start.listenProxied) others.push(await listenHttp(address, server, proxy))
  for (const address of start.listenTlsProxied)
    others.push(await listenHttps(address, server, certificates, ticketKeys, proxy))
  for (const address of start.stream.tcp) others.push(await listenTcp(address, streams))
  for (const address of start.stream.tls)
    others.push(await listenTls(address, streams, certificates, start.limits.headTimeoutMs))
  for (const address of start.stream.udp) others.push(await listenUdp(address, streams))
  const ports = listeners.map((one) => (one.address() as unknown as Address).port)
  const plain = start.listen.length
  say({ type: 'ready', metrics: thread.metrics.buffer, ports: ports.slice(0, plain), tlsPorts: ports.slice(plain) })
} catch (error) {
  say({ type: 'failed', message: (error as Error).message })
}

/** Stops accepting, lets requests under way finish, and ends; `limitMs` bounds the wait. */
function drain(limitMs: number): void {
  server.draining = true
  for (const listener of [...listeners, ...others]) listener.close()
  for (const connection of server.connections) connection.shutdown()
  const giveUpAt = Date.now() + limitMs
  const timer = setInterval(() => {
    if (server.connections.size > 0 && Date.now() < giveUpAt) return
    clearInterval(timer)
    void end(Math.max(MIN_FLUSH_MS, giveUpAt - Date.now()))
  }, 10)
}

/** Time that loggers have in any case, even when the last connection took all of the wait. The main thread ends us a second after the limit. */
const MIN_FLUSH_MS = 500

async function end(flushMs: number): Promise<void> {
  for (const socket of streams.open) socket.destroy()
  commits.close()
  await thread.drain(flushMs)
  thread.close()
  await accessLog?.close()
  port.close()
}
