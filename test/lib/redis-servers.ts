// Real Redis servers for tests: single, a cluster of three, a master with a sentinel. On free ports of 127.0.0.1, with nothing on disk but a
// directory that goes away; all end after the tests of the file.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { freePort } from '../e2e/process.ts'
import { until } from '../until.ts'

export interface RedisServer {
  port: number
  /** Sends one command and returns what comes back, as redis-cli shows it. */
  call(...words: string[]): string
  stop(): Promise<void>
  /** Starts it again on its port, empty. */
  restart(): Promise<void>
}

/** A single server. `args` are options of redis-server. */
export async function startRedis(...args: string[]): Promise<RedisServer> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'gateward-redis-'))
  const options = ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--save', '', ...args]
  return run(port, directory, options, args)
}

/** A cluster of three masters; resolves when it serves. */
export async function startRedisCluster(): Promise<RedisServer[]> {
  const servers = await Promise.all(
    [0, 1, 2].map(async () => {
      const bus = String(await freePort())
      return startRedis('--cluster-enabled', 'yes', '--cluster-port', bus, '--cluster-node-timeout', '2000')
    }),
  )
  const nodes = servers.map(({ port }) => `127.0.0.1:${port}`)
  const made = spawnSync('redis-cli', ['--cluster', 'create', ...nodes, '--cluster-yes'], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`the cluster was not made: ${made.stdout} ${made.stderr}`)
  await until(() => servers.every((server) => server.call('cluster', 'info').includes('cluster_state:ok')))
  return servers
}

/** A sentinel that watches `master` under the name `limits`. */
export async function startSentinel(master: RedisServer): Promise<RedisServer> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'gateward-sentinel-'))
  const file = join(directory, 'sentinel.conf')
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${directory}`,
    `sentinel monitor limits 127.0.0.1 ${master.port} 1`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return run(port, directory, [file, '--sentinel'], [])
}

async function run(port: number, directory: string, options: string[], args: string[]): Promise<RedisServer> {
  let child: ChildProcess
  const restart = async (): Promise<void> => {
    child = spawn('redis-server', options, { stdio: 'ignore' })
    await until(() => accepts(port))
  }
  const stop = (): Promise<void> => end(child)
  after(async () => {
    await stop()
    rmSync(directory, { recursive: true, force: true })
  })
  await restart()
  const password = args[args.indexOf('--requirepass') + 1]
  const login = args.includes('--requirepass') && password ? ['-a', password, '--no-auth-warning'] : []
  const call = (...words: string[]): string =>
    spawnSync('redis-cli', ['-p', String(port), ...login, ...words], { encoding: 'utf8' }).stdout.trim()
  return { port, call, stop, restart }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
