// Chooses a node. Four kinds, as APISIX names them; all keep to the highest priority that has a usable node.
import { crc32 } from 'node:zlib'
import { headerVariable } from '../../lib/header-fields.ts'
import type { Node } from './runtime.ts'

export type BalancerKind = 'roundrobin' | 'chash' | 'least_conn' | 'ewma'

export interface PickInput {
  var(name: string): string | undefined
  /** Keys of nodes that have failed for this request. */
  tried: Set<string> | undefined
}

export interface Balancer {
  /** `usable`: false for nodes that health checks have down. Undefined: no node is left. */
  pick(input: PickInput, usable: ((node: Node) => boolean) | undefined): Node | undefined
  done?(node: Node, outcome: { ok: boolean; latencyMs: number }): void
  close?(): void
}

export interface HashOn {
  /** `vars`, `header`, `cookie`, `consumer`, `vars_combinations`. */
  on: string
  key: string | undefined
}

/** A balancer over these nodes; `hashOn` is for chash. */
export function createBalancer(kind: BalancerKind, nodes: readonly Node[], hashOn: HashOn): Balancer {
  const levels = [...new Set(nodes.map((node) => node.priority))].sort((a, b) => b - a)
  const balancers = levels.map((level) =>
    make(
      kind,
      nodes.filter((node) => node.priority === level),
      hashOn,
    ),
  )
  if (balancers.length === 1) return balancers[0] as Balancer
  return {
    pick: (input, usable) => {
      for (const balancer of balancers) {
        const node = balancer.pick(input, usable)
        if (node) return node
      }
      return undefined
    },
    done: (node, outcome) => balancers[levels.indexOf(node.priority)]?.done?.(node, outcome),
  }
}

function make(kind: BalancerKind, nodes: Node[], hashOn: HashOn): Balancer {
  switch (kind) {
    case 'chash':
      return new ConsistentHash(nodes, hashOn)
    case 'least_conn':
      return new LeastConnections(nodes)
    case 'ewma':
      return new Ewma(nodes)
    default:
      return new RoundRobin(nodes)
  }
}

function isOpen(node: Node, input: PickInput, usable: ((node: Node) => boolean) | undefined): boolean {
  return !input.tried?.has(node.key) && (usable === undefined || usable(node))
}

/** Smooth weighted round-robin, as nginx does it: each pick raises every node by its weight and takes the total from the winner. */
class RoundRobin implements Balancer {
  readonly #nodes: { node: Node; current: number }[]

  constructor(nodes: Node[]) {
    this.#nodes = nodes.map((node) => ({ node, current: 0 }))
  }

  pick(input: PickInput, usable: ((node: Node) => boolean) | undefined): Node | undefined {
    let best: { node: Node; current: number } | undefined
    let total = 0
    for (const one of this.#nodes) {
      if (!isOpen(one.node, input, usable)) continue
      one.current += one.node.weight
      total += one.node.weight
      if (!best || one.current > best.current) best = one
    }
    if (best) best.current -= total
    return best?.node
  }
}

/** Points on the ring for one unit of the greatest common divisor of the weights. */
const POINTS = 160
/** Bound on a ring, above which each unit has fewer points: weights such as 99, 100 and 101 have no divisor but 1. */
const MAX_RING = 100_000

/**
 * A ring of hashes: a node that goes away moves only its own keys. The points are those of nginx's `hash ... consistent` and of APISIX, so that a key
 * keeps its node when it comes from there.
 */
class ConsistentHash implements Balancer {
  readonly #ring: { point: number; node: Node }[]
  readonly #hashOn: HashOn

