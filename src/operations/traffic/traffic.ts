// What a target has counted, over time: moments are taken at intervals and kept for an hour, closer together the younger they are, so that a
// question about a window is answered at once; what each minute brought goes to the roll-ups, for days. Without a past the first question waits a
// moment and says how short its window was.
import { setTimeout as sleep } from 'node:timers/promises'
import { OperationError } from '../contract.ts'
import { between, type Counts, type Moment, readMoment, requestsIn } from './counts.ts'
import type { NodeStatus } from './health.ts'
import type { Rollups } from './rollups.ts'

const INTERVAL_MS = 15_000
/** Moments younger than this are all kept, older ones five minutes apart, none older than an hour. */
const RECENT_MS = 5 * 60_000
const OLDEST_MS = 60 * 60_000
/** The roll-ups get what was counted in at least this time. */
const SPAN_MS = 60_000
const MAX_BYTES = 32 * 1024 * 1024
const TIMEOUT_MS = 5000
/** How long a question without a past waits for a second moment. */
const SHORT_WINDOW_MS = 1000

export interface Window {
  counts: Counts[]
  seconds: number
}

export class Traffic {
  readonly #name: string
  readonly #url: string | undefined
  readonly #lastHits = new Map<string, number>()
  #moments: Moment[] = []
  readonly #rollups: Rollups | undefined
  /** The moment that the next span of the roll-ups begins with. */
  #mark: Moment | undefined
  #timer: NodeJS.Timeout | undefined

  /** `url`: the Prometheus endpoint; undefined when the target has none. `rollups`: where days are kept; absent: nowhere. */
  constructor(name: string, url: string | undefined, rollups?: Rollups) {
    this.#name = name
    this.#url = url
    this.#rollups = rollups
  }

  /** Takes moments from now on, until the returned function is called. `onTrouble`: why moments begin to be missing; undefined: they come again. */
  watch(onTrouble: (trouble: string | undefined) => void): () => void {
    if (this.#url === undefined) return () => {}
    let missing = false
    const tell = (trouble: string | undefined): void => {
      if (missing !== (trouble !== undefined)) onTrouble(trouble)
      missing = trouble !== undefined
    }
    const take = (): void =>
      void this.#take(AbortSignal.timeout(TIMEOUT_MS)).then(
        () => tell(undefined),
        (error: Error) => tell(error.message),
      )
    take()
    this.#timer = setInterval(take, INTERVAL_MS).unref()
    return () => {
      clearInterval(this.#timer)
      const last = this.#moments.at(-1)
      if (last) this.#remember(last, 1)
    }
  }

  /** What happened in about the last `windowMs`. Throws `unreachable` or `invalid` when the target does not tell. */
  async last(windowMs: number, signal: AbortSignal): Promise<Window> {
    const earliest = this.#moments.find((one) => one.at >= Date.now() - windowMs - INTERVAL_MS)
    const before = earliest ?? (await this.#take(signal))
    if (Date.now() - before.at < SHORT_WINDOW_MS) await sleep(SHORT_WINDOW_MS, undefined, { signal })
    const after = await this.#take(signal)
    return { counts: between(before, after), seconds: (after.at - before.at) / 1000 }
  }

  /** What is counted since the gateway started; without waiting for a second moment. */
  async sinceStart(signal: AbortSignal): Promise<Counts[]> {
    return between(undefined, await this.#take(signal))
  }

  /** The nodes that health checks watch, as they were at most a second ago. */
  async health(signal: AbortSignal): Promise<readonly NodeStatus[]> {
    const last = this.#moments.at(-1)
    const fresh = last && Date.now() - last.at < SHORT_WINDOW_MS ? last : await this.#take(signal)
    return fresh.health
  }

  /** What the kept moments say of the last minutes; undefined before there are two. */
  recent(): Window | undefined {
    const [first, last] = [this.moments(RECENT_MS)[0], this.#moments.at(-1)]
    if (!first || !last || last.at - first.at < SHORT_WINDOW_MS) return undefined
    return { counts: between(first, last), seconds: (last.at - first.at) / 1000 }
  }

  /** The kept moments of a window, oldest first. */
  moments(windowMs: number): readonly Moment[] {
    return this.#moments.filter((one) => one.at >= Date.now() - windowMs - INTERVAL_MS)
  }

  /** When a route was last seen to have had a request, as exactly as moments are taken. */
  lastHit(route: string): number | undefined {
    return this.#lastHits.get(route)
  }

  async #take(signal: AbortSignal): Promise<Moment> {
    const moment = this.#parse(await this.#read(signal))
    const last = this.#moments.at(-1)
    if (last) for (const one of between(last, moment)) if (requestsIn(one)) this.#lastHits.set(one.route, moment.at)
    this.#moments = thin([...this.#moments, moment], moment.at)
    this.#remember(moment)
    return moment
  }

  /** Hands over what was counted since the last time, when that is long enough ago. */
  #remember(moment: Moment, atLeastMs = SPAN_MS): void {
    this.#mark ??= moment
    const seconds = (moment.at - this.#mark.at) / 1000
    if (seconds * 1000 < atLeastMs) return
    this.#rollups?.add(this.#name, moment.at, seconds, between(this.#mark, moment))
    this.#mark = moment
  }

  #parse(text: string): Moment {
    try {
      return readMoment(text, Date.now())
    } catch (error) {
      throw new OperationError('target', `${(error as Error).message}; is ${this.#url} a Prometheus endpoint?`)
    }
  }

  async #read(signal: AbortSignal): Promise<string> {
    if (this.#url === undefined)
      throw new OperationError(
        'invalid',
        `nobody knows where ${this.#name} serves its metrics; set metrics_url of this target in gateward.yaml (for the embedded gateway: metrics.listen)`,
      )
    let response: Response
    try {
      response = await fetch(this.#url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        redirect: 'error',
      })
    } catch (error) {
      signal.throwIfAborted()
      const reason = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name
      throw new OperationError(
        'unreachable',
        `reading the metrics of ${this.#name} at ${this.#url}: no answer (${reason})`,
      )
    }
    if (!response.ok || !response.body)
      throw new OperationError(
        'target',
        `reading the metrics of ${this.#name} at ${this.#url}: status ${response.status}; is that its Prometheus endpoint?`,
      )
    return readBounded(response.body, this.#name)
  }
}

async function readBounded(body: ReadableStream<Uint8Array>, name: string): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > MAX_BYTES)
      throw new OperationError('target', `reading the metrics of ${name}: more than ${MAX_BYTES} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Keeps what is young, thins out what is older. `moments` are in order. */
export function thin(moments: Moment[], now: number): Moment[] {
  const kept: Moment[] = []
  for (const moment of moments) {
    const age = now - moment.at
    const previous = kept.at(-1)
    if (age > OLDEST_MS) continue
    if (age <= RECENT_MS || !previous || moment.at - previous.at >= RECENT_MS) kept.push(moment)
  }
  return kept
}
