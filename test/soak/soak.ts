// One gateway process under mixed traffic for some time, its configuration changing all the while. At the end it must be as it was: no more
// open files than before, memory flat after the warm-up, no wrong answer, no error in its log.
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { admin, type Running, start } from '../e2e/process.ts'
import { CLIENTS, type Target } from './clients.ts'
import { median, type ProcessState, processState } from './process.ts'
import { startUpstream } from './upstream.ts'

const CHANGE_MS = 50
/** Longer than a busy machine keeps us waiting: a request that is lost takes as long. */
const TIMEOUT_S = 40
const SAMPLE_MS = 1000
/** Share of the time after which memory must not grow any more, and by how much it still may. */
const WARM_UP = 0.4
const GROWTH_MB = 24
/** Files that may be open more than before the traffic: connections to the upstream that are kept, a log. */
const KEPT_HANDLES = 12
/** Longer than idle connections are kept. */
const CALM_MS = 90_000
/** Routes that come and go beside the one under traffic. */
const CHANGING_ROUTES = 20

export interface SoakResult {
  conversations: Record<string, number>
  changes: number
  problems: string[]
  before: ProcessState
  after: ProcessState
  samples: ProcessState[]
}

/** `progress` hears one line every now and then. */
export async function soak(seconds: number, progress: (line: string) => void): Promise<SoakResult> {
  const upstream = await startUpstream()
  const running = await start()
  const log: string[] = []
  running.child.stderr?.on('data', (chunk) => log.push(String(chunk)))
  await admin(running, 'PUT', '/routes/soak', route(upstream.node, 0))
  const pid = running.child.pid as number
  const result: SoakResult = {
    conversations: {},
    changes: 0,
    problems: [],
    before: processState(pid),
    after: processState(pid),
    samples: [],
  }
  progress(`the gateway is process ${pid}`)
  const untilMs = performance.now() + seconds * 1000
  await Promise.all([
    ...CLIENTS.flatMap((client) => Array.from({ length: client[1] }, () => converse(running, client, untilMs, result))),
    change(running, upstream.node, untilMs, result),
    watch(pid, untilMs, result, progress),
  ])
  result.after = await calm(pid, result.before)
  result.problems.push(...judge(result), ...errorsIn(log.join('')))
  upstream.close()
  let signal: NodeJS.Signals | null = null
  running.child.once('exit', (_, by) => {
    signal = by
  })
  const code = await running.stop()
  if (code !== 0) result.problems.push(`the gateway ended with ${code ?? signal}`)
  return result
}

function route(node: string, version: number): object {
  return {
    uri: '/soak/*',
    enable_websocket: true,
    plugins: { 'response-rewrite': { headers: { set: { 'X-Version': String(version) } } } },
    upstream: {
      nodes: { [node]: 1 },
      timeout: { connect: TIMEOUT_S, send: TIMEOUT_S, read: TIMEOUT_S },
      keepalive_pool: { size: 4 },
    },
  }
}

async function converse(
  running: Running,
  [talk, , name]: (typeof CLIENTS)[number],
  untilMs: number,
  result: SoakResult,
): Promise<void> {
  const { hostname: host, port } = new URL(running.gateway)
  const target: Target = { host, port: Number(port), agent: new http.Agent({ keepAlive: true, maxSockets: 2 }) }
  while (performance.now() < untilMs) {
    try {
      await talk(target)
      result.conversations[name] = (result.conversations[name] ?? 0) + 1
    } catch (error) {
      result.problems.push(`${name}: ${(error as Error).message}`)
    }
    await sleep(Math.random() * 20)
  }
  target.agent.destroy()
}

/** Changes the route under traffic and lets others come and go. */
async function change(running: Running, node: string, untilMs: number, result: SoakResult): Promise<void> {
  for (let i = 1; performance.now() < untilMs; i++) {
    const path = i % 2 ? '/routes/soak' : `/routes/r${i % CHANGING_ROUTES}`
    const isGone = i % 2 === 0 && i % (4 * CHANGING_ROUTES) >= 2 * CHANGING_ROUTES
    const { status } = isGone
      ? await admin(running, 'DELETE', path)
      : await admin(running, 'PUT', path, i % 2 ? route(node, i) : { ...route(node, i), uri: `/other/${i}` })
    if (status >= 400 && !(isGone && status === 404)) result.problems.push(`a change was answered with ${status}`)
    result.changes++
    await sleep(CHANGE_MS)
  }
}

async function watch(
  pid: number,
  untilMs: number,
  result: SoakResult,
  progress: (line: string) => void,
): Promise<void> {
  for (let i = 0; performance.now() < untilMs; i++) {
    await sleep(SAMPLE_MS)
    const sample = processState(pid)
    result.samples.push(sample)
    if (i % 10) continue
    const total = Object.values(result.conversations).reduce((sum, one) => sum + one, 0)
    const left = Math.max(0, Math.round((untilMs - performance.now()) / 1000))
    progress(
      `${left} s left: ${total} conversations, ${result.changes} changes, ${result.problems.length} problems, ${sample.rssMb} MB, ${sample.handles} open files`,
    )
  }
}

/** Waits until the connections are gone, or for as long as they may take. */
async function calm(pid: number, before: ProcessState): Promise<ProcessState> {
  const untilMs = performance.now() + CALM_MS
  while (processState(pid).handles > before.handles + KEPT_HANDLES && performance.now() < untilMs) await sleep(200)
  return processState(pid)
}

function judge({ samples, before, after }: SoakResult): string[] {
  const problems: string[] = []
  if (after.handles > before.handles + KEPT_HANDLES)
    problems.push(`${before.handles} open files before, ${after.handles} after`)
  const warm = samples.slice(Math.floor(samples.length * WARM_UP)).map(({ rssMb }) => rssMb)
  const third = Math.ceil(warm.length / 3)
  const [first, last] = [median(warm.slice(0, third)), median(warm.slice(-third))]
  if (last > first + GROWTH_MB) problems.push(`memory grew from ${first} to ${last} MB after the warm-up`)
  return problems
}

/** Lines of level error and above, and whatever is not a line of the log: a warning of Node's, a stack. */
function errorsIn(log: string): string[] {
  return log.split('\n').filter((line) => line && !/^\{.*"level":(?:"(?:debug|info|warn)"|[1-4]0)\b/.test(line))
}
