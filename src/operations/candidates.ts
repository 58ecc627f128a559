// The routes that could take a request, as the gateway's own router sees them: the one that does, and why the others do not.
import { type Candidate, createRouter, type MatchInput } from '../gateway/router/router.ts'
import { queryArgument } from '../lib/query.ts'
import type { Resource } from '../resources/kinds.ts'
import type { Inventory } from './inventory.ts'
import { toKeys } from './warnings.ts'

export interface Asked {
  /** With its query. */
  path: string
  method?: string | undefined
  host?: string | undefined
  headers?: Record<string, string> | undefined
}

export function candidatesFor(asked: Asked, inventory: Inventory): Candidate[] {
  const router = createRouter('radixtree_host_uri')
  for (const { id, value } of inventory.list('routes'))
    if (value.status !== 0) router.add(toKeys(id, withHosts(value, inventory)))
  return router.explain(toMatchInput(asked))
}

/** A route without hosts of its own has those of its service. */
function withHosts(route: Resource, inventory: Inventory): Resource {
  const hosts = inventory.get('services', route.service_id)?.hosts
  return hosts === undefined || route.host !== undefined || route.hosts !== undefined ? route : { ...route, hosts }
}

function toMatchInput(input: Asked): MatchInput {
  const [path = '/', query = ''] = input.path.split('?', 2)
  const headers = new Map(
    Object.entries(input.headers ?? {}).map(([name, value]) => [name.toLowerCase().replaceAll('-', '_'), value]),
  )
  const host = (input.host ?? 'localhost').toLowerCase().replace(/:\d+$/, '')
  const method = input.method ?? 'GET'
  const plain: Record<string, string> = {
    uri: path,
    args: query,
    host,
    request_method: method,
    method,
    remote_addr: '127.0.0.1',
    scheme: 'http',
  }
  return {
    path,
    host,
    method,
    remoteAddr: '127.0.0.1',
    var: (name) => {
      if (name.startsWith('arg_')) return queryArgument(query, name.slice(4))
      if (name.startsWith('http_')) return headers.get(name.slice(5))
      return Object.hasOwn(plain, name) ? plain[name] : undefined
    },
  }
}
