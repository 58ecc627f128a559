// Replays a recording against a running gateway and reports what differs:
//
//   const report = await runRecording('plugins/cors.jsonl', { addresses: { admin, gateway, upstream, ... }, adminKey })
//   assert.deepEqual(report.different, [])
//
// Everything on the target is deleted before each scenario.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, compare } from './compare.ts'
import { fill, Normaliser, newNonce, normaliseHeaders, type Variables, withPorts } from './placeholders.ts'
import { type Recorded, type RecordedRequest, readDifferences, readRecording } from './recording.ts'
import { type Sent, send } from './send.ts'
import { VIEWS } from './views.ts'

export interface Target {
  /** host:port of admin, gateway, control, tls, metrics, status, upstream, upstream2, upstream3, dead, grpc. */
  addresses: Variables
  adminKey: string
  viewerKey?: string
  /** Milliseconds between a write and the next request elsewhere; 0 where a write is answered once it is served. */
  settleMs?: number
}

export interface Report {
  equal: number
  /** One text for each: scenario, step, request and what differs. */
  different: string[]
  unstable: number
  deliberate: number
}

const MAX_TEXT_LENGTH = 6000
const ECHO_SERVERS = ['upstream', 'upstream2', 'upstream3']
const KINDS_TO_EMPTY = [
  'global_rules',
  'stream_routes',
  'routes',
  'services',
  'plugin_configs',
  'consumers',
  'consumer_groups',
  'upstreams',
  'ssls',
  'protos',
  'secrets',
  'plugin_metadata',
]

/** `only` limits it to scenarios whose name contains the text. */
export async function runRecording(file: string, target: Target, { only = '' } = {}): Promise<Report> {
  const report: Report = { equal: 0, different: [], unstable: 0, deliberate: 0 }
  const wanted = readDifferences()
  const replay = new Replay(target)
  let scenario = ''
  for (const recorded of readRecording(file).filter((line) => line.scenario.includes(only))) {
    if (recorded.scenario !== scenario) await replay.empty()
    scenario = recorded.scenario
    const found = compare(recorded, await replay.run(recorded))
    const deliberate = wanted.some(
      (difference) => difference.scenario === scenario && (difference.step ?? recorded.step) === recorded.step,
    )
    if (recorded.unstable) report.unstable++
    else if (found.length === 0) report.equal++
    else if (deliberate) report.deliberate++
    else report.different.push(describe(recorded, found))
  }
  await replay.empty()
  return report
}

function describe({ scenario, step, request }: Recorded, found: string[]): string {
  return `${scenario} #${step} ${request.method ?? ''} ${request.path}\n  ${found.slice(0, 6).join('\n  ')}`
}

class Replay {
  readonly #settleMs: number
  #variables: Variables
  #written = false

  constructor({ addresses, adminKey, viewerKey = '', settleMs = 0 }: Target) {
    this.#settleMs = settleMs
    this.#variables = { ...withPorts(addresses), admin_key: adminKey, viewer_key: viewerKey, tmp: tmpdir() }
  }

