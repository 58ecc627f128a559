// What a target tells of itself at this moment, for the rules about it. A target without metrics tells less; that is no reason to say nothing about
// its configuration.
import { OperationError } from '../contract.ts'
import type { Target } from '../targets.ts'
import type { NodeStatus } from '../traffic/health.ts'
import type { Window } from '../traffic/traffic.ts'

/** A check of the configuration does not wait longer for the metrics. */
const TIMEOUT_MS = 2000

export interface Live {
  /** Nodes that health checks watch. */
  health: readonly NodeStatus[]
  /** What was counted in the last minutes; undefined when nobody has watched for long enough. */
  recent: Window | undefined
  /** Names of the plugins that the target has. */
  plugins: readonly string[]
  /** What the target itself says is wrong with its store, or with what stands there. */
  trouble: string | undefined
}

/** To be called when resources were read last: other answers do not tell of the store. */
export async function readLive(target: Target): Promise<Live> {
  const { trouble } = target.admin
  const [health, plugins] = await Promise.all([healthOf(target), target.admin.pluginNames()])
  return { health, recent: target.traffic.recent(), plugins, trouble }
}

/** Empty when the target does not tell. */
async function healthOf(target: Target): Promise<readonly NodeStatus[]> {
  try {
    return await target.traffic.health(AbortSignal.timeout(TIMEOUT_MS))
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    if (!late && !(error instanceof OperationError)) throw error
    return []
  }
}
