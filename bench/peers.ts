// Gateward beside nginx, HAProxy and Caddy: `npm run bench` (Linux, two cores, nginx-light, haproxy, caddy and wrk from Debian).
// Each is pinned to core 0, an nginx that answers 64 bytes and the load generator to core 1; each is warmed up, then measured in ROUNDS rounds
// that take turns, so that a slow minute of the machine meets all. Prints CPU microseconds per request (median), throughput and latency, and
// writes its section of docs/benchmarks.md.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuMicroseconds } from './cpu.ts'
import { writeSection } from './report.ts'
import { type Peer, startBackend, startPeers } from './started.ts'

const ROUNDS = 3
const ROUND_S = 4
const WARM_UP_S = 5
const CONNECTIONS = 64

interface Sample {
  cpuUs: number
  perSecond: number
  p50: string
  p99: string
}

function measure(peer: Peer, seconds: number): Sample {
  const before = cpuMicroseconds(peer.pid)
  const headers = Object.entries(peer.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = ['-c', '1', 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', ...headers, peer.url]
  const { stdout } = spawnSync('taskset', args, { encoding: 'utf8' })
  const used = cpuMicroseconds(peer.pid) - before
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  if (!requests || /Non-2xx/.test(stdout)) throw new Error(`${peer.name} did not answer as it should:\n${stdout}`)
  return {
    cpuUs: used / requests,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50: /^\s+50%\s+(\S+)/m.exec(stdout)?.[1] ?? '',
    p99: /^\s+99%\s+(\S+)/m.exec(stdout)?.[1] ?? '',
  }
}

function median(samples: Sample[]): Sample {
  return [...samples].sort((a, b) => a.cpuUs - b.cpuUs)[samples.length >> 1] as Sample
}

function report(peers: Peer[], results: Map<Peer, Sample>): string {
  const [nginx, own] = ['nginx', 'Gateward'].map((name) => peers.find((peer) => peer.name === name)) as [Peer, Peer]
  const times = (peer: Peer, base: Peer): string =>
    `${((results.get(peer) as Sample).cpuUs / (results.get(base) as Sample).cpuUs).toFixed(2)} x`
  const rows = peers.map((peer) => {
    const { cpuUs, perSecond, p50, p99 } = results.get(peer) as Sample
    return `| ${peer.name} | ${peer.version} | ${cpuUs.toFixed(1)} | ${times(peer, nginx)} | ${times(peer, own)} | ${Math.round(perSecond)} | ${p50} | ${p99} |`
  })
  return `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${cpus()[0]?.model ?? 'unknown processor'}, Linux, Node ${process.versions.node}. Each proxy on one core with one
worker, the backend (nginx, 64 bytes) and wrk (${CONNECTIONS} connections) on the other; median of ${ROUNDS} rounds of ${ROUND_S} s that take turns. CPU is user and system time of the whole
process over its requests. Look at the ratios: on a machine that others share, the absolute figures move by a third from one run to the next.

| proxy | version | CPU us per request | to nginx | to bare Gateward | requests/s | p50 | p99 |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

Other figures: \`node bench/router.ts\` (matching, building, memory per route), \`node bench/store.ts\` (durable writes).
`
}

const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
try {
  await startBackend(directory)
  const peers = await startPeers(directory)
  const samples = new Map(peers.map((peer) => [peer, [] as Sample[]]))
  for (const peer of peers) {
    console.log(`warming up ${peer.name}`)
    measure(peer, WARM_UP_S)
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (const peer of peers) {
      const sample = measure(peer, ROUND_S)
      samples.get(peer)?.push(sample)
      console.log(`${round}/${ROUNDS} ${peer.name}: ${sample.cpuUs.toFixed(1)} us, ${Math.round(sample.perSecond)}/s`)
    }
  }
  const text = report(peers, new Map(peers.map((peer) => [peer, median(samples.get(peer) as Sample[])])))
  writeSection('peers', text)
  console.log(`\n${text}`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit() // the peers end with it
