// A data-plane thread without listeners, with resources applied.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MetricsReader } from '../../src/gateway/metrics.ts'
import { allocateMemory } from '../../src/gateway/plugin-memory.ts'
import { Thread } from '../../src/gateway/thread.ts'
import { allocateTraffic } from '../../src/gateway/traffic.ts'
import { DnsCache } from '../../src/gateway/upstream/dns.ts'
import { createLogger } from '../../src/lib/log.ts'
import { SharedTable } from '../../src/lib/shared-table.ts'
import { exposition } from '../../src/metrics/exposition.ts'
import { plugins } from '../../src/plugins/index.ts'

export function threadForTest(
  resources: Record<string, object> = {},
  attributes: Record<string, Record<string, unknown>> = {},
): Thread & { put(key: string, value: object | undefined): void } {
  let revision = 0
  const metrics = new MetricsReader()
  const thread = new Thread({
    plugins,
    shared: new SharedTable(1024).buffer,
    upstream: { dns: new DnsCache() },
    routerMode: 'radixtree_host_uri',
    attributes,
    dataDir: join(tmpdir(), `gateward-thread-${process.pid}`),
    memory: allocateMemory(plugins, attributes),
    traffic: { memory: allocateTraffic(1), thread: 0 },
    nodeId: 'node-for-test',
    collectMetrics: async () => exposition(metrics.collect()),
    log: createLogger('silent'),
    announceSeries: (series) => metrics.describe(0, series),
  })
  metrics.attach(0, thread.metrics.buffer)
  const put = (key: string, value: object | undefined): void => {
    revision++
    thread.apply(revision, [
      { key, text: value && JSON.stringify(value), createdIndex: revision, modifiedIndex: revision },
    ])
  }
  for (const [key, value] of Object.entries(resources)) put(key, value)
  return Object.assign(thread, { put })
}
