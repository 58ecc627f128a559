// Bodies beside nginx, down (GET) and up (PUT): megabytes per second of CPU, and the memory that 100 slow clients cost. Part of `npm run bench`;
// writes its section of docs/benchmarks.md.
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { residentKb } from './gateward-process.ts'
import { CONNECTIONS, type Peer, rounds, type Sample, wrk } from './load.ts'
import {
  gateward,
  LOAD_CORE,
  listening,
  nextPort,
  nginx,
  nginxProxy,
  PROXY_CORE,
  pinned,
  upstreamAt,
} from './processes.ts'
import { writeSection } from './report.ts'

const ROUNDS = { count: 3, seconds: 3, warmUp: 3 }
const MB = 1024 * 1024
const SLOW_CLIENTS = 100

const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))

/** PUT of a file, by wrk's script. */
function uploadScript(size: number): string {
  const script = join(directory, `${size}.lua`)
  writeFileSync(
    script,
    `local f = io.open("${join(directory, String(size))}", "rb"); wrk.method = "PUT"; wrk.body = f:read("*a"); f:close()
wrk.headers["Content-Type"] = "application/octet-stream"`,
  )
  return script
}

/** Megabytes that the process grows by while clients ask for 100 MB each and take nothing of it beyond the first piece. */
async function slowClients(peer: Peer): Promise<number> {
  const before = residentKb(peer.pid) / 1024
  const sockets = Array.from({ length: SLOW_CLIENTS }, () => connect(Number(new URL(peer.url).port), '127.0.0.1'))
  for (const socket of sockets) {
    await once(socket, 'connect')
    socket.write(`GET /${100 * MB} HTTP/1.1\r\nHost: a\r\n\r\n`)
    socket.once('data', () => socket.pause())
  }
  let most = before
  for (let i = 0; i < 30; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    most = Math.max(most, residentKb(peer.pid) / 1024)
  }
  for (const socket of sockets) socket.destroy()
  return most - before
}

try {
  chmodSync(directory, 0o755) // nginx started by root reads files as nobody
  const [backend, sink, port] = [nextPort(), nextPort(), nextPort()]
  const sizes = [1024, 100 * 1024, 100 * MB]
  for (const size of sizes) writeFileSync(join(directory, String(size)), Buffer.alloc(size, 'gateward '))
  await nginx(directory, LOAD_CORE, backend, `server { listen 127.0.0.1:${backend}; root ${directory}; }`)
  pinned(LOAD_CORE, process.execPath, [new URL('sink.ts', import.meta.url).pathname, String(sink)])
  await listening(sink)
  const base = await nginx(
    directory,
    PROXY_CORE,
    port,
    `proxy_request_buffering off; proxy_max_temp_file_size 0; ${nginxProxy(`127.0.0.1:${port}`, backend, sink)}`,
  )
  const own = await gateward(directory)
  await own.put('/routes/down', { uri: '/*', upstream: upstreamAt(backend) })
  await own.put('/routes/up', { uri: '/up', upstream: upstreamAt(sink) })
  const peers = [
    { name: 'nginx', pid: base.pid as number, port },
    { name: 'Gateward', pid: own.pid, port: own.http },
  ].map(({ name, pid, port }) => ({ name, pid, version: '', url: `http://127.0.0.1:${port}/`, headers: {} })) as [
    Peer,
    Peer,
  ]
  const rows: string[] = []
  for (const size of sizes) {
    const name = size >= MB ? `${size / MB} MB` : `${size / 1024} KB`
    const connections = size > MB ? 4 : CONNECTIONS
    for (const [way, path, script] of [
      ['down', String(size), undefined],
      ['up', 'up', uploadScript(size)],
    ] as const) {
      const load = (peer: Peer, seconds: number): Sample =>
        wrk({ ...peer, url: peer.url + path }, seconds, connections, script)
      console.log(`${name} ${way}`)
      const results = rounds(peers, load, ROUNDS)
      const [nginxMb, ownMb] = peers.map((peer) => ((size / MB / results.of(peer).cpuUs) * 1e6).toFixed(0))
      rows.push(`| ${name} ${way} | ${nginxMb} | ${ownMb} | ${results.ratio(peers[0], peers[1]).toFixed(2)} x |`)
      console.log(rows.at(-1))
    }
  }
  const grown = [await slowClients(peers[0]), await slowClients(peers[1])].map((mb) => mb.toFixed(1))
  const text = `## Bodies

Megabytes through the proxy per second of its CPU, on ${new Date().toISOString().slice(0, 10)} (\`node bench/bodies.ts\`); nginx does not buffer to disk. Up to 100 KB on 64
connections, above on 4.

| body | nginx | Gateward | to nginx |
|---|---|---|---|
${rows.join('\n')}

${SLOW_CLIENTS} clients that ask for 100 MB and stop reading make nginx grow by ${grown[0]} MB, Gateward by ${grown[1]} MB.
`
  writeSection('bodies', text)
  console.log(`\n${text}`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit() // the peers end with it
