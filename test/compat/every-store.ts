// The stores that the Admin API writes to, each opened empty, for tests that hold for all of them. Every test file has an etcd of its own.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import type { Store } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open.ts'
import { needs } from '../needs.ts'
import { EtcdServer } from '../store/etcd-server.ts'

type StoreName = 'memory' | 'sqlite' | 'etcd'

interface StoreForTest {
  name: StoreName
  /** Of a test: skipped where the store's server is not installed. */
  options: { timeout: number; skip?: string | false }
}

const timeout = 120_000
export const WRITABLE_STORES: StoreForTest[] = [
  { name: 'memory', options: { timeout } },
  { name: 'sqlite', options: { timeout } },
  { name: 'etcd', options: { timeout, ...needs('etcd', 'etcd-server') } },
]

let etcd: Promise<EtcdServer> | undefined
after(async () => (await etcd)?.remove())

async function startEtcd(): Promise<EtcdServer> {
  const server = new EtcdServer()
  await server.start()
  return server
}

/** Whoever opens it closes it. */
export async function openStoreForTest(context: TestContext, name: StoreName): Promise<Store> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-store-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  etcd ??= name === 'etcd' ? startEtcd() : undefined
  const store = name === 'etcd' ? `etcd://${(await etcd)?.address}/${randomUUID()}` : name
  return openStore({ store, etcd: { timeout_ms: 5000, tls: {} } }, directory)
}
