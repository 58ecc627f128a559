// The last snapshot of etcd on disk: what a gateway serves that starts while etcd is away. Written a while after changes, into a new file
// that then takes the old one's place, so that a crash leaves one of the two.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Snapshot } from './etcd-keyspace.ts'

const WRITE_DELAY_MS = 1000

/** A file with a snapshot of one prefix. */
export class EtcdCache {
  readonly #file: string
  readonly #prefix: string
  #timer: NodeJS.Timeout | undefined
  #read: (() => Snapshot) | undefined

  constructor(file: string, prefix: string) {
    this.#file = file
    this.#prefix = prefix
  }

  /** The snapshot kept; undefined when there is none, or none of this prefix. Throws when the file cannot be read or parsed. */
  load(): Snapshot | undefined {
    let text: string
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
    const kept = JSON.parse(text) as Snapshot & { prefix: string }
    return kept.prefix === this.#prefix ? kept : undefined
  }

  /** Asks for the snapshot soon and writes it. `onError` hears why it could not be written. */
  schedule(read: () => Snapshot, onError: (error: unknown) => void): void {
    this.#read = read
    this.#timer ??= setTimeout(() => {
      try {
        this.flush()
      } catch (error) {
        onError(error)
      }
    }, WRITE_DELAY_MS).unref()
  }

  /** Writes now what was scheduled. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const read = this.#read
    this.#read = undefined
    if (!read) return
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 })
    const temporary = `${this.#file}.${process.pid}.new`
    try {
      writeFileSync(temporary, JSON.stringify({ prefix: this.#prefix, ...read() }), { mode: 0o600, flush: true })
      renameSync(temporary, this.#file)
    } finally {
      rmSync(temporary, { force: true })
    }
  }
}
