// A cache in files: it outlives the process, and all threads share it by sharing the directory. A value's file is named by the SHA-256 of its
// key, below directories made of the name's last characters, as nginx's `levels` does it.
//
// The bound on bytes is held by sweeps: whoever has written a sixteenth of it looks at all files and removes those that were written
// longest ago. Until then the directory may be larger by that sixteenth for each thread.
import { hash, randomUUID } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CacheStore } from './cache-store.ts'

/** Up to this size a value is written at once, some 0.1 ms, so that the next request of any thread finds it. */
const WRITE_AT_ONCE_BYTES = 64 * 1024
const SWEEP_FRACTION = 16
/** What a small file takes of a disk. */
const BLOCK_BYTES = 4096
/** A sweep leaves this much room. */
const ROOM_FRACTION = 10

export interface DiskCacheOptions {
  directory: string
  maxBytes: number
  /** Characters of the name for each level of directories. */
  levels: readonly number[]
  /** A file that cannot be written or removed. */
  onTrouble(error: unknown): void
}

export class DiskCache implements CacheStore {
  readonly #options: DiskCacheOptions
  /** Values on their way to their files. */
  readonly #writing = new Map<string, Buffer>()
  #writtenBytes = Number.POSITIVE_INFINITY // the first write sweeps: files of an earlier process count too
  #sweeping = false

  constructor(options: DiskCacheOptions) {
    this.#options = options
  }

  async get(key: string): Promise<Buffer | undefined> {
    const path = this.#path(key)
    const written = this.#writing.get(path)
    if (written) return written
    return orAbsent(readFile(path)).catch((error) => {
      this.#options.onTrouble(error) // a broken disk costs the cache, not the request
      return undefined
    })
  }

  put(key: string, value: Buffer): void {
    if (value.length > this.#options.maxBytes) return
    const path = this.#path(key)
    const temporary = `${path}.${randomUUID()}`
    if (value.length <= WRITE_AT_ONCE_BYTES) {
      this.#try(() => {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
        writeFileSync(temporary, value, { mode: 0o600 })
        renameSync(temporary, path)
      })
    } else {
      this.#writing.set(path, value)
      this.#writeLater(path, temporary, value)
        .catch(this.#options.onTrouble)
        .finally(() => this.#writing.delete(path))
    }
    this.#account(Math.max(BLOCK_BYTES, value.length))
  }

  async delete(key: string): Promise<boolean> {
    const path = this.#path(key)
    const known = this.#writing.delete(path)
    return (await orAbsent(unlink(path).then(() => true))) ?? known
  }

  #path(key: string): string {
    const name = hash('sha256', key)
    const parts: string[] = []
    let end = name.length
    for (const width of this.#options.levels) {
      parts.push(name.slice(end - width, end))
      end -= width
    }
    return join(this.#options.directory, ...parts, name)
  }

  async #writeLater(path: string, temporary: string, value: Buffer): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(temporary, value, { mode: 0o600 })
    // A purge while it was written: nobody wants it any more.
    if (this.#writing.get(path) === value) await rename(temporary, path)
    else await unlink(temporary)
  }

  #try(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#options.onTrouble(error)
    }
  }

  #account(bytes: number): void {
    this.#writtenBytes += bytes
    if (this.#sweeping || this.#writtenBytes < this.#options.maxBytes / SWEEP_FRACTION) return
    this.#writtenBytes = 0
    this.#sweeping = true
    this.#sweep()
      .catch(this.#options.onTrouble)
      .finally(() => {
        this.#sweeping = false
        this.#account(0) // what was written meanwhile may have been enough for another
      })
  }

  /** Removes the files that were written longest ago until the rest fits. */
  async #sweep(): Promise<void> {
    const { directory, maxBytes } = this.#options
    const files: { path: string; bytes: number; writtenMs: number }[] = []
    let bytes = 0
    for (const entry of (await orAbsent(readdir(directory, { recursive: true, withFileTypes: true }))) ?? []) {
      const path = join(entry.parentPath, entry.name)
      const found = entry.isFile() ? await orAbsent(stat(path)) : undefined
      if (!found) continue
      const taken = Math.max(BLOCK_BYTES, found.size)
      files.push({ path, bytes: taken, writtenMs: found.mtimeMs })
      bytes += taken
    }
    if (bytes <= maxBytes) return
    files.sort((a, b) => a.writtenMs - b.writtenMs)
    const target = maxBytes - maxBytes / ROOM_FRACTION
    for (const file of files) {
      if (bytes <= target) return
      await orAbsent(unlink(file.path))
      bytes -= file.bytes
    }
  }
}

/** What was found, undefined when there is no such file. */
async function orAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    // Another thread may have removed it, or nobody has written it yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
