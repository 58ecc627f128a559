// What a thread shows of its requests while somebody watches: some a second, gathered into few messages. Nobody watching, it does not exist and
// costs nothing. Query strings are not shown: they may hold keys.
import { performance } from 'node:perf_hooks'
import type { Exchange } from './exchange.ts'

/** Requests shown of each flush of a thread; the others are only counted. */
const MAX_GATHERED = 50
const FLUSH_MS = 250
const MAX_TEXT_CHARS = 300

export interface SeenRequest {
  /** Milliseconds since 1970. */
  at: number
  method: string
  host: string
  path: string
  status: number
  bytes: number
  ms: number
  route: string
  consumer: string
  upstream: string
}

export interface SeenRequests {
  requests: SeenRequest[]
  /** Finished in the same time, but not shown. */
  leftOut: number
}

export class Tail {
  readonly #timer: NodeJS.Timeout
  #seen: SeenRequests = { requests: [], leftOut: 0 }

  constructor(show: (seen: SeenRequests) => void) {
    this.#timer = setInterval(() => {
      if (!this.#seen.requests.length) return
      show(this.#seen)
      this.#seen = { requests: [], leftOut: 0 }
    }, FLUSH_MS).unref()
  }

  see(ctx: Exchange): void {
    const { requests } = this.#seen
    if (requests.length >= MAX_GATHERED) this.#seen.leftOut++
    else requests.push(toSeen(ctx))
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

function toSeen({ request, response, startedAt, route, consumer, upstreamTries }: Exchange): SeenRequest {
  return {
    at: Date.now(),
    method: request.method,
    host: short(request.host),
    path: short(request.target?.split('?', 1)[0]),
    status: response.status,
    bytes: response.bodyBytes,
    ms: Math.round((performance.now() - startedAt) * 100) / 100,
    route: route?.id ?? '',
    consumer: consumer?.username ?? '',
    upstream: upstreamTries.at(-1)?.address ?? '',
  }
}

function short(text: string | undefined): string {
  return (text ?? '').slice(0, MAX_TEXT_CHARS)
}
