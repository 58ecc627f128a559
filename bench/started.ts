// The processes of bench/peers.ts: each proxy with the same task, one worker, no access log, keep-alive on both sides.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

const BACKEND = 18_101
const ADMIN = 18_109
const KEY = 'a-key-for-the-benchmark-only-0001'
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`
const BIN = new URL('../bin/gateward.js', import.meta.url).pathname

/** A proxy that listens; its process ends with this one. */
export interface Peer {
  name: string
  version: string
  url: string
  headers: Record<string, string>
  pid: number
}

/** An nginx on core 1 that answers every request with 64 bytes. */
export async function startBackend(directory: string): Promise<void> {
  const server = `server { listen 127.0.0.1:${BACKEND}; location / { return 200 "${'0123456789abcdef'.repeat(4)}"; } }`
  nginx(directory, 'backend', server, 1)
  await listening(BACKEND)
}

/** All proxies, started and answering. */
export async function startPeers(directory: string): Promise<Peer[]> {
  const address = `127.0.0.1:${BACKEND}`
  const peers = [
    await peer('nginx', ['nginx', '-v'], 18_102, (port) =>
      nginx(
        directory,
        'proxy',
        `upstream b { server ${address}; keepalive 320; keepalive_requests 1000000; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection "";
proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }`,
        0,
      ),
    ),
    await peer('HAProxy', ['haproxy', '-v'], 18_103, (port) => {
      const file = write(
        directory,
        'haproxy.cfg',
        `global
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
  server s ${address}
`,
      )
      return pinned(0, 'haproxy', ['-db', '-f', file])
    }),
    await peer('Caddy', ['caddy', 'version'], 18_104, (port) => {
      const file = write(
        directory,
        'Caddyfile',
        `{\n\tadmin off\n\tauto_https off\n}\nhttp://127.0.0.1:${port} {\n\treverse_proxy ${address}\n}\n`,
      )
      return pinned(0, 'caddy', ['run', '--adapter', 'caddyfile', '--config', file], {
        GOMAXPROCS: '1',
        HOME: directory,
      })
    }),
  ]
  return [...peers, ...(await startGateward(directory, address))]
}

/** Three of Gateward: as it is, with four plugins on the route, with its access log; each a process of its own. */
async function startGateward(directory: string, address: string): Promise<Peer[]> {
  const upstream = { nodes: { [address]: 1 } }
  const plugins = {
    'key-auth': {},
    'limit-count': { count: 1_000_000_000, time_window: 60, rejected_code: 429 },
    prometheus: {},
    'proxy-rewrite': { headers: { set: { 'X-Seen': 'yes' } } },
  }
  const jack = { username: 'jack', plugins: { 'key-auth': { key: 'jacks-key' } } }
  const log = { GATEWARD_GATEWAY_ACCESS_LOG_FILE: join(directory, 'access.log') }
  const tasks: { name: string; more: object; headers: Record<string, string>; env: NodeJS.ProcessEnv }[] = [
    { name: 'Gateward', more: {}, headers: {}, env: {} },
    { name: 'Gateward, four plugins', more: { plugins }, headers: { apikey: 'jacks-key' }, env: {} },
    { name: 'Gateward, access log', more: {}, headers: {}, env: log },
  ]
  const peers: Peer[] = []
  for (const [i, task] of tasks.entries()) {
    const admin = ADMIN + i
    const started = await peer(task.name, [process.execPath, BIN, 'version'], 18_105 + i, (port) => {
      const data = join(directory, `data-${i}`)
      mkdirSync(data)
      return pinned(0, process.execPath, [BIN, 'start'], {
        GATEWARD_DATA_DIR: data,
        GATEWARD_STORE: 'memory',
        GATEWARD_THREADS: '1',
        GATEWARD_GATEWAY_HTTP: `127.0.0.1:${port}`,
        GATEWARD_GATEWAY_HTTPS: `127.0.0.1:${port + 10}`,
        GATEWARD_ADMIN_LISTEN: `127.0.0.1:${admin}`,
        GATEWARD_ADMIN_KEY: KEY,
        GATEWARD_CONTROL_LISTEN: 'off',
        GATEWARD_STATUS_LISTEN: 'off',
        GATEWARD_METRICS_LISTEN: 'off',
        GATEWARD_SURFACE_LISTEN: 'off',
        ...task.env,
      })
    })
    await listening(admin)
    await put(admin, '/consumers/jack', jack)
    await put(admin, '/routes/bench', { uri: '/*', upstream, ...task.more })
    peers.push({ ...started, headers: task.headers })
  }
  return peers
}

async function put(port: number, path: string, body: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/apisix/admin${path}`, {
    method: 'PUT',
    headers: { 'X-API-KEY': KEY },
    body: JSON.stringify(body),
  })
  if (!response.ok)
    throw new Error(`configuring the gateway: PUT ${path} gave ${response.status}: ${await response.text()}`)
}

async function peer(
  name: string,
  versionOf: [string, ...string[]],
  port: number,
  start: (port: number) => ChildProcess,
): Promise<Peer> {
  const [command, ...args] = versionOf
  const said = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, PATH } })
  if (said.error) throw new Error(`${name} is not installed: apt-get install nginx-light haproxy caddy wrk`)
  const version = /\d+\.\d+(?:\.\d+)*/.exec(said.stdout + said.stderr)?.[0] ?? 'unknown'
  const child = start(port)
  await listening(port)
  const url = `http://127.0.0.1:${port}/`
  return { name, version, url, headers: {}, pid: child.pid as number }
}

function nginx(directory: string, name: string, servers: string, core: number): ChildProcess {
  const file = write(
    directory,
    `${name}.conf`,
    `worker_processes 1; daemon off; pid ${directory}/${name}.pid; error_log ${directory}/${name}.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000; ${servers} }
`,
  )
  return pinned(core, 'nginx', ['-c', file])
}

function pinned(core: number, command: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: 'ignore',
    env: { ...process.env, PATH, ...env },
  })
  process.once('exit', () => child.kill())
  return child
}

function write(directory: string, name: string, text: string): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

async function listening(port: number): Promise<void> {
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.unref()
      setTimeout(() => socket.destroy(), 100)
    })
    if (open) return
    if (Date.now() > end) throw new Error(`nothing listens on 127.0.0.1:${port} after 20 s`)
  }
}
