// Figures of the Admin API, the store and many nodes: `npm run bench:admin` (Linux; etcd from Debian for the last part; `-- --quick`: a tenth of the
// numbers, nothing is written to docs). Writes are durable and answered when every thread serves them; everything goes over HTTP, from this
// process, on the same cores.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteStore } from '../src/store/sqlite.ts'
import { Client, quantile, type Served, serve } from './admin-process.ts'
import { measureNodes } from './etcd-nodes.ts'
import { writeSection } from './report.ts'

const QUICK = process.argv.includes('--quick')
const WRITES = QUICK ? 500 : 5000
const MANY = QUICK ? 10_000 : 100_000
const SERVED_WRITES = QUICK ? 100 : 1000
const CLIENTS = 16
const THREADS = 4

const answering = { 'fault-injection': { abort: { http_status: 200, body: 'x' } } }
const route = (id: number): object => ({
  uri: `/bench/${id}/*`,
  name: `route ${id}`,
  upstream: { type: 'roundrobin', nodes: { '127.0.0.1:1980': 1 } },
})

const rows: [figure: string, value: string, goal: string][] = []
function report(figure: string, value: string, goal: string): void {
  rows.push([figure, value, goal])
  console.log(`${figure}: ${value} (goal ${goal})`)
}

// Fsyncs and round trips between threads suffer most from what else runs on the machine.
const load = loadavg()[0]?.toFixed(1)

const ms = (value: number): string => `${value.toFixed(1)} ms`

async function writesPerSecond(served: Served, clients: number): Promise<number> {
  const own = Array.from({ length: clients }, () => new Client(served.admin))
  const one = async (client: Client, number: number): Promise<void> => {
    for (let i = 0; i < WRITES / clients; i++) await client.write(`/routes/w${number}-${i % 100}`, route(i))
  }
  await Promise.all(own.map(one)) // warm
  const started = performance.now()
  await Promise.all(own.map(one))
  const perSecond = (WRITES / (performance.now() - started)) * 1000
  for (const client of own) client.close()
  return perSecond
}

/** From sending a write until a request is answered by it. */
async function writeToServed(served: Served): Promise<number[]> {
  const [admin, gateway] = [new Client(served.admin), new Client(served.gateway)]
  const samples: number[] = []
  for (let i = -100; i < SERVED_WRITES; i++) {
    const uri = `/served/${i + 100}`
    const started = performance.now()
    await admin.write(`/routes/served-${i & 63}`, { uri, plugins: answering })
    while ((await gateway.send('GET', uri)) !== 200);
    if (i >= 0) samples.push(performance.now() - started)
  }
  admin.close()
  gateway.close()
  return samples
}

async function paging(served: Served): Promise<void> {
  const admin = new Client(served.admin)
  for (const page of [1, MANY / 1000, MANY / 500]) {
    const samples: number[] = []
    for (let i = 0; i < 10; i++) {
      const started = performance.now()
      await admin.send('GET', `/apisix/admin/routes?page=${page}&page_size=500`)
      samples.push(performance.now() - started)
    }
    report(`page ${page} of ${MANY / 500} of a list of ${MANY}, p50`, ms(quantile(samples, 0.5)), 'no whole list')
  }
  admin.close()
}

async function fill(directory: string, count: number): Promise<void> {
  const store = new SqliteStore(join(directory, 'gateward.db'))
  for (let i = 0; i < count; i += 1000) {
    const put = (id: number) => ({
      type: 'put' as const,
      key: `routes/${id}`,
      text: JSON.stringify({ id: String(id), ...route(id), create_time: 1_700_000_000, update_time: 1_700_000_000 }),
    })
    await store.commit(Array.from({ length: Math.min(1000, count - i) }, (_, at) => put(i + at)))
  }
  await store.close()
}

async function withRoutes<T>(count: number, threads: number, run: (served: Served) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
  try {
    await fill(directory, count)
    const served = await serve(directory, { threads })
    return await run(served).finally(() => served.stop())
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function memory(): Promise<void> {
  const resident: number[] = []
  for (const count of [0, 10, 1000, 10_000])
    resident.push(await withRoutes(count, 1, async (served) => served.residentMb()))
  const [base, ten, thousand, many] = resident as [number, number, number, number]
  report('memory of a process with one thread, no routes', `${base.toFixed(0)} MB`, '<= 150 MB')
  report('with 10 / 1,000 / 10,000 routes', [ten, thousand, many].map((mb) => `${mb.toFixed(0)} MB`).join(' / '), '-')
  report('a route more costs', `${(((many - thousand) * 1024) / 9000).toFixed(1)} KB`, '<= 6 KB')
}

async function main(): Promise<void> {
  const empty = await withRoutes(10, THREADS, async (served) => {
    report('durable writes per second, one client', `${Math.round(await writesPerSecond(served, 1))}`, '>= 2,500')
    const many = await writesPerSecond(served, CLIENTS)
    report(`durable writes per second, ${CLIENTS} clients`, `${Math.round(many)}`, '>= 6,000')
    const samples = await writeToServed(served)
    report('write to served, 10 routes, p50', ms(quantile(samples, 0.5)), '-')
    report('write to served, 10 routes, p99', ms(quantile(samples, 0.99)), '<= 5 ms')
    return served.startMs
  })
  await withRoutes(MANY, THREADS, async (served) => {
    report(`start with ${MANY} routes, beyond an empty start`, ms(served.startMs - empty), '<= 3000 ms')
    const samples = await writeToServed(served)
    report(`write to served, ${MANY} routes, p50`, ms(quantile(samples, 0.5)), '-')
    report(`write to served, ${MANY} routes, p99`, ms(quantile(samples, 0.99)), '<= 8 ms')
    await paging(served)
  })
  await memory()
  if (spawnSync('etcd', ['--version']).error) console.log('no etcd: the figures of many nodes are left out')
  else for (const [figure, value, goal] of await measureNodes(QUICK)) report(figure, value, goal)
}

await main()
if (!QUICK)
  writeSection(
    'admin',
    `## Admin API and stores

Written by \`npm run bench:admin\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} cores of ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}; SQLite on disk, ${THREADS} threads; the client runs on the same cores, and the
load of the machine was ${load} when it began: at a load beyond the cores, the figures say more about the neighbours.

| figure | measured | goal |
|---|---|---|
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}
`,
  )
