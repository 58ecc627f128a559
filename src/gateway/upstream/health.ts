// Health checks of one upstream in one thread: active ones ask each node at intervals, passive ones watch what requests see. A node goes down
// after so many failures in a row and comes back after so many successes; counters of the other side begin anew, as in APISIX.
//
// Each thread checks for itself and begins when the upstream is first used: a probe costs little, and no thread waits for another's word.
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { Node, Outcome } from './runtime.ts'

interface Thresholds {
  interval?: number
  successes?: number
  http_failures?: number
  tcp_failures?: number
  timeouts?: number
  http_statuses?: number[]
}

export interface ActiveCheck {
  type?: 'http' | 'https' | 'tcp'
  timeout?: number
  concurrency?: number
  host?: string
  port?: number
  http_path?: string
  https_verify_certificate?: boolean
  req_headers?: string[]
  healthy?: Thresholds
  unhealthy?: Thresholds
}

export interface Checks {
  active?: ActiveCheck
  passive?: { type?: string; healthy?: Thresholds; unhealthy?: Thresholds }
}

interface State {
  up: boolean
  successes: number
  failures: { http: number; tcp: number; timeout: number }
  checkedAt: number
  checking: boolean
}

/** APISIX's defaults. */
const ACTIVE_OK = [200, 302]
const ACTIVE_BAD = [429, 404, 500, 501, 502, 503, 504, 505]
const PASSIVE_BAD = [429, 500, 503]
const TICK_MS = 200

export class HealthChecker {
  readonly #checks: Checks
  readonly #nodes: () => readonly Node[]
  readonly #states = new Map<string, State>()
  readonly #timer: NodeJS.Timeout | undefined
  #running = 0

  constructor(checks: Checks, nodes: () => readonly Node[]) {
    this.#checks = checks
    this.#nodes = nodes
    if (checks.active) {
      this.#timer = setInterval(() => this.#tick(), TICK_MS)
      this.#timer.unref()
    }
  }

  /** False while the node is down. */
  healthy(node: Node): boolean {
    return this.#states.get(node.key)?.up ?? true
  }

  /** What a request has seen of the node. */
  observe(node: Node, outcome: Outcome): void {
    const { passive } = this.#checks
    if (passive) this.#count(node, outcome, passive.healthy ?? {}, passive.unhealthy ?? {}, undefined, PASSIVE_BAD)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const active = this.#checks.active as ActiveCheck
    const now = performance.now()
    for (const node of this.#nodes()) {
      const state = this.#state(node)
      const seconds = (state.up ? active.healthy?.interval : active.unhealthy?.interval) ?? 1
      if (seconds === 0 || state.checking || now - state.checkedAt < seconds * 1000) continue
      if (this.#running >= (active.concurrency ?? 10)) return
      void this.#check(node, state, active)
    }
  }

  async #check(node: Node, state: State, active: ActiveCheck): Promise<void> {
    state.checking = true
    this.#running++
    const outcome = await probe(node, active)
    this.#running--
    state.checking = false
    state.checkedAt = performance.now()
    this.#count(
      node,
      outcome,
      active.healthy ?? {},
      active.unhealthy ?? {},
      active.healthy?.http_statuses ?? ACTIVE_OK,
      ACTIVE_BAD,
    )
  }

  /** `good`: statuses that count as success; undefined: all that are not bad. */
  #count(
    node: Node,
    outcome: Outcome,
    healthy: Thresholds,
    unhealthy: Thresholds,
    good: number[] | undefined,
    bad: number[],
  ): void {
    const state = this.#state(node)
    const { status } = outcome
    if (
      outcome.timeout ||
      outcome.tcpFailure ||
      (status !== undefined && (unhealthy.http_statuses ?? bad).includes(status))
    ) {
      const kind = outcome.timeout ? 'timeout' : outcome.tcpFailure ? 'tcp' : 'http'
      const limits = {
        http: unhealthy.http_failures ?? 5,
        tcp: unhealthy.tcp_failures ?? 2,
        timeout: unhealthy.timeouts ?? (good ? 3 : 7),
      }
      state.successes = 0
      state.failures[kind]++
      if (limits[kind] > 0 && state.failures[kind] >= limits[kind]) state.up = false
      return
    }
    if (status !== undefined && good && !good.includes(status)) return
    const { successes = good ? 2 : 5 } = healthy
    state.failures = { http: 0, tcp: 0, timeout: 0 }
    state.successes++
    if (successes > 0 && state.successes >= successes) state.up = true
  }

  #state(node: Node): State {
    let state = this.#states.get(node.key)
    if (!state) {
      state = {
        up: true,
        successes: 0,
        failures: { http: 0, tcp: 0, timeout: 0 },
        checkedAt: Number.NEGATIVE_INFINITY,
        checking: false,
      }
      this.#states.set(node.key, state)
    }
    return state
  }
}

/** One active check. Never rejects: a failure is an outcome. */
function probe(node: Node, check: ActiveCheck): Promise<Outcome> {
  const timeoutMs = (check.timeout ?? 1) * 1000
  const port = check.port ?? node.port
  return new Promise((resolve) => {
    if (check.type === 'tcp') {
      const socket = net.connect({ host: node.address, port, timeout: timeoutMs })
      const end = (outcome: Outcome): void => {
        socket.destroy()
        resolve(outcome)
      }
      socket.once('connect', () => end({}))
      socket.once('timeout', () => end({ timeout: true }))
      socket.once('error', () => end({ tcpFailure: true }))
      return
    }
    const headers: Record<string, string> = { Host: check.host ?? node.hostHeader }
    for (const line of check.req_headers ?? []) {
      const colon = line.indexOf(':')
      if (colon > 0) headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim()
    }
    const options = {
      host: node.address,
      port,
      path: check.http_path ?? '/',
      headers,
      agent: false,
      timeout: timeoutMs,
    }
    const secure = {
      ...options,
      rejectUnauthorized: check.https_verify_certificate ?? true,
      servername: check.host ?? node.host,
    }
    const request = check.type === 'https' ? https.get(secure) : http.get(options)
    request.once('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode })
    })
    request.once('timeout', () => {
      resolve({ timeout: true })
      request.destroy()
    })
    request.once('error', () => resolve({ tcpFailure: true }))
  })
}
