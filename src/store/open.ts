// Picks the store that the settings name.

import { join } from 'node:path'
import type { Settings } from '../settings/schema.ts'
import { type Store, StoreError } from './contract.ts'
import { MemoryStore } from './memory.ts'
import { SqliteStore } from './sqlite.ts'

/** Opens the store of `settings.store`; what it keeps on disk is in `dataDir`. Rejects with a StoreError when it cannot be opened. */
export async function openStore(settings: Pick<Settings, 'store' | 'etcd'>, dataDir: string): Promise<Store> {
  const { store } = settings
  if (store === 'memory') return new MemoryStore()
  if (store !== 'sqlite') throw new StoreError('unavailable', `opening the store ${store}: found no such store here`)
  return new SqliteStore(join(dataDir, 'gateward.db'))
}