  /** Sends one recorded request; the answer is normalised. */
  async run(recorded: Recorded): Promise<Answer> {
    if (this.#written && recorded.target !== 'admin') {
      await sleep(this.#settleMs)
      this.#written = false
    }
    if (recorded.wait_ms) await sleep(recorded.wait_ms)
    const { method = 'GET', repeat = 1 } = recorded.request
    if (recorded.target === 'admin' && !['GET', 'HEAD', 'OPTIONS'].includes(method)) this.#written = true
    if (repeat > 1) return this.#runMany(recorded, repeat)
    const sent = await this.#send(recorded)
    this.#capture(recorded, sent)
    return this.#toAnswer(recorded, sent)
  }

  /** Deletes everything, and forgets what the scenario before has captured. */
  async empty(): Promise<void> {
    for (const kind of KINDS_TO_EMPTY) {
      const { list } = (await this.#admin('GET', `/${kind}`)).body as { list?: { key: string }[] }
      for (const { key } of Array.isArray(list) ? list : []) {
        const id = key.split(`/${kind}/`)[1]
        if (id && !(kind === 'consumers' && id.includes('/'))) await this.#admin('DELETE', `/${kind}/${id}?force=true`)
      }
    }
    const kept = Object.entries(this.#variables).filter(([name]) => !name.startsWith('cap_'))
    this.#variables = { ...Object.fromEntries(kept), nonce: newNonce() }
    this.#written = true
    for (const name of ECHO_SERVERS) {
      const address = this.#variables[name]
      if (address) await send(address, false, { method: 'DELETE', path: '/__requests' })
    }
  }

  #admin(method: string, path: string): Promise<Sent> {
    const headers = { 'X-API-KEY': this.#variables.admin_key ?? '' }
    return send(this.#variables.admin ?? '', false, { method, path: `/apisix/admin${path}`, headers })
  }

  async #send(recorded: Recorded): Promise<Sent> {
    const request = fill(recorded.request, this.#variables) as RecordedRequest
    if (recorded.target === 'file') return readFile(request.path)
    const tls = recorded.target === 'gateway-tls'
    const address = this.#variables[tls ? 'tls' : recorded.target]
    if (!address) throw new Error(`the target has no address for ${recorded.target}`)
    return send(address, tls, request)
  }

  async #runMany(recorded: Recorded, repeat: number): Promise<Answer> {
    const { parallel, stagger_ms: staggerMs = 0, count_by: path = 'status' } = recorded.request
    const once = async (index: number): Promise<Sent> => {
      if (parallel) await sleep(index * staggerMs)
      this.#variables.i = String(index)
      return this.#send(recorded)
    }
    const indexes = Array.from({ length: repeat }, (_, index) => index)
    const sent: Sent[] = []
    if (parallel) sent.push(...(await Promise.all(indexes.map(once))))
    else for (const index of indexes) sent.push(await once(index))
    const normaliser = new Normaliser(this.#variables, recorded.volatile)
    const counts: Record<string, number> = {}
    for (const one of sent) {
      const name = String(normaliser.value(pick(one, path)) ?? 'none')
      counts[name] = (counts[name] ?? 0) + 1
    }
    return { status: 0, headers: {}, body: null, counts }
  }

  #capture(recorded: Recorded, sent: Sent): void {
    for (const [name, path] of Object.entries(recorded.capture ?? {})) {
      const value = pick(sent, path)
      if (typeof value !== 'string') continue
      const cookie = value.split(';')[0]?.split('=').slice(1).join('=') ?? ''
      this.#variables[`cap_${name}`] = recorded.capture_cookie ? cookie : value
    }
  }

  #toAnswer(recorded: Recorded, sent: Sent): Answer {
    const normaliser = new Normaliser(this.#variables, recorded.volatile)
    const view = recorded.view === undefined ? undefined : VIEWS[recorded.view]
    const isError = (sent.body as { error_msg?: unknown } | null)?.error_msg !== undefined
    const reduced = view && sent.body !== null && !isError ? view(sent.body, this.#variables) : sent.body
    const answer: Answer = {
      status: sent.status,
      headers: normaliseHeaders(sent.headers, normaliser, recorded.volatile_headers),
      // Through JSON, so that absent and undefined members are the same.
      body: shrink(normaliser.value(JSON.parse(JSON.stringify(reduced ?? null)))),
    }
    if (sent.continued) answer.continued = true
    if (recorded.request.timing !== undefined) answer.slow = sent.elapsedMs >= recorded.request.timing
    return answer
  }
}

function shrink(body: unknown): unknown {
  if (typeof body !== 'string' || body.length <= MAX_TEXT_LENGTH) return body
  return { bytes: Buffer.byteLength(body), sha256: createHash('sha256').update(body).digest('hex') }
}

function readFile(path: string): Sent {
  const parse = (line: string): unknown => (/^[[{]/.test(line) ? JSON.parse(line) : line)
  try {
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
    return { status: 200, headers: {}, body: lines.map(parse), elapsedMs: 0 }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return { status: 404, headers: {}, body: null, elapsedMs: 0 }
  }
}

function pick(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null | undefined)?.[name], value)
}
