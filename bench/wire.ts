// TLS and HTTP/2 beside nginx: kept connections, a new connection for each request (resumed), and streams of HTTP/2 (h2load, from nghttp2-client).
// Part of `npm run bench`; writes its section of docs/benchmarks.md.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { h2load, loaded, type Peer, rounds, type Sample, wrk } from './load.ts'
import { answering, gateward, nextPort, nginx, nginxProxy, PROXY_CORE, upstreamAt } from './processes.ts'
import { writeSection } from './report.ts'

const ROUNDS = { count: 5, seconds: 2, warmUp: 4 }
const HOST = 'localhost'

/** One TLS 1.3 connection after the other, each resuming the last one's session, each with one request. */
function resumed(peer: Peer, seconds: number): Sample {
  const client = new URL('tls-client.ts', import.meta.url).pathname
  const { cpuUs, said } = loaded(peer, [process.execPath, client, new URL(peer.url).port, String(seconds)])
  const { requests, reused } = JSON.parse(said) as { requests: number; reused: number }
  if (reused < requests * 0.99) throw new Error(`${peer.name} resumed ${reused} of ${requests} sessions`)
  return { cpuUs: cpuUs / requests, perSecond: requests / seconds, p50: '', p99: '' }
}

const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
try {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  spawnSync('openssl', [...made, '-keyout', key, '-out', cert, '-subj', `/CN=${HOST}`])
  const [backend, secure] = [nextPort(), nextPort()]
  await answering(directory, backend)
  const settings = `ssl_certificate ${cert}; ssl_certificate_key ${key}; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:10m;`
  const proxy = await nginx(
    directory,
    PROXY_CORE,
    secure,
    settings + nginxProxy(`127.0.0.1:${secure} ssl http2`, backend),
  )
  const own = await gateward(directory)
  await own.put('/ssls/bench', { sni: HOST, cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') })
  await own.put('/routes/bench', { uri: '/*', upstream: upstreamAt(backend) })
  const peer = (name: string, pid: number | undefined, port: number): Peer => ({
    name,
    version: '',
    url: `https://${HOST}:${port}/`,
    headers: {},
    pid: pid as number,
  })
  const peers: [Peer, Peer] = [peer('nginx', proxy.pid, secure), peer('Gateward', own.pid, own.https)]
  const rows: string[] = []
  for (const [what, load] of [
    ['TLS 1.3, 64 kept connections', wrk],
    ['TLS 1.3, a resumed connection for each request', resumed],
    ['HTTP/2 over TLS, 16 connections of 8 streams', h2load],
  ] as const) {
    console.log(what)
    const results = rounds(peers, load, ROUNDS)
    const [base, ours] = peers.map((one) => results.of(one).cpuUs.toFixed(1))
    rows.push(`| ${what} | ${base} | ${ours} | ${results.ratio(peers[1], peers[0]).toFixed(2)} x |`)
  }
  const text = `## TLS and HTTP/2

64 bytes, certificate of P-256, on ${new Date().toISOString().slice(0, 10)} (\`node bench/wire.ts\`); CPU us per request.

| what | nginx | Gateward | to nginx |
|---|---|---|---|
${rows.join('\n')}
`
  writeSection('wire', text)
  console.log(`\n${text}`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit() // the peers end with it
