// The gateways that can be operated: the embedded one and any Apache APISIX, each by its Admin API.
import { AdminClient, type AdminFetch } from './admin-client.ts'
import { OperationError, type Surface } from './contract.ts'
import type { Rollups } from './traffic/rollups.ts'
import { Traffic } from './traffic/traffic.ts'

/** From the loosest to the strictest. */
const POLICIES = ['destructive', 'always', 'read-only'] as const

export type ApprovalPolicy = (typeof POLICIES)[number]

export interface TargetSettings {
  name: string
  /** `http://127.0.0.1:9180`, without the path of the Admin API. */
  adminUrl: string
  adminKey: string
  /** Why there is no key; absent when there is one. */
  keyTrouble?: string | undefined
  /** How it is called, where not every client may: `fetch` unless it says otherwise. */
  adminFetch?: AdminFetch | undefined
  /** Where the data plane answers; proofs go there and nowhere else. */
  gatewayUrl: string
  /** Its Prometheus endpoint, whole; undefined: nobody knows what it serves. */
  metricsUrl: string | undefined
  policy: ApprovalPolicy
}

export interface Target extends TargetSettings {
  admin: AdminClient
  traffic: Traffic
}

export class Targets {
  readonly #targets: Map<string, Target>

  readonly #surfaces: Partial<Record<Surface, ApprovalPolicy>>

  /** Their traffic of the last days; absent: it is not kept. */
  readonly rollups: Rollups | undefined

  /** `surfaces`: policies of single surfaces, beside those of the targets. */
  constructor(settings: TargetSettings[], surfaces: Partial<Record<Surface, ApprovalPolicy>> = {}, rollups?: Rollups) {
    this.rollups = rollups
    this.#surfaces = surfaces
    this.#targets = new Map(
      settings.map((one) => [
        one.name,
        { ...one, admin: new AdminClient(one), traffic: new Traffic(one.name, one.metricsUrl, rollups) },
      ]),
    )
  }

  /** What needs a person: the stricter of what the settings say of the target and of the surface. */
  policy(target: Target, surface: Surface): ApprovalPolicy {
    const of = this.#surfaces[surface] ?? target.policy
    return POLICIES.indexOf(of) > POLICIES.indexOf(target.policy) ? of : target.policy
  }

  /** Watches the traffic of all targets, until the returned function is called. `onTrouble`: why that of one is missing; undefined: it comes again. */
  watch(onTrouble: (target: string, trouble: string | undefined) => void): () => void {
    const stops = [...this.#targets.values()].map((one) => one.traffic.watch((trouble) => onTrouble(one.name, trouble)))
    return () => {
      for (const stop of stops) stop()
    }
  }

  names(): string[] {
    return [...this.#targets.keys()]
  }

  /**
   * The named target, or the only one. With several, a name is required: a write must never land on the wrong gateway. Reads end with the
   * signal; a write that has begun is finished.
   */
  get(name?: string, signal?: AbortSignal): Target {
    const only = this.#targets.size === 1 ? this.names()[0] : undefined
    const target = this.#targets.get(name ?? only ?? '')
    if (target) return signal ? { ...target, admin: target.admin.until(signal) } : target
    const known = this.names().join(', ')
    throw new OperationError(
      'invalid',
      name === undefined
        ? `name a target: one of ${known}`
        : `target ${JSON.stringify(name)} is not known; there are: ${known}`,
    )
  }
}
