// A data-plane thread without listeners, with resources applied.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Exchange } from '../../src/gateway/exchange.ts'
import { MetricsReader } from '../../src/gateway/metrics.ts'
import type { Plugin } from '../../src/gateway/plugin.ts'
import { allocateMemory } from '../../src/gateway/plugin-memory.ts'
import { Thread } from '../../src/gateway/thread.ts'
import { allocateTraffic } from '../../src/gateway/traffic.ts'
import { DnsCache } from '../../src/gateway/upstream/dns.ts'
import { HealthMonitor } from '../../src/gateway/upstream/health-monitor.ts'
import { HealthTable } from '../../src/gateway/upstream/health-table.ts'
import { createLogger } from '../../src/lib/log.ts'
import { SharedTable } from '../../src/lib/shared-table.ts'
import { exposition } from '../../src/metrics/exposition.ts'
import { plugins } from '../../src/plugins/index.ts'

/** What threads of one process share of the health of nodes. */
export interface HealthForTest {
  table: HealthTable
  monitor: HealthMonitor
  /** modifiedIndex of what was put. */
  versions: Map<string, number>
}

export function healthForTest(nodes = 64): HealthForTest {
  const table = new HealthTable(nodes)
  const versions = new Map<string, number>()
  const version = (key: string): number => versions.get(key) ?? 0
  const monitor = new HealthMonitor({ table, dns: new DnsCache(), version, log: createLogger('silent') })
  return { table, monitor, versions }
}

/** `health`: shared with another thread; its monitor is closed by who made it. `used`: other plugins than all of ours. */
export function threadForTest(
  resources: Record<string, object> = {},
  attributes: Record<string, Record<string, unknown>> = {},
  health?: HealthForTest,
  onFinish?: (ctx: Exchange) => void,
  used: readonly Plugin[] = plugins,
): Thread & { put(key: string, value: object | undefined): void } {
  let revision = 0
  const { table, monitor, versions } = health ?? healthForTest()
  const metrics = new MetricsReader()
  const thread = new Thread({
    plugins: used,
    // As it is then: tests move it.
    now: () => Date.now(),
    shared: new SharedTable(1024).buffer,
    upstream: {
      dns: new DnsCache(),
      health: {
        // Other threads have a memory of their own over the same buffer.
        table: new HealthTable(table.buffer),
        begin: (spec) => monitor.begin(spec),
        observed: (...seen) => monitor.observed(...seen),
      },
    },
    routerMode: 'radixtree_host_uri',
    attributes,
    dataDir: join(tmpdir(), `gateward-thread-${process.pid}`),
    memory: allocateMemory(plugins, attributes),
    traffic: { memory: allocateTraffic(1), thread: 0 },
    nodeId: 'node-for-test',
    collectMetrics: async () => exposition(metrics.collect()),
    log: createLogger('silent'),
    ...(onFinish && { onFinish }),
    announceSeries: (series) => metrics.describe(0, series),
  })
  metrics.attach(0, thread.metrics.buffer)
  const put = (key: string, value: object | undefined): void => {
    revision++
    versions.set(key, value ? revision : 0)
    monitor.changed([{ key, text: value && JSON.stringify(value) }])
    thread.apply([{ key, text: value && JSON.stringify(value), createdIndex: revision, modifiedIndex: revision }])
  }
  for (const [key, value] of Object.entries(resources)) put(key, value)
  const close = (): void => {
    Thread.prototype.close.call(thread)
    if (!health) monitor.close()
  }
  return Object.assign(thread, { put, close })
}
