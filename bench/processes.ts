// What the benchmarks start: proxies and backends, each pinned to a core, gone when the benchmark ends.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { BIN, environment, KEY } from './gateward-process.ts'

/** Where the proxies run that are measured. */
export const PROXY_CORE = 0
/** Where the backend and the load come from. */
export const LOAD_CORE = 1

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

let port = 18_100
/** A port that no other part of this benchmark uses. */
export const nextPort = (): number => ++port

/** A process on one core, or on several (`0,1`). */
export function pinned(
  cores: number | string,
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const child = spawn('taskset', ['-c', String(cores), command, ...args], {
    stdio: 'ignore',
    env: { ...process.env, PATH, ...env },
  })
  process.once('exit', () => child.kill())
  return child
}

/** The version that a program says. Throws, with what to install, when it is not there. */
export function versionOf(command: string, ...args: string[]): string {
  const said = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, PATH } })
  if (said.error)
    throw new Error(`${command} is not installed: apt-get install nginx-light haproxy caddy wrk nghttp2-client`)
  return /\d+\.\d+(?:\.\d+)*/.exec(said.stdout + said.stderr)?.[0] ?? 'unknown'
}

/** An nginx of one worker without access log; `servers` is what stands inside `http {}`. Resolves when it listens on `at`. */
export async function nginx(directory: string, core: number, at: number, servers: string): Promise<ChildProcess> {
  const file = write(
    directory,
    `nginx-${at}.conf`,
    `worker_processes 1; daemon off; pid ${directory}/${at}.pid; error_log ${directory}/${at}.log;
worker_rlimit_nofile 65536;
events { worker_connections 32768; }
http { access_log off; keepalive_requests 1000000; client_body_temp_path ${directory}/${at}-body; ${servers} }
`,
  )
  const child = pinned(core, 'nginx', ['-c', file])
  await listening(at)
  return child
}

/** An nginx on the load's core that answers every request with 64 bytes. */
export async function answering(directory: string, at: number): Promise<void> {
  const body = '0123456789abcdef'.repeat(4)
  await nginx(directory, LOAD_CORE, at, `server { listen 127.0.0.1:${at}; location / { return 200 "${body}"; } }`)
}

/** What makes an nginx a proxy to `backend`, and for PUT of /up to `sink`, on kept connections, with the headers that Gateward adds too. */
export function nginxProxy(listen: string, backend: number, sink = backend): string {
  return `upstream b { server 127.0.0.1:${backend}; keepalive 320; keepalive_requests 1000000; }
upstream s { server 127.0.0.1:${sink}; keepalive 320; keepalive_requests 1000000; }
proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
server { listen ${listen}; client_max_body_size 0; location / { proxy_pass http://b; } location /up { proxy_pass http://s; } }`
}

/** The upstream of a benchmark's route: its connections take as many requests as those of nginx above. */
export function upstreamAt(port: number): object {
  return { nodes: { [`127.0.0.1:${port}`]: 1 }, keepalive_pool: { size: 320, idle_timeout: 60, requests: 1_000_000 } }
}

/** A Gateward with one thread that listens. */
export interface Gateward {
  pid: number
  http: number
  https: number
  admin: number
  /** Configures: PUT of a resource, which must succeed. */
  put(path: string, resource: object): Promise<void>
  stop(): void
}

/** Starts a Gateward pinned to the proxies' core; resolves when its Admin API and its gateway listen. */
export async function gateward(directory: string, env: NodeJS.ProcessEnv = {}): Promise<Gateward> {
  const started = launch(directory, env)
  await listening(started.admin)
  await listening(started.http)
  return started
}

process.setMaxListeners(100) // one for each process

/** Starts a Gateward and does not wait. */
export function launch(directory: string, env: NodeJS.ProcessEnv = {}, cores = `${PROXY_CORE}`): Gateward {
  const [http, https, admin] = [nextPort(), nextPort(), nextPort()]
  const data = join(directory, `data-${http}`)
  mkdirSync(data, { recursive: true })
  const child = pinned(cores, process.execPath, [BIN, 'start'], {
    ...environment({ http, https, admin }, data),
    GATEWARD_STORE: 'memory',
    GATEWARD_THREADS: '1',
    GATEWARD_GATEWAY_KEEPALIVE_REQUESTS: '1000000', // as for nginx
    ...env,
  })
  return {
    pid: child.pid as number,
    http,
    https,
    admin,
    put: (path, resource) => put(admin, path, resource),
    stop: () => child.kill(),
  }
}

async function put(admin: number, path: string, resource: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${admin}/apisix/admin${path}`, {
    method: 'PUT',
    headers: { 'X-API-KEY': KEY },
    body: JSON.stringify(resource),
  })
  if (!response.ok)
    throw new Error(`configuring the gateway: PUT ${path} gave ${response.status}: ${await response.text()}`)
}

/** A file in the benchmark's directory; its path. */
export function write(directory: string, name: string, text: string | Buffer): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

/** Waits until something listens. */
export async function listening(at: number): Promise<void> {
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(at, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.unref()
      setTimeout(() => socket.destroy(), 100)
    })
    if (open) return
    if (Date.now() > end) throw new Error(`nothing listens on 127.0.0.1:${at} after 20 s`)
  }
}
