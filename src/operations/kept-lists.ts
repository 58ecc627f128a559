// The lists of a target as they were last read, each with the ETag by which the target says whether it is still so. Every turn of a conversation
// and every open page asks for the whole configuration: while nothing is written, the target is only asked whether anything was. A target that
// sends no ETag, as Apache APISIX, has nothing kept here.
import type { Found } from './one-by-one.ts'

export interface KeptList {
  etag: string
  found: readonly Found[]
  /** Length of the text that it came as. */
  chars: number
}

/** They hold secrets in clear: gone when nobody has asked for so long. */
const IDLE_MS = 60_000
/** Of all lists of a target together, as text; some 35,000 routes. */
const MAX_CHARS = 16 * 1024 * 1024
const MAX_LISTS = 1000

export class KeptLists {
  /** By path, the one that was asked for longest ago first. */
  readonly #lists = new Map<string, KeptList>()
  #chars = 0
  #timer: NodeJS.Timeout | undefined

  get(path: string): KeptList | undefined {
    const kept = this.#lists.get(path)
    if (kept) this.#put(path, kept)
    return kept
  }

  /** Without a tag nothing is kept, nor what is too large. */
  keep(path: string, etag: string | null, found: readonly Found[], chars: number): void {
    this.#drop(path)
    if (!etag || chars > MAX_CHARS) return
    this.#put(path, { etag, found, chars })
    for (const [oldest] of this.#lists) {
      if (this.#chars <= MAX_CHARS && this.#lists.size <= MAX_LISTS) return
      this.#drop(oldest)
    }
  }

  #put(path: string, kept: KeptList): void {
    this.#drop(path)
    this.#lists.set(path, kept)
    this.#chars += kept.chars
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#clear(), IDLE_MS).unref()
  }

  #drop(path: string): void {
    this.#chars -= this.#lists.get(path)?.chars ?? 0
    this.#lists.delete(path)
  }

  #clear(): void {
    this.#lists.clear()
    this.#chars = 0
  }
}
