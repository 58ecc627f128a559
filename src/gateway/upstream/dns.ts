// Names of upstream nodes to addresses, remembered for their TTL, and services (`discovery_type: dns`) to nodes by their SRV records, or by their
// addresses when there are none. Answers are refreshed in the background; while a name server fails, the last answer stays in use.
//
// The system's resolver has the last word, so that /etc/hosts is honoured, unless name servers are set: then only they are asked. The runtime
// does not tell the TTL of SRV records: the shortest of their targets' addresses counts.
import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Node } from './runtime.ts'

/** One address of a name. A service's records say more about it. */
interface Found {
  address: string
  port?: number
  weight?: number
  priority?: number
}

interface Answer {
  found: Found[]
  /** All of it as text, to see whether it has changed. */
  text: string
  expiresAt: number
  refreshing: boolean
}

interface Resolved {
  found: Found[]
  ttl: number
}

/** Seconds for answers without a TTL (the hosts file), and the bounds of what a name server may say. */
const DEFAULT_TTL_S = 30
const MIN_TTL_S = 1
const MAX_TTL_S = 3600
const MAX_NAMES = 10_000
/** Addresses of one name; a name server's answer beyond is cut. */
const MAX_ADDRESSES = 256

export interface DnsOptions {
  /** Name servers as `address:port`; none: those of the system. */
  servers: readonly string[]
  /** How long an answer holds, instead of its TTL. */
  validSeconds?: number | undefined
}

export class DnsCache {
  readonly #answers = new Map<string, Answer>()
  readonly #pending = new Map<string, Promise<void>>()
  readonly #expanded = new WeakMap<readonly Node[], { from: string; nodes: Node[] }>()
  readonly #resolver: Resolver
  readonly #onlyServers: boolean
  readonly #validSeconds: number | undefined

  constructor({ servers, validSeconds }: DnsOptions = { servers: [] }) {
    this.#resolver = new Resolver({ timeout: 2000, tries: 2 })
    this.#validSeconds = validSeconds
    this.#onlyServers = servers.length > 0
    if (this.#onlyServers) this.#resolver.setServers(servers)
  }

  /** Nodes with every name replaced by its addresses; the same array while the answers stay the same. Rejects when a name has never been resolved. */
  expand(configured: readonly Node[]): Node[] | Promise<Node[]> {
    const named = configured.filter((node) => isIP(node.host) === 0)
    if (named.every((node) => this.#fresh(node))) return this.#build(configured)
    const missing = named.filter((node) => !this.#answers.has(keyOf(node)))
    return Promise.all(missing.map((node) => this.#query(node))).then(() => this.#build(configured))
  }

  #fresh(node: Node): boolean {
    const answer = this.#answers.get(keyOf(node))
    if (!answer) return false
    if (answer.expiresAt <= Date.now() && !answer.refreshing) {
      answer.refreshing = true
      this.#query(node).catch(() => {
        answer.refreshing = false
        answer.expiresAt = Date.now() + MIN_TTL_S * 1000
      })
    }
    return true
  }

  #query(node: Node): Promise<void> {
    const key = keyOf(node)
    const pending = this.#pending.get(key)
    if (pending) return pending
    const query = this.#ask(node).finally(() => this.#pending.delete(key))
    this.#pending.set(key, query)
    return query
  }

  async #ask(node: Node): Promise<void> {
    const resolved = node.service ? await this.#discover(node.host) : await this.#lookUp(node.host)
    const found = resolved.found.slice(0, MAX_ADDRESSES).sort((a, b) => (toText(a) < toText(b) ? -1 : 1))
    if (this.#answers.size >= MAX_NAMES) this.#answers.clear()
    const seconds = this.#validSeconds ?? Math.min(MAX_TTL_S, Math.max(MIN_TTL_S, resolved.ttl))
    const text = found.map(toText).join()
    this.#answers.set(keyOf(node), { found, text, expiresAt: Date.now() + seconds * 1000, refreshing: false })
  }

  async #discover(name: string): Promise<Resolved> {
    const records = await this.#resolver.resolveSrv(name).catch((error: NodeJS.ErrnoException) => {
      // No SRV records is an answer; a name server that fails is not, or the service would lose its ports.
      if (error.code === 'ENODATA' || error.code === 'ENOTFOUND') return []
      throw error
    })
    if (!records.length) return this.#lookUp(name)
    const targets = await Promise.all(
      records.slice(0, MAX_ADDRESSES).map(async (record) => ({ record, ...(await this.#lookUp(record.name)) })),
    )
    const found = targets.flatMap(({ record, found: addresses }) =>
      addresses.map(({ address }, i) => ({
        address,
        ...(record.port ? { port: record.port } : {}),
        // RFC 2782: the lowest priority goes first, where a node's highest does. A weight of 0 is a small chance, not none; a target's addresses
        // have its weight together.
        weight: Math.max(1, Math.floor((record.weight + i) / addresses.length)),
        priority: -record.priority,
      })),
    )
    return { found, ttl: Math.min(...targets.map((target) => target.ttl)) }
  }

  async #lookUp(name: string): Promise<Resolved> {
    const local = name === 'localhost' || name.endsWith('.localhost')
    if (local) return this.#lookUpHere(name)
    let failure: unknown
    const families = [
      () => this.#resolver.resolve4(name, { ttl: true }),
      () => this.#resolver.resolve6(name, { ttl: true }),
    ]
    for (const resolve of families) {
      try {
        const records = await resolve()
        if (records.length)
          return {
            found: records.map(({ address }) => ({ address })),
            ttl: Math.min(...records.map((one) => one.ttl)),
          }
      } catch (error) {
        failure ??= error // the other family may have an answer; if not, this is what is reported
      }
    }
    if (this.#onlyServers) throw failure ?? new Error(`${name} has no address`)
    return this.#lookUpHere(name)
  }

  /** As any program on this machine would. */
  async #lookUpHere(name: string): Promise<Resolved> {
    const all = await lookup(name, { all: true, order: 'ipv4first' })
    const family = all[0]?.family
    const found = all.filter((one) => one.family === family).map(({ address }) => ({ address }))
    return { found, ttl: DEFAULT_TTL_S }
  }

  #build(configured: readonly Node[]): Node[] {
    const from = configured.map((node) => this.#answers.get(keyOf(node))?.text ?? node.host).join(' ')
    const known = this.#expanded.get(configured)
    if (known?.from === from) return known.nodes
    const nodes = configured.flatMap((node) => {
      const found = this.#answers.get(keyOf(node))?.found ?? [{ address: node.address }]
      return found.map((one) => place(node, one))
    })
    this.#expanded.set(configured, { from, nodes })
    return nodes
  }
}

function keyOf(node: Node): string {
  return node.service ? `service ${node.host}` : node.host
}

function toText({ address, port, weight, priority }: Found): string {
  return `${address} ${port} ${weight} ${priority}`
}

function place(node: Node, found: Found): Node {
  const port = found.port ?? node.port
  const hostHeader = found.port === undefined ? node.hostHeader : `${node.host}:${port}`
  const key = `${found.address}:${port}`
  return { ...node, ...found, port, hostHeader, key, plain: { address: found.address, port, key, tls: undefined } }
}
