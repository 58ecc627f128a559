// What many routes cost: CPU per request and memory of a Gateward with 1 and with 100,000 mixed routes, and the router alone. Part of
// `npm run bench`; writes its section of docs/benchmarks.md. Needs --expose-gc.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRouter, type MatchInput, type RouteKeys } from '../src/gateway/router/router.ts'
import { SqliteStore } from '../src/store/sqlite.ts'
import { residentKb } from './gateward-process.ts'
import { type Peer, rounds, wrk } from './load.ts'
import { answering, gateward, nextPort, upstreamAt } from './processes.ts'
import { writeSection } from './report.ts'

const ROUNDS = { count: 5, seconds: 3, warmUp: 5 }
const MANY = 100_000
const MATCHES = 300_000

/** A third exact, a third prefix, a third with a parameter; each fourth with a host. */
function uriOf(i: number): string {
  return [`/exact/${i}`, `/prefix/${i}/*`, `/api/v${i % 7}/things/${i}`][i % 3] as string
}

function hostsOf(i: number): string[] | undefined {
  return i % 4 === 0 ? [`h${i % 500}.example`] : undefined
}

function keysOf(i: number): RouteKeys {
  return { id: `r${i}`, uris: [uriOf(i)], hosts: hostsOf(i), priority: 0, order: i }
}

function inputFor(i: number): MatchInput {
  return {
    path: uriOf(i).replace('*', 'x/y'),
    host: hostsOf(i)?.[0] ?? 'other.example',
    method: 'GET',
    remoteAddr: '127.0.0.1',
    var: () => undefined,
  }
}

/** The router alone, in this process. */
function routerRow(count: number): string {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const building = performance.now()
  const router = createRouter('radixtree_host_uri')
  for (let i = 0; i < count; i++) router.add(keysOf(i))
  const buildMs = performance.now() - building
  globalThis.gc?.()
  const bytes = (process.memoryUsage().heapUsed - before) / count
  const inputs = Array.from({ length: 1000 }, (_, i) => inputFor(Math.floor((i * count) / 1000)))
  let found = 0
  const matching = performance.now()
  for (let i = 0; i < MATCHES; i++) if (router.match(inputs[i % 1000] as MatchInput)) found++
  const nanoseconds = ((performance.now() - matching) * 1e6) / MATCHES
  if (found !== MATCHES) throw new Error(`${MATCHES - found} requests found no route`)
  const changing = performance.now()
  router.remove('r0')
  router.add(keysOf(0))
  const changeMs = performance.now() - changing
  return `| ${count} | ${buildMs.toFixed(0)} ms | ${nanoseconds.toFixed(0)} ns | ${bytes.toFixed(0)} | ${changeMs.toFixed(2)} ms |`
}

const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
const backend = nextPort()

/** A Gateward with so many routes, started from its store; the one that is asked for is in their midst. */
async function served(count: number): Promise<{ peer: Peer; residentMb: number }> {
  const data = join(directory, `data-of-${count}`)
  mkdirSync(data)
  const store = new SqliteStore(join(data, 'gateward.db'))
  const upstream = upstreamAt(backend)
  const text = (i: number): string => JSON.stringify({ id: `${i}`, uri: uriOf(i), hosts: hostsOf(i), upstream })
  for (let i = 0; i < count; i += 1000)
    await store.commit(
      Array.from({ length: Math.min(1000, count - i) }, (_, at) => ({
        type: 'put' as const,
        key: `routes/${i + at}`,
        text: text(i + at),
      })),
    )
  await store.close()
  const { pid, http } = await gateward(directory, { GATEWARD_DATA_DIR: data, GATEWARD_STORE: 'sqlite' })
  const at = count >> 1
  const headers: Record<string, string> = hostsOf(at) ? { Host: hostsOf(at)?.[0] as string } : {}
  const path = uriOf(at).replace('*', 'x')
  const residentMb = residentKb(pid) / 1024
  return {
    peer: { name: `${count} routes`, version: '', url: `http://127.0.0.1:${http}${path}`, headers, pid },
    residentMb,
  }
}

try {
  const rows = [1000, 10_000, MANY].map(routerRow)
  await answering(directory, backend)
  const [one, many] = [await served(1), await served(MANY)]
  const results = rounds([one.peer, many.peer], wrk, ROUNDS)
  const [few, lots] = [one, many].map(({ peer }) => results.of(peer).cpuUs.toFixed(1))
  const text = `## Many routes

A third exact, a third prefixes, a third with parameters, each fourth with a host; on ${new Date().toISOString().slice(0, 10)} (\`node --expose-gc bench/routes.ts\`).

A request costs ${few} us of CPU with one route and ${lots} us with ${MANY}: ${results.ratio(many.peer, one.peer).toFixed(2)} x. The whole process, with its store, Admin API and
one thread, takes ${one.residentMb.toFixed(0)} MB with one route and ${many.residentMb.toFixed(0)} MB with ${MANY}. The router alone:

| routes | building | a match | bytes a route | one change |
|---|---|---|---|---|
${rows.join('\n')}
`
  writeSection('routes', text)
  console.log(`\n${text}`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit() // the processes end with it
