// The main thread's side of the data plane: starts the threads, hands every commit to all of them, knows which revision they all serve.
//
// A thread that ends by itself is started again with the whole configuration; the others keep their connections. Counters live in shared
// memory, so that neither limits nor metrics go back when a thread does.
import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { ListenError } from '../lib/listen-error.ts'
import { SharedTable } from '../lib/shared-table.ts'
import { CommitDelivery } from './commit-delivery.ts'
import type { ConfigChange } from './config.ts'
import { needFree } from './free-ports.ts'
import { MetricsReader } from './metrics.ts'
import type { Logger } from './plugin.ts'
import type { SeenRequests } from './tail.ts'
import { allocateTraffic, readTraffic, type TrafficSnapshot } from './traffic.ts'
import { DnsCache } from './upstream/dns.ts'
import { HealthMonitor } from './upstream/health-monitor.ts'
import { HealthTable } from './upstream/health-table.ts'
import { tuneV8 } from './v8-flags.ts'
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts'

export interface DataPlaneOptions
  extends Omit<WorkerStart, 'shared' | 'health' | 'secrets' | 'changes' | 'ticketKeys' | 'traffic' | 'commits'> {
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
  ready: boolean
  ended: boolean
}

/** Waits for a thread that died at once again and again: 0.1 s, 0.2 s, ... up to this. */
const MAX_RESTART_DELAY_MS = 5000

export class DataPlane {
  readonly metrics = new MetricsReader()
  readonly health: HealthMonitor
  /** The ports that were opened, in the order of `listen`. */
  ports: number[] = []
  tlsPorts: number[] = []
  readonly #options: DataPlaneOptions
  readonly #shared: SharedArrayBuffer
  readonly #healthTable: HealthTable
  readonly #traffic: SharedArrayBuffer
  readonly #ticketKeys = randomBytes(48)
  readonly #members: Member[] = []
  readonly #watchers = new Set<(seen: SeenRequests) => void>()
  readonly #commits: CommitDelivery
  #closing = false
  #restarts = 0
  #started = 0

  constructor(options: DataPlaneOptions) {
    this.#options = options
    this.#traffic = allocateTraffic(options.threads)
    this.#commits = new CommitDelivery(options.threads, (thread) =>
      this.#members[thread]?.worker.postMessage({ type: 'look' } satisfies ToWorker),
    )
    this.#shared = new SharedTable(options.counterKeys).buffer
    this.#healthTable = new HealthTable(options.checkedNodes)
    this.health = new HealthMonitor({
      table: this.#healthTable,
      dns: new DnsCache(options.dns),
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

  /** Hands a commit to all threads, which serve it from then on. */
  commit(revision: number, changes: ConfigChange[]): void {
    this.health.changed(changes)
    this.#commits.push({ revision, changes })
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
    return this.#commits.served
  }

  /** Resolves true when all threads serve `revision`, false when `limitMs` have passed before. */
  whenServed(revision: number, limitMs: number): Promise<boolean> {
    return this.#commits.whenServed(revision, limitMs)
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
    this.#commits.close()
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

  /** Resolves when the thread listens. */
  #launch(index: number): Promise<{ ports: number[]; tlsPorts: number[] }> {
    const worker = this.#newWorker(index)
    const member: Member = { index, metricsId: this.#started++, worker, ready: false, ended: false }
    this.#members[index] = member
    worker.on('error', (error) => this.#options.log.error({ err: error, thread: index }, 'a data-plane thread failed'))
    return new Promise((resolve, reject) => {
      // The first thread opens the ports for the others: without it there is nothing to start again.
      worker.on('exit', () => {
        if (member.metricsId === 0 && !member.ready) {
          this.#closing = true
          reject(new ListenError('the first data-plane thread has ended while it started: the log says why', undefined))
        }
        this.#ended(member)
      })
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'failed') {
          this.#closing = true
          reject(new ListenError(message.message))
        } else {
          this.#hear(member, message)
          if (message.type === 'ready') resolve(message)
        }
      })
    })
  }

  #newWorker(index: number): Worker {
    const { snapshot, secrets, version, log, threads, counterKeys, checkedNodes, metricsText, ...start } = this.#options
    const { revision, changes } = snapshot()
    const commits = this.#commits.join(index, revision)
    const workerData: WorkerStart = {
      ...start,
      traffic: { memory: this.#traffic, thread: index },
      commits,
      ticketKeys: this.#ticketKeys,
      shared: this.#shared,
      health: this.#healthTable.buffer,
      secrets: secrets(),
      changes,
    }
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    return new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData, transferList: [commits.port] })
  }

  #hear(member: Member, message: Exclude<FromWorker, { type: 'failed' }>): void {
    const { metricsId, worker } = member
    if (message.type === 'ready') {
      member.ready = true
      if (this.#watchers.size) worker.postMessage({ type: 'tail', on: true } satisfies ToWorker)
      this.metrics.attach(metricsId, message.metrics)
    } else if (message.type === 'collect') {
      worker.postMessage({ type: 'metrics', text: this.#options.metricsText() } satisfies ToWorker)
    } else if (message.type === 'series') {
      this.metrics.describe(metricsId, message.series)
    } else if (message.type === 'upstream-begun') {
      this.health.begin(message.spec)
    } else if (message.type === 'node-observed') {
      this.health.observed(message.slotName, message.event, message.limit)
    } else {
      for (const show of this.#watchers) show(message.seen)
    }
  }

  #ended(member: Member): void {
    member.ended = true
    this.#commits.leave(member.index)
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
      this.#launch(member.index).catch((error) =>
        this.#options.log.error({ err: error, thread: member.index }, 'a data-plane thread cannot be started again'),
      )
    }, delay).unref()
  }
}
