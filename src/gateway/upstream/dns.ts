// Names of upstream nodes to addresses, remembered for their TTL. Answers are refreshed in the background; while a name server fails, the
// last answer stays in use. /etc/hosts and `localhost` are honoured by falling back to the system's resolver.
import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Node } from './runtime.ts'

interface Answer {
  addresses: string[]
  expiresAt: number
  refreshing: boolean
}

/** Seconds for answers without a TTL (the hosts file), and the bounds of what a name server may say. */
const DEFAULT_TTL_S = 30
const MIN_TTL_S = 1
const MAX_TTL_S = 3600
const MAX_NAMES = 10_000

export class DnsCache {
  readonly #answers = new Map<string, Answer>()
  readonly #pending = new Map<string, Promise<string[]>>()
  readonly #expanded = new WeakMap<readonly Node[], { from: string; nodes: Node[] }>()
  readonly #resolver: Resolver

  constructor() {
    this.#resolver = new Resolver({ timeout: 2000, tries: 2 })
  }

  /** Nodes with every name replaced by its addresses; the same array while the answers stay the same. Rejects when a name has never been resolved. */
  expand(configured: readonly Node[]): Node[] | Promise<Node[]> {
    const names = configured.filter((node) => isIP(node.host) === 0).map((node) => node.host)
    if (names.every((name) => this.#fresh(name))) return this.#build(configured)
    return Promise.all(names.map((name) => this.#resolve(name))).then(() => this.#build(configured))
  }

  #fresh(name: string): boolean {
    const answer = this.#answers.get(name)
    if (!answer) return false
    if (answer.expiresAt <= Date.now() && !answer.refreshing) {
      answer.refreshing = true
      this.#query(name).catch(() => {
        answer.refreshing = false
        answer.expiresAt = Date.now() + MIN_TTL_S * 1000
      })
    }
    return true
  }

  #resolve(name: string): Promise<string[]> {
    const known = this.#answers.get(name)
    return known ? Promise.resolve(known.addresses) : this.#query(name)
  }

  #query(name: string): Promise<string[]> {
    const pending = this.#pending.get(name)
    if (pending) return pending
    const query = this.#ask(name).finally(() => this.#pending.delete(name))
    this.#pending.set(name, query)
    return query
  }

  async #ask(name: string): Promise<string[]> {
    const { addresses, ttl } = await this.#lookUp(name)
    if (this.#answers.size >= MAX_NAMES) this.#answers.clear()
    const seconds = Math.min(MAX_TTL_S, Math.max(MIN_TTL_S, ttl))
    this.#answers.set(name, { addresses: addresses.sort(), expiresAt: Date.now() + seconds * 1000, refreshing: false })
    return addresses
  }

  /** The hosts file first, as any program on the machine would; the name server for its TTL. */
  async #lookUp(name: string): Promise<{ addresses: string[]; ttl: number }> {
    const local = name === 'localhost' || name.endsWith('.localhost')
    if (!local) {
      try {
        const records = await this.#resolver.resolve4(name, { ttl: true })
        if (records.length)
          return { addresses: records.map((one) => one.address), ttl: Math.min(...records.map((one) => one.ttl)) }
      } catch {
        // no name server, or it does not know the name: the system's resolver has the last word and its error is the one reported
      }
    }
    const found = await lookup(name, { all: true, order: 'ipv4first' })
    const first = found[0]?.family
    return { addresses: found.filter((one) => one.family === first).map((one) => one.address), ttl: DEFAULT_TTL_S }
  }

  #build(configured: readonly Node[]): Node[] {
    const from = configured.map((node) => this.#answers.get(node.host)?.addresses.join() ?? node.host).join(' ')
    const known = this.#expanded.get(configured)
    if (known?.from === from) return known.nodes
    const nodes = configured.flatMap((node) => {
      const addresses = this.#answers.get(node.host)?.addresses ?? [node.address]
      return addresses.map((address) => ({ ...node, address, key: `${address}:${node.port}` }))
    })
    this.#expanded.set(configured, { from, nodes })
    return nodes
  }
}
