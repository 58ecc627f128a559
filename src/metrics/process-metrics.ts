// Metrics of this gateway as a whole, under APISIX's names: what it is, its connections, its store. Made anew for each scrape.
import type { MetricDefinition, Sample } from '../gateway/metrics.ts'
import type { TrafficSnapshot } from '../gateway/traffic.ts'

export interface ProcessFacts {
  hostname: string
  version: string
  traffic: TrafficSnapshot
  /** Observations that were not kept, since there were too many label values. */
  dropped: number
  /** Revision of the store. */
  revision: number
  storeReachable: boolean
  /** Upstreams whose nodes are checked, by the key of the resource that holds them. */
  health: { name: string; nodes: { ip: string; port: number; status: string }[] }[]
}

export function processMetrics(facts: ProcessFacts): { definition: MetricDefinition; samples: Sample[] }[] {
  const { accepted, active, requests, writing } = facts.traffic
  const waiting = Math.max(0, active - writing)
  const states = { accepted, active, handled: accepted, reading: 0, waiting, writing }
  const indexes = { max_modify_index: facts.revision, x_etcd_index: facts.revision }
  return [
    plain(
      'apisix_etcd_reachable',
      'Config server etcd reachable from APISIX, 0 is unreachable',
      facts.storeReachable ? 1 : 0,
    ),
    labelled('apisix_etcd_modify_indexes', 'Etcd modify index for APISIX keys', 'key', indexes),
    plain('apisix_http_requests_total', 'The total number of client requests since APISIX started', requests),
    labelled('apisix_nginx_http_current_connections', 'Number of HTTP connections', 'state', states),
    { ...plain('apisix_nginx_metric_errors_total', 'Number of nginx-lua-prometheus errors', facts.dropped, 'counter') },
    {
      definition: {
        name: 'apisix_node_info',
        help: 'Info of APISIX node',
        type: 'gauge',
        labels: ['hostname', 'version'],
      },
      samples: [{ values: [facts.hostname, facts.version], numbers: [1] }],
    },
    ...healthMetric(facts.health),
  ]
}

/** 1 for each node that gets requests, 0 for each that is down. */
function healthMetric(health: ProcessFacts['health']): Metric[] {
  if (health.length === 0) return []
  const samples = health.flatMap(({ name, nodes }) =>
    nodes.map(({ ip, port, status }) => ({
      values: [`/apisix/${name}`, ip, String(port)],
      numbers: [status.endsWith('unhealthy') ? 0 : 1],
    })),
  )
  const help = 'Upstream status from health check'
  return [
    { definition: { name: 'apisix_upstream_status', help, type: 'gauge', labels: ['name', 'ip', 'port'] }, samples },
  ]
}

type Metric = ReturnType<typeof processMetrics>[number]

function plain(name: string, help: string, value: number, type: 'gauge' | 'counter' = 'gauge'): Metric {
  return { definition: { name, help, type, labels: [] }, samples: [{ values: [], numbers: [value] }] }
}

function labelled(name: string, help: string, label: string, values: Record<string, number>): Metric {
  const samples = Object.entries(values).map(([value, number]) => ({ values: [value], numbers: [number] }))
  return { definition: { name, help, type: 'gauge', labels: [label] }, samples }
}