  constructor(nodes: Node[], hashOn: HashOn) {
    this.#hashOn = hashOn
    const weights = nodes.map((node) => node.weight)
    const total = weights.reduce((sum, weight) => sum + weight)
    const perUnit = Math.min(POINTS / weights.reduce(commonDivisor), MAX_RING / total)
    this.#ring = nodes.flatMap((node) =>
      pointsOf(node, Math.max(1, Math.round(node.weight * perUnit))).map((point) => ({ point, node })),
    )
    this.#ring.sort((a, b) => a.point - b.point)
  }

  pick(input: PickInput, usable: ((node: Node) => boolean) | undefined): Node | undefined {
    const point = crc32(this.#value(input))
    let low = 0
    let high = this.#ring.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ring[middle]?.point ?? 0) < point) low = middle + 1
      else high = middle
    }
    for (let i = 0; i < this.#ring.length; i++) {
      const node = this.#ring[(low + i) % this.#ring.length]?.node
      if (node && isOpen(node, input, usable)) return node
    }
    return undefined
  }

  #value(input: PickInput): string {
    const { on, key = '' } = this.#hashOn
    const fallback = input.var('remote_addr') ?? ''
    if (on === 'consumer') return input.var('consumer_name') ?? fallback
    if (on === 'vars_combinations') return combine(key, input) ?? fallback
    const name = on === 'header' ? headerVariable(key) : on === 'cookie' ? `cookie_${key}` : key
    return input.var(name) ?? fallback
  }
}

/** Undefined: none of the variables has a value. */
function combine(template: string, input: PickInput): string | undefined {
  let found = false
  const text = template.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, bare: string | undefined) => {
    const value = input.var((braced ?? bare) as string)
    found ||= value !== undefined
    return value ?? ''
  })
  return found ? text : undefined
}

/** Each point is a hash of the node and of the point before it. */
function pointsOf(node: Node, count: number): number[] {
  const base = crc32(node.key.replaceAll(':', '\0'))
  const before = Buffer.alloc(4)
  return Array.from({ length: count }, () => {
    const point = crc32(before, base)
    before.writeUInt32LE(point)
    return point
  })
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}

/** The node with the fewest requests under way for its weight. */
class LeastConnections implements Balancer {
  readonly #nodes: Node[]
  readonly #active = new Map<string, number>()

  constructor(nodes: Node[]) {
    this.#nodes = nodes
  }

  pick(input: PickInput, usable: ((node: Node) => boolean) | undefined): Node | undefined {
    let best: Node | undefined
    let bestScore = Number.POSITIVE_INFINITY
    for (const node of this.#nodes) {
      const score = ((this.#active.get(node.key) ?? 0) + 1) / node.weight
      if (score < bestScore && isOpen(node, input, usable)) {
        best = node
        bestScore = score
      }
    }
    if (best) this.#active.set(best.key, (this.#active.get(best.key) ?? 0) + 1)
    return best
  }

  done(node: Node): void {
    this.#active.set(node.key, Math.max(0, (this.#active.get(node.key) ?? 1) - 1))
  }
}

/** Milliseconds after which an observation counts for 1/e. */
const DECAY_MS = 10_000

/** The better of two random nodes by the moving average of its latency, which fades: a node that was slow once is tried again. */
class Ewma implements Balancer {
  readonly #nodes: Node[]
  readonly #averages = new Map<string, { value: number; at: number }>()

  constructor(nodes: Node[]) {
    this.#nodes = nodes
  }

  pick(input: PickInput, usable: ((node: Node) => boolean) | undefined): Node | undefined {
    const open = this.#nodes.filter((node) => isOpen(node, input, usable))
    if (open.length < 2) return open[0]
    const first = Math.floor(Math.random() * open.length)
    const second = (first + 1 + Math.floor(Math.random() * (open.length - 1))) % open.length
    const [a, b] = [open[first] as Node, open[second] as Node]
    return this.#score(a) <= this.#score(b) ? a : b
  }

  done(node: Node, outcome: { latencyMs: number }): void {
    const now = performance.now()
    const before = this.#averages.get(node.key)
    const weight = before ? Math.exp(-(now - before.at) / DECAY_MS) : 0
    this.#averages.set(node.key, { value: (before?.value ?? 0) * weight + outcome.latencyMs * (1 - weight), at: now })
  }

  #score(node: Node): number {
    const average = this.#averages.get(node.key)
    return average ? average.value * Math.exp(-(performance.now() - average.at) / DECAY_MS) : 0
  }
}
