// Reads the nodes of an upstream resource: APISIX writes them as an object (`{"host:port": weight}`) or as a list.
import { withBrackets, withoutBrackets } from '../../lib/address.ts'
import type { Resource } from '../../resources/kinds.ts'
import type { Node } from './runtime.ts'

interface ListedNode {
  host: string
  port?: number
  weight: number
  priority?: number
}

/** A service (`service_name`) is one node, which DNS turns into those that there are. Nodes of weight 0 get no requests and are left out. */
export function readNodes(conf: Resource): Node[] {
  const scheme = (conf.scheme as string | undefined) ?? 'http'
  if (conf.service_name !== undefined)
    return [{ ...toNode({ ...splitHost(String(conf.service_name)), weight: 1 }, scheme), service: true }]
  const written = conf.nodes as Record<string, number> | ListedNode[] | undefined
  const listed = Array.isArray(written)
    ? written
    : Object.entries(written ?? {}).map(([key, weight]) => ({ ...splitHost(key), weight }))
  const usable = listed.filter((node) => node.weight > 0)
  return usable.map((node) => toNode(node, scheme))
}

function toNode(node: ListedNode, scheme: string): Node {
  const usual = scheme === 'https' || scheme === 'grpcs' ? 443 : 80
  const port = node.port ?? usual
  const host = withoutBrackets(node.host)
  const shown = withBrackets(host)
  const key = `${host}:${port}`
  return {
    host,
    port,
    address: host,
    weight: node.weight,
    priority: node.priority ?? 0,
    key,
    plain: { address: host, port, key, tls: undefined },
    service: false,
    usualPort: node.port === undefined,
    hostHeader: port === usual ? shown : `${shown}:${port}`,
  }
}

function splitHost(key: string): { host: string; port?: number } {
  const colon = key.lastIndexOf(':')
  if (colon < 0 || colon < key.lastIndexOf(']')) return { host: key }
  const port = Number(key.slice(colon + 1))
  // What others have written may be no port; nobody can be reached at 0.
  return { host: key.slice(0, colon), port: Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0 }
}
