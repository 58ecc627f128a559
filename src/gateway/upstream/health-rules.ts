// What the `checks` of an upstream say, with APISIX's defaults filled in: which outcome counts as what, and how many in a row change a node's
// side. A limit of 0 switches its counter off.
import type { HealthEvent } from './health-table.ts'
import type { Outcome } from './runtime.ts'

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

/** `checks` as written. */
export interface Checks {
  active?: ActiveCheck
  passive?: { type?: 'http' | 'https' | 'tcp'; healthy?: Thresholds; unhealthy?: Thresholds }
}

interface Defaults {
  good: number[]
  bad: number[]
  limits: Record<HealthEvent, number>
}

const ACTIVE: Defaults = {
  good: [200, 302],
  bad: [429, 404, 500, 501, 502, 503, 504, 505],
  limits: { success: 2, tcp_failure: 2, http_failure: 5, timeout_failure: 3 },
}
const PASSIVE: Defaults = {
  good: [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308],
  bad: [429, 500, 503],
  limits: { success: 5, tcp_failure: 2, http_failure: 5, timeout_failure: 7 },
}

export class HealthRules {
  readonly limits: Record<HealthEvent, number>
  readonly #good: ReadonlySet<number>
  readonly #bad: ReadonlySet<number>
  readonly #anyStatus: boolean

  private constructor({ type, healthy = {}, unhealthy = {} }: NonNullable<Checks['passive']>, defaults: Defaults) {
    this.#anyStatus = type === 'tcp'
    this.#good = new Set(healthy.http_statuses ?? defaults.good)
    this.#bad = new Set(unhealthy.http_statuses ?? defaults.bad)
    this.limits = {
      success: healthy.successes ?? defaults.limits.success,
      tcp_failure: unhealthy.tcp_failures ?? defaults.limits.tcp_failure,
      http_failure: unhealthy.http_failures ?? defaults.limits.http_failure,
      timeout_failure: unhealthy.timeouts ?? defaults.limits.timeout_failure,
    }
  }

  static active(check: ActiveCheck): HealthRules {
    return new HealthRules(check, ACTIVE)
  }

  static passive(check: NonNullable<Checks['passive']>): HealthRules {
    return new HealthRules(check, PASSIVE)
  }

  /** What the outcome counts as; undefined: it says nothing. For a `tcp` check a connection that was made is a success, whatever came over it. */
  judge({ status, timeout, tcpFailure }: Outcome): HealthEvent | undefined {
    const event = timeout ? 'timeout_failure' : tcpFailure ? 'tcp_failure' : this.#judgeStatus(status)
    return event && this.limits[event] > 0 ? event : undefined
  }

  #judgeStatus(status: number | undefined): HealthEvent | undefined {
    if (this.#anyStatus || status === undefined || this.#good.has(status)) return 'success'
    return this.#bad.has(status) ? 'http_failure' : undefined
  }
}
