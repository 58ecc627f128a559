// Starts the real command as a user would, on free ports and a directory of its own, and talks to it over sockets.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const BIN = new URL('../../bin/gateward.js', import.meta.url).pathname

/** What is needed to call an Admin API. */
export interface AdminAccess {
  /** Its address, with the path before `/routes`. */
  admin: string
  key: string
}

export interface Running extends AdminAccess {
  child: ChildProcess
  directory: string
  gateway: string
  surface: string
  metrics: string
  env: NodeJS.ProcessEnv
  /** The greeting on standard output. */
  output(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/**
 * Test processes run side by side: each takes its ports from a range of its own, or one would take what another has just found to be free. Above
 * 10080, to which `fetch` does not speak.
 */
const PORTS = 100
const FIRST_PORT = 10_100 + (process.pid % 200) * PORTS
let nextPort = Math.floor(Math.random() * PORTS)

/** A free port outside the range that the system gives to outgoing connections, or one of those would take it before we do. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + (nextPort++ % PORTS)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => server.close(resolve))
    if (free) return port
  }
}

/** Runs `gateward ARGS` to its end. */
export async function run(
  args: string[],
  env: NodeJS.ProcessEnv = {},
  input?: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.end(input ?? '')
  // A command that should have ended and runs on is killed, and its exit code is null.
  const timer = setTimeout(() => child.kill('SIGKILL'), 40_000)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  return { code, stdout, stderr }
}

/** `gateward start`; resolves when it has said where it serves. `directory`: an existing data directory. */
export async function start(
  options: { args?: string[]; env?: NodeJS.ProcessEnv; directory?: string } = {},
): Promise<Running> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'gateward-test-'))
  const ports = [await freePort(), await freePort(), await freePort(), await freePort(), await freePort()]
  const env: NodeJS.ProcessEnv = {
    GATEWARD_DATA_DIR: directory,
    GATEWARD_THREADS: '2',
    GATEWARD_GATEWAY_HTTP: `127.0.0.1:${ports[0]}`,
    GATEWARD_GATEWAY_HTTPS: `127.0.0.1:${ports[4]}`,
    GATEWARD_ADMIN_LISTEN: `127.0.0.1:${ports[1]}`,
    GATEWARD_SURFACE_LISTEN: `127.0.0.1:${ports[2]}`,
    GATEWARD_METRICS_LISTEN: `127.0.0.1:${ports[3]}`,
    GATEWARD_CONTROL_LISTEN: 'off',
    ...options.env,
  }
  const child = spawn(process.execPath, [BIN, 'start', ...(options.args ?? [])], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (output.includes('Talk to it')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`start ended with ${code}: ${errors}`)))
  })
  return {
    child,
    directory,
    gateway: `http://${env.GATEWARD_GATEWAY_HTTP}`,
    admin: `http://${env.GATEWARD_ADMIN_LISTEN}/apisix/admin`,
    surface: `http://${env.GATEWARD_SURFACE_LISTEN}`,
    metrics: `http://${env.GATEWARD_METRICS_LISTEN}/apisix/prometheus/metrics`,
    key: readFileSync(join(directory, 'admin.key'), 'utf8').trim(),
    env,
    output: () => output,
    stop: (signal = 'SIGTERM') =>
      new Promise((resolve) => {
        child.once('exit', (code) => {
          if (!options.directory) rmSync(directory, { recursive: true, force: true })
          resolve(code)
        })
        child.kill(signal)
      }),
  }
}

/** One Admin API call. */
export async function admin(
  running: AdminAccess,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(running.admin + path, {
    method,
    headers: { 'X-API-KEY': running.key },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
