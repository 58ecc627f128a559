// Decides whether a response may be kept, and collects its body while it passes to the client.
import { ageSeconds, allowedSeconds, forbidsStorage, parseDirectives } from './cache-control.ts'
import type { CacheEntry } from './cache-entry.ts'

/** Bytes that one thread collects at a time, of all responses; beyond it responses pass without being kept. */
const MAX_COLLECTED_BYTES = 256 * 1024 * 1024

export interface RecordingOptions {
  status: number
  /** name, value, name, value, ... */
  headers: readonly string[]
  now: number
  /** Bytes of the body; a longer one is not kept. */
  maxBytes: number
  /** Keep a response with Set-Cookie too. */
  keepCookies: boolean
  /** How long, unless the origin decides and says something. */
  ttlMs: number
  originDecides: boolean
  keep(entry: CacheEntry): void
}

export interface Recording {
  /** A piece of the body. False: the recording is over, kept or given up. */
  take(chunk: Buffer, last: boolean): boolean
  /** The response was cut off. */
  drop(): void
}

/** Fields of one connection, and those that are written anew for each answer. */
const NOT_KEPT = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'server',
  'trailer',
  'upgrade',
  'age',
  'proxy-connection',
])

let collectedBytes = 0

/** Undefined when the response must not be kept. */
export function beginRecording(options: RecordingOptions): Recording | undefined {
  const { headers, maxBytes } = options
  const read = (name: string): string | undefined => allOf(headers, name)
  const directives = parseDirectives(read('cache-control'))
  if (forbidsStorage(directives) || read('vary')?.includes('*')) return undefined
  if (!options.keepCookies && read('set-cookie') !== undefined) return undefined
  if (Number(read('content-length') ?? 0) > maxBytes) return undefined
  const allowed = options.originDecides ? allowedSeconds(directives, read, options.now) : undefined
  const age = ageSeconds(read)
  const ttlMs = allowed === undefined ? options.ttlMs : (allowed - age) * 1000
  if (ttlMs <= 0) return undefined
  return new Collector(options, { ageSeconds: age, ttlMs })
}

class Collector implements Recording {
  readonly #options: RecordingOptions
  readonly #age: { ageSeconds: number; ttlMs: number }
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(options: RecordingOptions, age: { ageSeconds: number; ttlMs: number }) {
    this.#options = options
    this.#age = age
  }

  take(chunk: Buffer, last: boolean): boolean {
    this.#bytes += chunk.length
    collectedBytes += chunk.length
    if (this.#bytes > this.#options.maxBytes || collectedBytes > MAX_COLLECTED_BYTES) {
      this.drop()
      return false
    }
    if (chunk.length) this.#chunks.push(chunk)
    if (!last) return true
    const { status, headers, now, keep } = this.#options
    keep({
      status,
      headers: headers.filter((_, i) => !NOT_KEPT.has((headers[i - (i % 2)] as string).toLowerCase())),
      storedAt: now,
      expiresAt: now + this.#age.ttlMs,
      ageSeconds: this.#age.ageSeconds,
      body: Buffer.concat(this.#chunks),
    })
    this.drop()
    return false
  }

  drop(): void {
    collectedBytes -= this.#bytes
    this.#bytes = 0
    this.#chunks = []
  }
}

function allOf(headers: readonly string[], name: string): string | undefined {
  const values = headers.filter((_, i) => i % 2 === 1 && (headers[i - 1] as string).toLowerCase() === name)
  return values.length ? values.join(', ') : undefined
}
