// The main thread's side of the data plane: starts the threads, hands every commit to all of them, knows which revision they all serve.
//
// A thread that ends by itself is started again with the whole configuration; the others keep their connections. Counters live in shared
// memory, so that neither limits nor metrics go back when a thread does.
import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { ListenError } from '../lib/listen-error.ts'
import { SharedTable } from '../lib/shared-table.ts'
import type { ConfigChange } from './config.ts'
import { needFree } from './free-ports.ts'
import { MetricsReader } from './metrics.ts'
import type { Logger } from './plugin.ts'
import type { SeenRequests } from './tail.ts'
import { allocateTraffic, readTraffic, type TrafficSnapshot } from './traffic.ts'
import { Turns } from './turns.ts'
import { DnsCache } from './upstream/dns.ts'
import { HealthMonitor } from './upstream/health-monitor.ts'
import { HealthTable } from './upstream/health-table.ts'
import { tuneV8 } from './v8-flags.ts'
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts'

export interface DataPlaneOptions
  extends Omit<
    WorkerStart,
    'shared' | 'health' | 'secrets' | 'revision' | 'changes' | 'ticketKeys' | 'traffic' | 'turns'
  > {
  threads: number
  /** Keys that limit counters have room for. */
  counterKeys: number
  /** Upstream nodes that health checks have room for. */
  checkedNodes: number
  log: Logger
  /** The metrics of all threads, for a request that asks for them. */
  metricsText(): string
  /** Values of secret managers as they are now. */
  secrets(): ReadonlyMap<string, string>
  /** The whole configuration as it is now, for a thread that starts. */
  snapshot(): { revision: number; changes: ConfigChange[] }
  /** modifiedIndex of a resource as it is now, 0 when there is none. */
  version(key: string): number
}

interface Member {
  index: number
  /** Its number among all threads that there have been. */
  metricsId: number
  worker: Worker
  served: number
  ready: boolean
  ended: boolean
}

/** Commits that the threads have not been told yet. */
interface Gathered {
  revision: number
  changes: ConfigChange[]
}

/** Waits for a thread that died at once again and again: 0.1 s, 0.2 s, ... up to this. */
const MAX_RESTART_DELAY_MS = 5000
/** How long the threads may take to serve what follows a withdrawn commit; later ones are announced again when it is served. */
const RESUME_LIMIT_MS = 5000

export class DataPlane {
  readonly metrics = new MetricsReader()
  readonly health: HealthMonitor
  /** The ports that were opened, in the order of `listen`. */
  ports: number[] = []
  tlsPorts: number[] = []
  readonly #options: DataPlaneOptions
  readonly #shared: SharedArrayBuffer
  readonly #health: HealthTable
  readonly #traffic: SharedArrayBuffer
  readonly #ticketKeys = randomBytes(48)
  readonly #members: Member[] = []
  readonly #watchers = new Set<(seen: SeenRequests) => void>()
  readonly #waiting: { revision: number; resolve: (served: boolean) => void }[] = []
  readonly #turns: Turns
  #turn = 0
  /** The last commits that the threads were told before they were durable. */
  #announced: { turn: number; revision: number } | undefined
  /** Not while a thread may still hold what was withdrawn. */
  #mayAnnounce = true
  #gathered: Gathered | undefined
  #closing = false
  #restarts = 0
  #started = 0

  constructor(options: DataPlaneOptions) {
    this.#options = options
    this.#traffic = allocateTraffic(options.threads)
    this.#turns = new Turns(options.threads)
    this.#shared = new SharedTable(options.counterKeys).buffer
    this.#health = new HealthTable(options.checkedNodes)
    this.health = new HealthMonitor({
      table: this.#health,
      dns: new DnsCache(options.dnsServers),
      version: options.version,
      log: options.log,
    })
  }

