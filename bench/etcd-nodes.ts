// Three nodes and many watchers on one etcd, all on this machine: how long a write takes to be everywhere.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../src/store/contract.ts'
import { openStore } from '../src/store/open.ts'
import { EtcdServer } from '../test/store/etcd-server.ts'
import { Client, quantile, type Served, serve } from './admin-process.ts'

const NODES = 3
const WATCHERS = 200

/** Rows of figure, value and goal. */
export async function measureNodes(quick: boolean): Promise<[string, string, string][]> {
  const etcd = new EtcdServer()
  const home = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
  const writes = quick ? 50 : 500
  await etcd.start()
  try {
    const nodes = await Promise.all(
      Array.from({ length: NODES }, (_, i) =>
        serve(join(home, String(i)), { threads: 1, store: `etcd://${etcd.address}/bench` }),
      ),
    )
    const across = await propagation(nodes, writes)
    await Promise.all(nodes.map((node) => node.stop()))
    const watched = await watching(etcd.address, home, quick ? 20 : 100)
    return [
      [`from the answer of a node until ${NODES - 1} others serve it, p50`, ms(quantile(across, 0.5)), '-'],
      [`from the answer of a node until ${NODES - 1} others serve it, p99`, ms(quantile(across, 0.99)), '<= 20 ms'],
      [`from a commit until ${WATCHERS} watchers have it, p99`, ms(quantile(watched, 0.99)), '-'],
    ]
  } finally {
    await etcd.remove()
    rmSync(home, { recursive: true, force: true })
  }
}

const ms = (value: number): string => `${value.toFixed(1)} ms`

async function propagation(nodes: readonly Served[], writes: number): Promise<number[]> {
  const admins = nodes.map((node) => new Client(node.admin))
  const gateways = nodes.map((node) => new Client(node.gateway))
  const samples: number[] = []
  for (let i = -20; i < writes; i++) {
    const writer = (i + 20) % nodes.length
    const uri = `/p/${i + 20}`
    const plugins = { 'fault-injection': { abort: { http_status: 200 } } }
    await (admins[writer] as Client).write(`/routes/p${i & 63}`, { uri, plugins })
    const answered = performance.now()
    await Promise.all(gateways.map((gateway) => untilServed(gateway, uri)))
    if (i >= 0) samples.push(performance.now() - answered)
  }
  for (const client of [...admins, ...gateways]) client.close()
  return samples
}

async function untilServed(gateway: Client, uri: string): Promise<void> {
  while ((await gateway.send('GET', uri)) !== 200);
}

async function watching(address: string, home: string, commits: number): Promise<number[]> {
  const settings = { store: `etcd://${address}/watched`, etcd: { timeout_ms: 10_000, tls: {} } }
  const stores = await Promise.all(Array.from({ length: WATCHERS }, (_, i) => openStore(settings, join(home, `w${i}`))))
  const [writer] = stores as [Store]
  const samples: number[] = []
  for (let i = 0; i < commits; i++) {
    const result = await writer.commit([{ type: 'put', key: `routes/${i}`, text: '{}' }])
    const committed = performance.now()
    if (!result.ok) throw new Error(`commit ${i} was refused`)
    await Promise.all(stores.map((store) => untilSeen(store, result.revision)))
    samples.push(performance.now() - committed)
  }
  await Promise.all(stores.map((store) => store.close()))
  return samples
}

async function untilSeen(store: Store, revision: number): Promise<void> {
  while (store.revision() < revision) await new Promise((resolve) => setImmediate(resolve))
}
