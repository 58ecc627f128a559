// Where the bytes of a connection land when it reads for itself (`onread` of node:net) instead of through a stream, which would make a buffer of
// 64 KiB for every read. All connections of a thread share one buffer while little comes; one that streams a large body gets its own for as long,
// so that full reads are handed on without a copy. Buffers that nobody refers to any more are used again: left to the collector, 64 KiB apiece,
// they made V8 mark its heap all the time (100 KB responses: 85 of 152 us of CPU a response).

import type { Socket } from 'node:net'

/** Bytes of one read at most. */
const READ_BYTES = 64 * 1024
/** Reads up to this size are copied by whoever keeps them; a larger one takes its buffer with it. */
const COPY_BYTES = 8 * 1024

const SHARED = Buffer.allocUnsafeSlow(READ_BYTES)
/** Views of the beginning of SHARED by their length, up to COPY_BYTES: making one anew costs 0.1 us. */
const views: (Buffer | undefined)[] = new Array(COPY_BYTES + 1).fill(undefined)

/** Buffers to be used again; half of what a busy thread has under way at a time. */
const MAX_SPARE = 64
const spare: Buffer[] = []

function take(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
}

/** Nothing refers any more to a buffer that was given away. */
export function putBack(buffer: Buffer): void {
  if (spare.length < MAX_SPARE) spare.push(buffer)
}

export class ReadBuffer {
  #current: Buffer = SHARED
  #told: Buffer | undefined

  /** The buffer for the next read, or undefined: that of the last one. `streaming`: a large body is on its way. */
  next(streaming: boolean): Buffer | undefined {
    if (streaming) {
      if (this.#current === SHARED) this.#current = take()
    } else if (this.#current !== SHARED) {
      putBack(this.#current)
      this.#current = SHARED
    }
    if (this.#told === this.#current) return undefined // node:net keeps it
    this.#told = this.#current
    return this.#current
  }

  /** The bytes of a read, in the buffer that `next` gave. */
  view(bytes: number): Buffer {
    if (this.#current !== SHARED || bytes > COPY_BYTES) return this.#current.subarray(0, bytes)
    views[bytes] ??= SHARED.subarray(0, bytes)
    return views[bytes]
  }

  /** Gives away the buffer of a read of `bytes` when they may be kept; undefined: they hold only until the callback returns. */
  give(bytes: number): Buffer | undefined {
    if (this.#current === SHARED || bytes <= COPY_BYTES) return undefined
    const given = this.#current
    this.#current = SHARED
    return given
  }
}

/** Whether the operating system has all that was written to a socket, so that nothing refers to its bytes. TLS encrypts later. */
export function hasSent(socket: Socket, tls: boolean): boolean {
  return socket.writableLength === 0 && !socket.destroyed && !tls
}

/** A copy of bytes that hold no longer, for as long as `use` says that something refers to it. */
export function withCopy(bytes: Buffer, use: (copy: Buffer) => boolean): void {
  if (bytes.length <= COPY_BYTES) {
    use(Buffer.from(bytes))
    return
  }
  const buffer = take()
  bytes.copy(buffer)
  if (!use(buffer.subarray(0, bytes.length))) putBack(buffer)
}