  /** Resolves when all threads listen; rejects with a ListenError when a port cannot be opened. */
  async start(): Promise<void> {
    const { listen, listenTls, listenProxied, listenTlsProxied, stream } = this.#options
    await needFree(
      [...listen, ...listenTls, ...listenProxied, ...listenTlsProxied, ...stream.tcp, ...stream.tls],
      stream.udp,
    )
    tuneV8()
    // The first thread alone: a port 0 is then known to the others, a taken port is reported once.
    const first = await this.#launch(0)
    this.ports = first.ports
    this.tlsPorts = first.tlsPorts
    this.#options.listen = this.#options.listen.map((address, i) => ({
      ...address,
      port: first.ports[i] ?? address.port,
    }))
    this.#options.listenTls = this.#options.listenTls.map((address, i) => ({
      ...address,
      port: first.tlsPorts[i] ?? address.port,
    }))
    await Promise.all(Array.from({ length: this.#options.threads - 1 }, (_, i) => this.#launch(i + 1)))
  }

  /** Tells all threads what is about to become durable, up to `revision`; `commit` or `withdraw` follows before anything else does. */
  announce(revision: number, changes: ConfigChange[]): void {
    if (!this.#mayAnnounce || this.#gathered) return
    // Who holds the last one has said so only in the shared memory.
    for (const member of this.#members) member.served = this.#servedBy(member)
    this.#turn = (this.#turn + 1) | 0
    this.#announced = { turn: this.#turn, revision }
    this.#send({ type: 'commit', turn: this.#turn, revision, changes })
  }

  /** What was announced last has failed. */
  withdraw(): void {
    if (!this.#announced || this.#turns.isDurable(this.#announced.turn)) return
    this.#send({ type: 'withdraw', turn: this.#announced.turn })
    this.#announced = undefined
    this.#mayAnnounce = false
  }

  /** Hands a commit to all threads. Those of one turn, which the store made durable together, go together: each message wakes a thread. */
  commit(revision: number, changes: ConfigChange[]): void {
    if (this.#announced && revision <= this.#announced.revision) {
      this.health.changed(changes)
      if (revision === this.#announced.revision) this.#turns.publish(this.#announced.turn)
      return
    }
    if (!this.#gathered) queueMicrotask(() => this.#hand())
    this.#gathered ??= { revision, changes: [] }
    this.#gathered.revision = revision
    for (const change of changes) this.#gathered.changes.push(change)
  }

  #hand(): void {
    const { revision, changes } = this.#gathered as Gathered
    this.#gathered = undefined
    this.health.changed(changes)
    this.#send({ type: 'commit', revision, changes })
    if (this.#mayAnnounce) return
    void this.whenServed(revision, RESUME_LIMIT_MS).then((served) => {
      this.#mayAnnounce ||= served
    })
  }

  #send(message: ToWorker): void {
    for (const { worker } of this.#members) worker.postMessage(message)
  }

  /** Hands the values of secret managers to all threads; see `ToWorker`. */
  takeSecrets(values: ReadonlyMap<string, string>, keys: string[]): void {
    this.#send({ type: 'secrets', values, keys })
  }

  /** Shows requests that finish, some of them each second, until the returned function is called. */
  watch(show: (seen: SeenRequests) => void): () => void {
    if (this.#watchers.add(show).size === 1) this.#tail(true)
    return () => {
      if (this.#watchers.delete(show) && !this.#watchers.size) this.#tail(false)
    }
  }

  #tail(on: boolean): void {
    this.#send({ type: 'tail', on })
  }

  /** The revision that every thread serves. */
  get served(): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const member of this.#members) lowest = Math.min(lowest, this.#servedBy(member))
    return lowest === Number.POSITIVE_INFINITY ? 0 : lowest
  }

  #servedBy({ index, served }: Member): number {
    const ahead = this.#announced
    if (!ahead || ahead.revision <= served || !this.#turns.isDurable(ahead.turn)) return served
    return this.#turns.hasSeen(index, ahead.turn) ? ahead.revision : served
  }

  /** Resolves true when all threads serve `revision`, false when `limitMs` have passed before. */
  whenServed(revision: number, limitMs: number): Promise<boolean> {
    if (this.served >= revision) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiting = { revision, resolve: (served: boolean) => settle(served) }
      const timer = setTimeout(() => settle(false), limitMs)
      const settle = (served: boolean): void => {
        clearTimeout(timer)
        const at = this.#waiting.indexOf(waiting)
        if (at >= 0) this.#waiting.splice(at, 1)
        resolve(served)
      }
      this.#waiting.push(waiting)
    })
  }

  /** Connections and requests of all threads. */
  get traffic(): TrafficSnapshot {
    return readTraffic(this.#traffic)
  }

  /** Threads that serve. */
  get threads(): number {
    return this.#members.filter((member) => member.ready).length
  }

  /** Stops accepting, lets requests under way finish within `limitMs`, ends the threads. */
  async close(limitMs: number): Promise<void> {
    this.#closing = true
    await Promise.all(
      this.#members.map(async ({ worker, ended: alreadyEnded }) => {
        if (alreadyEnded) return
        const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
        worker.postMessage({ type: 'drain', limitMs } satisfies ToWorker)
        const timer = setTimeout(() => void worker.terminate(), limitMs + 1000)
        await ended
        clearTimeout(timer)
      }),
    )
    this.health.close()
  }

  #launch(index: number): Promise<{ ports: number[]; tlsPorts: number[] }> {
    const { snapshot, secrets, version, log, threads, counterKeys, checkedNodes, metricsText, ...start } = this.#options
    const { revision, changes } = snapshot()
    this.#turns.see(index, this.#turn)
    const traffic = { memory: this.#traffic, thread: index }
    const workerData: WorkerStart = {
      ...start,
      traffic,
      turns: { memory: this.#turns.buffer, thread: index },
      ticketKeys: this.#ticketKeys,
      shared: this.#shared,
      health: this.#health.buffer,
      secrets: secrets(),
      revision,
      changes,
    }
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData })
    const metricsId = this.#started++
    const member: Member = { index, metricsId, worker, served: revision, ready: false, ended: false }
    this.#members[index] = member
    worker.on('error', (error) => log.error({ err: error, thread: index }, 'a data-plane thread failed'))
    return new Promise((resolve, reject) => {
      // The first thread opens the ports for the others: without it there is nothing to start again.
      worker.on('exit', () => {
        if (metricsId === 0 && !member.ready) {
          this.#closing = true
          reject(new ListenError('the first data-plane thread has ended while it started: the log says why', undefined))
        }
        this.#ended(member)
      })
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          member.ready = true
          if (this.#watchers.size) worker.postMessage({ type: 'tail', on: true } satisfies ToWorker)
          this.metrics.attach(metricsId, message.metrics)
          resolve(message)
        } else if (message.type === 'failed') {
          this.#closing = true
          reject(new ListenError(message.message))
        } else if (message.type === 'collect') {
          worker.postMessage({ type: 'metrics', text: metricsText() } satisfies ToWorker)
        } else if (message.type === 'series') {
          this.metrics.describe(metricsId, message.series)
        } else if (message.type === 'upstream-begun') {
          this.health.begin(message.spec)
        } else if (message.type === 'node-observed') {
          this.health.observed(message.slotName, message.event, message.limit)
        } else if (message.type === 'seen') {
          for (const show of this.#watchers) show(message.seen)
        } else if (message.type === 'served') {
          member.served = message.revision
          this.#settleWaiting()
        }
      })
    })
  }

  #ended(member: Member): void {
    member.ended = true
    if (this.#closing) return
    member.ready = false
    new SharedTable(this.#shared).threadEnded()
    this.metrics.detach(member.metricsId)
    const delay = Math.min(MAX_RESTART_DELAY_MS, 100 * 2 ** Math.min(10, this.#restarts++))
    this.#options.log.error(
      { thread: member.index, restart_in_ms: delay },
      'a data-plane thread has ended and is started again',
    )
    setTimeout(() => {
      if (this.#closing) return
      this.#launch(member.index).then(
        () => this.#settleWaiting(),
        (error) =>
          this.#options.log.error({ err: error, thread: member.index }, 'a data-plane thread cannot be started again'),
      )
    }, delay).unref()
  }

  #settleWaiting(): void {
    const { served } = this
    for (const waiting of [...this.#waiting]) if (waiting.revision <= served) waiting.resolve(true)
  }
}
