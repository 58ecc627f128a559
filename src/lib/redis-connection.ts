// One connection to a Redis, a cluster or a master behind sentinels, for all configurations of a thread that name the same one. Requests share
// it: commands are pipelined. Only scripts are run, each on one key, so that every answer is atomic and a cluster finds the node.
//
// A connection that fails in any way is thrown away and the next command opens another: no command waits for longer than the timeout,
// and nothing is queued for a Redis that is away. The client library is loaded when the first connection is opened.
import { hash } from 'node:crypto'
import { isIP } from 'node:net'
import { parseAddress } from './address.ts'
import type { RedisSettings } from './redis-settings.ts'
import { timerMs } from './timer.ts'

export interface RedisScript {
  text: string
  sha: string
}

/** `text` is Lua; it sees one key and its arguments as text. */
export function redisScript(text: string): RedisScript {
  return { text, sha: hash('sha1', text) }
}

interface Arguments {
  keys: string[]
  arguments: string[]
}

/** What single connections, clusters and sentinels of the library have in common. */
interface Client {
  connect(): Promise<unknown>
  destroy(): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  eval(text: string, options: Arguments): Promise<unknown>
  evalSha(sha: string, options: Arguments): Promise<unknown>
}

export class RedisConnection {
  readonly #settings: RedisSettings
  readonly #forget: () => void
  #client: Promise<Client> | undefined
  #idle: NodeJS.Timeout | undefined
  #usedAt = 0
  #users = 0

  constructor(settings: RedisSettings, forget: () => void) {
    this.#settings = settings
    this.#forget = forget
  }

  /** Runs a script on one key. Rejects when Redis is away, too slow, or refuses it. */
  async run(script: RedisScript, key: string, args: readonly (string | number)[]): Promise<unknown> {
    this.#client ??= this.#open()
    const opened = this.#client
    this.#usedAt = Date.now()
    try {
      return await this.#inTime(evaluate(await opened, script, { keys: [key], arguments: args.map(String) }))
    } catch (error) {
      this.#drop(opened)
      throw error
    }
  }

  acquire(): this {
    this.#users++
    return this
  }

  /** The last user closes it. */
  release(): void {
    if (--this.#users > 0) return
    this.#forget()
    if (this.#client) this.#drop(this.#client)
  }

  async #open(): Promise<Client> {
    const client = await createClient(this.#settings)
    const current = this.#client
    client.on('error', () => current && this.#drop(current))
    try {
      await this.#inTime(client.connect())
    } catch (error) {
      client.destroy()
      throw error
    }
    this.#watchIdle()
    return client
  }

  #drop(opened: Promise<Client>): void {
    if (this.#client !== opened) return
    this.#client = undefined
    clearTimeout(this.#idle)
    opened.then(
      (client) => client.destroy(),
      () => undefined, // it never opened; `run` has told so
    )
  }

  #watchIdle(): void {
    const limitMs = timerMs(this.#settings.redis_keepalive_timeout)
    const check = (): void => {
      const unusedMs = Date.now() - this.#usedAt
      if (unusedMs < limitMs) this.#idle = setTimeout(check, limitMs - unusedMs).unref()
      else if (this.#client) this.#drop(this.#client)
    }
    this.#idle = setTimeout(check, limitMs).unref()
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    const limitMs = timerMs(this.#settings.redis_timeout)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`redis did not answer within ${limitMs} ms`)), limitMs)
      work.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }
}

const open = new Map<string, RedisConnection>()

/** The thread's connection to this Redis. Whoever asks must `release` it. */
export function acquireRedis(settings: RedisSettings): RedisConnection {
  const name = JSON.stringify(settings)
  const known = open.get(name) ?? new RedisConnection(settings, () => open.delete(name))
  open.set(name, known)
  return known.acquire()
}

/** Scripts that a connection has sent in full once. */
const sent = new WeakMap<Client, Set<RedisScript>>()

/** One command where possible, so that commands of a connection are run in the order in which they were given. */
async function evaluate(client: Client, script: RedisScript, options: Arguments): Promise<unknown> {
  const known = sent.get(client)
  if (!known?.has(script)) {
    if (known) known.add(script)
    else sent.set(client, new Set([script]))
    return client.eval(script.text, options)
  }
  try {
    return await client.evalSha(script.sha, options)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.eval(script.text, options)
  }
}

async function createClient(settings: RedisSettings): Promise<Client> {
  const library = await import('@redis/client')
  const { redis_username: username, redis_password: password, redis_timeout: timeoutMs } = settings
  const credentials = { ...(username ? { username } : {}), ...(password ? { password } : {}) }
  const tls = settings.tls ? { tls: true as const, rejectUnauthorized: settings.verify } : {}
  const socket = { connectTimeout: timerMs(timeoutMs), reconnectStrategy: false as const, ...tls }
  switch (settings.policy) {
    case 'redis': {
      const { redis_host: host, redis_port: port, redis_database: database } = settings
      // One address may serve several Redis: the name that is told says which (RFC 6066 3, of names only).
      const named = settings.tls && !isIP(host) ? { servername: host } : {}
      return library.createClient({ ...credentials, database, socket: { host, port, ...socket, ...named } })
    }
    case 'redis-cluster': {
      const rootNodes = settings.redis_cluster_nodes.map((node) => ({ socket: addressOf(node) }))
      return library.createCluster({ rootNodes, defaults: { ...credentials, socket } })
    }
    case 'redis-sentinel': {
      const { redis_database: database, sentinel_username: user, sentinel_password: word } = settings
      return library.createSentinel({
        name: settings.redis_master_name,
        sentinelRootNodes: settings.redis_sentinels,
        nodeClientOptions: { ...credentials, database, socket },
        sentinelClientOptions: { ...(user ? { username: user } : {}), ...(word ? { password: word } : {}), socket },
      })
    }
  }
}

function addressOf(node: string): { host: string; port: number } {
  const address = parseAddress(node)
  if (!address) throw new Error(`redis cluster node ${JSON.stringify(node)} is not host:port`)
  return address
}
