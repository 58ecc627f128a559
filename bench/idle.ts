// What waits and what begins: memory of 10,000 idle kept connections, and the time from the start of the process to its first proxied request.
// Part of `npm run bench`; writes its section of docs/benchmarks.md.
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../scripts/build.ts'
import { SqliteStore } from '../src/store/sqlite.ts'
import { quantile } from './admin-process.ts'
import { residentKb } from './gateward-process.ts'
import { answering, gateward, launch, nextPort, upstreamAt } from './processes.ts'
import { writeSection } from './report.ts'

const IDLE = 10_000
const FIRST = 1000
const AT_ONCE = 500
const STARTS = 11

const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
const backend = nextPort()
const route = { uri: '/*', upstream: upstreamAt(backend) }

/** A connection that has had its first request answered; undefined when it cannot be opened, or ends before (a gateway that starts looks whether its port is free). */
async function used(port: number): Promise<Socket | undefined> {
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise<never>((_, reject) => socket.once('close', reject))
  try {
    await Promise.race([once(socket, 'connect'), closed])
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await Promise.race([once(socket, 'data'), closed])
  } catch {
    return undefined
  }
  closed.catch(() => {})
  socket.pause()
  return socket
}

async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const some = await Promise.all(Array.from({ length: AT_ONCE }, () => used(port)))
    sockets.push(...some.filter((one) => one !== undefined))
  }
  return sockets
}

/** Kilobytes of the process for each of its idle connections. */
async function idleKb(): Promise<number> {
  const own = await gateward(directory)
  await own.put('/routes/bench', route)
  const first = await open(own.http, FIRST) // what the first requests cost in any case
  const before = residentKb(own.pid)
  const sockets = await open(own.http, IDLE)
  const grown = residentKb(own.pid) - before
  for (const socket of [...first, ...sockets]) socket.destroy()
  own.stop()
  return grown / sockets.length
}

/** Milliseconds from the start of a process, whose store holds a route, to the first answer that comes through it. */
async function coldStartMs(run: number): Promise<number> {
  const data = join(directory, `cold-${run}`)
  mkdirSync(data)
  const store = new SqliteStore(join(data, 'gateward.db'))
  await store.commit([{ type: 'put', key: 'routes/bench', text: JSON.stringify({ id: 'bench', ...route }) }])
  await store.close()
  const started = performance.now()
  const own = launch(directory, { GATEWARD_DATA_DIR: data, GATEWARD_STORE: 'sqlite' }, '0,1')
  for (;;) {
    const socket = await used(own.http)
    if (socket) {
      socket.destroy()
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const elapsed = performance.now() - started
  own.stop()
  return elapsed
}

try {
  await build()
  await answering(directory, backend)
  const starts: number[] = []
  for (let run = 0; run < STARTS; run++) starts.push(await coldStartMs(run))
  const kb = await idleKb()
  const text = `## Idle and start

On ${new Date().toISOString().slice(0, 10)} (\`node bench/idle.ts\`); one thread.

| figure | measured | goal |
|---|---|---|
| memory of each of ${IDLE} idle kept connections, each used once | ${kb.toFixed(1)} KB | <= 8 KB |
| start of the process to its first proxied request, on both cores, median of ${STARTS} | ${quantile(starts, 0.5).toFixed(0)} ms | <= 400 ms |
`
  writeSection('idle', text)
  console.log(`\n${text}`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit() // the peers end with it
