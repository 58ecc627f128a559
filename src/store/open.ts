// Picks the store that the settings name.

import { join, resolve } from 'node:path'
import { parseAddress } from '../lib/address.ts'
import type { Settings } from '../settings/schema.ts'
import { type Store, StoreError } from './contract.ts'
import { openEtcdStore } from './etcd.ts'
import { MemoryStore } from './memory.ts'
import { SqliteStore } from './sqlite.ts'
import { openYamlStore } from './yaml.ts'

const DEFAULT_ETCD_PREFIX = '/apisix'

/** Opens the store of `settings.store`; what it keeps on disk is in `dataDir`. Rejects with a StoreError when it cannot be opened. */
export async function openStore(settings: Pick<Settings, 'store' | 'etcd'>, dataDir: string): Promise<Store> {
  const { store, etcd } = settings
  if (store === 'memory') return new MemoryStore()
  if (store === 'sqlite') return new SqliteStore(join(dataDir, 'gateward.db'))
  if (store.startsWith('yaml:')) return openYamlStore(resolve(store.slice('yaml:'.length)))
  const { timeout_ms: timeoutMs, ...access } = etcd
  return openEtcdStore({ ...access, ...parseEtcd(store), timeoutMs, cacheFile: join(dataDir, 'etcd-snapshot.json') })
}

/** `etcd://host:port[,host:port][/prefix]`. */
function parseEtcd(store: string): { endpoints: string[]; isTls: boolean; prefix: string } {
  const match = /^(etcds?):\/\/([^/]+)(\/.*)?$/.exec(store)
  const endpoints = match?.[2]?.split(',') ?? []
  if (endpoints.length === 0 || !endpoints.every(parseAddress)) {
    throw new StoreError(
      'unavailable',
      `opening the store: found ${store}, expected etcd://host:port[,host:port][/prefix]`,
    )
  }
  const prefix = match?.[3]?.replace(/\/+$/, '') || DEFAULT_ETCD_PREFIX
  return { endpoints, isTls: match?.[1] === 'etcds', prefix }
}
