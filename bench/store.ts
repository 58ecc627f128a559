// Figures of the embedded store on this machine: `node bench/store.ts`. Durable writes one after the other and from 16 clients, loading and
// listing 100,000 entries. Prints one JSON line for each figure.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../src/store/contract.ts'
import { SqliteStore } from '../src/store/sqlite.ts'

const WRITES = 2000
const ENTRIES = 100_000
const PAGE_ENTRIES = 500
const TEXT = JSON.stringify({ uri: '/speaker/*', upstream: { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } } })

function report(name: string, value: number, unit: string): void {
  process.stdout.write(`${JSON.stringify({ name, value: Math.round(value * 10) / 10, unit })}\n`)
}

async function put(store: Store, key: string): Promise<void> {
  await store.commit([{ type: 'put', key, text: TEXT }])
}

async function writes(store: Store, clients: number): Promise<void> {
  const startMs = performance.now()
  const client = async (number: number) => {
    for (let index = 0; index < WRITES / clients; index += 1) await put(store, `writes/${number}-${index}`)
  }
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
  report(`durable puts, ${clients} clients`, (WRITES / (performance.now() - startMs)) * 1000, 'per second')
}

async function lists(store: Store): Promise<void> {
  for (let index = 0; index < ENTRIES; index += 1000) {
    const operations = Array.from({ length: 1000 }, (_, offset) => ({
      type: 'put' as const,
      key: `routes/${index + offset}`,
      text: TEXT,
    }))
    await store.commit(operations)
  }
  let startMs = performance.now()
  await store.list('routes/')
  report(`list of ${ENTRIES} at once`, performance.now() - startMs, 'ms')
  startMs = performance.now()
  let after: string | undefined
  let slowestMs = 0
  for (;;) {
    const pageMs = performance.now()
    const { entries } = await store.list('routes/', { after, limit: PAGE_ENTRIES })
    slowestMs = Math.max(slowestMs, performance.now() - pageMs)
    if (entries.length === 0) break
    after = entries.at(-1)?.key
  }
  report(`list of ${ENTRIES} in pages of ${PAGE_ENTRIES}`, performance.now() - startMs, 'ms')
  report('slowest page', slowestMs, 'ms')
}

const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
const file = join(directory, 'gateward.db')
let store = new SqliteStore(file)
await writes(store, 1)
await writes(store, 16)
await lists(store)
await store.close()
const startMs = performance.now()
store = new SqliteStore(file)
await store.list('')
report(`open and load ${ENTRIES}`, performance.now() - startMs, 'ms')
await store.close()
rmSync(directory, { recursive: true })
