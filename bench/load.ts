// Loads a proxy from the other core and says what it cost: CPU microseconds per request of the whole process, throughput, latency.
import { spawnSync } from 'node:child_process'
import { cpuMicroseconds } from './cpu.ts'
import { LOAD_CORE } from './processes.ts'

export const CONNECTIONS = 64

/** Something that is measured: a process that listens. */
export interface Peer {
  name: string
  version: string
  url: string
  headers: Record<string, string>
  pid: number
}

export interface Sample {
  cpuUs: number
  perSecond: number
  p50: string
  p99: string
}

/** `seconds` of wrk with kept connections; every answer must be a good one. `script`: a file of Lua that says what is sent. */
export function wrk(peer: Peer, seconds: number, connections = CONNECTIONS, script?: string): Sample {
  const headers = Object.entries(peer.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const asked = [`-c${connections}`, `-d${seconds}s`, '--timeout', '30s', ...headers, ...(script ? ['-s', script] : [])]
  const { cpuUs, said } = loaded(peer, ['wrk', '-t1', '--latency', ...asked, peer.url])
  const requests = Number(/(\d+) requests in/.exec(said)?.[1])
  if (!requests || /Non-2xx/.test(said)) throw new Error(`${peer.name} did not answer as it should:\n${said}`)
  return {
    cpuUs: cpuUs / requests,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)?.[1]),
    p50: /^\s+50%\s+(\S+)/m.exec(said)?.[1] ?? '',
    p99: /^\s+99%\s+(\S+)/m.exec(said)?.[1] ?? '',
  }
}

/** `seconds` of h2load: 16 connections with 8 streams each. It gives no percentiles. */
export function h2load(peer: Peer, seconds: number): Sample {
  const { cpuUs, said } = loaded(peer, ['h2load', '-c', '16', '-m', '8', '-D', String(seconds), peer.url])
  const [requests, failed] = [/(\d+) succeeded/, /(\d+) failed/].map((text) => Number(text.exec(said)?.[1]))
  if (!requests || failed) throw new Error(`${peer.name} did not answer as it should:\n${said}`)
  return {
    cpuUs: cpuUs / requests,
    perSecond: Number(/finished in .*?, ([\d.]+) req\/s/.exec(said)?.[1]),
    p50: '',
    p99: '',
  }
}

/** Runs `command` on the other core; CPU microseconds that the peer used meanwhile, and what the command said. */
export function loaded(peer: { pid: number }, command: string[]): { cpuUs: number; said: string } {
  const before = cpuMicroseconds(peer.pid)
  const { stdout, stderr } = spawnSync('taskset', ['-c', String(LOAD_CORE), ...command], { encoding: 'utf8' })
  return { cpuUs: cpuMicroseconds(peer.pid) - before, said: stdout + stderr }
}

/** What the rounds gave. */
export interface Results {
  /** The sample of median CPU. */
  of(peer: Peer): Sample
  /** A figure of `peer`, its CPU if no other is named, over that of `base`: the median over the rounds, since the machine's speed changes more from one round to the next than within one. */
  ratio(peer: Peer, base: Peer, figure?: 'cpuUs' | 'perSecond'): number
}

/** Rounds in which all peers take turns, so that a slow minute of the machine meets all. */
export function rounds(
  peers: readonly Peer[],
  load: (peer: Peer, seconds: number) => Sample,
  { count, seconds, warmUp }: { count: number; seconds: number; warmUp: number },
): Results {
  for (const peer of peers) {
    console.log(`warming up ${peer.name}`)
    load(peer, warmUp)
  }
  const samples = new Map<Peer, Sample[]>(peers.map((peer) => [peer, []]))
  for (let round = 1; round <= count; round++) {
    for (const peer of peers) {
      const sample = load(peer, seconds)
      samples.get(peer)?.push(sample)
      console.log(`${round}/${count} ${peer.name}: ${sample.cpuUs.toFixed(1)} us, ${Math.round(sample.perSecond)}/s`)
    }
  }
  const taken = (peer: Peer): Sample[] => samples.get(peer) as Sample[]
  return {
    of: (peer) => middle(taken(peer), (sample) => sample.cpuUs),
    ratio: (peer, base, figure = 'cpuUs') =>
      middle(
        taken(peer).map((sample, round) => sample[figure] / (taken(base)[round] as Sample)[figure]),
        (quotient) => quotient,
      ),
  }
}

/** The item in the middle by `key`. */
function middle<T>(items: T[], key: (item: T) => number): T {
  return [...items].sort((a, b) => key(a) - key(b))[items.length >> 1] as T
}
