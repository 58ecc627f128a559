// Which nodes of an upstream are up, as the target's health checks have found: from its metrics, where Gateward and APISIX tell it alike.
import { plainText } from '../../lib/text.ts'
import type { Resource } from '../../resources/kinds.ts'
import { OperationError } from '../contract.ts'
import type { Target } from '../targets.ts'

/** A checked node of the upstream in the resource `owner`. */
export interface NodeStatus {
  /** Key of the resource, such as `upstreams/1`. */
  owner: string
  /** `address:port`. */
  node: string
  up: boolean
}

/** Reading a list does not wait longer for the metrics. */
const TIMEOUT_MS = 2000
/** Nodes that are named one by one. */
const MAX_NAMED = 5

/** Reads a sample of `apisix_upstream_status`. */
export function toNodeStatus({ name = '', ip = '', port = '' }: Record<string, string>, value: number): NodeStatus {
  // `/apisix/upstreams/1`, behind whatever prefix the target's store has; a plugin's own upstreams have more after a `#`.
  const [path = ''] = name.split('#')
  return { owner: path.split('/').slice(-2).join('/'), node: `${ip}:${port}`, up: value > 0 }
}

/** True when the resource holds an upstream with health checks. */
export function isChecked(kind: string, value: Resource): boolean {
  const upstream = kind === 'upstreams' ? value : (value.upstream as Resource | undefined)
  return upstream?.checks !== undefined
}

/** A line about each of these resources, by its key. Says so when the target does not tell. */
export async function healthOf(keys: string[], target: Target, signal: AbortSignal): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map()
  try {
    const all = await target.traffic.health(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
    return new Map(keys.map((key) => [key, describe(all.filter((one) => one.owner === key))]))
  } catch (error) {
    signal.throwIfAborted()
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    if (!late && !(error instanceof OperationError)) throw error
    return new Map(keys.map((key) => [key, `not known (${error.message})`]))
  }
}

function describe(nodes: NodeStatus[]): string {
  if (nodes.length === 0) return 'not checked: no request has come since the gateway started or the upstream changed'
  const down = nodes.filter((one) => !one.up).map((one) => plainText(one.node, 64))
  if (down.length === 0) return nodes.length === 1 ? 'healthy' : `all ${nodes.length} nodes healthy`
  const named = down.slice(0, MAX_NAMED).join(', ')
  return `${down.length} of ${nodes.length} nodes down: ${named}${down.length > MAX_NAMED ? ', ...' : ''}`
}
