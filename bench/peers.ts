// Gateward beside nginx, HAProxy, Caddy and @fastify/http-proxy: small requests on kept connections. Part of `npm run bench` (Linux, two cores;
// nginx-light, haproxy, caddy, wrk and nghttp2-client from Debian). Each proxy is pinned to core 0, the nginx that answers 64 bytes and the load
// generator to core 1. Writes its section of docs/benchmarks.md.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONNECTIONS, type Peer, type Results, rounds, wrk } from './load.ts'
import {
  answering,
  gateward,
  listening,
  nextPort,
  nginx,
  nginxProxy,
  PROXY_CORE,
  pinned,
  upstreamAt,
  versionOf,
  write,
} from './processes.ts'
import { writeSection } from './report.ts'

const ROUNDS = { count: 7, seconds: 2, warmUp: 5 }

const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
const backend = nextPort()

async function others(): Promise<Peer[]> {
  const at = { nginx: nextPort(), haproxy: nextPort(), caddy: nextPort(), fastify: nextPort() }
  const started = {
    nginx: await nginx(directory, PROXY_CORE, at.nginx, nginxProxy(`127.0.0.1:${at.nginx}`, backend)),
    haproxy: pinned(PROXY_CORE, 'haproxy', ['-db', '-f', write(directory, 'haproxy.cfg', haproxyConfig(at.haproxy))]),
    caddy: pinned(
      PROXY_CORE,
      'caddy',
      ['run', '--adapter', 'caddyfile', '--config', write(directory, 'Caddyfile', caddyfile(at.caddy))],
      { GOMAXPROCS: '1', HOME: directory },
    ),
    fastify: pinned(PROXY_CORE, process.execPath, [
      new URL('http-proxy.ts', import.meta.url).pathname,
      String(at.fastify),
      `http://127.0.0.1:${backend}`,
    ]),
  }
  const peer = async (name: string, which: keyof typeof at, version: string): Promise<Peer> => {
    await listening(at[which])
    const pid = started[which].pid as number
    return { name, version, url: `http://127.0.0.1:${at[which]}/`, headers: {}, pid }
  }
  return [
    await peer('nginx', 'nginx', versionOf('nginx', '-v')),
    await peer('HAProxy', 'haproxy', versionOf('haproxy', '-v')),
    await peer('Caddy', 'caddy', versionOf('caddy', 'version')),
    await peer('@fastify/http-proxy', 'fastify', packageVersion('node_modules/@fastify/http-proxy')),
  ]
}

function packageVersion(folder: string): string {
  const text = readFileSync(new URL(`../${folder}/package.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

const haproxyConfig = (port: number): string => `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server s 127.0.0.1:${backend}
`

const caddyfile = (port: number): string =>
  `{\n\tadmin off\n\tauto_https off\n}\nhttp://127.0.0.1:${port} {\n\treverse_proxy 127.0.0.1:${backend}\n}\n`

/** Three of Gateward: as it is, with four plugins on the route, with its access log; each a process of its own. */
async function own(): Promise<Peer[]> {
  const upstream = upstreamAt(backend)
  const plugins = {
    'key-auth': {},
    'limit-count': { count: 1_000_000_000, time_window: 60, rejected_code: 429 },
    prometheus: {},
    'proxy-rewrite': { headers: { set: { 'X-Seen': 'yes' } } },
  }
  const log = { GATEWARD_GATEWAY_ACCESS_LOG_FILE: join(directory, 'access.log') }
  const peer = async (name: string, more: object, headers: Record<string, string>, env: object): Promise<Peer> => {
    const { pid, http, put } = await gateward(directory, { ...env })
    await put('/consumers/jack', { username: 'jack', plugins: { 'key-auth': { key: 'jacks-key' } } })
    await put('/routes/bench', { uri: '/*', upstream, ...more })
    return { name, version: packageVersion('.'), url: `http://127.0.0.1:${http}/`, headers, pid }
  }
  return [
    await peer('Gateward', {}, {}, {}),
    await peer('Gateward, four plugins', { plugins }, { apikey: 'jacks-key' }, {}),
    await peer('Gateward, access log', {}, {}, log),
  ]
}

function report(peers: readonly Peer[], results: Results): string {
  const [base, bare] = ['nginx', 'Gateward'].map((name) => peers.find((peer) => peer.name === name)) as [Peer, Peer]
  const rows = peers.map((peer) => {
    const { cpuUs, perSecond, p50, p99 } = results.of(peer)
    const [toBase, toBare] = [base, bare].map((other) => `${results.ratio(peer, other).toFixed(2)} x`)
    const rate = `${results.ratio(peer, base, 'perSecond').toFixed(2)} x`
    return `| ${peer.name} | ${peer.version} | ${cpuUs.toFixed(1)} | ${toBase} | ${toBare} | ${Math.round(perSecond)} | ${rate} | ${p50} | ${p99} |`
  })
  return `# Benchmarks

Written by \`npm run bench\`, each section by its part (\`node bench/peers.ts\`): ${cpus()[0]?.model ?? 'unknown processor'}, Linux, Node ${process.versions.node}. Each
proxy runs on one core with one worker, the backend (nginx) and the load on the other; peers take turns in ${ROUNDS.count} rounds of ${ROUNDS.seconds} s, and the median counts, for
ratios that of the rounds' quotients. CPU is user and system time of the whole process. Look at the ratios: on a machine that others share, the absolute
figures move by a third from one run to the next.

## Small requests

64 bytes, ${CONNECTIONS} kept connections, on ${new Date().toISOString().slice(0, 10)}.

| proxy | version | CPU us per request | to nginx | to bare Gateward | requests/s | to nginx | p50 | p99 |
|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`
}

try {
  await answering(directory, backend)
  const peers = [...(await others()), ...(await own())]
  const text = report(peers, rounds(peers, wrk, ROUNDS))
  writeSection('peers', text)
  console.log(`\n${text}`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit() // the peers end with it
